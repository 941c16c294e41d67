"""How far two sets of pictures are apart, by their features: as Gaussians, and from nearest neighbours."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tfinpaint.errors import InputError

_BLOCK_VALUES = 4_000_000  # distances held at a time: 32 MB


def checked_pair(a: np.ndarray, b: np.ndarray, *, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of features `(n, d)` and `(m, d)` as float64.

    Raises:
        InputError: a set that is not 2-D, has fewer than `rows` rows or holds NaN or infinity; different d.
    """
    a, b = checked(a, rows=rows), checked(b, rows=rows)
    if a.shape[1] != b.shape[1]:
        raise InputError(
            f"Both sets of features must have one width. Received: {a.shape[1]} and {b.shape[1]} columns; "
            "give features of one network."
        )
    return a, b


def checked(features: np.ndarray, *, rows: int) -> np.ndarray:
    """Features `(n, d)` of at least `rows` pictures as float64; see `checked_pair`."""
    features = np.asarray(features, np.float64)
    if features.ndim != 2 or features.shape[1] < 1:
        raise InputError(f"Features must have the shape (n, d). Received: {features.shape}.")
    if len(features) < rows:
        raise InputError(f"Features of at least {rows} pictures are needed. Received: {len(features)}.")
    bad = int((~np.isfinite(features)).any(1).sum())
    if bad:
        raise InputError(
            f"Features must be finite. Received: {bad} of {len(features)} rows with NaN or infinity; "
            "look at what the network says of those pictures."
        )
    return features


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Squared Fréchet distance of the Gaussians fitted to two sets of features.

    `|mean_a - mean_b|^2 + tr(cov_a + cov_b - 2 (cov_a cov_b)^(1/2))`, with unbiased covariances. With fewer pictures
    than features the Gaussians are flat; the distance is defined, yet it grows as pictures get fewer, so compare only
    distances of equally large sets. On the features of Inception it is called FID.

    Args:
        a: features `(n, d)`, at least two rows.
        b: features `(m, d)`, at least two rows.

    Raises:
        InputError: other shapes, a single row, or values that are not finite.

    Reference: Dowson and Landau, "The Fréchet Distance between Multivariate Normal Distributions", 1982; Heusel et al.,
    "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium", 2017, eq. 6.
    """
    a, b = checked_pair(a, b, rows=2)
    return _distance(a.mean(0), _factor_of_rows(a), b.mean(0), _factor_of_rows(b))


def frechet_from_moments(mean_a: np.ndarray, cov_a: np.ndarray, mean_b: np.ndarray, cov_b: np.ndarray) -> float:
    """The same distance from means `(d,)` and covariances `(d, d)`, such as published statistics of a data set.

    Raises:
        InputError: shapes that do not fit, values that are not finite, or a covariance that is not symmetric or has a
            clearly negative eigenvalue.
    """
    mean_a, mean_b = (np.asarray(m, np.float64) for m in (mean_a, mean_b))
    if mean_a.ndim != 1 or mean_a.shape != mean_b.shape or not np.isfinite([mean_a, mean_b]).all():
        raise InputError(
            "`mean_a` and `mean_b` must be finite vectors of one length. "
            f"Received: shapes {mean_a.shape} and {mean_b.shape}."
        )
    factors = [_factor_of_covariance(n, c, len(mean_a)) for n, c in (("cov_a", cov_a), ("cov_b", cov_b))]
    return _distance(mean_a, factors[0], mean_b, factors[1])


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


def _distance(mean_a: np.ndarray, factor_a: np.ndarray, mean_b: np.ndarray, factor_b: np.ndarray) -> float:
    """From factors F with F^T F = covariance.

    The eigenvalues of cov_a cov_b are the squared singular values of F_a F_b^T, so the trace of the root is their sum:
    real, never negative, and without the root of a rounding error.
    """
    root = np.linalg.svd(factor_a @ factor_b.T, compute_uv=False).sum()
    distance = np.square(mean_a - mean_b).sum() + np.square(factor_a).sum() + np.square(factor_b).sum() - 2 * root
    return float(max(distance, 0.0))


def _factor_of_rows(features: np.ndarray) -> np.ndarray:
    centred = (features - features.mean(0)) / np.sqrt(len(features) - 1)
    return centred if len(centred) <= centred.shape[1] else np.linalg.qr(centred, mode="r")


def _factor_of_covariance(name: str, covariance: np.ndarray, size: int) -> np.ndarray:
    covariance = np.asarray(covariance, np.float64)
    if covariance.shape != (size, size) or not np.isfinite(covariance).all():
        raise InputError(f"`{name}` must be a finite matrix {(size, size)}. Received: shape {covariance.shape}.")
    scale = max(float(np.abs(covariance).max()), np.finfo(np.float64).tiny)
    values, vectors = np.linalg.eigh(covariance)
    # 1e-4: published statistics may be rounded to float32; what is further off is no covariance
    if np.abs(covariance - covariance.T).max() > 1e-4 * scale or values.min() < -1e-4 * scale * size:
        raise InputError(
            f"`{name}` must be symmetric and positive semi-definite. "
            f"Received: smallest eigenvalue {values.min():.3g}; give a covariance, such as np.cov(features.T)."
        )
    return np.sqrt(np.maximum(values, 0))[:, None] * vectors.T


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
