"""One picture and its five points -> one aligned crop."""

import cv2
import numpy as np

from tfinpaint.framing import similarity, template_points


def align_picture(
    picture: np.ndarray,
    points: np.ndarray,
    size: int,
    jitter: float = 0.0,
    rng: np.random.Generator | None = None,
    *,
    anchors: np.ndarray | None = None,
    known: np.ndarray | None = None,
    framing: str = "wide",
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One aligned crop with its landmarks and validity; see `load_faces`.

    Args:
        picture: `(height, width, 3)`, uint8, RGB.
        points: `(5, 2)`, the landmarks in its pixels.
        size: side of the crop.
        jitter: see `load_faces`; needs `rng`.
        rng: of the jitter.
        anchors: `(5, 2)`, what is brought onto the template in place of the points: those of a picture that has been
            framed before are the template's own, so that its framing stays.
        known: `(height, width)`, uint8, 0 where the picture itself is made up.
        framing: see `load_faces`.

    Returns:
        The crop `(size, size, 3)` uint8, the moved points `(5, 2)` float32, and `(size, size, 1)` uint8, 1 where a
        pixel is true.
    """
    target = template_points(size, framing).astype(np.float64)
    if jitter and rng is not None:
        angle, scale = rng.normal(0, jitter / 2), 1 + rng.normal(0, jitter / 2)
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        centre = target.mean(0)
        target = (target - centre) @ turn.T + centre + rng.normal(0, jitter / 2 * size, 2) / 2
    points = np.asarray(points, np.float64)
    anchors = points if anchors is None else np.asarray(anchors, np.float64)
    known = np.ones(picture.shape[:2], np.uint8) if known is None else known
    matrix = similarity(anchors, target)
    scale = float(np.hypot(matrix[0, 0], matrix[0, 1]))
    if scale < 0.75:  # shrink by areas first: a warp alone would skip pixels
        height, width = picture.shape[:2]
        shape = max(round(width * scale), 1), max(round(height * scale), 1)
        picture = cv2.resize(picture, shape, interpolation=cv2.INTER_AREA)
        known = (cv2.resize(known * 255, shape, interpolation=cv2.INTER_AREA) == 255).astype(np.uint8)
        points, anchors = ((p + 0.5) * (np.array(shape) / (width, height)) - 0.5 for p in (points, anchors))
        matrix = similarity(anchors, target)
    crop = cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    valid = cv2.warpAffine(known, matrix, (size, size), flags=cv2.INTER_NEAREST, borderValue=0)
    moved = points @ matrix[:, :2].T.astype(np.float64) + matrix[:, 2]
    return crop, moved.astype(np.float32), valid[..., None]
