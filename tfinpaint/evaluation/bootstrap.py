"""Means and other estimates with 95 % bootstrap intervals; those of differences and shares are paired."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from tfinpaint.errors import InputError

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


@dataclass(frozen=True, eq=False)
class Estimate:
    """A number measured, and the same number measured on resampled data.

    Attributes:
        value: on all the data.
        draws: `(resamples,)`.
        n: how many units (pairs, folds, people) were resampled.
        standard_error: where papers print it beside the value.
    """

    value: float
    draws: np.ndarray
    n: int
    standard_error: float | None = None

    def summary(self) -> dict[str, float | int]:
        """`mean` (the value on all the data), `low` and `high` (95 % bootstrap interval), `n`, `standard_error`."""
        low, high = np.quantile(self.draws, (0.025, 0.975))
        summary = {"mean": float(self.value), "low": float(low), "high": float(high), "n": int(self.n)}
        return summary if self.standard_error is None else summary | {"standard_error": float(self.standard_error)}


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a protocol measured under one condition: clean, occluded, or restored by some method.

    Attributes:
        estimates: by the measure's name.
        resampled: says what was resampled, and how; outcomes that share it are paired draw by draw.
        extra: what else belongs into the record, ready for JSON: curves.
    """

    estimates: Mapping[str, Estimate]
    resampled: str
    extra: Mapping[str, object] = field(default_factory=dict)

    def summary(self) -> dict[str, object]:
        """Ready for JSON: a dict of `mean`, `low`, `high`, `n` for each measure, and `extra`."""
        return {name: estimate.summary() for name, estimate in self.estimates.items()} | dict(self.extra)


def undone(clean: Outcome, occluded: Outcome, restored: Outcome) -> dict[str, dict[str, float | int]]:
    """Which share of the damage a restoration undoes, for each measure: (restored - occluded) / (clean - occluded).

    1 is as good as without the occlusion, 0 as bad as with it, below 0 worse. The interval is a paired bootstrap: the
    three are measured on the same resampled data, draw by draw.

    Returns:
        A dict of `mean`, `low`, `high`, `n` for each measure. One whose damage may be nothing (the interval of clean -
        occluded reaches 0) has no share and is left out.

    Raises:
        InputError: the three do not come from one protocol with the same data, seed and resamples.
    """
    if not clean.resampled == occluded.resampled == restored.resampled:
        raise InputError(
            "`clean`, `occluded` and `restored` must be measured on the same data with one seed. "
            f"Received: {clean.resampled}; {occluded.resampled}; {restored.resampled}."
        )
    shares = {}
    for name, best in clean.estimates.items():
        worst, ours = occluded.estimates[name], restored.estimates[name]
        damage = best.draws - worst.draws
        if min(np.quantile(damage, 0.025), best.value - worst.value) <= 0:
            continue
        harmed = damage > 0  # 97.5 % of the draws at least
        draws = (ours.draws - worst.draws)[harmed] / damage[harmed]
        value = (ours.value - worst.value) / (best.value - worst.value)
        shares[name] = Estimate(value, draws, best.n).summary()
    return shares


def draw_counts(groups: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """How often each unit is drawn, `(resamples, n)` uint16: with replacement, apart within each group.

    Args:
        groups: `(n,)` labels; each resample has as many units of a group as there are.
        resamples: how many.
        seed: of the draws.
    """
    if resamples < 2:
        raise InputError(f"`resamples` must be 2 or more, such as 1000. Received: {resamples}.")
    rng = np.random.default_rng(seed)
    counts = np.zeros((resamples, len(groups)), np.uint16)
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        drawn = rng.integers(0, len(members), (resamples, len(members)))
        drawn += np.arange(resamples)[:, None] * len(members)
        counts[:, members] = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)
    return counts


def _resampled_means(values: np.ndarray, seed: int, resamples: int) -> np.ndarray:
    count = len(values)
    if count <= _CACHED:
        return _weights(count, seed, resamples) @ values
    rng = np.random.default_rng(seed)
    return np.array([values[rng.integers(0, count, count)].mean() for _ in range(resamples)])


@lru_cache(maxsize=4)
def _weights(count: int, seed: int, resamples: int) -> np.ndarray:
    """How much each value weighs in each resample, `(resamples, count)`; the same size is asked for again and again."""
    return draw_counts(np.zeros(count), resamples, seed) / count
