"""Many values -> a mean with its uncertainty."""

import numpy as np


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
        rng = np.random.default_rng(seed)
        means = np.array([finite[rng.integers(0, len(finite), len(finite))].mean() for _ in range(resamples)])
        low, high = np.quantile(means, (0.025, 0.975))
        summary = {"mean": float(finite.mean()), "low": float(low), "high": float(high), **summary}
    return summary
