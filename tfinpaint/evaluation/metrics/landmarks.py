"""How far landmarks stand from where they belong."""

import numpy as np

from tfinpaint.errors import InputError

_OUTER_EYE_CORNERS = (36, 45)  # of the 68 points of iBUG 300-W, counted from 0


def inter_ocular_error(points: np.ndarray, true_points: np.ndarray) -> np.ndarray:
    """Normalised mean error (NME) `(n,)`: the mean distance over the points, in units of the inter-ocular distance.

    The inter-ocular distance is that of the true outer eye corners, as 300-W defines it.

    Args:
        points: `(n, 68, 2)` as found, in any unit.
        true_points: `(n, 68, 2)` in the same unit.

    Raises:
        InputError: other shapes, or true eye corners that coincide.

    Reference: Sagonas et al., "300 Faces in-the-Wild Challenge: The First Facial Landmark Localization Challenge",
    2013, eq. 1.
    """
    points, true_points = np.asarray(points, np.float64), np.asarray(true_points, np.float64)
    if points.shape != true_points.shape or points.shape[1:] != (68, 2):
        raise InputError(
            "`points` and `true_points` must have the shape (n, 68, 2). "
            f"Received: {points.shape} and {true_points.shape}."
        )
    left, right = (true_points[:, corner] for corner in _OUTER_EYE_CORNERS)
    between = np.linalg.norm(left - right, axis=-1)
    if not (between > 0).all():
        flat = int((~(between > 0)).sum())
        raise InputError(
            f"The outer eye corners of `true_points` must be apart. Received: {flat} faces where they are not; "
            "leave those out."
        )
    return np.linalg.norm(points - true_points, axis=-1).mean(-1) / between


def landmark_failures(error: np.ndarray, *, above: float = 0.1) -> np.ndarray:
    """Which faces failed, `(n,)`: 1 where the normalised mean error is above `above`, NaN where it is undefined.

    The mean is the failure rate; 0.1 is its usual limit, as for COFW (Burgos-Artizzu et al., "Robust Face Landmark
    Estimation under Occlusion", 2013) and, with the outer eye corners, WFLW (Wu et al., "Look at Boundary", 2018).

    Args:
        error: `(n,)` of `inter_ocular_error`.
        above: the limit, in units of the inter-ocular distance.
    """
    error = np.asarray(error, np.float64)
    return np.where(np.isnan(error), np.nan, (error > above).astype(np.float64))
