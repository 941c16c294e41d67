"""Reads masks: one convention (1 = hidden, to be painted), whatever they come as."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.images.marks import MaskPicture, hidden_in
from tfinpaint.images.reader import read

_MIDDLE = (32, 223)  # grey levels between these are neither black nor white


def read_mask(
    source: str | os.PathLike | np.ndarray,
    size: tuple[int, int],
    *,
    photo: np.ndarray | None = None,
    marks: str | Sequence[int] = "auto",
) -> np.ndarray:
    """The mask as `(height, width)` bool, True where the picture is hidden and shall be painted.

    Light hides: above half of the range, above 0 where no number exceeds 1. In a picture of one colour and grey the
    colour hides; in one with see-through parts what is drawn. A copy of the photo hides where it was changed or erased.
    What else was understood, masks that are empty or full, and many greys are warned of.

    Args:
        source: a picture file, or an array `(height, width)` or `(height, width, 1, 3 or 4)` of bool, uint8 or float.
        size: (height, width) of the photo.
        photo: `(height, width, 3)` uint8, to know a copy of it. A file that hides nearly all of a photo is refused,
            unless `marks` says what marks the hole: it may well be inverted.
        marks: what marks the hole, see `tfinpaint.images.marks.hidden_in`.

    Raises:
        InputError: another size or another kind of array; or a picture in which no mask can be seen, in words.
        ImageFileError: the file cannot be read.
    """
    if isinstance(source, np.ndarray):
        mask, name = _checked_array(source), "`mask`"
    else:
        name, mask = str(source), None
    if mask is not None and mask.dtype != np.uint8:
        _check_size(name, mask.shape, size)
        hidden, word = mask > 0.5, "" if np.isin(mask, (0, 1)).all() else _GREYS
    else:
        picture = _of_file(Path(source)) if mask is None else _of_array(mask)
        _check_size(name, picture.pixels.shape[:2], size)
        hidden, word = hidden_in(picture, photo, marks)
        word = word or (_GREYS if _is_grey(picture, hidden) else "")
        if photo is not None and mask is None and marks == "auto":
            _question(picture, hidden)
    if word:
        warnings.warn(f"{name} {word}.", stacklevel=2)
    if not hidden.any():
        warnings.warn(f"{name} is empty; the photo stays as it is.", stacklevel=2)
    elif hidden.all():
        warnings.warn(f"{name} hides the whole photo; white (1) must mark what is to be painted.", stacklevel=2)
    return hidden


_GREYS = "is not binary; values above half of the range count as hidden"


def _is_grey(picture: MaskPicture, hidden: np.ndarray) -> bool:
    """Whether many pixels are neither black nor white, where light decides."""
    light = picture.light
    return _middle(light) > 0.02 and np.array_equal(hidden, light > 127)


def _middle(light: np.ndarray) -> float:
    """The share of pixels that are neither black nor white."""
    return float(((light > _MIDDLE[0]) & (light < _MIDDLE[1])).mean())


def _check_size(name: str, own: tuple[int, ...], size: tuple[int, int]) -> None:
    (height, width), (own_height, own_width) = size, own[:2]
    if (own_height, own_width) == (height, width):
        return
    advice = ""
    if (own_width, own_height) == (height, width):
        advice = " It lies on its side: the photo is taken as its EXIF orientation shows it; turn the mask."
    elif abs(own_width * height - own_height * width) <= max(own_width, own_height, width, height):
        advice = " It has the photo's shape: scale it."
    raise InputError(
        f"{name} must have the photo's size, {width}x{height} pixels. "
        f"Received: {own_width}x{own_height} pixels.{advice}"
    )


def _question(picture: MaskPicture, hidden: np.ndarray) -> None:
    """Refuses what hides nearly all of a photo, or more than half and nearly all of its border; and what is no mask."""
    name = picture.name
    if _middle(picture.light) > 0.5 and np.array_equal(hidden, picture.light > 127):
        raise InputError(
            f"{name} must be white where the face is hidden and black elsewhere. Received: a picture of which "
            f"{_middle(picture.light):.0%} is neither; if it is a mask, say what marks the hole (`--mask-marks white`)."
        )
    share = hidden.mean()
    border = np.concatenate([hidden[0], hidden[-1], hidden[:, 0], hidden[:, -1]]).mean()
    if share > 0.9 or (share > 0.5 and border > 0.9):
        raise InputError(
            f"{name} would hide {share:.0%} of the photo; it may be inverted. Say what marks the hole: `--mask-marks "
            "black` for black in white, `erased` for what was erased, `white` for white."
        )


def _of_file(path: Path) -> MaskPicture:
    photo = read(path)
    alpha, numbers = None, None
    if photo.mode in ("LA", "RGBA"):
        alpha = photo.samples[..., -1]
    elif photo.mode == "P":
        alpha, numbers = photo.palette[photo.samples, 3], photo.samples
    elif photo.samples.ndim == 2:
        numbers = photo.samples.astype(np.uint8) if photo.mode == "1" else photo.samples
    pixels = photo.pixels
    if photo.samples.dtype == np.uint16:
        alpha = None if alpha is None else (alpha >> 8).astype(np.uint8)
        if photo.samples.max() <= 255:  # eight bits in a file of sixteen
            pixels = photo.samples.astype(np.uint8)
            pixels = pixels[..., :3] if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=-1)
    pixels = np.ascontiguousarray(pixels)
    numbers = _numbers(pixels) if numbers is None else numbers
    return MaskPicture(str(path), pixels, numbers, _telling(alpha), photo.format != "JPEG")


def _of_array(array: np.ndarray) -> MaskPicture:
    pixels = np.repeat(array[..., None], 3, axis=-1) if array.ndim == 2 else np.ascontiguousarray(array[..., :3])
    return MaskPicture("`mask`", pixels, _numbers(pixels), _telling(array[..., 3:]) if array.ndim == 3 else None)


def _numbers(pixels: np.ndarray) -> np.ndarray | None:
    """The one number of each pixel of a picture in grey; None for one in colour."""
    grey = pixels[..., :1]
    return pixels[..., 0] if (pixels == grey).all() else None


def _telling(alpha: np.ndarray | None) -> np.ndarray | None:
    """The alpha of a picture, unless it is opaque or the same everywhere."""
    if alpha is None or not alpha.size or alpha.min() > 127 or alpha.min() == alpha.max():
        return None
    return alpha.reshape(alpha.shape[:2])


def _checked_array(array: np.ndarray) -> np.ndarray:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[-1] not in (1, 3, 4)):
        raise InputError(f"`mask` must have the shape (height, width) or (height, width, 1). Received: {array.shape}.")
    if array.dtype.kind not in "bf" and array.dtype != np.uint8:
        raise InputError(f"`mask` must be bool, uint8 or float. Received: {array.dtype}.")
    if array.dtype.kind == "f" and not ((array >= 0) & (array <= 1)).all():
        raise InputError(f"`mask` must be 0 to 1 where it is float. Received: {array.min()} to {array.max()}.")
    if array.ndim == 2:
        return array
    if array.shape[-1] == 1:
        return array[..., 0]
    if array.dtype != np.uint8:
        raise InputError(f"`mask` in colour must be uint8. Received: {array.dtype}.")
    return array
