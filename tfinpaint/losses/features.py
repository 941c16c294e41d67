"""Distances between what a frozen network sees in two pictures, one value per sample."""

from typing import Any

from keras import ops


def feature_mse(predicted: Any, target: Any) -> Any:
    """Mean squared difference of two feature maps `(batch, ...)`, shape `(batch,)`; no gradient to `target`.

    Reference: FMODR eq. 3 (on relu3_3 of VGG16).
    """
    difference = ops.cast(predicted, "float32") - ops.stop_gradient(ops.cast(target, "float32"))
    return ops.mean(ops.reshape(ops.square(difference), (ops.shape(difference)[0], -1)), axis=-1)


def cosine_distance(predicted: Any, target: Any) -> Any:
    """One minus the cosine of two embeddings `(batch, n)`, in [0, 2], shape `(batch,)`; no gradient to `target`."""
    predicted = ops.normalize(ops.cast(predicted, "float32"), axis=-1)
    target = ops.normalize(ops.stop_gradient(ops.cast(target, "float32")), axis=-1)
    return 1.0 - ops.sum(predicted * target, axis=-1)
