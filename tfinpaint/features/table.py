"""The frozen networks by name."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras

from tfinpaint.errors import InputError
from tfinpaint.features.light_cnn import build_light_cnn
from tfinpaint.features.mobile_face_net import build_mobile_face_net
from tfinpaint.features.resnet50_v2 import build_resnet50_v2
from tfinpaint.features.squeeze_net import build_squeeze_net
from tfinpaint.features.vgg16 import build_vgg16

NETWORKS: Mapping[str, Callable[..., keras.Model]] = {
    "vgg16": build_vgg16,
    "mobile_face_net": build_mobile_face_net,
    "squeeze_net": build_squeeze_net,
    "light_cnn": build_light_cnn,
    "resnet50_v2": build_resnet50_v2,
}


def feature_network(
    name: str, weights: str | Path | None = None, dtype: str | None = None, **options: Any
) -> keras.Model:
    """Makes the frozen network `name`; see its builder.

    Args:
        name: `"vgg16"`, `"mobile_face_net"`, `"squeeze_net"`, `"light_cnn"` or `"resnet50_v2"`.
        weights: a file, a name that the builder knows, or None for random weights.
        dtype: policy in which it computes; None for the global policy.
        **options: of its builder, such as `taps`.

    Raises:
        InputError: an unknown name.
        WeightsError: the weights cannot be found or do not fit.
    """
    if name not in NETWORKS:
        raise InputError(f"`name` must be one of {', '.join(NETWORKS)}. Received: {name!r}.")
    return NETWORKS[name](weights, dtype=dtype, **options)
