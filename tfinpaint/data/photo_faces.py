"""One photo -> its faces, aligned and encoded; or the reason why it has none."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tfinpaint.data.picture_files import PictureFile
from tfinpaint.data.prepared import encode_example
from tfinpaint.data.stored_uv import encode_uv
from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.faces import Detector, MTCNNDetector, YuNet, alignment_matrix, largest, resample
from tfinpaint.faces.uv import GenericHead
from tfinpaint.images import read

DETECTORS = {"yunet": YuNet, "mtcnn": MTCNNDetector}
_NO_FACE, _TOO_SMALL, _UNREADABLE = "no face", "too small", "unreadable"


@dataclass(frozen=True)
class PhotoFaces:
    """What one photo gave.

    Attributes:
        records: an encoded example for each face.
        kind: `"unreadable"`, `"no face"` or `"too small"` where there is none; otherwise empty.
        reason: the same as a sentence.
    """

    records: tuple[bytes, ...]
    kind: str = ""
    reason: str = ""


class PhotoFaceReader:
    """Reads photos, finds their faces, aligns and encodes them. Threads may share it: each gets its own detector.

    Args:
        size: side of the crops in pixels.
        faces: `"largest"` or `"all"` of a photo.
        detector: one of `DETECTORS`, or a function that makes a `Detector`.
        image_format: `"png"` or `"jpeg"`, of the crops.
        quality: of JPEG, 1 to 100; colours are kept at full resolution.
        min_face: least width of a face's box in pixels of the photo.
        uv: whether the records hold the dense field of the generic head, too.
        first_picture: whether files of several pictures (animations, pages) count, by their first.

    Raises:
        InputError: an argument is none of these.
    """

    def __init__(
        self,
        *,
        size: int = 128,
        faces: str = "largest",
        detector: str | Callable[[], Detector] = "yunet",
        image_format: str = "png",
        quality: int = 95,
        min_face: int = 32,
        uv: bool = False,
        first_picture: bool = False,
    ) -> None:
        if faces not in ("largest", "all"):
            raise InputError(f"`faces` must be 'largest' or 'all'. Received: {faces!r}.")
        if image_format not in ("png", "jpeg"):
            raise InputError(f"`image_format` must be 'png' or 'jpeg'. Received: {image_format!r}.")
        if not (16 <= size <= 2048 and 1 <= quality <= 100 and min_face >= 1):
            raise InputError(
                "`size` must be 16 to 2048, `quality` 1 to 100 and `min_face` at least 1. "
                f"Received: size={size}, quality={quality}, min_face={min_face}."
            )
        self._size, self._all, self._min_face = size, faces == "all", min_face
        self._format, self._quality, self._first_picture = image_format, quality, first_picture
        self._field = GenericHead() if uv else None
        self._make, first = _maker(detector)
        self.detector = type(first).__name__
        self._own, self._making, self._spare = threading.local(), threading.Lock(), [first]

    def __call__(self, picture: PictureFile, name: str, identity: str = "") -> PhotoFaces:
        """The faces of a photo, largest first; `name` and `identity` go into their records."""
        try:
            pixels = read(Path(picture.name), picture.read(), first_picture=self._first_picture).pixels
        except ImageFileError as error:
            return PhotoFaces((), _UNREADABLE, str(error))
        if not hasattr(self._own, "detector"):
            with self._making:  # networks are loaded one at a time: OpenCV is silenced meanwhile, for all threads
                self._own.detector = self._spare.pop() if self._spare else self._make()
        found = [face for face in self._own.detector(pixels) if _usable(face.landmarks)]
        if not found:
            return PhotoFaces((), _NO_FACE, "No face was found.")
        chosen = sorted(found, key=lambda f: -f.area * f.score) if self._all else [largest(found)]
        large = [face for face in chosen if face.box[2] >= self._min_face]
        if not large:
            width = max(face.box[2] for face in chosen)
            return PhotoFaces((), _TOO_SMALL, f"The face is {width:.0f} pixels wide, less than {self._min_face}.")
        names = [name, *(f"{name}#{number}" for number in range(2, len(large) + 1))]
        records = (self._record(pixels, f.landmarks, n, identity) for f, n in zip(large, names, strict=True))
        return PhotoFaces(tuple(records))

    def _record(self, pixels: np.ndarray, landmarks: np.ndarray, name: str, identity: str) -> bytes:
        matrix = alignment_matrix(landmarks.astype(np.float64), self._size)
        crop = resample(pixels, matrix, (self._size, self._size))
        points = (landmarks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)  # as they are stored
        valid = valid_map(matrix, pixels.shape[1::-1], self._size)
        field = encode_uv(*self._field(crop, points)) if self._field else None
        crop = cv2.cvtColor(crop, cv2.COLOR_RGB2BGR)
        options = [cv2.IMWRITE_JPEG_QUALITY, self._quality]
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
        image = cv2.imencode(".png", crop) if self._format == "png" else cv2.imencode(".jpg", crop, options)
        known = cv2.imencode(".png", valid * 255)[1].tobytes()
        return encode_example(image[1].tobytes(), known, points, matrix, name, identity, field)


def valid_map(matrix: np.ndarray, photo: tuple[int, int], size: int) -> np.ndarray:
    """`(size, size)` uint8, 1 where the centre of a crop's pixel lies on the photo of this (width, height).

    Args:
        matrix: `(2, 3)`, from the photo's points to the crop's.
        photo: (width, height).
        size: side of the crop.
    """
    inverse = cv2.invertAffineTransform(np.asarray(matrix, np.float64))
    y, x = np.mgrid[:size, :size]
    seen = np.stack([x, y], -1) @ inverse[:, :2].T + inverse[:, 2]
    return ((seen >= -0.5) & (seen <= np.array(photo) - 0.5)).all(-1).astype(np.uint8)


def _usable(landmarks: np.ndarray) -> bool:
    return bool(np.isfinite(landmarks).all() and np.linalg.norm(landmarks[1] - landmarks[0]) >= 1)


def _maker(detector: str | Callable[[], Detector]) -> tuple[Callable[[], Detector], Detector]:
    """How a thread makes its detector, and the first of them."""
    make = detector if callable(detector) else DETECTORS.get(detector)
    if make is None:
        raise InputError(f"`detector` must be one of {', '.join(DETECTORS)}. Received: {detector!r}.")
    return make, make()
