"""Which endings and which first bytes mean which kind of picture, of those that are written back as what they are."""

import os
from pathlib import Path

FORMATS = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".png": "PNG", ".webp": "WEBP", ".tif": "TIFF",
    ".tiff": "TIFF", ".bmp": "BMP",
}  # fmt: skip
# Files of these kinds come back as what they are; any other that Pillow reads is written as PNG.
SUFFIXES = tuple(FORMATS)


def format_of(data: bytes) -> str | None:
    """`JPEG`, `PNG`, `WEBP`, `TIFF` or `BMP` by the first bytes of a file; None for all others."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    marks = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n": "PNG", b"II*\0": "TIFF", b"MM\0*": "TIFF", b"BM": "BMP"}
    return next((kind for mark, kind in marks.items() if data.startswith(mark)), None)


def output_suffix(path: str | os.PathLike) -> str:
    """The ending that the restored file of that name gets: its own where its kind is written, else `.png`.

    The content decides where it is a file; what is no plain file (a pipe) is not touched, and its name decides.
    """
    path = Path(path)
    known = path.suffix.lower() in FORMATS
    try:
        if path.is_file():
            with path.open("rb") as file:
                known = known and format_of(file.read(16)) is not None
    except OSError:  # it will be named when it is read
        pass
    return path.suffix if known else ".png"
