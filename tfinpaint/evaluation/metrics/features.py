"""What the metrics of sets ask of features."""

import numpy as np

from tfinpaint.errors import InputError


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
