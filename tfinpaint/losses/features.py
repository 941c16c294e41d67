"""Distances between what a frozen network sees in two pictures, one value per sample."""

from typing import Any

from keras import ops

from tfinpaint.losses.reduce import as_float, per_sample


def feature_mse(predicted: Any, target: Any) -> Any:
    """Mean squared difference of two feature maps `(batch, ...)`, shape `(batch,)`; no gradient to `target`.

    Reference: FMODR eq. 3 (on relu3_3 of VGG16).
    """
    return per_sample(ops.square(as_float(predicted) - ops.stop_gradient(as_float(target))))


def cosine_distance(predicted: Any, target: Any) -> Any:
    """One minus the cosine of two embeddings `(batch, n)`, in [0, 2], shape `(batch,)`; no gradient to `target`."""
    predicted = ops.normalize(as_float(predicted), axis=-1)
    target = ops.normalize(ops.stop_gradient(as_float(target)), axis=-1)
    return 1.0 - ops.sum(predicted * target, axis=-1)
