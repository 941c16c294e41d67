"""The photos of a folder: one rule for all commands, and a word on what is left out."""

import importlib.util
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, features

from tfinpaint.errors import ImageFileError
from tfinpaint.images.formats import SUFFIXES
from tfinpaint.images.reader import count_pictures

_HEIC = (".heic", ".heif", ".hif")
_OF_SEVERAL = (".gif", ".png", ".webp", ".tif", ".tiff", ".avif")  # endings of files that may hold several pictures


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


def why_left_out(name: str, endings: Iterable[str]) -> str | None:
    """Why a file of that name is not taken as a photo, in words that follow a number; None where it is.

    Args:
        name: of the file, without its folder.
        endings: of the pictures that are taken, see `readable_suffixes`.
    """
    ending = Path(name).suffix.lower()
    if name.startswith("._") or name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        return "of the system"
    if name.startswith("."):  # thrown away on a phone, half transferred
        return "hidden"
    if ending in endings:
        return None
    if ending in _HEIC:
        return f"{ending}, read with `pip install tfinpaint[heic]`"
    return f"{ending or 'without an ending'}, no kind of picture"


def photos_in(folder: Path, *, first_picture: bool = False) -> Listing:
    """The photos directly in a folder, not below it; shadow files of macOS (`._name.jpg`) are none.

    Args:
        folder: where to look.
        first_picture: whether files of several pictures (animations, pages) are photos, too.

    Raises:
        ImageFileError: the folder holds no photo, or cannot be read.
    """
    endings, photos, left_out = readable_suffixes(), [], Counter()
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise ImageFileError(f"The folder {folder} cannot be read: {error.strerror or error}.") from None
    for entry in entries:
        reason = _why_left_out(entry, endings)
        if reason is None and not first_picture and _of_several(entry):
            reason = "of several pictures (`--first-picture` takes the first)"
        if reason is None:
            photos.append(entry)
        else:
            left_out[reason] += 1
    listing = Listing(tuple(photos), dict(left_out))
    if not photos:
        said = f"; left out: {listing.words}" if left_out else ""
        raise ImageFileError(f"The folder {folder} must hold photos ({', '.join(endings)}); it holds none{said}.")
    return listing


def _why_left_out(entry: Path, endings: Iterable[str]) -> str | None:
    if entry.is_dir():
        return "folders in it"
    if not entry.is_file():
        return "pipes or broken links"
    return why_left_out(entry.name, endings)


def _of_several(file: Path) -> bool:
    """Whether a file holds several pictures; what cannot be opened is a photo that will be named when it is read."""
    if file.suffix.lower() not in _OF_SEVERAL:
        return False
    try:
        with Image.open(file) as image:
            return count_pictures(image) > 1
    except Exception:  # decoders raise anything on a damaged file
        return False
