"""Contact sheets: one row a face, one labelled column a stage."""

import os
from collections.abc import Mapping

import cv2
import numpy as np

from tfinpaint.images import write_picture

_GAP, _STRIP = 4, 24


def write_sheet(columns: Mapping[str, np.ndarray], path: str | os.PathLike, *, side: int = 160, fold: int = 1) -> None:
    """Writes `contact_sheet` as a PNG, which appears whole or not at all."""
    write_picture(contact_sheet(columns, side=side, fold=fold), path)


def contact_sheet(columns: Mapping[str, np.ndarray], *, side: int = 160, fold: int = 1) -> np.ndarray:
    """A picture with a row for each face and a labelled column for each entry, uint8.

    Args:
        columns: label -> `(n, s, s, 3)` uint8.
        side: of one picture in the sheet.
        fold: how many blocks of columns stand beside each other, for many faces.
    """
    count = len(next(iter(columns.values())))
    rows = -(-count // fold)
    block = _block(columns, slice(0, rows), rows, side)
    blocks = [block] + [_block(columns, slice(i * rows, (i + 1) * rows), rows, side) for i in range(1, fold)]
    return np.concatenate(blocks, axis=1)


def _block(columns: Mapping[str, np.ndarray], which: slice, rows: int, side: int) -> np.ndarray:
    cell = side + _GAP
    block = np.full((_STRIP + rows * cell, len(columns) * cell + _GAP, 3), 255, np.uint8)
    for index, (label, pictures) in enumerate(columns.items()):
        left = _GAP + index * cell
        cv2.putText(block, label, (left, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
        for row, picture in enumerate(pictures[which]):
            way = cv2.INTER_AREA if len(picture) > side else cv2.INTER_CUBIC
            top = _STRIP + row * cell
            block[top : top + side, left : left + side] = cv2.resize(picture, (side, side), interpolation=way)
    return block
