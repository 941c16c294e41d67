"""Which features of an identity network come out."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import keras
from keras import ops

from tfinpaint.errors import InputError


def check_taps(taps: Sequence[str] | None, known: Collection[str]) -> None:
    """Raises an `InputError` unless `taps` is None or names one or more of `known`."""
    if taps is not None and (not taps or not set(taps) <= set(known)):
        raise InputError(f"`taps` must name some of {', '.join(known)}. Received: {tuple(taps)!r}.")


def tapped(inputs: Any, features: Mapping[str, Any], taps: Sequence[str] | None, name: str) -> keras.Model:
    """The frozen network from `inputs` to the features that `taps` names, or to the embedding of length 1 for None."""
    outputs = ops.normalize(features["embedding"], axis=-1) if taps is None else {t: features[t] for t in taps}
    model = keras.Model(inputs, outputs, name=name)
    model.trainable = False
    return model
