"""Contextual attention once more, in plain float64 loops from the papers' words, to judge the layers by."""

import itertools

import numpy as np


def attention_loop(
    features: np.ndarray,
    mask: np.ndarray,
    rate: int = 2,
    kernel_size: int = 3,
    scale: float = 10.0,
    row_kernel: np.ndarray | None = None,
    column_kernel: np.ndarray | None = None,
    best_only: bool = False,
    normalize_places: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """One sample: (height, width, channels) and (height, width, 1) -> the rebuilt map and the (n, n) attention."""
    features, mask = features.astype("float64"), mask.astype("float64")
    height, width, _ = features.shape
    places = list(itertools.product(range(height // rate), range(width // rate)))  # row-major
    small_patches = [
        _cut(features[::rate, ::rate], row, column, kernel_size, kernel_size // 2) for row, column in places
    ]
    small_masks = [_cut(mask[::rate, ::rate], row, column, kernel_size, kernel_size // 2) for row, column in places]
    valid = [key for key, hidden in enumerate(small_masks) if hidden.max() == 0]

    n = len(places)
    scores = np.zeros((n, n))
    for place, key in itertools.product(range(n), range(n)):
        scores[place, key] = np.sum(small_patches[place] * small_patches[key]) / _length(small_patches[key])
        if normalize_places:
            scores[place, key] /= _length(small_patches[place])
    if best_only and valid:
        for place in range(n):
            best = max(valid, key=lambda key: scores[place, key])  # noqa: B023
            scores[place] = np.where(np.arange(n) == best, scores[place, best], 0)
    if row_kernel is not None:
        column_major = sorted(range(n), key=lambda place: places[place][::-1])
        scores = _convolve(scores, row_kernel, list(range(n)))
        scores = _convolve(scores, column_kernel, column_major)

    attention, total, count = np.zeros((n, n)), np.zeros_like(features), np.zeros((height, width, 1))
    for place in range(n):
        if valid:
            weights = np.exp(scale * (scores[place, valid] - scores[place, valid].max()))
            attention[place, valid] = weights / weights.sum()
        size = 2 * rate
        for i, j in itertools.product(range(size), range(size)):
            y, x = (rate * position - rate // 2 + step for position, step in zip(places[place], (i, j), strict=True))
            if not (0 <= y < height and 0 <= x < width):
                continue
            count[y, x] += 1
            for key in valid:
                sy, sx = (
                    rate * position - rate // 2 + step for position, step in zip(places[key], (i, j), strict=True)
                )
                if 0 <= sy < height and 0 <= sx < width:  # outside there are zeros
                    total[y, x] += attention[place, key] * features[sy, sx]
    return total / count, attention


def _cut(x: np.ndarray, row: int, column: int, size: int, reach: int) -> np.ndarray:
    """The patch around a place, zeros outside of the map."""
    patch = np.zeros((size, size, x.shape[2]))
    for i, j in itertools.product(range(size), range(size)):
        y, z = row + i - reach, column + j - reach
        if 0 <= y < x.shape[0] and 0 <= z < x.shape[1]:
            patch[i, j] = x[y, z]
    return patch


def _length(patch: np.ndarray) -> float:
    return max(np.sqrt(np.sum(patch**2)), 1e-4)


def _convolve(scores: np.ndarray, kernel: np.ndarray, order: list[int]) -> np.ndarray:
    """New score of a pair = weighted sum over the pairs of positions next to both in `order`."""
    n, result = len(order), np.zeros_like(scores)
    for a, b in itertools.product(range(n), range(n)):
        for i, j in itertools.product((-1, 0, 1), (-1, 0, 1)):
            if 0 <= a + i < n and 0 <= b + j < n:
                result[order[a], order[b]] += kernel[i + 1, j + 1] * scores[order[a + i], order[b + j]]
    return result
