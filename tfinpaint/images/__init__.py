"""Picture files: the one reader, the one writer, the one reader of masks, contact sheets."""

from tfinpaint.images.folder import Listing, photos_in, readable_suffixes, why_left_out
from tfinpaint.images.formats import SUFFIXES, output_suffix
from tfinpaint.images.masks import read_mask
from tfinpaint.images.offsets import coloured_offsets
from tfinpaint.images.photo import MAX_BYTES, MAX_PIXELS, MIN_SIDE, Photo
from tfinpaint.images.reader import read
from tfinpaint.images.sheet import contact_sheet, fitted, tinted, write_sheet
from tfinpaint.images.writer import is_ours, write, write_picture

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "MIN_SIDE",
    "SUFFIXES",
    "Listing",
    "Photo",
    "coloured_offsets",
    "contact_sheet",
    "fitted",
    "is_ours",
    "output_suffix",
    "photos_in",
    "read",
    "read_mask",
    "readable_suffixes",
    "tinted",
    "why_left_out",
    "write",
    "write_picture",
    "write_sheet",
]
