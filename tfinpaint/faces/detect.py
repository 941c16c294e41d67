"""Finds faces in photos: any `Detector` will do, `default_detector` picks the best one at hand."""

import logging
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from tfinpaint.errors import InputError, TfinpaintError
from tfinpaint.faces.face import Face, overlap
from tfinpaint.faces.yunet import YuNet, yunet_file

_log = logging.getLogger("tfinpaint")

# The five points in a face's box, in units of its width and height: the mean of 1,250 upright portraits.
_POINTS_IN_BOX = np.array([[0.266, 0.336], [0.719, 0.342], [0.484, 0.545], [0.292, 0.715], [0.676, 0.720]])


class Detector(Protocol):
    """Anything that finds faces in a uint8 RGB photo."""

    def __call__(self, pixels: np.ndarray) -> list[Face]: ...


class MTCNNDetector:
    """The detector of the package `mtcnn` (TensorFlow), installed with its weights.

    It finds 84 % of really masked faces; YuNet finds them all.

    Reference: Zhang et al., "Joint face detection and alignment using multitask cascaded convolutional networks", 2016.
    """

    def __init__(self) -> None:
        from mtcnn import MTCNN

        self._network = MTCNN()

    def __call__(self, pixels: np.ndarray) -> list[Face]:
        try:
            found = self._network.detect_faces(np.ascontiguousarray(pixels))
        except ValueError:  # its stages stumble over pictures without any candidate
            return []
        names = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
        return [
            Face(
                box=tuple(float(v) for v in face["box"]),
                score=float(face["confidence"]),
                landmarks=np.array([face["keypoints"][name] for name in names], np.float32),
            )
            for face in found
        ]


def default_detector() -> Detector:
    """YuNet where its file is at hand or can be fetched (`yunet_file`), else mtcnn, with a warning that says so."""
    try:
        return YuNet(yunet_file())
    except TfinpaintError as error:
        _log.warning(
            "%s Using mtcnn instead, which finds 84 %% of really masked faces where YuNet finds them all.", error
        )
    return MTCNNDetector()


def face_in_box(pixels: np.ndarray, box: Sequence[float], detector: Detector | None = None) -> Face:
    """The face in a caller's box: what a detector finds there, else the mean face fitted into the box.

    Args:
        pixels: `(height, width, 3)`, uint8, RGB.
        box: (x, y, width, height) in pixels, forehead to chin.
        detector: looks into the box and a margin around it; None takes the mean face.

    Raises:
        InputError: the box is empty or does not touch the photo.
    """
    x, y, w, h = box = tuple(float(v) for v in np.ravel(_four(box)))
    height, width = pixels.shape[:2]
    if w <= 0 or h <= 0 or x >= width or y >= height or x + w <= 0 or y + h <= 0:
        raise InputError(f"`box` must be (x, y, width, height) inside the photo of {width}x{height}. Received: {box}.")
    if detector is not None:
        left, top = max(0, int(x - w / 2)), max(0, int(y - h / 2))
        window = pixels[top : int(y + 1.5 * h) + 1, left : int(x + 1.5 * w) + 1]
        shifted = [
            Face((f.box[0] + left, f.box[1] + top, *f.box[2:]), f.score, f.landmarks + np.float32([left, top]))
            for f in detector(window)
        ]
        best = max(shifted, key=lambda f: overlap(f.box, box), default=None)
        if best is not None and overlap(best.box, box) >= 0.3:
            return best
    return Face(box, 1.0, (_POINTS_IN_BOX * [w, h] + [x, y]).astype(np.float32))


def face_from_landmarks(landmarks: Any) -> Face:
    """The face of a caller's five points, used as they are.

    Raises:
        InputError: they are not five finite points (x, y).
    """
    points = np.asarray(landmarks, np.float32)
    if points.shape != (5, 2) or not np.isfinite(points).all() or np.ptp(points, axis=0).min() <= 0:
        raise InputError(
            "`landmarks` must be five points (x, y): left-most eye, other eye, nose, left-most mouth corner, other. "
            f"Received: {np.asarray(landmarks).tolist()}."
        )
    low, span = points.min(0), np.ptp(points, axis=0)
    return Face(tuple(float(v) for v in (*(low - span / 2), *(2 * span))), 1.0, points)


def _four(box: Sequence[float]) -> Sequence[float]:
    if len(box) != 4 or not np.isfinite(box).all():
        raise InputError(f"`box` must be four numbers (x, y, width, height). Received: {tuple(box)}.")
    return box
