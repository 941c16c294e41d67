"""Structural similarity as a loss, one value per sample."""

from typing import Any

import numpy as np
from keras import ops

from tfinpaint.losses.pixel import as_float

_C1, _C2 = 0.01**2, 0.03**2  # for pictures on [0, 1]


def ssim_distance(predicted: Any, target: Any, weight: Any = None, window: int = 7) -> Any:
    """Half of one minus the mean SSIM, in [0, 1], shape `(batch,)`; 0 for equal pictures.

    Local means and variances are those of `window` x `window` squares; at the border, of the part inside.

    Args:
        predicted: `(batch, height, width, channels)` in [-1, 1].
        target: same shape.
        weight: `(batch, height, width, 1)` factors, for pixels that must not count; the divisor stays the full area.
        window: side of the squares in pixels.

    Reference: Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004.
    """
    x, y = (as_float(p) * 0.5 + 0.5 for p in (predicted, target))

    height, width, channels = x.shape[1:]
    rows, columns = ops.transpose(_box(height, window)), ops.transpose(_box(width, window))

    def mean(values: Any) -> Any:
        """Means of the squares: rows, then columns, as two matrix products."""
        values = ops.transpose(values, (0, 3, 1, 2))
        values = ops.reshape(ops.matmul(ops.reshape(values, (-1, width)), columns), (-1, channels, height, width))
        values = ops.transpose(values, (0, 1, 3, 2))
        values = ops.reshape(ops.matmul(ops.reshape(values, (-1, height)), rows), (-1, channels, width, height))
        return ops.transpose(values, (0, 3, 2, 1))

    mean_x, mean_y = mean(x), mean(y)
    variance_x, variance_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    covariance = mean(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    structure = (2 * covariance + _C2) / (variance_x + variance_y + _C2)
    distance = 0.5 * (1.0 - luminance * structure)
    if weight is not None:
        distance = distance * as_float(weight)
    return ops.mean(distance, axis=(1, 2, 3))


def masked_ssim_distance(predicted: Any, target: Any, mask: Any, window: int = 7) -> Any:
    """`ssim_distance` as a mean over the pixels where `mask` `(batch, height, width, 1)` is 1; an empty one gives 0."""
    distance = ssim_distance(predicted, target, mask, window)  # divided by the full area
    return distance / (ops.mean(as_float(mask), axis=(1, 2, 3)) + 1e-6)


def _box(size: int, window: int) -> Any:
    """Rows of a `(size, size)` matrix that average the neighbours within `window`, as far as they are inside."""
    near = np.abs(np.subtract.outer(np.arange(size), np.arange(size))) <= window // 2
    return (near / near.sum(1, keepdims=True)).astype("float32")
