"""TIFF files of 16-bit colours, which Pillow reads as 8 bits and does not write."""

import io
import zlib

import numpy as np
from PIL import Image, TiffImagePlugin

XMP = 0x02BC  # the tag of the XMP packet
_SUB_DIRECTORIES = (0x8769, 0x8825)  # EXIF, GPS


def encode_deep(
    samples: np.ndarray, exif: Image.Exif, *, icc: bytes, dpi: tuple[float, float] | None, xmp: bytes, packed: bool
) -> bytes:
    """A TIFF file of uint16 samples `(height, width)` or `(height, width, 1 to 4)`, in one strip.

    Args:
        samples: grey or RGB, perhaps with alpha.
        exif: the tags that describe the picture.
        icc: the colour profile, or nothing.
        dpi: dots per inch, where known.
        xmp: the XMP packet, or nothing.
        packed: whether to deflate.
    """
    height, width = samples.shape[:2]
    channels = 1 if samples.ndim == 2 else samples.shape[-1]
    colours = 3 if channels > 2 else 1
    strip = samples.astype("<u2").tobytes()
    strip = zlib.compress(strip, 6) if packed else strip
    tags = {tag: exif.get_ifd(tag) if tag in _SUB_DIRECTORIES else exif[tag] for tag in exif}
    tags |= {256: width, 257: height, 258: (16,) * channels, 259: 8 if packed else 1, 262: 2 if colours == 3 else 1}
    tags |= {273: 0, 277: channels, 278: height, 279: len(strip), 284: 1, 339: (1,) * channels}
    if channels > colours:
        tags[338] = 2  # alpha, not premultiplied
    if icc:
        tags[34675] = icc
    if xmp:
        tags[XMP] = xmp
    if dpi:
        tags |= {282: dpi[0], 283: dpi[1], 296: 2}
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    directory.update(tags)
    buffer = io.BytesIO()
    directory.save(buffer)  # the strip's offset, 0, counts from the end of what this writes
    buffer.write(strip)
    return buffer.getvalue()
