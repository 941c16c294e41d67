"""Pictures of anything: holes that are given, painted at the picture's own size by a model rebuilt for it."""

import warnings
from collections.abc import Callable
from typing import Any, Protocol

import cv2
import numpy as np

from tfinpaint import faces as face_tools
from tfinpaint import images
from tfinpaint.engine import Engine
from tfinpaint.restoration.job import Job, Look, Painter, Restored

LARGEST = 768  # side of a window in pixels: attention holds (side / 8)**4 numbers several times over, 0.3 GB each
_STEP = 64  # sides are multiples of it, which every model can have; and few are built
_AROUND = 2.0  # a window is so many times as wide as what is hidden: attention copies from what lies around

Box = tuple[int, int, int, int]  # left, top, right, bottom


class Resizable(Engine, Protocol):
    """An engine that can be rebuilt for another side, as `InpaintingModel` is."""

    def resized(self, side: int) -> Engine:
        """The same engine for pictures of that side."""


class HolePainter:
    """Paints the holes of pictures at the pictures' own size.

    Each hole is looked at in a square window of the picture, untouched by any resampling, twice as wide as the hole;
    holes that fit into one window share it. Only a hole wider than half of `largest` is painted smaller and enlarged.
    What lies beyond the picture's border is mirrored, holes included.

    Args:
        engine: must be told what is hidden, and can be resized.
        seed: for engines that draw.
        largest: side of the largest window in pixels.
    """

    def __init__(self, engine: Resizable, seed: int | None = None, largest: int = LARGEST) -> None:
        self._engine, self._seed, self._largest = engine, seed, largest
        self._built: dict[int, Any] = {engine.image_size: engine}

    def paint(self, photo: images.Photo, mask: Callable[[np.ndarray], np.ndarray]) -> Restored:
        """The photo with its holes painted; `mask` says where in its pixels they are, `(height, width)` bool."""
        hole = mask(photo.pixels)
        boxes = hole_boxes(hole, int(self._largest / _AROUND))
        if not boxes:
            return Restored(photo, photo.pixels, hole)
        widest = max(max(right - left, bottom - top) for left, top, right, bottom in boxes)
        side = min(self._side(_AROUND * widest), self._side(max(hole.shape)), self._side(self._largest))
        if min(_AROUND * widest, max(hole.shape)) > side:
            warnings.warn(
                f"What is hidden is {widest} pixels wide; it is painted smaller and enlarged.",
                UserWarning,
                stacklevel=3,
            )
        job = Job(photo, (), hole, side, "wide")
        matrices = [window_matrix(box, side, hole.shape) for box in boxes]
        job.looks = [Look(m, _seen(photo.pixels, m, side), _hidden(hole, m, side)) for m in matrices]
        Painter(self._resized(side), self._seed, batch_size=1).paint(job.looks)
        for look, (left, top, right, bottom) in zip(job.looks, boxes, strict=True):
            own = np.zeros_like(hole)  # what else a window shows of holes, another one shows better
            own[top:bottom, left:right] = hole[top:bottom, left:right]
            look.mask = look.mask * _hidden(own, look.matrix, side)[..., None]
        return job.pasted()

    def _side(self, wanted: float) -> int:
        return max(-int(-wanted // _STEP) * _STEP, self._engine.image_size)

    def _resized(self, side: int) -> Any:
        if side not in self._built:
            self._built = {side: self._engine.resized(side)}  # the last one only: it may be large
        return self._built[side]


def hole_boxes(hole: np.ndarray, largest: int) -> list[Box]:
    """Boxes around all that is hidden; those that fit into one of side `largest` together are one.

    Args:
        hole: `(height, width)` bool.
        largest: in pixels; a single hole may be larger.
    """
    _, _, stats, _ = cv2.connectedComponentsWithStats(hole.astype(np.uint8), connectivity=8)
    order = np.lexsort((stats[1:, 0], stats[1:, 1]))  # from the top, so that neighbours meet
    boxes: list[Box] = []
    for left, top, width, height, _ in stats[1:][order].tolist():
        box = (left, top, left + width, top + height)
        for i, other in enumerate(boxes):
            both = (min(box[0], other[0]), min(box[1], other[1]), max(box[2], other[2]), max(box[3], other[3]))
            if max(both[2] - both[0], both[3] - both[1]) <= largest or both == other:
                boxes[i] = both
                break
        else:
            boxes.append(box)
    return boxes


def window_matrix(box: Box, side: int, shape: tuple[int, int]) -> np.ndarray:
    """`(2, 3)`, from picture to a window of that side around the box, as far inside the picture as it goes.

    Whole pixels are moved, and nothing is resampled, unless the box with what is to be seen around it is wider.
    """
    left, top, right, bottom = box
    extent = max(float(side), _AROUND * max(right - left, bottom - top))
    extent = max(float(side), min(extent, max(shape)))
    corner = []
    for low, high, length in ((left, right, shape[1]), (top, bottom, shape[0])):
        start = (low + high - extent) / 2
        start = np.clip(start, 0, length - extent) if length >= extent else (length - extent) / 2
        corner.append(np.floor(start))
    scale = side / extent
    shift = [(0.5 - c) * scale - 0.5 for c in corner]
    return np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float64)


def _seen(pixels: np.ndarray, matrix: np.ndarray, side: int) -> np.ndarray:
    return face_tools.resample(pixels, matrix, (side, side), border=cv2.BORDER_REFLECT_101)


def _hidden(hole: np.ndarray, matrix: np.ndarray, side: int) -> np.ndarray:
    """What is hidden in the window, bool; where the picture is mirrored, holes are, too: they must not be copied."""
    how = {"border": cv2.BORDER_REFLECT_101, "interpolation": cv2.INTER_LINEAR}
    return face_tools.resample(hole.astype(np.float32), matrix, (side, side), **how) > 1e-3
