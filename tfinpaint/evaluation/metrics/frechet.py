"""How far two sets of pictures are apart, as Gaussians of their features."""

import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.evaluation.metrics.features import checked_pair


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
