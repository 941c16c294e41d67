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


_WORST_FIT = 0.45  # of the eyes' distance: above turned heads of data sets, below the template with a pair exchanged


def landmark_fault(points: np.ndarray) -> str | None:
    """What keeps five points from being those of a face, in words; None where nothing does.

    A face may stand in any turn: aligning it undoes that.

    Args:
        points: `(5, 2)` in pixels: left-most eye, other eye, nose tip, left-most mouth corner, other mouth corner.
    """
    points = np.asarray(points, np.float64)
    if points.shape != (5, 2) or not np.isfinite(points).all():
        return "they are not five finite points (x, y)"
    if np.linalg.norm(points[1] - points[0]) < 1:
        if np.ptp(points, axis=0).max() > 0 and np.abs(points).max() <= 2:
            return "they look like shares of the picture; pixels are asked for"
        return "both eyes lie on one spot"
    if landmark_misfit(points) > _WORST_FIT:
        return "they form no face: eyes, nose and mouth must come in this order, each pair from the left"
    return None


def landmark_misfit(points: np.ndarray) -> float:
    """How far five points lie from the template when they are aligned to it, in distances between its eyes."""
    matrix = similarity(points, TEMPLATE)
    residual = points @ matrix[:, :2].T.astype(np.float64) + matrix[:, 2] - TEMPLATE
    return float(np.sqrt((residual**2).sum(1).mean()) / EYE_DISTANCE)
