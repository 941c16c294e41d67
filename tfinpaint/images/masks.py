"""Reads masks: one convention (1 = hidden, to be painted), whatever they come as."""

import os
import warnings
from typing import Any

import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.images.reader import read


def read_mask(source: str | os.PathLike | np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The mask as `(height, width)` bool, True where the picture is hidden and shall be painted.

    A value hides when it is above half of its range: above 127 for uint8 (above 0 where no value exceeds 1), above
    0.5 for floats. Colours count by their luminance. In a picture with see-through parts, what is drawn hides: its
    alpha is the mask. Empty, full and not binary masks are warned of.

    Args:
        source: a picture file, or an array `(height, width)` or `(height, width, 1, 3 or 4)` of bool, uint8 or float.
        size: (height, width) of the photo.

    Raises:
        InputError: another size or another kind of array.
        ImageFileError: the file cannot be read.
    """
    mask, name = (
        (_from_array(source), "`mask`") if isinstance(source, np.ndarray) else (_from_file(source), str(source))
    )
    if mask.shape != tuple(size):
        (height, width), (own_height, own_width) = size, mask.shape
        raise InputError(
            f"{name} must have the photo's size, {width}x{height} pixels. Received: {own_width}x{own_height} pixels."
        )
    values, half = mask.astype(np.float32, copy=False), 0.5
    if mask.dtype == np.uint8 and mask.max(initial=0) > 1:
        half = 127
    top = 255 if half == 127 else 1
    hidden = values > half
    if not ((values == 0) | (values == top)).all():
        warnings.warn(f"{name} is not binary; values above half of the range count as hidden.", stacklevel=2)
    if not hidden.any():
        warnings.warn(f"{name} is empty; the photo stays as it is.", stacklevel=2)
    elif hidden.all():
        warnings.warn(f"{name} hides the whole photo; white (1) must mark what is to be painted.", stacklevel=2)
    return hidden


def _from_file(path: Any) -> np.ndarray:
    photo = read(path)
    alpha = None
    if photo.mode in ("LA", "RGBA"):
        alpha = photo.samples[..., -1]
    elif photo.mode == "P":
        alpha = photo.palette[photo.samples, 3]
    if alpha is not None and (alpha != np.iinfo(alpha.dtype).max).any():
        return alpha if alpha.dtype == np.uint8 else (alpha >> 8).astype(np.uint8)
    return _luminance(photo.pixels)


def _from_array(array: np.ndarray) -> np.ndarray:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[-1] not in (1, 3, 4)):
        raise InputError(f"`mask` must have the shape (height, width) or (height, width, 1). Received: {array.shape}.")
    if array.dtype.kind not in "bf" and array.dtype != np.uint8:
        raise InputError(f"`mask` must be bool, uint8 or float. Received: {array.dtype}.")
    if array.ndim == 2:
        return array
    if array.shape[-1] == 1:
        return array[..., 0]
    if array.dtype != np.uint8:
        raise InputError(f"`mask` in colour must be uint8. Received: {array.dtype}.")
    if array.shape[-1] == 4 and (array[..., 3] != 255).any():
        return array[..., 3]
    return _luminance(array[..., :3])


def _luminance(pixels: np.ndarray) -> np.ndarray:
    return ((pixels.astype(np.uint32) @ np.array([19595, 38470, 7471], np.uint32) + 0x8000) >> 16).astype(np.uint8)
