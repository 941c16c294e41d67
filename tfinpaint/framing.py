"""How a face lies in an aligned crop, in units of the crop's side, so that 112, 128 and 256 px are the same crop.

The shape is the mean of the five points of in-the-wild portraits (made symmetric); the scale is chosen so that a
worn mask, the chin and both cheeks of a real photo lie inside: the eyes are 0.27 of the side apart and stand at
0.38 of its height, a chin ends near 0.9.
"""

import numpy as np

from tfinpaint.errors import InputError

EYE_DISTANCE = 0.27
EYE_LEVEL = 0.38

# (x, y) of left-most eye, other eye, nose tip, left-most mouth corner, other mouth corner;
# in eye distances from the point between the eyes.
_SHAPE = np.array([[-0.5, 0.0], [0.5, 0.0], [0.0, 0.582], [-0.428, 1.056], [0.428, 1.056]])

MIRRORED = (1, 0, 2, 4, 3)  # the order of the five points of a mirrored face: left-most stays left-most

TEMPLATE = np.array([0.5, EYE_LEVEL]) + EYE_DISTANCE * _SHAPE

# insightface's 112 px crop, tight around the face, in which recognisers and some papers work.
ARCFACE = (
    np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]) + 0.5
) / 112

# Name -> the five points in units of the side; a model says by name how its faces are aligned.
FRAMINGS = {"wide": TEMPLATE, "arcface": ARCFACE}


def template_points(size: int, framing: str = "wide") -> np.ndarray:
    """The five points in pixels of a `size` x `size` crop, shape (5, 2), float32; pixel centres at integers.

    Args:
        size: side of the crop.
        framing: a name in `FRAMINGS`.

    Raises:
        InputError: there is no framing of that name.
    """
    if framing not in FRAMINGS:
        raise InputError(f"`framing` must be one of {', '.join(FRAMINGS)}. Received: framing={framing!r}.")
    return (FRAMINGS[framing] * size - 0.5).astype(np.float32)


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
