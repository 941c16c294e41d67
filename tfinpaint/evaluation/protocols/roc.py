"""What thresholds on a score do: ROC and DET curves, and the numbers that are read off them.

A pair is accepted where its score is at least the threshold, so pairs of one score are accepted or refused together:
a curve has one point for each distinct score, none between, and nothing is interpolated but the area, where a tie
counts half.
"""

from dataclasses import dataclass

import numpy as np

from tfinpaint.errors import InputError


@dataclass(frozen=True, eq=False)
class Roc:
    """The points of a ROC curve, from "nobody is accepted" to "everybody is".

    Attributes:
        thresholds: `(m,)` falling; the first is infinite, the others are the distinct scores.
        accepted_same: `(m,)` how many pairs of one person are accepted.
        accepted_other: `(m,)` how many pairs of two people are accepted.
    """

    thresholds: np.ndarray
    accepted_same: np.ndarray
    accepted_other: np.ndarray

    @property
    def tpr(self) -> np.ndarray:
        """True positive rate: the share of pairs of one person that are accepted."""
        return self.accepted_same / self.accepted_same[-1]

    @property
    def fpr(self) -> np.ndarray:
        """False positive rate: the share of pairs of two people that are accepted."""
        return self.accepted_other / self.accepted_other[-1]

    @property
    def auc(self) -> float:
        """The area: how often a pair of one person scores above a pair of two; a tie counts half."""
        return float(np.trapezoid(self.tpr, self.fpr))

    def tpr_at(self, fpr: float) -> float:
        """The largest true positive rate whose false positive rate is at most `fpr`."""
        return float(self.tpr[np.searchsorted(self.fpr, fpr, side="right") - 1])

    def best_threshold(self) -> float:
        """The threshold of the highest accuracy; the largest of several, halfway to the next score below."""
        at = int(np.argmax(self.accepted_same - self.accepted_other))  # accepted rightly less accepted wrongly
        lowest, below = self.thresholds[at], self.thresholds[min(at + 1, len(self.thresholds) - 1)]
        between = lowest + (below - lowest) / 2 if at else lowest
        return float(between if between > below else lowest)

    def det(self) -> tuple[np.ndarray, np.ndarray]:
        """The DET curve: false positive rates, not falling, and the false negative rates, not rising.

        It goes from the last point without a false positive to the first without a false negative.
        """
        first = np.searchsorted(self.accepted_other, 0, side="right") - 1
        last = np.searchsorted(self.accepted_same, self.accepted_same[-1]) + 1
        misses = self.accepted_same[-1] - self.accepted_same
        return self.fpr[first:last], misses[first:last] / self.accepted_same[-1]


def roc(scores: np.ndarray, same: np.ndarray) -> Roc:
    """The ROC curve of scores.

    Args:
        scores: `(n,)`, finite; higher where two pictures are more alike.
        same: `(n,)` bool, whether they show one person.

    Raises:
        InputError: other shapes, a score that is not finite, or pairs of one kind only.
    """
    scores, same = check_scores(scores, same)
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    ends = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)
    accepted_same = np.cumsum(same[order])[ends]
    start = np.zeros(1, int)
    return Roc(
        np.append(np.inf, falling[ends]),
        np.append(start, accepted_same),
        np.append(start, ends + 1 - accepted_same),
    )


def accuracy(scores: np.ndarray, same: np.ndarray, threshold: float) -> float:
    """The share of pairs that a threshold judges rightly; see `roc`."""
    return float(((np.asarray(scores) >= threshold) == np.asarray(same, bool)).mean())


def thin(fpr: np.ndarray, fnr: np.ndarray, points: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """At most `points` points of a DET curve: its ends and, between, some of its own, evenly spread on log axes."""
    if len(fpr) <= points:
        return fpr, fnr
    floor = [axis[axis > 0].min(initial=1.0) / 2 for axis in (fpr, fnr)]
    steps = [np.abs(np.diff(np.log(np.maximum(axis, low)))) for axis, low in zip((fpr, fnr), floor, strict=True)]
    way = np.append(0, np.cumsum(steps[0] + steps[1]))
    chosen = np.unique(np.searchsorted(way, np.linspace(0, way[-1], points)).clip(0, len(way) - 1))
    chosen[-1] = len(way) - 1
    return fpr[chosen], fnr[chosen]


def check_scores(scores: np.ndarray, same: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores as float64 and `same` as bool; see `roc`."""
    scores, same = np.asarray(scores, np.float64), np.asarray(same, bool)
    if scores.ndim != 1 or scores.shape != same.shape:
        raise InputError(
            f"`scores` and `same` must be of one shape (n,). Received: {scores.shape} and {same.shape}; "
            "give one score and one label a pair."
        )
    if not np.isfinite(scores).all():
        bad = int((~np.isfinite(scores)).sum())
        raise InputError(f"`scores` must be finite. Received: {bad} of {len(scores)} that are not; mend the embedder.")
    if same.all() or not same.any():
        kind = "of one person" if len(same) and same.all() else "of two people" if len(same) else "at all"
        raise InputError(
            "`same` must hold pairs of one person and pairs of two. "
            f"Received: {len(same)} pairs {kind}; add pairs of the other kind."
        )
    return scores, same
