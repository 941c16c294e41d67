"""The faces of a photo that are to be restored: a detector's, or the caller's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfinpaint.errors import InputError, NoFaceError
from tfinpaint.faces.detect import Detector, default_detector
from tfinpaint.faces.face import Face, largest, overlap
from tfinpaint.framing import landmark_fault

# The five points in a face's box, in units of its width and height: the mean of 1,250 upright portraits.
_LARGEST = 4  # a face's side in units of the photo's longer one: the rest of it lies outside
_POINTS_IN_BOX = np.array([[0.266, 0.336], [0.719, 0.342], [0.484, 0.545], [0.292, 0.715], [0.676, 0.720]])


@dataclass
class FaceFinder:
    """Finds the faces of one photo after the other.

    Args:
        detector: None takes `default_detector()` when it is first needed.
        faces: `"largest"` or `"all"`.
        box: (x, y, width, height) of the face, in place of looking for it in the whole photo.
        landmarks: five points of the face, in place of a detector's.

    Raises:
        InputError: unknown `faces`, or both `box` and `landmarks`.
    """

    detector: Detector | None = None
    faces: str = "largest"
    box: Sequence[float] | None = None
    landmarks: Any = None

    def __post_init__(self) -> None:
        if self.faces not in ("largest", "all"):
            raise InputError(f"`faces` must be 'largest' or 'all'. Received: {self.faces!r}.")
        if self.box is not None and self.landmarks is not None:
            raise InputError("Only one of `box` and `landmarks` can be given.")

    def __call__(self, pixels: np.ndarray, name: str = "the photo") -> tuple[Face, ...]:
        """The faces of a uint8 RGB photo.

        Raises:
            NoFaceError: there is none.
            InputError: the caller's box or landmarks do not fit the photo.
        """
        if self.landmarks is not None:
            face = face_from_landmarks(self.landmarks)
            size = np.array(pixels.shape[1::-1])
            if not ((face.landmarks >= 0) & (face.landmarks < size)).all(1).any():
                raise InputError(
                    f"`landmarks` must be points of the photo, {size[0]}x{size[1]} pixels, at least one of them in it. "
                    f"Received: {face.landmarks.tolist()}."
                )
            if max(face.box[2:]) > _LARGEST * max(size):
                raise InputError(
                    f"`landmarks` must be of a face at most {_LARGEST} times as large as the photo, {size[0]}x"
                    f"{size[1]} pixels. Received: {face.landmarks.tolist()}."
                )
            return (face,)
        self.detector = self.detector or default_detector()
        if self.box is not None:
            return (face_in_box(pixels, self.box, self.detector),)
        detected = self.detector(pixels)
        faults = [landmark_fault(face.landmarks) for face in detected]
        found = [face for face, fault in zip(detected, faults, strict=True) if fault is None]
        if detected and not found:
            raise NoFaceError(
                f"No face was found in {name} that can be trusted (of one: {faults[0]}); tell where it is (`--box "
                "X,Y,WIDTH,HEIGHT`)."
            )
        if not found:
            raise NoFaceError(
                f"No face was found in {name}; tell where it is (`--box X,Y,WIDTH,HEIGHT`), or that the photo is a "
                "cropped face (`--aligned`)."
            )
        return tuple(found) if self.faces == "all" else (largest(found),)


def face_in_box(pixels: np.ndarray, box: Sequence[float], detector: Detector | None = None) -> Face:
    """The face in a caller's box: what a detector finds there, else the mean face fitted into the box.

    Args:
        pixels: `(height, width, 3)`, uint8, RGB.
        box: (x, y, width, height) in pixels, forehead to chin.
        detector: looks into the box and a margin around it; None takes the mean face.

    Raises:
        InputError: the box is not four numbers, is empty, does not touch the photo, or is many times as large.
    """
    if len(box) != 4 or not np.isfinite(box).all():
        raise InputError(f"`box` must be four numbers (x, y, width, height). Received: {tuple(box)}.")
    x, y, w, h = box = tuple(float(v) for v in box)
    height, width = pixels.shape[:2]
    if w <= 0 or h <= 0 or x >= width or y >= height or x + w <= 0 or y + h <= 0:
        raise InputError(f"`box` must be (x, y, width, height) inside the photo of {width}x{height}. Received: {box}.")
    if max(w, h) > _LARGEST * max(width, height):
        raise InputError(
            f"`box` must be at most {_LARGEST} times as large as the photo of {width}x{height}. Received: {box}."
        )
    if detector is not None:
        low = np.maximum([x - w / 2, y - h / 2], 0).astype(int)
        window = pixels[low[1] : int(y + 1.5 * h) + 1, low[0] : int(x + 1.5 * w) + 1]
        found = [
            Face((f.box[0] + low[0], f.box[1] + low[1], *f.box[2:]), f.score, f.landmarks + low)
            for f in detector(np.ascontiguousarray(window))
        ]
        best = max(found, key=lambda face: overlap(face.box, box), default=None)
        if best is not None and overlap(best.box, box) >= 0.3:
            return best
    return Face(box, 1.0, (_POINTS_IN_BOX * [w, h] + [x, y]).astype(np.float32))


def face_from_landmarks(landmarks: Any) -> Face:
    """The face of a caller's five points, used as they are.

    Raises:
        InputError: they are not five different finite points (x, y).
    """
    points = np.asarray(landmarks, np.float32)
    if fault := landmark_fault(points):
        raise InputError(
            "`landmarks` must be five points (x, y): left-most eye, other eye, nose, left-most mouth corner, other. "
            f"Received: {np.asarray(landmarks).tolist()}; {fault}."
        )
    low, span = points.min(0), np.ptp(points, axis=0)
    return Face(tuple(float(v) for v in (*(low - span / 2), *(2 * span))), 1.0, points)
