"""Resamples a part of a picture by an affine map, with neither aliasing nor more memory than the part needs."""

import cv2
import numpy as np

from tfinpaint.faces.warp import warp


def resample(
    pixels: np.ndarray,
    matrix: np.ndarray,
    size: tuple[int, int],
    *,
    border: int = cv2.BORDER_REFLECT_101,
    interpolation: int = cv2.INTER_CUBIC,
) -> np.ndarray:
    """The `size` (width, height) picture whose point `matrix @ (x, y, 1)` shows the point (x, y) of `pixels`.

    Where the map shrinks, the part that is seen is first shrunk by area averaging, so that each output pixel is the
    mean of all that it covers.

    Args:
        pixels: `(height, width)` or `(height, width, channels)`, uint8 or float32; pixel centres at integers.
        matrix: `(2, 3)`, affine.
        size: (width, height) of the output.
        border: what lies beyond the picture, one of OpenCV's border modes.
        interpolation: one of OpenCV's.
    """
    linear, shift = np.asarray(matrix, np.float64)[:, :2], np.asarray(matrix, np.float64)[:, 2]
    scale = np.minimum(np.linalg.norm(linear, axis=0), 1)
    corners = np.array([[0, 0], [size[0], 0], [0, size[1]], size], np.float64) - 0.5
    seen = (corners - shift) @ np.linalg.inv(linear).T
    margin = 4 / scale
    bounds = np.array(pixels.shape[1::-1])
    low = np.clip(np.floor(seen.min(0) - margin), 0, bounds - 1).astype(int)
    high = np.clip(np.ceil(seen.max(0) + margin) + 1, low + 1, bounds).astype(int)
    part = pixels[low[1] : high[1], low[0] : high[0]]
    ratio = np.ones(2)
    if (scale < 1).any():
        shape = np.maximum(np.rint((high - low) * scale), 1).astype(int)
        ratio = shape / (high - low)
        part = cv2.resize(part, shape.tolist(), interpolation=cv2.INTER_AREA)
    for axis in (0, 1):
        if part.shape[axis] == 1:  # a crop beyond the picture; OpenCV never ends mirroring a single row
            part = np.repeat(part, 2, axis)
    # a point of the part, p, lies at (p + 0.5) / ratio - 0.5 + low in the picture
    linear, shift = linear / ratio, linear @ (0.5 / ratio - 0.5 + low) + shift
    return warp(part, np.column_stack([linear, shift]), tuple(size), interpolation, border)
