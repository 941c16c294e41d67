"""Patches of feature maps: `extract_patches`, its adjoint `fold`, and how often patches overlap.

Pixels are first gathered in cells of `stride x stride` (one transpose), so that a patch is a square of whole cells and
every slice is contiguous. Windows are cut with `ops.split`: on TensorFlow its gradient is a concatenation, several
times faster than the gradient of a slice. All operations are TFLite builtins.
"""

from typing import Any

import numpy as np
from keras import ops

from tfinpaint.errors import InputError


def space_to_depth(x: Any, block: int) -> Any:
    """Gather cells of `block x block` pixels into channels ordered (row in cell, column in cell, channel).

    `(batch, height, width, channels)` -> `(batch, height / block, width / block, block**2 * channels)`.
    """
    _, height, width, channels = x.shape
    # The columns of a cell join the channels for free, so five axes suffice: fast on CPU and builtin in TFLite.
    x = ops.reshape(x, (-1, height // block, block, width // block, block * channels))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4)), (-1, height // block, width // block, block**2 * channels))


def depth_to_space(x: Any, block: int) -> Any:
    """Spread channels over cells of `block x block` pixels: the inverse of `space_to_depth`."""
    _, rows, columns, depth = x.shape
    x = ops.reshape(x, (-1, rows, columns, block, depth // block))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4)), (-1, rows * block, columns * block, depth // block**2))


def subsample(x: Any, rate: int) -> Any:
    """Every `rate`-th pixel of both axes, beginning with the first."""
    return ops.split(space_to_depth(x, rate), rate**2, axis=-1)[0]


def extract_patches(x: Any, size: int, stride: int = 1, padding: str = "same") -> Any:
    """All `size x size` patches of `x`, `(batch, rows, columns, size**2 * channels)`.

    The last axis holds the patch's cells of `stride x stride` pixels in row-major order, within a cell its pixels in
    row-major order, within a pixel the channels; for stride 1 this is simply (row, column, channel).

    Args:
        x: `(batch, height, width, channels)`, the sides known and divisible by `stride`.
        size: side of the patches in pixels, a multiple of `stride`.
        stride: pixels from one patch to the next.
        padding: "same" surrounds `x` with `size - stride` zeros (the odd one below and right, as TensorFlow does):
            one patch for each cell of `stride x stride` pixels. "valid" takes the patches that lie within `x`.

    Raises:
        InputError: a side or `size` is not divisible by `stride`, `padding` is another word, or a patch is larger
            than `x` with "valid".
    """
    _, height, width, _ = x.shape
    before, after = _margins(height, width, size, stride, padding)
    x = ops.pad(x, ((0, 0), (before, after), (before, after), (0, 0)))
    cells = space_to_depth(x, stride)
    reach = size // stride
    rows, columns = cells.shape[1] - reach + 1, cells.shape[2] - reach + 1
    if min(rows, columns) < 1:
        raise InputError(
            f"`size` must not be above the height or width with padding='valid'. Received: height={height}, "
            f"width={width}, size={size}. Use padding='same'."
        )
    bands = [_window(cells, row, rows, axis=1) for row in range(reach)]
    return ops.concatenate([_window(band, column, columns, axis=2) for band in bands for column in range(reach)], -1)


def fold(patches: Any, size: int, stride: int = 1, padding: str = "same") -> Any:
    """Add overlapping patches up into a map: the adjoint (transpose) of `extract_patches` with the same arguments.

    Args:
        patches: `(batch, rows, columns, size**2 * channels)`, laid out as `extract_patches` does.
        size: side of the patches in pixels, a multiple of `stride`.
        stride: pixels from one patch to the next.
        padding: "same" or "valid", as for `extract_patches`.

    Returns:
        `(batch, height, width, channels)`. Divide by `overlap_count` to get the mean instead of the sum.

    Raises:
        InputError: as `extract_patches`, or the last axis is not divisible by `size**2`.
    """
    _, rows, columns, depth = patches.shape
    if depth % size**2:
        raise InputError(
            f"`patches` must have a last axis divisible by size**2. Received: shape={tuple(patches.shape)}, "
            f"size={size}. Use the `size` of `extract_patches`."
        )
    reach = size // stride
    before, after = _margins(rows * stride, columns * stride, size, stride, padding)
    parts = iter(ops.split(patches, reach**2, axis=-1))
    total = sum(
        ops.pad(next(parts), ((0, 0), (row, reach - 1 - row), (column, reach - 1 - column), (0, 0)))
        for row in range(reach)
        for column in range(reach)
    )
    x = depth_to_space(total, stride)
    height, width = x.shape[1] - before - after, x.shape[2] - before - after
    return _window(_window(x, before, height, axis=1), before, width, axis=2)


def overlap_count(height: int, width: int, size: int, stride: int = 1, padding: str = "same") -> np.ndarray:
    """How many patches cover each pixel, float32 `(1, height, width, 1)`; arguments as `extract_patches`."""
    before, after = _margins(height, width, size, stride, padding)

    def along(length: int) -> np.ndarray:
        covered = np.zeros(length + before + after, "float32")
        for start in range(0, len(covered) - size + 1, stride):
            covered[start : start + size] += 1
        return covered[before : before + length]

    return np.outer(along(height), along(width))[None, :, :, None]


def _margins(height: int, width: int, size: int, stride: int, padding: str) -> tuple[int, int]:
    """Zeros (before, after) each axis."""
    if None in (height, width) or height % stride or width % stride or size < stride or size % stride:
        raise InputError(
            f"The height and width must be known, and they and `size` divisible by `stride`. "
            f"Received: height={height}, width={width}, size={size}, stride={stride}. Pad or crop the input."
        )
    if padding not in ("same", "valid"):
        raise InputError(f"`padding` must be 'same' or 'valid'. Received: padding={padding!r}. 'same' pads with zeros.")
    missing = size - stride if padding == "same" else 0
    return missing // 2, missing - missing // 2


def _window(x: Any, start: int, length: int, axis: int) -> Any:
    """`length` entries of an axis from `start`."""
    cuts = [cut for cut in (start, start + length) if 0 < cut < x.shape[axis]]
    return ops.split(x, cuts, axis=axis)[min(start, 1)] if cuts else x
