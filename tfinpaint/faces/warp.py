"""An affine map with places as exact as OpenCV 5 has them; earlier ones round each to a 32nd of a pixel."""

import cv2
import numpy as np

_EXACT = int(cv2.__version__.split(".")[0]) >= 5
_STRIP = 1 << 20  # pixels of the output at a time
_FARTHEST = 32_000  # OpenCV's whole places are 16-bit numbers


def warp(pixels: np.ndarray, matrix: np.ndarray, size: tuple[int, int], interpolation: int, border: int) -> np.ndarray:
    """As `cv2.warpAffine`; linear and cubic interpolation give the same picture with every version of OpenCV.

    Args:
        pixels: `(height, width)` or `(height, width, channels)`, uint8 or float32.
        matrix: `(2, 3)`, from `pixels` to the output.
        size: (width, height) of the output.
        interpolation: one of OpenCV's.
        border: one of OpenCV's border modes; 0 where that is constant.
    """
    weights = {cv2.INTER_LINEAR: _linear, cv2.INTER_CUBIC: _cubic}.get(interpolation)
    if _EXACT or weights is None:
        return cv2.warpAffine(pixels, np.asarray(matrix, np.float64), size, flags=interpolation, borderMode=border)
    width, height = size
    rows = max(1, _STRIP // width)
    result = np.empty((height, width, *pixels.shape[2:]), pixels.dtype)
    for top in range(0, height, rows):
        x, y = _places(matrix, width, range(top, min(top + rows, height)))
        values = _gathered(pixels, x, y, weights, border)
        whole = np.issubdtype(pixels.dtype, np.integer)
        result[top : top + rows] = np.clip(np.rint(values), 0, 255) if whole else values
    return result


def _places(matrix: np.ndarray, width: int, rows: range) -> tuple[np.ndarray, np.ndarray]:
    """Where each output pixel of these rows lies in the input, x and y."""
    back = cv2.invertAffineTransform(np.asarray(matrix, np.float64))
    x, y = np.arange(width)[None], np.array(rows)[:, None]
    return tuple(np.clip(row[0] * x + row[1] * y + row[2], -_FARTHEST, _FARTHEST) for row in back)


def _gathered(pixels: np.ndarray, x: np.ndarray, y: np.ndarray, weights, border: int) -> np.ndarray:
    """The sum over the neighbours of each place, by weights of their distance in x and in y."""
    left, top = np.floor(x), np.floor(y)
    across, down = weights((x - left).astype(np.float32)), weights((y - top).astype(np.float32))
    corner = np.stack([left, top], axis=-1).astype(np.int16)
    first = 1 - len(across) // 2  # the neighbour that the first weight is of
    total = np.zeros((*x.shape, *pixels.shape[2:]), np.float32)
    for j, vertical in enumerate(down):
        for i, horizontal in enumerate(across):
            at = corner + np.array([i + first, j + first], np.int16)
            value = cv2.remap(pixels, at, None, cv2.INTER_NEAREST, borderMode=border).reshape(total.shape)
            total += value * (vertical * horizontal).reshape(x.shape + (1,) * (total.ndim - 2))
    return total


def _linear(t: np.ndarray) -> list[np.ndarray]:
    return [1 - t, t]


def _cubic(t: np.ndarray) -> list[np.ndarray]:
    """Weights of the pixels at -1, 0, 1 and 2 of a place at `t` in [0, 1), with OpenCV's a = -0.75."""
    a = np.float32(-0.75)
    near = lambda d: ((a + 2) * d - (a + 3)) * d * d + 1  # noqa: E731
    far = lambda d: ((a * d - 5 * a) * d + 8 * a) * d - 4 * a  # noqa: E731
    return [far(1 + t), near(t), near(1 - t), far(2 - t)]
