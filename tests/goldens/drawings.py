"""The pictures that the goldens restore, as they were drawn once: two faces for each model, and a photo.

The tests read the stored PNG files (`inputs/`), so what OpenCV or NumPy draw tomorrow does not matter.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from tests.goldens.restore import HOLE, PHOTO_LANDMARKS

SIDE = 128
_FINE = 4  # everything is drawn so many times as large, then averaged
_PHOTO = (slice(8, 216), slice(116, 324))  # of scikit-image's portrait: the face and what is around it


def faces_behind_masks() -> list[np.ndarray]:
    """Two faces with worn masks, `(128, 128, 3)` uint8: one cloth, one surgical with folds."""
    faces = (
        drawn_face((226, 176, 146), (62, 40, 28), (92, 60, 40), 3),
        drawn_face((150, 102, 78), (24, 20, 22), (40, 26, 18), 4),
    )
    cloth = worn_mask(faces[0], _MASK + (0, 0), (40, 58, 96), folds=0)
    surgical = worn_mask(faces[1], _MASK + (1, -2), (156, 196, 208), folds=3)
    return [cloth, surgical]


def faces_behind_words() -> list[np.ndarray]:
    """Two faces with a word and with a box on them, `(128, 128, 3)` uint8."""
    faces = (
        drawn_face((214, 164, 140), (120, 84, 40), (70, 92, 104), 5),
        drawn_face((172, 122, 94), (40, 30, 30), (60, 40, 26), 6),
    )
    return [word(faces[0], "mine", (14, 92), 1.1, (236, 222, 60)), box(faces[1], (30, 60, 74, 84), (120, 36, 48))]


def photo_behind_mask(portrait: np.ndarray) -> np.ndarray:
    """A part of scikit-image's portrait (public domain) with a worn mask, `(208, 208, 3)` uint8."""
    part, points = np.ascontiguousarray(portrait[_PHOTO]), np.array(PHOTO_LANDMARKS, np.float64)
    scale = np.linalg.norm(points[1] - points[0]) / (0.27 * SIDE)
    outline = (_MASK - (64, 48.6)) * scale + points[:2].mean(0)
    return worn_mask(part, outline, (62, 74, 70), folds=2)


def photo_behind_word(portrait: np.ndarray) -> np.ndarray:
    """The same part with a word that goes on beyond the face, `(208, 208, 3)` uint8."""
    return word(np.ascontiguousarray(portrait[_PHOTO]), "sample", (18, 130), 1.7, (64, 180, 226))


def faces_with_holes() -> list[np.ndarray]:
    """Two faces, `(128, 128, 3)` uint8, with a square hole and with two strokes of the colour that marks one."""
    faces = (
        drawn_face((198, 150, 120), (52, 36, 26), (64, 84, 60), 8),
        drawn_face((232, 190, 168), (150, 110, 70), (80, 96, 120), 9),
    )
    strokes = faces[1].copy()
    for start, end in (((20, 40), (70, 60)), ((84, 100), (60, 78))):
        cv2.line(strokes, start, end, HOLE, 9)
    return [box(faces[0], (40, 36, 88, 96), HOLE), strokes]


def face_with_glasses() -> np.ndarray:
    """A face behind dark glasses, `(128, 128, 3)` uint8."""
    canvas = cv2.resize(drawn_face((206, 160, 132), (70, 50, 36), (60, 80, 90), 10), None, fx=_FINE, fy=_FINE)
    for x in (46.7, 81.3):
        _oval(canvas, (x, 51), (15, 11), np.array([26, 24, 30]))
    _oval(canvas, (64, 46), (48, 2), np.array([26, 24, 30]))
    return cv2.resize(canvas, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def photo_with_hole(portrait: np.ndarray) -> np.ndarray:
    """The same part with a hole over mouth and chin, `(208, 208, 3)` uint8."""
    return box(np.ascontiguousarray(portrait[_PHOTO]), (80, 112, 134, 160), HOLE)


# The outline of a worn mask on an aligned face of 128 pixels.
_MASK = np.array(
    [[30, 64], [46, 63], [58, 57], [64, 55], [70, 57], [82, 63], [98, 64], [95, 84], [88, 103], [76, 115], [64, 118]]
    + [[52, 115], [40, 103], [33, 84]],
    np.float64,
)


def drawn_face(skin: Sequence[int], hair: Sequence[int], iris: Sequence[int], seed: int) -> np.ndarray:
    """An aligned face, `(128, 128, 3)` uint8: hair, skin with light from one side, eyes, brows, nose, mouth, grain."""
    skin, hair, iris = (np.array(colour, np.float64) for colour in (skin, hair, iris))
    canvas = np.full((SIDE * _FINE, SIDE * _FINE, 3), (112, 128, 136), np.float32)
    _oval(canvas, (64, 58), (48, 56), hair)
    _oval(canvas, (64, 128), (24, 34), 0.82 * skin)  # the neck
    _oval(canvas, (64, 66), (38, 50), skin)
    _oval(canvas, (64, 24), (36, 14), hair)
    canvas = _soft(canvas, 2.5)
    for x in (46.7, 81.3):
        _oval(canvas, (x, 49), (11, 7), 0.86 * skin)
        _oval(canvas, (x, 49), (8, 4), np.array([238, 234, 230]))
        _oval(canvas, (x, 49), (3.6, 3.8), iris)
        _oval(canvas, (x, 49), (1.6, 1.8), np.array([12, 10, 12]))
        _oval(canvas, (x, 39), (10, 2), 0.7 * hair + 0.2 * skin)
    _oval(canvas, (61, 62), (3, 11), 0.88 * skin)
    _oval(canvas, (64, 72), (7, 4), 0.92 * skin)
    for x in (60, 68):
        _oval(canvas, (x, 73.5), (2, 1.2), 0.5 * skin)
    _oval(canvas, (64, 88), (15, 5), 0.5 * skin + (70, 8, 16))
    _oval(canvas, (64, 87.5), (13, 1), 0.4 * skin)
    canvas = _soft(canvas, 0.8)
    light = np.linspace(1.1, 0.84, SIDE * _FINE, dtype=np.float32)[None, :, None]
    picture = cv2.resize(canvas * light, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return _bytes(picture + _grain(picture.shape, seed))


def worn_mask(picture: np.ndarray, outline: np.ndarray, colour: Sequence[int], folds: int) -> np.ndarray:
    """The picture with a mask of that outline (pixels of the picture), shaded, with folds, and its two straps."""
    scale = np.ptp(outline[:, 0]) / 68
    middle = outline.mean(0)
    left, right = outline[0], outline[6]
    layer = np.zeros((*picture.shape[:2], 1), np.float32)
    layer = cv2.resize(layer, None, fx=_FINE, fy=_FINE, interpolation=cv2.INTER_NEAREST)
    cv2.fillPoly(layer, [np.rint(outline * _FINE).astype(np.int32)], 1.0)
    for start, outward in ((left, (-22, -12)), (right, (22, -12))):
        end = start + np.array(outward) * scale
        cv2.line(layer, *(np.rint(p * _FINE).astype(int).tolist() for p in (start, end)), 1.0, round(2 * scale * _FINE))
    alpha = cv2.resize(layer, picture.shape[1::-1], interpolation=cv2.INTER_AREA)[..., None]
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float64)
    x, y = (x - middle[0]) / (34 * scale), (y - middle[1]) / (32 * scale)
    shade = 1.1 - 0.28 * x**2 - 0.12 * y + (0.06 * np.cos(folds * 4 * y) if folds else 0)
    painted = np.array(colour)[None, None] * shade[..., None] + _grain(picture.shape, 7)
    return _bytes((1 - alpha) * picture + alpha * painted)


def word(picture: np.ndarray, text: str, at: tuple[int, int], size: float, colour: Sequence[int]) -> np.ndarray:
    """The picture with a word; its first letter stands `at` (x, y)."""
    layer = np.zeros([side * _FINE for side in picture.shape[:2]], np.uint8)
    thick = round(3.2 * size * _FINE)
    cv2.putText(layer, text, [v * _FINE for v in at], cv2.FONT_HERSHEY_SIMPLEX, size * _FINE, 255, thick)
    alpha = cv2.resize(layer, picture.shape[1::-1], interpolation=cv2.INTER_AREA)[..., None] / 255
    return _bytes((1 - alpha) * picture + alpha * np.array(colour))


def box(picture: np.ndarray, corners: tuple[int, int, int, int], colour: Sequence[int]) -> np.ndarray:
    """The picture with a box from (left, top) to (right, bottom)."""
    left, top, right, bottom = corners
    result = picture.copy()
    result[top:bottom, left:right] = colour
    return result


def _oval(canvas: np.ndarray, middle: tuple[float, float], radii: tuple[float, float], colour: np.ndarray) -> None:
    middle, radii = (tuple(round(v * _FINE) for v in pair) for pair in (middle, radii))
    cv2.ellipse(canvas, middle, radii, 0, 0, 360, tuple(float(v) for v in colour), -1)


def _soft(canvas: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(canvas, (0, 0), sigma * _FINE)


def _grain(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Noise of a few grey levels: equal patches, among which an attention could choose either, are none then."""
    noise = np.random.default_rng(seed).normal(0, 1, (*shape[:2], 1))
    return 4 * cv2.GaussianBlur(noise, (0, 0), 0.8)[..., None] + np.zeros(3)


def _bytes(picture: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(picture, 0, 255)).astype(np.uint8)


# Preset -> its two faces and its photo, made of scikit-image's portrait.
PICTURES = {
    "fmodr_128": lambda portrait: [*faces_behind_masks(), photo_behind_mask(portrait)],
    "c2fdan_128_small": lambda portrait: [*faces_behind_words(), photo_behind_word(portrait)],
    "ca_gan_128": lambda portrait: [*faces_with_holes(), photo_with_hole(portrait)],
    "fsg_gan_128": lambda portrait: [faces_behind_masks()[0], face_with_glasses(), photo_behind_mask(portrait)],
    "can_dfe_128": lambda portrait: [*reversed(faces_behind_masks()), photo_behind_mask(portrait)],
    "what_hides_128": lambda portrait: [faces_behind_masks()[1], faces_behind_words()[0], photo_behind_word(portrait)],
}
