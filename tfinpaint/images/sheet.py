"""Contact sheets: one row a picture, one labelled column a stage."""

import os
from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from tfinpaint.images.writer import write_picture

_GAP, _STRIP = 4, 24
_RED = np.array([255, 40, 40])


def write_sheet(columns: Mapping[str, Sequence[np.ndarray]], path: str | os.PathLike, **options: int | bool) -> None:
    """Writes `contact_sheet(columns, **options)` as a PNG, which appears whole or not at all."""
    write_picture(contact_sheet(columns, **options), path)


def contact_sheet(
    columns: Mapping[str, Sequence[np.ndarray]], *, side: int = 160, fold: int = 1, enlarge: bool = True
) -> np.ndarray:
    """A picture with a row for each picture and a labelled column for each entry, uint8 RGB.

    Args:
        columns: label -> pictures, each `(h, w, 3)`, or `(h, w)` for a mask, uint8; of any size.
        side: the longer side of each picture in the sheet.
        fold: how many blocks of columns stand beside each other, for many pictures.
        enlarge: smaller pictures grow to `side`; else they stay as they are.
    """
    shown = {label: [fitted(picture, side, enlarge=enlarge) for picture in of] for label, of in columns.items()}
    height, width = (max(p.shape[axis] for of in shown.values() for p in of) + _GAP for axis in (0, 1))
    rows = -(-max(map(len, shown.values())) // fold)
    sheet = np.full((_STRIP + rows * height, fold * (len(shown) * width + _GAP), 3), 255, np.uint8)
    for column, (label, of) in enumerate(shown.items()):
        for block in range(fold):
            left = _GAP + column * width + block * (len(shown) * width + _GAP)
            cv2.putText(sheet, label, (left, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
            for row, picture in enumerate(of[block * rows : (block + 1) * rows]):
                top = _STRIP + row * height
                sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return sheet


def fitted(picture: np.ndarray, side: int, *, enlarge: bool = True) -> np.ndarray:
    """A picture `(h, w, 3)` or mask `(h, w)`, uint8, as RGB whose longer side has `side` pixels."""
    scale = side / max(picture.shape[:2])
    if scale != 1 and (enlarge or scale < 1):
        size = [max(1, round(length * scale)) for length in picture.shape[1::-1]]
        way = cv2.INTER_AREA if scale < 1 or picture.ndim == 2 else cv2.INTER_CUBIC
        picture = cv2.resize(picture, size, interpolation=way)
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=-1)


def tinted(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A picture `(h, w, 3)`, uint8, red where the mask `(h, w)` is true."""
    hidden = mask.astype(bool)
    tinted = picture.copy()
    tinted[hidden] = np.rint(0.45 * picture[hidden] + 0.55 * _RED).astype(np.uint8)
    return tinted
