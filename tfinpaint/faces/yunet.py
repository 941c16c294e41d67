"""YuNet, OpenCV's small face detector, which comes with the package."""

import threading
from pathlib import Path

import cv2
import numpy as np

import tfinpaint
from tfinpaint.faces.face import Face, overlap, without_doubles
from tfinpaint.faces.resample import resample

_FILE = Path(tfinpaint.__file__).parent / "_third_party" / "yunet" / "face_detection_yunet_2026may.onnx"
# Faces of 10 to 300 pixels are found (masked ones from 30), so a photo is looked at twice: whole, and small.
_LONG_SIDES = (1280, 320)
_TILE, _TILE_OVERLAP = 1600, 320  # pixels of the photo; a tile is looked at with the first of those sides
# By so much a face must look more like one in another turn of the photo.
_TURN_MARGIN = 0.015
_REFINE_WIDTHS = (64, 90, 128)


class YuNet:
    """Finds faces, worn masks or not, with OpenCV's YuNet.

    The five points of one look are uncertain by a tenth of the eye distance, so each face is looked at again, in three
    sizes and mirrored, and the median is taken: under a drawn mask the error of the eyes falls by a third.

    A network for upright faces finds faces that stand on their heads, too, with the mouth where the eyes are. So the
    photo is also looked at, small, in the three other turns, and where a face looks clearly more like one there, that
    is how the photo is read; points always come in the order of the upright face. Large photos are looked at in tiles,
    too, because a face must have some thirty pixels when it is looked at.

    Several threads may share one; they take turns.

    Args:
        threshold: least score of a face.

    Reference: Wu, Peng, Yu, "YuNet: a tiny millisecond-level face detector", 2023.
    """

    def __init__(self, threshold: float = 0.6) -> None:
        level = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            model, config = np.fromfile(_FILE, np.uint8), np.empty(0, np.uint8)
            self._lock = threading.Lock()  # the network has state
            self._network = cv2.FaceDetectorYN.create("onnx", model, config, (320, 320), threshold, 0.3, 1000)
        finally:
            cv2.utils.logging.setLogLevel(level)

    def __call__(self, pixels: np.ndarray) -> list[Face]:
        """The faces of a uint8 RGB photo by falling score."""
        turn = self._turn(pixels)
        if turn:
            found = self._upright(np.ascontiguousarray(np.rot90(pixels, turn)))
            return [unturned(face, turn, pixels.shape[:2]) for face in found]
        return self._upright(pixels)

    def _turn(self, pixels: np.ndarray) -> int:
        """How often the photo must be turned to the left by 90 degrees until its faces are upright."""
        scale = min(1.0, _LONG_SIDES[1] / max(pixels.shape[:2]))
        shape = [max(1, round(side * scale)) for side in pixels.shape[1::-1]]
        small = cv2.resize(pixels, shape, interpolation=cv2.INTER_AREA)
        turned = [np.ascontiguousarray(np.rot90(small, turn)) for turn in range(4)]
        scores = [max((score for *_, score in self._detect(view)), default=0.0) for view in turned]
        best = int(np.argmax(scores))
        return best if scores[best] > scores[0] + _TURN_MARGIN else 0

    def _upright(self, pixels: np.ndarray) -> list[Face]:
        """The faces of a photo, taken as upright, by falling score."""
        long_side = max(pixels.shape[:2])
        sides = {side for side in (min(long_side, _LONG_SIDES[0]), _LONG_SIDES[1])}
        faces = [face for side in sides for face in self._look(pixels, side / long_side)]
        faces += [
            face for tile in tiles(pixels.shape[:2], _TILE, _TILE_OVERLAP) for face in self._in_tile(pixels, tile)
        ]
        return [self._refine(pixels, face) for face in without_doubles(faces)]

    def _in_tile(self, pixels: np.ndarray, tile: tuple[slice, slice]) -> list[Face]:
        """The faces that lie whole in a part of the photo, in the photo's own pixels."""
        rows, columns = tile
        shift, (height, width) = np.array([columns.start, rows.start]), pixels.shape[:2]
        found = []
        for face in self._look(np.ascontiguousarray(pixels[rows, columns]), _LONG_SIDES[0] / _TILE):
            x, y, w, h = face.box
            left, top, right, bottom = x + shift[0], y + shift[1], x + shift[0] + w, y + shift[1] + h
            cut = (x < 1 and columns.start > 0) or (y < 1 and rows.start > 0)
            cut |= (right > columns.stop - 1 and columns.stop < width) or (
                bottom > rows.stop - 1 and rows.stop < height
            )
            if not cut:  # else the neighbour has it whole
                box = float(left), float(top), w, h
                found.append(Face(box, face.score, (face.landmarks + shift).astype(np.float32)))
        return found

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
        with self._lock:
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


def tiles(shape: tuple[int, int], side: int, overlap: int) -> list[tuple[slice, slice]]:
    """Rows and columns of squares that cover a picture; none for one that is no longer than a square.

    Args:
        shape: height and width of the picture.
        side: of the squares; less where the picture is narrower.
        overlap: of neighbours, at least.
    """
    if max(shape) <= side:
        return []
    starts = []
    for length in shape:
        count = max(1, -(-(length - overlap) // (side - overlap)))
        starts.append(sorted({round(i * (length - min(side, length)) / max(count - 1, 1)) for i in range(count)}))
    return [
        (slice(top, min(top + side, shape[0])), slice(left, min(left + side, shape[1])))
        for top in starts[0]
        for left in starts[1]
    ]


def unturned(face: Face, turn: int, shape: tuple[int, int]) -> Face:
    """A face found in `np.rot90(photo, turn)`, where it lies in the photo itself.

    Args:
        face: in pixels of the turned photo.
        turn: quarter turns to the left, 0 to 3.
        shape: height and width of the photo.
    """
    height, width = shape
    back = {
        0: lambda x, y: (x, y),
        1: lambda x, y: (width - 1 - y, x),
        2: lambda x, y: (width - 1 - x, height - 1 - y),
        3: lambda x, y: (y, height - 1 - x),
    }[turn]
    left, top, w, h = face.box  # edges, half a pixel outside of the centres of the outermost pixels
    xs, ys = back(np.array([left, left + w]) - 0.5, np.array([top, top + h]) - 0.5)
    xs, ys = xs + 0.5, ys + 0.5
    box = float(xs.min()), float(ys.min()), float(np.ptp(xs)), float(np.ptp(ys))
    points = np.stack(back(face.landmarks[:, 0], face.landmarks[:, 1]), axis=1)
    return Face(box, face.score, points.astype(np.float32))
