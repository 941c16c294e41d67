"""A triangle mesh drawn into a picture, nearest surface first; and the field of a mirrored picture."""

from collections.abc import Iterator
from typing import Any

import numpy as np

_AT_ONCE = 1 << 20  # candidate pixels of a group of triangles; bounds the memory
_EDGE = 1e-6  # pixels on a shared edge belong to both triangles
# Half precision promotes to whatever it meets, in NumPy and in TensorFlow.
_SIGN, _OFFSET = np.array([-1, 1], np.float16), np.array([1, 0], np.float16)


def render_mesh(
    height: int, width: int, vertices: np.ndarray, triangles: np.ndarray, uv: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draws a mesh's (u, v) with a z-buffer: `uv` float32 `(height, width, 2)`, `valid` float32 `(height, width, 1)`.

    A pixel shows what its centre shows. Triangles may face either way and reach beyond the picture; those seen edge-on
    draw nothing.

    Args:
        height: of the picture, pixels.
        width: of the picture, pixels.
        vertices: `(n, 3)`: pixel x, pixel y, depth growing towards the camera.
        triangles: `(m, 3)` integers, rows of `vertices`.
        uv: `(n, 2)`, in [0, 1].
    """
    nearest = np.full(height * width, -np.inf)
    field, valid = np.zeros((height * width, 2), np.float32), np.zeros((height * width, 1), np.float32)
    corners, chart = np.asarray(vertices, np.float64)[triangles], np.asarray(uv, np.float64)[triangles]
    for rows, x, y in _candidates(corners, height, width):
        weights = _barycentric(corners[rows], x, y)
        inside = (weights >= -_EDGE).all(1)  # not a number, of an edge-on triangle, is not inside
        rows, weights, pixels = rows[inside], weights[inside], (y * width + x)[inside]
        depth = (weights * corners[rows, :, 2]).sum(1)
        np.maximum.at(nearest, pixels, depth)
        seen = depth == nearest[pixels]
        field[pixels[seen]] = (weights[seen, :, None] * chart[rows[seen]]).sum(1)
        valid[pixels[seen]] = 1
    return np.clip(field, 0, 1).reshape(height, width, 2), valid.reshape(height, width, 1)


def flip_uv(uv: Any, valid: Any) -> tuple[Any, Any]:
    """Mirrors a field: the columns change sides and u becomes 1 - u, so that u still grows to the picture's right.

    Args:
        uv: `(..., height, width, 2)`, a NumPy array or a tensor of floats, 0 where `valid` is.
        valid: `(..., height, width, 1)`, 0 or 1; for tensors of the same type as `uv`.
    """
    valid = valid[..., ::-1, :]
    return uv[..., ::-1, :] * _SIGN + valid * _OFFSET, valid


def _candidates(corners: np.ndarray, height: int, width: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Triangle, x and y of every pixel in the triangles' bounding boxes, flat, a group of triangles at a time."""
    limits = np.array([width - 1, height - 1])
    low = np.ceil(np.clip(corners[..., :2].min(1), 0, limits + 1)).astype(np.int64)
    high = np.floor(np.clip(corners[..., :2].max(1), -1, limits)).astype(np.int64)
    sides = np.maximum(high - low + 1, 0)
    counts = sides.prod(1)
    group = np.cumsum(counts) // _AT_ONCE
    for rows in np.split(np.arange(len(counts)), np.flatnonzero(np.diff(group)) + 1):
        repeated = np.repeat(rows, counts[rows])
        place = np.arange(len(repeated)) - np.repeat(np.cumsum(counts[rows]) - counts[rows], counts[rows])
        y, x = np.divmod(place, sides[repeated, 0])
        yield repeated, low[repeated, 0] + x, low[repeated, 1] + y


def _barycentric(corners: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Weights `(k, 3)` of the corners `(k, 3, 3)` at the points (x, y)."""
    (ax, ay), (bx, by), (cx, cy) = (corners[:, i, :2].T for i in range(3))
    with np.errstate(divide="ignore", invalid="ignore"):
        area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
        first = ((by - cy) * (x - cx) + (cx - bx) * (y - cy)) / area
        second = ((cy - ay) * (x - cx) + (ax - cx) * (y - cy)) / area
        return np.stack([first, second, 1 - first - second], axis=1)
