"""A user's own pictures of things, as sprites."""

import os
import re
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from tfinpaint.data.occlusions.drawings import KINDS, SIDE, drawn
from tfinpaint.errors import ImageFileError, InputError

_MARGIN = 3


def load_templates(folder: str | os.PathLike) -> dict[str, np.ndarray]:
    """The PNG files of a folder by kind, in order of name: kind -> uint8 `(n, SIDE, SIDE, 4)`.

    A file's name without digits and separators at its end is its kind: `mug-1.png` and `mug-2.png` are two of `mug`.
    Each is cut to what is not transparent and fitted, without changing its proportions, into the frame, or, where its
    kind is one of those that the library draws, into the box that these drawings take, so that it is laid as they are.

    Raises:
        InputError: no folder, no PNG in it, or a picture without opacity or with nothing visible.
        ImageFileError: a file cannot be decoded.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"`folder` must be a folder of PNG files. Received: folder={str(folder)!r}, which is none.")
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() == ".png")
    if not files:
        raise InputError(f"`folder` must hold PNG files with opacity. Received: folder={str(folder)!r}, with none.")
    kinds: dict[str, list[np.ndarray]] = {}
    for file in files:
        kind = re.sub(r"[\s_.\-]*\d*$", "", file.stem) or file.stem
        kinds.setdefault(kind, []).append(_fit(_read(file), _box(kind)))
    return {kind: np.stack(pictures) for kind, pictures in kinds.items()}


def visible_box(alpha: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom (the last two beyond it) of what is not transparent."""
    rows, columns = np.flatnonzero((alpha > 8).any(1)), np.flatnonzero((alpha > 8).any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _read(file: Path) -> Image.Image:
    try:
        with Image.open(file) as picture:
            picture.load()
            if "A" not in picture.getbands() and "transparency" not in picture.info:
                raise InputError(
                    f"Each picture in `folder` must have opacity (RGBA). Received: {file.name} of mode {picture.mode}; "
                    "cut the thing out of its background first."
                )
            picture = picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageFileError(f"The picture {file.name} in `folder` cannot be decoded: {error}. Mend it.") from error
    alpha = np.asarray(picture)[..., 3]
    if not (alpha > 8).any():
        raise InputError(f"Each picture in `folder` must show something. Received: {file.name}, wholly transparent.")
    return picture.crop(visible_box(alpha))


def _box(kind: str) -> tuple[int, int, int, int]:
    """Where in the frame a picture of that kind goes."""
    if kind not in KINDS:
        return _MARGIN, _MARGIN, SIDE - _MARGIN, SIDE - _MARGIN
    return visible_box(drawn(kind)[..., 3].max(0))


def _fit(picture: Image.Image, box: tuple[int, int, int, int]) -> np.ndarray:
    """The picture in the middle of `box`; at its lower edge where that is the frame's, for what leaves the photo."""
    left, top, right, bottom = box
    scale = min((right - left) / picture.width, (bottom - top) / picture.height)
    width, height = max(round(picture.width * scale), 1), max(round(picture.height * scale), 1)
    # Colours are averaged with their opacity as weight: what lies hidden in transparent pixels must not come through.
    filter_ = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    small = picture.convert("RGBa").resize((width, height), filter_)
    frame = np.zeros((SIDE, SIDE, 4), np.uint8)
    x = (left + right - width) // 2
    y = bottom - height if bottom >= SIDE - _MARGIN else (top + bottom - height) // 2
    frame[y : y + height, x : x + width] = np.asarray(small.convert("RGBA"))
    return frame
