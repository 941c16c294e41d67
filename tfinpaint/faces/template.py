"""The one framing of an aligned face, in units of the crop's side, so that 112, 128 and 256 px are the same crop.

The shape is the mean of the five points of in-the-wild portraits (made symmetric); the scale is chosen so that a
worn mask, the chin and both cheeks of a real photo lie inside: the eyes are 0.27 of the side apart and stand at
0.38 of its height, a chin ends near 0.9.
"""

import numpy as np

EYE_DISTANCE = 0.27
EYE_LEVEL = 0.38

# (x, y) of left-most eye, other eye, nose tip, left-most mouth corner, other mouth corner;
# in eye distances from the point between the eyes.
_SHAPE = np.array([[-0.5, 0.0], [0.5, 0.0], [0.0, 0.582], [-0.428, 1.056], [0.428, 1.056]])

MIRRORED = (1, 0, 2, 4, 3)  # the order of the five points of a mirrored face: left-most stays left-most

TEMPLATE = np.array([0.5, EYE_LEVEL]) + EYE_DISTANCE * _SHAPE


def template_points(size: int) -> np.ndarray:
    """The five points of the template in pixels of a `size` x `size` crop, shape (5, 2); pixel centres at integers."""
    return (TEMPLATE * size - 0.5).astype(np.float32)


def similarity(source: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """The 2x3 similarity transform that maps `source` on `target` best, in the weighted least-squares sense.

    Args:
        source: `(n, 2)` points.
        target: `(n, 2)` points.
        weights: `(n,)` non-negative weights, equal ones by default.

    Reference: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991.
    """
    source, target = np.asarray(source, np.float64), np.asarray(target, np.float64)
    w = np.ones(len(source)) if weights is None else np.asarray(weights, np.float64)
    w = (w / w.sum())[:, None]
    source_mean, target_mean = (w * source).sum(0), (w * target).sum(0)
    s, t = source - source_mean, target - target_mean
    u, singular, vt = np.linalg.svd((w * t).T @ s)
    sign = np.array([1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ np.diag(sign) @ vt
    scale = (singular * sign).sum() / (w * s**2).sum()
    return np.hstack([scale * rotation, (target_mean - scale * rotation @ source_mean)[:, None]]).astype(np.float32)
