"""A photo that came from a browser: restored, written beside what the page shows of it."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np
from PIL import Image

from tfinpaint import images
from tfinpaint.engine import in_words
from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.page.limits import Limits
from tfinpaint.restoration import Restored, restore_photo

_SHOWN = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}  # what every browser shows
_NAME = 80  # characters of a file's name that are kept


def read_upload(name: str, data: bytes, limits: Limits) -> images.Photo:
    """The photo, named by what the browser called it.

    Raises:
        ImageFileError: it is none, or has too many pixels.
    """
    name = Path(name.replace("\\", "/")).name or "photo"
    suffix = Path(name).suffix[:8]
    path = Path(Path(name).stem[:_NAME] + suffix)
    _check_pixels(path, data, limits)
    return images.read(path, data)


def _check_pixels(path: Path, data: bytes, limits: Limits) -> None:
    """Asks the header alone, before anything is decoded; what has none is left to the reader."""
    try:
        with Image.open(io.BytesIO(data)) as header:
            width, height = header.size
    except Image.DecompressionBombError:
        width, height = limits.pixels, 2
    except Exception:  # noqa: BLE001 - decoders raise anything, and the reader says it better
        return
    if width * height > limits.pixels:
        raise ImageFileError(f"{path} must have at most {limits.pixels // 1_000_000} million pixels. Make it smaller.")


def read_drawn(data: bytes, shape: Sequence[int]) -> np.ndarray:
    """`(height, width)` bool: what was drawn on the page, maybe smaller than the photo; opaque = hidden.

    Raises:
        InputError: it is no such picture.
    """
    try:
        with Image.open(io.BytesIO(data)) as drawn:
            alpha = np.asarray(drawn.convert("RGBA").getchannel("A"))
    except Exception:  # noqa: BLE001 - decoders raise anything
        raise InputError("`mask` must be a picture with alpha, opaque where the face is hidden; it is none.") from None
    height, width = shape
    if abs(alpha.shape[1] * height / (alpha.shape[0] * width) - 1) > 0.05:
        raise InputError(f"`mask` must have the photo's shape, {width}x{height}. Received: {alpha.shape[::-1]}.")
    return cv2.resize(alpha, (width, height), interpolation=cv2.INTER_LINEAR) > 127


def restore_upload(photo: images.Photo, engine: Any, folder: Path, mask: np.ndarray | None, faces: str) -> dict:
    """Restores the photo; writes it, its mask and, where browsers cannot show its kind, PNG pictures of both.

    Args:
        photo: what was read.
        engine: paints.
        folder: where the files go.
        mask: `(height, width)` bool, drawn by the user; None where the engine is to find it.
        faces: "largest" or "all".

    Returns:
        What the page needs to know: names of files in `folder`, boxes of faces in pixels, what was painted.
    """
    restored = restore_photo(photo, engine, mask=mask, faces=faces)
    suffix = images.output_suffix(photo.path)
    name = f"{photo.path.stem}_restored{suffix}"
    restored.save(folder / name)
    images.write_picture(restored.mask.astype(np.uint8) * 255, folder / "mask.png")
    _write_overlay(restored.mask, folder / "overlay.png")
    height, width = restored.mask.shape
    shown = name if photo.format in _SHOWN and photo.mode != "CMYK" else _write_shown(restored, folder)
    return {
        "name": name,
        "picture": quote(name),
        "shown": quote(shown),
        "before": None if shown == name else "before.png",
        "mask": "mask.png",
        "overlay": "overlay.png",
        "width": width,
        "height": height,
        "painted": float(restored.mask.mean()),
        "saw": in_words(restored.saw),
        "faces": [[float(value) for value in face.box] for face in restored.faces],
    }


def _write_overlay(mask: np.ndarray, path: Path) -> None:
    """Red where it was painted, nothing elsewhere: the page draws on it."""
    picture = np.zeros((*mask.shape, 4), np.uint8)
    picture[mask] = (255, 0, 0, 255)
    Image.fromarray(picture).save(path, compress_level=1)


def _write_shown(restored: Restored, folder: Path) -> str:
    for name, pixels in (("before.png", restored.photo.pixels), ("after.png", restored.pixels)):
        Image.fromarray(pixels).save(folder / name, compress_level=1)
    return "after.png"
