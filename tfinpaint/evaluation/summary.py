"""Many values -> a mean with its uncertainty."""

from functools import lru_cache

import numpy as np

_CACHED = 2048  # values; larger sets are resampled one by one, so that memory stays bounded


def summarise(values: np.ndarray, *, seed: int = 0, resamples: int = 2000) -> dict[str, float | int]:
    """The mean of one value per picture with its 95 % bootstrap interval.

    Args:
        values: `(n,)`; NaN (undefined for that picture) and infinite values (identical pictures) are counted apart.
        seed: of the resampling.
        resamples: how often the pictures are drawn again.

    Returns:
        `mean`, `low`, `high`, `n`, and `undefined` and `identical` where there are such.
    """
    values = np.asarray(values, np.float64)
    finite = values[np.isfinite(values)]
    apart = {"undefined": int(np.isnan(values).sum()), "identical": int(np.isinf(values).sum())}
    summary: dict[str, float | int] = {"n": len(finite), **{name: n for name, n in apart.items() if n}}
    if len(finite):
        low, high = np.quantile(_resampled_means(finite, seed, resamples), (0.025, 0.975))
        summary = {"mean": float(finite.mean()), "low": float(low), "high": float(high), **summary}
    return summary


def _resampled_means(values: np.ndarray, seed: int, resamples: int) -> np.ndarray:
    count = len(values)
    if count <= _CACHED:
        return _shares(count, seed, resamples) @ values
    rng = np.random.default_rng(seed)
    return np.array([values[rng.integers(0, count, count)].mean() for _ in range(resamples)])


@lru_cache(maxsize=4)
def _shares(count: int, seed: int, resamples: int) -> np.ndarray:
    """How much each value weighs in each resample, `(resamples, count)`; the same size is asked for again and again."""
    drawn = np.random.default_rng(seed).integers(0, count, (resamples, count))
    drawn += np.arange(resamples)[:, None] * count
    return np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape) / count
