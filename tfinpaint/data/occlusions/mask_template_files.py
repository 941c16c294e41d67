"""Reads pictures of masks and their anchor points."""

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tfinpaint.errors import InputError


def read_templates(
    folder: str | os.PathLike, anchors: str | os.PathLike | None, frame: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Pictures uint8 `(n, height, width, 4)` of one frame, anchors `(n, 6, 2)` in its pixels, and name -> index.

    Args:
        folder: of PNGs, or a zip.
        anchors: JSON of the points; looked for where None.
        frame: height and width into which each picture is scaled, its shape kept.
    """
    folder = Path(folder)
    files = _files(folder)
    points = _points(folder, anchors)
    pictures, moved, index = [], [], {}
    for name, read in sorted(files.items()):
        picture = _picture(folder, name, read)
        if np.shape(points.get(name)) != (6, 2):
            raise InputError(
                f"The anchors must hold six points (x, y) for {name!r}, a picture of {folder}. "
                f"Received: {points.get(name)!r}. Add them to the JSON file."
            )
        height, width = picture.shape[:2]
        scale = min((frame[0] - 4) / height, (frame[1] - 4) / width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        framed = np.zeros((*frame, 4), np.uint8)
        framed[2 : 2 + size[1], 2 : 2 + size[0]] = _resized(picture, size)
        index[name] = len(pictures)
        pictures.append(framed)
        moved.append((np.asarray(points[name], np.float32) + 0.5) * (np.array(size) / (width, height)) - 0.5 + 2)
    return np.stack(pictures), np.stack(moved).astype(np.float32), index


def _files(folder: Path) -> dict[str, Callable[[], bytes]]:
    """Name without ending -> what reads it."""
    if folder.is_dir():
        files = {path.stem: path.read_bytes for path in sorted(folder.glob("*.png"))}
    elif zipfile.is_zipfile(folder):
        archive = zipfile.ZipFile(folder)
        names = [name for name in archive.namelist() if name.lower().endswith(".png")]
        files = {Path(name).stem: (lambda name=name: archive.read(name)) for name in names}
    else:
        raise InputError(f"`folder` must be a folder or a zip of PNGs with opacity. Received: {folder}.")
    if not files:
        raise InputError(f"`folder` must hold at least one PNG with opacity. Received: {folder}, which has none.")
    return files


def _points(folder: Path, anchors: str | os.PathLike | None) -> dict:
    inside = list(folder.glob("*.json")) if folder.is_dir() else []
    path = Path(anchors) if anchors else inside[0] if len(inside) == 1 else folder.with_suffix(".json")
    try:
        points = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"`anchors` must be a JSON file, name -> six points. Received: {path} ({error}).") from None
    if not isinstance(points, dict):
        raise InputError(f"`anchors` must be a JSON object, name -> six points. Received: {path}.")
    return points


def _picture(folder: Path, name: str, read: Callable[[], bytes]) -> np.ndarray:
    try:
        image = Image.open(io.BytesIO(read()))
        image.load()
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"The picture {name!r} of {folder} cannot be read ({error}). Replace or remove it.") from None
    if "A" not in image.getbands() and "transparency" not in image.info:
        raise InputError(
            f"The picture {name!r} of {folder} must have opacity (RGBA). Received: mode {image.mode}. "
            "Save it with a transparent background."
        )
    return np.asarray(image.convert("RGBA"))


def _resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scaled with the opacity multiplied in, so that the colour of clear pixels bleeds nowhere."""
    values = picture.astype(np.float32)
    values[..., :3] *= values[..., 3:] / 255
    values = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    values[..., :3] *= 255 / np.maximum(values[..., 3:], 1)
    return np.rint(values.clip(0, 255)).astype(np.uint8)
