"""YuNet, OpenCV's small face detector, and where its file comes from."""

import hashlib
import logging
import os
import urllib.request
from pathlib import Path

import cv2
import numpy as np

from tfinpaint.errors import WeightsError
from tfinpaint.faces.face import Face, overlap, without_doubles
from tfinpaint.faces.resample import resample

_log = logging.getLogger("tfinpaint")

FILE_NAME = "face_detection_yunet_2023mar.onnx"
URL = (
    "https://github.com/opencv/opencv_zoo/raw/47534e27c9851bb1128ccc0102f1145e27f23f98/"
    f"models/face_detection_yunet/{FILE_NAME}"
)
# SHA-256 -> edition, as published by the OpenCV Zoo.
EDITIONS = {
    "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4": "2023mar",
    "ebafce4e3c118d6554634be5c27ab333b4c047a9a8c3faf1d7cf93101c22f0f0": "2026may",
}
_TIMEOUT = 10  # seconds
# Faces of 10 to 300 pixels are found, so a photo is looked at twice: whole, and small.
_LONG_SIDES = (1280, 320)
_REFINE_WIDTHS = (64, 90, 128)


class YuNet:
    """Finds faces, worn masks or not, with OpenCV's YuNet.

    The five points of one look are uncertain by a tenth of the eye distance, so each face is looked at again, in three
    sizes and mirrored, and the median is taken: under a drawn mask the error of the eyes falls by a third.

    Args:
        path: the ONNX file; its SHA-256 must be one of `EDITIONS`.
        threshold: least score of a face.

    Raises:
        WeightsError: no such file, or not a known edition.

    Reference: Wu, Peng, Yu, "YuNet: a tiny millisecond-level face detector", 2023.
    """

    def __init__(self, path: str | os.PathLike, threshold: float = 0.6) -> None:
        data = _checked(Path(path))
        level = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            model, config = np.frombuffer(data, np.uint8), np.empty(0, np.uint8)
            self._network = cv2.FaceDetectorYN.create("onnx", model, config, (320, 320), threshold, 0.3, 1000)
        finally:
            cv2.utils.logging.setLogLevel(level)

    def __call__(self, pixels: np.ndarray) -> list[Face]:
        """The faces of a uint8 RGB photo by falling score."""
        long_side = max(pixels.shape[:2])
        sides = {side for side in (min(long_side, _LONG_SIDES[0]), _LONG_SIDES[1])}
        faces = [face for side in sides for face in self._look(pixels, side / long_side)]
        return [self._refine(pixels, face) for face in without_doubles(faces)]

    def _look(self, pixels: np.ndarray, scale: float) -> list[Face]:
        """The faces in the photo resized by `scale`, in the photo's own pixels."""
        if scale != 1:
            shape = [max(1, round(side * scale)) for side in pixels.shape[1::-1]]
            small = cv2.resize(pixels, shape, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        else:
            small = pixels
        ratio = np.array(pixels.shape[1::-1]) / small.shape[1::-1]
        return [
            Face(
                box=tuple((box.reshape(2, 2) * ratio).ravel().tolist()),
                score=score,
                landmarks=((points + 0.5) * ratio - 0.5).astype(np.float32),
            )
            for box, points, score in self._detect(small)
        ]

    def _detect(self, pixels: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, float]]:
        self._network.setInputSize(pixels.shape[1::-1])
        rows = self._network.detect(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1]
        return [] if rows is None else [(row[:4], row[4:14].reshape(5, 2), float(row[14])) for row in rows]

    def _refine(self, pixels: np.ndarray, face: Face) -> Face:
        x, y, w, h = face.box
        looks = []
        for width in _REFINE_WIDTHS:
            scale = width / w
            side = round(1.8 * max(w, h) * scale)
            shift = side / 2 - scale * np.array([x + w / 2, y + h / 2])
            matrix = np.column_stack([scale * np.eye(2), shift])
            # black beyond the photo: a mirrored border would show a second face
            window = resample(pixels, matrix, (side, side), border=cv2.BORDER_CONSTANT)
            expected = (*(scale * np.array([x, y]) + shift), w * scale, h * scale)
            for mirrored in (False, True):
                points = self._points_near(window[:, ::-1] if mirrored else window, expected, mirrored)
                if points is not None:
                    looks.append((points - shift) / scale)
        return Face(face.box, face.score, np.median(looks, axis=0).astype(np.float32)) if looks else face

    def _points_near(self, window: np.ndarray, expected: tuple, mirrored: bool) -> np.ndarray | None:
        """The points of the face at the `expected` box of the window; None where there is none."""
        if mirrored:
            expected = (window.shape[1] - expected[0] - expected[2], *expected[1:])
        found = self._detect(np.ascontiguousarray(window))
        box, points, _ = max(found, key=lambda f: overlap(f[0], expected), default=(expected, None, 0))
        if points is None or overlap(box, expected) < 0.4:
            return None
        return points if not mirrored else [window.shape[1] - 1, 0] + points[[1, 0, 2, 4, 3]] * [-1, 1]


def yunet_file() -> Path:
    """The file of YuNet: `TFINPAINT_YUNET` where set, else the cache folder's, fetched on first use.

    The cache folder is `TFINPAINT_CACHE`, by default `~/.cache/tfinpaint`. Whatever the source, the SHA-256 is checked.

    Raises:
        WeightsError: the named file is missing or of an unknown edition, or it cannot be fetched.
    """
    if named := os.environ.get("TFINPAINT_YUNET"):
        return Path(named)
    folder = Path(os.environ.get("TFINPAINT_CACHE") or Path.home() / ".cache" / "tfinpaint")
    path = folder / FILE_NAME
    if not path.exists():
        _fetch(path)
    return path


def _fetch(path: Path) -> None:
    _log.warning("Fetching the face detector YuNet (230 KB) from %s to %s.", URL, path)
    try:
        with urllib.request.urlopen(URL, timeout=_TIMEOUT) as answer:
            data = answer.read()
        if hashlib.sha256(data).hexdigest() not in EDITIONS:
            raise OSError("its SHA-256 is wrong")
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise WeightsError(f"The face detector YuNet could not be fetched ({reason}).") from None


def _checked(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"The face detector {path} cannot be read: {error.strerror or error}.") from None
    digest = hashlib.sha256(data).hexdigest()
    if digest not in EDITIONS:
        raise WeightsError(
            f"{path} must be YuNet, edition {' or '.join(EDITIONS.values())}. Received: a file with SHA-256 {digest}."
        )
    return data
