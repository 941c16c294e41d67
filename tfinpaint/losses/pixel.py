"""Distances between pictures or masks, one value per sample."""

from typing import Any

from keras import ops


def as_float(x: Any) -> Any:
    """`x` in float32, whatever the policy computes in."""
    return ops.cast(x, "float32")


def per_sample(values: Any) -> Any:
    """Mean of `(batch, ...)` over all axes but the first, shape `(batch,)`."""
    return ops.mean(ops.reshape(values, (ops.shape(values)[0], -1)), axis=-1)


def mean_l1(predicted: Any, target: Any, weight: Any = None) -> Any:
    """Mean absolute difference over height, width and channels, shape `(batch,)`.

    Args:
        predicted: `(batch, height, width, channels)`.
        target: same shape.
        weight: `(batch, height, width, 1)` factors, for pixels that must not count; the divisor stays the full area.
    """
    return _mean(ops.abs(as_float(predicted) - as_float(target)), weight)


def mean_squared(predicted: Any, target: Any, weight: Any = None) -> Any:
    """Mean squared difference over height, width and channels, shape `(batch,)`; arguments as `mean_l1`."""
    return _mean(ops.square(as_float(predicted) - as_float(target)), weight)


def binary_cross_entropy(logits: Any, target: Any) -> Any:
    """Mean cross-entropy of the sigmoid of `logits` with `target`, shape `(batch,)`; finite for any logit.

    Args:
        logits: `(batch, height, width, channels)`.
        target: same shape, in [0, 1].

    Reference: C2FDAN eq. 5 (the printed minus covers only the first product; both are meant).
    """
    logits = as_float(logits)
    return _mean(ops.softplus(logits) - as_float(target) * logits, None)


def masked_mean(values: Any, mask: Any) -> Any:
    """Mean of `values` `(batch, height, width, channels)` where `mask` `(batch, height, width, 1)` is 1.

    An empty mask gives 0.
    """
    values, mask = as_float(values), as_float(mask)
    total = ops.sum(values * mask, axis=(1, 2, 3))
    return total / (values.shape[-1] * ops.sum(mask, axis=(1, 2, 3)) + 1e-6)


def masked_l1(predicted: Any, target: Any, mask: Any) -> Any:
    """Mean absolute difference over the pixels where `mask` is 1, shape `(batch,)`."""
    return masked_mean(ops.abs(as_float(predicted) - as_float(target)), mask)


def chroma(picture: Any) -> Any:
    """Red and blue less green, `(batch, height, width, 2)`: what a network that sees greys does not see."""
    return picture[..., ::2] - picture[..., 1:2]


def _mean(values: Any, weight: Any) -> Any:
    return ops.mean(values if weight is None else values * as_float(weight), axis=(1, 2, 3))
