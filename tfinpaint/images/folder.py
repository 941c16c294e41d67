"""The photos of a folder: one rule for all commands, and a word on what is left out."""

import importlib.util
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import features

from tfinpaint.errors import ImageFileError
from tfinpaint.images.formats import SUFFIXES

_HEIC = (".heic", ".heif", ".hif")


@dataclass(frozen=True)
class Listing:
    """What a folder holds.

    Attributes:
        photos: files, in order of name.
        left_out: why -> how many entries.
    """

    photos: tuple[Path, ...]
    left_out: Mapping[str, int]

    @property
    def words(self) -> str:
        """What was left out and why, for people; empty where nothing was."""
        return ", ".join(f"{count} {reason}" for reason, count in self.left_out.items())


def readable_suffixes() -> tuple[str, ...]:
    """The endings of the pictures that this installation reads; HEIC where `pillow-heif` is installed."""
    avif = (".avif",) if features.check("avif") else ()
    return (*SUFFIXES, ".gif", *avif, *(_HEIC if importlib.util.find_spec("pillow_heif") else ()))


def photos_in(folder: Path) -> Listing:
    """The photos directly in a folder, not below it; shadow files of macOS (`._name.jpg`) are none.

    Raises:
        ImageFileError: the folder holds no photo, or cannot be read.
    """
    endings, photos, left_out = readable_suffixes(), [], Counter()
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise ImageFileError(f"The folder {folder} cannot be read: {error.strerror or error}.") from None
    for entry in entries:
        ending = entry.suffix.lower()
        if entry.name.startswith("._") or entry.name in (".DS_Store", "Thumbs.db", "desktop.ini"):
            left_out["of the system"] += 1
        elif entry.is_dir():
            left_out["folders in it"] += 1
        elif ending in endings:
            photos.append(entry)
        elif ending in _HEIC:
            left_out[f"{ending}, read with `pip install tfinpaint[heic]`"] += 1
        else:
            left_out[f"{ending or 'without an ending'}, no kind of picture"] += 1
    listing = Listing(tuple(photos), dict(left_out))
    if not photos:
        said = f"; left out: {listing.words}" if left_out else ""
        raise ImageFileError(f"The folder {folder} must hold photos ({', '.join(endings)}); it holds none{said}.")
    return listing
