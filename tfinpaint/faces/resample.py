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
        border: what lies beyond the picture: OpenCV's `BORDER_CONSTANT` (0), `BORDER_REPLICATE` or
            `BORDER_REFLECT_101`, however far.
        interpolation: one of OpenCV's.
    """
    linear, shift = np.asarray(matrix, np.float64)[:, :2], np.asarray(matrix, np.float64)[:, 2]
    scale = np.minimum(np.linalg.norm(linear, axis=0), 1)
    corners = np.array([[0, 0], [size[0], 0], [0, size[1]], size], np.float64) - 0.5
    seen = (corners - shift) @ np.linalg.inv(linear).T
    margin = 4 / scale
    bounds = np.array(pixels.shape[1::-1])
    low, high = np.floor(seen.min(0) - margin), np.ceil(seen.max(0) + margin) + 1
    if border == cv2.BORDER_REFLECT_101:  # as much of the picture as is seen mirrored
        low, high = np.minimum(low, 2 * (bounds - 1) - high), np.maximum(high, 1 - low)
    low = np.clip(low, 0, bounds - 1).astype(int)
    high = np.clip(high, low + 1, bounds).astype(int)
    part = pixels[low[1] : high[1], low[0] : high[0]]
    ratio = np.ones(2)
    if (scale < 1).any():
        shape = np.maximum(np.rint((high - low) * scale), 1).astype(int)
        ratio = shape / (high - low)
        part = cv2.resize(part, shape.tolist(), interpolation=cv2.INTER_AREA)
    # a point of the part, p, lies at (p + 0.5) / ratio - 0.5 + low in the picture
    linear, shift = linear / ratio, linear @ (0.5 / ratio - 0.5 + low) + shift
    part, matrix = _with_surroundings(part, np.column_stack([linear, shift]), size, border)
    return warp(part, matrix, tuple(size), interpolation, border)


def _with_surroundings(
    part: np.ndarray, matrix: np.ndarray, size: tuple[int, int], border: int
) -> tuple[np.ndarray, np.ndarray]:
    """All that the output shows, also from beyond the part, and the map from there.

    OpenCV 5 mirrors no more than once where it interpolates by cubes, and none ends mirroring a single row.
    """
    corners = np.array([[x, y] for x in (0, size[0] - 1) for y in (0, size[1] - 1)])
    seen = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    low, high = np.floor(seen.min(0)).astype(int) - 2, np.ceil(seen.max(0)).astype(int) + 3
    bounds = part.shape[1::-1]
    if border == cv2.BORDER_CONSTANT or ((low >= 0) & (high <= bounds)).all():
        return part, matrix
    columns, rows = (_inside(np.arange(*ends), n, border) for *ends, n in zip(low, high, bounds, strict=True))
    return part[np.ix_(rows, columns)], np.column_stack([matrix[:, :2], matrix[:, 2] + matrix[:, :2] @ low])


def _inside(places: np.ndarray, length: int, border: int) -> np.ndarray:
    """Which of so many rows stands at each place, also beyond them."""
    if border == cv2.BORDER_REPLICATE or length == 1:
        return places.clip(0, length - 1)
    period = 2 * (length - 1)
    return (length - 1) - np.abs(places % period - (length - 1))
