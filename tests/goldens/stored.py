"""The stored goldens: what each preset must make of its inputs, and with which weights that was written."""

import json

import numpy as np
from PIL import Image

from tests.goldens.restore import FOLDER, source

RECORD = FOLDER / "goldens.json"  # the hash of the weights of each preset, the versions that ran them


def read_input(name: str) -> np.ndarray:
    """An input, `(h, w, 3)` uint8."""
    return np.asarray(Image.open(source(name)).convert("RGB"))


def read(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The expected picture `(h, w, 3)` uint8 and its mask `(h, w)` bool."""
    stored = np.asarray(Image.open(FOLDER / "expected" / f"{name}.png"))
    mask = stored[..., 3] > 0
    return np.where(mask[..., None], stored[..., :3], read_input(name)), mask


def write(name: str, picture: np.ndarray, mask: np.ndarray) -> None:
    """Stores what was painted, with the mask as its opacity; the rest of the picture is that of the input."""
    painted = np.where(mask[..., None], picture, 0)
    stored = np.concatenate([painted, 255 * mask[..., None].astype(np.uint8)], axis=-1)
    path = FOLDER / "expected" / f"{name}.png"
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(stored).save(path, optimize=True)


def record() -> dict:
    """Preset -> SHA-256 of the weights that its goldens were made with, and versions."""
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
