"""Picture files: the one reader, the one writer, and the one reader of masks."""

from tfinpaint.images.masks import read_mask
from tfinpaint.images.photo import MAX_PIXELS, MIN_SIDE, Photo
from tfinpaint.images.reader import SUFFIXES, read
from tfinpaint.images.writer import output_suffix, write, write_picture

__all__ = [
    "MAX_PIXELS",
    "MIN_SIDE",
    "SUFFIXES",
    "Photo",
    "output_suffix",
    "read",
    "read_mask",
    "write",
    "write_picture",
]
