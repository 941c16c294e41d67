"""What every loss does first and last: count in float32, and give one number for each sample."""

from typing import Any

from keras import ops


def as_float(x: Any) -> Any:
    """`x` in float32, whatever the policy computes in."""
    return ops.cast(x, "float32")


def per_sample(values: Any) -> Any:
    """Mean of `(batch, ...)` over all axes but the first, shape `(batch,)`."""
    return ops.mean(ops.reshape(values, (ops.shape(values)[0], -1)), axis=-1)
