"""The frozen networks by name."""

from collections.abc import Callable, Mapping
from pathlib import Path

import keras

from tfinpaint.errors import InputError
from tfinpaint.features.mobile_face_net import build_mobile_face_net
from tfinpaint.features.vgg16 import build_vgg16

NETWORKS: Mapping[str, Callable[..., keras.Model]] = {
    "vgg16": build_vgg16,
    "mobile_face_net": build_mobile_face_net,
}


def feature_network(name: str, weights: str | Path | None = None, dtype: str | None = None) -> keras.Model:
    """Makes the frozen network `name`; see its builder.

    Args:
        name: `"vgg16"` or `"mobile_face_net"`.
        weights: a file, a name that the builder knows, or None for random weights.
        dtype: policy in which it computes; None for the global policy.

    Raises:
        InputError: an unknown name.
        WeightsError: the weights cannot be found or do not fit.
    """
    if name not in NETWORKS:
        raise InputError(f"`name` must be one of {', '.join(NETWORKS)}. Received: {name!r}.")
    return NETWORKS[name](weights, dtype=dtype)
