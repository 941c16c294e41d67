"""Distances between what a frozen network sees in two pictures, one value per sample."""

from typing import Any

from keras import ops

from tfinpaint.losses.pixel import as_float, per_sample


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


def feature_l1(predicted: Any, target: Any) -> Any:
    """Mean absolute difference of two feature maps `(batch, ...)`, shape `(batch,)`; no gradient to `target`.

    Reference: C2FDAN eq. 8, one depth.
    """
    return per_sample(ops.abs(as_float(predicted) - ops.stop_gradient(as_float(target))))


def relative_l1(predicted: Any, target: Any) -> Any:
    """Mean absolute difference of two feature maps, in units of the target's mean size, shape `(batch,)`.

    Maps of any scale weigh alike in it. No gradient to `target`.

    Args:
        predicted: `(batch, ...)`.
        target: same shape.
    """
    target = ops.stop_gradient(as_float(target))
    return per_sample(ops.abs(as_float(predicted) - target)) / (per_sample(ops.abs(target)) + 1e-6)


def gram(features: Any) -> Any:
    """How strongly channels occur together: `(batch, height, width, c)` -> `(batch, c, c)`, float32.

    Products of channels, summed over pixels and divided by height x width x c.

    Reference: C2FDAN eq. 10; Johnson et al., "Perceptual Losses for Real-Time Style Transfer", 2016.
    """
    _, height, width, channels = features.shape
    flat = ops.reshape(as_float(features), (-1, height * width, channels))
    return ops.matmul(ops.transpose(flat, (0, 2, 1)), flat) / (height * width * channels)


def style_distance(predicted: Any, target: Any) -> Any:
    """Mean absolute difference of the Gram matrices of two feature maps, shape `(batch,)`; no gradient to `target`.

    Args:
        predicted: `(batch, height, width, c)`, the sides known.
        target: same channels.
    """
    return feature_l1(gram(predicted), gram(target))
