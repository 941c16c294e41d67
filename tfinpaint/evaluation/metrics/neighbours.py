"""Whether pictures look like the real ones and cover them: precision, recall and realism from nearest neighbours."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.evaluation.metrics.features import checked, checked_pair

_BLOCK_VALUES = 4_000_000  # distances held at a time: 32 MB


class PrecisionRecall(NamedTuple):
    """Shares in [0, 1]: pictures that look real, real ones that are covered, their harmonic mean."""

    precision: float
    recall: float
    f1: float


def precision_recall(pictures: np.ndarray, references: np.ndarray, *, k: int = 3) -> PrecisionRecall:
    """Improved precision and recall of two sets, and their harmonic mean.

    A set's manifold is the union of balls around its features, each as large as the distance to the k-th nearest other
    feature of that set. Precision is the share of pictures inside the references' manifold; recall the share of
    references inside the pictures'. Both depend on the sizes of the sets: compare only equally large ones.

    Args:
        pictures: features `(n, d)` of restored pictures.
        references: features `(m, d)` of real ones.
        k: which neighbour gives the radius; the paper's is 3.

    Raises:
        InputError: k < 1, k not below both n and m, or features that are not `(n, d)` and finite.

    Reference: Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", 2019,
    eq. 1 and 2.
    """
    pictures, references = _shifted(pictures, references, k)
    precision = float(_inside(pictures, references, _squared_radii(references, k)).mean())
    recall = float(_inside(references, pictures, _squared_radii(pictures, k)).mean())
    both = precision + recall
    return PrecisionRecall(precision, recall, 2 * precision * recall / both if both else 0.0)


def realism(pictures: np.ndarray, references: np.ndarray, *, k: int = 3) -> np.ndarray:
    """How near each picture is to the real ones, `(n,)`: 1 on the surface of their manifold, more inside.

    The largest ratio of a ball's radius to the distance of its centre. The half of the balls with the largest radii
    does not count, since they stand where real pictures are rare. A picture on a ball's centre has infinite realism.

    Args:
        pictures: features `(n, d)`; a single one is enough.
        references: features `(m, d)` of real pictures.
        k: which neighbour gives the radius.

    Raises:
        InputError: as `precision_recall`.

    Reference: Kynkäänniemi et al. 2019, eq. 3.
    """
    pictures, references = _shifted(pictures, references, k, rows=1)
    squared = _squared_radii(references, k)
    kept = squared <= np.median(squared)
    references, squared = references[kept], squared[kept]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = [(np.where(d > 0, squared / d, np.inf)).max(1) for d in _blocks(pictures, references)]
    return np.sqrt(np.concatenate(ratios))


def neighbour_radii(features: np.ndarray, *, k: int = 3) -> np.ndarray:
    """Distances `(n,)` of each feature `(n, d)` to its k-th nearest other one.

    Raises:
        InputError: as `precision_recall`.
    """
    features = checked(features, rows=1)
    _check_k(k, len(features))
    return np.sqrt(_squared_radii(features - features.mean(0), k))


def _shifted(pictures: np.ndarray, references: np.ndarray, k: int, rows: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Both sets around the references' mean: distances stay, and their products lose fewer digits."""
    pictures, references = checked_pair(pictures, references, rows=1)
    _check_k(k, len(references) if rows else min(len(pictures), len(references)))
    centre = references.mean(0)
    return pictures - centre, references - centre


def _check_k(k: int, count: int) -> None:
    if not 1 <= k < count:
        raise InputError(
            f"`k` must be at least 1 and less than the number of pictures of a set, {count}. Received: {k}; "
            "a picture is not its own neighbour, so give more pictures or a smaller k."
        )


def _squared_radii(features: np.ndarray, k: int) -> np.ndarray:
    radii, start = [], 0
    for distances in _blocks(features, features):
        rows = np.arange(len(distances))
        distances[rows, start + rows] = np.inf  # itself
        radii.append(np.partition(distances, k - 1, axis=1)[:, k - 1])
        start += len(distances)
    return np.concatenate(radii)


def _inside(points: np.ndarray, centres: np.ndarray, squared_radii: np.ndarray) -> np.ndarray:
    return np.concatenate([(distances <= squared_radii).any(1) for distances in _blocks(points, centres)])


def _blocks(points: np.ndarray, centres: np.ndarray) -> Iterator[np.ndarray]:
    """Squared distances, some rows `(b, m)` at a time; the differences `(b, m, d)` are never formed."""
    size = max(1, _BLOCK_VALUES // len(centres))
    norms = np.square(centres).sum(1)
    for start in range(0, len(points), size):
        block = points[start : start + size]
        sums = np.square(block).sum(1)[:, None] + norms
        squared = sums - 2 * block @ centres.T
        squared[squared < 1e-12 * sums] = 0  # equal but for rounding
        yield squared
