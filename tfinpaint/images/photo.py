"""A photo: the pixels that networks look at, and all that is needed to write the same kind of file back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tfinpaint.errors import InputError

MAX_PIXELS = 150_000_000
MAX_BYTES = 16 * MAX_PIXELS  # twice what the largest photo takes that is not compressed at all
MIN_SIDE = 16


@dataclass(frozen=True)
class Photo:
    """A picture as it was read, upright.

    Attributes:
        pixels: `(height, width, 3)`, uint8, RGB; what detectors and networks see.
        samples: the file's own samples, upright: `(height, width)` or `(height, width, channels)`, uint8 or uint16
            (bool for bilevel pictures); the same array as `pixels` for an 8-bit RGB photo.
        mode: what the samples are, in Pillow's words: `1`, `L`, `LA`, `RGB`, `RGBA`, `P` or `CMYK`; 16-bit samples
            differ by their dtype only.
        format: of the file: `JPEG`, `PNG`, `WEBP`, `TIFF` or `BMP`.
        path: where it was read, None for a picture made from an array.
        data: the file, byte for byte; empty for a picture made from an array or taken out of a file of several.
        palette: `(n, 4)`, uint8, RGBA, for mode `P`.
        exif: the EXIF block with the orientation reset to 1; empty where there is none.
        icc: the colour profile; empty where there is none.
        xmp: the XMP packet without its orientation; empty where there is none.
        dpi: dots per inch, where the file tells.
        options: what only this format's writer understands (quantisation tables, compression, text chunks, ...).
    """

    pixels: np.ndarray
    samples: np.ndarray
    mode: str = "RGB"
    format: str = "PNG"
    path: Path | None = None
    data: bytes = field(default=b"", repr=False)
    palette: np.ndarray | None = None
    exif: bytes = b""
    icc: bytes = b""
    xmp: bytes = b""
    dpi: tuple[float, float] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_array(cls, pixels: np.ndarray) -> "Photo":
        """A photo of `(height, width, 3)` uint8 RGB pixels.

        Raises:
            InputError: another kind of array.
        """
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[-1] != 3 or min(pixels.shape[:2]) < MIN_SIDE:
            raise InputError(
                f"A photo must be uint8 RGB of shape (height, width, 3), at least {MIN_SIDE} pixels wide and high. "
                f"Received: {pixels.dtype} of shape {pixels.shape}."
            )
        return cls(pixels, pixels)


def to_pixels(samples: np.ndarray, mode: str, palette: np.ndarray | None = None) -> np.ndarray:
    """The uint8 RGB picture of samples of any kind; alpha is left out."""
    if mode == "RGB" and samples.dtype == np.uint8:
        return samples
    if mode == "P":
        return palette[samples, :3]
    if mode == "CMYK":
        return np.asarray(Image.fromarray(samples, "CMYK").convert("RGB"))
    if samples.dtype == np.uint16:
        samples = ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
    elif mode == "1":
        samples = samples.astype(np.uint8) * 255
    if mode in ("1", "L", "LA"):
        grey = samples if samples.ndim == 2 else samples[..., 0]
        return np.repeat(grey[..., None], 3, axis=-1)
    return np.ascontiguousarray(samples[..., :3])


def merge(photo: Photo, pixels: np.ndarray, hole: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """The photo's samples with the hole taken from `pixels`, in the photo's own kind; and its palette.

    Outside the hole every sample stays. Inside: 16-bit samples are 257 times the 8-bit ones, grey is the luminance,
    alpha stays the photo's, CMYK is Pillow's plain conversion, and a palette gains new colours in the entries that no
    kept pixel uses (the nearest ones, dithered, stand in for the rest).
    """
    if photo.mode == "P":
        return _merge_palette(photo, pixels, hole)
    samples, painted = photo.samples.copy(), pixels[hole]
    if photo.mode == "CMYK":
        painted = np.asarray(Image.fromarray(painted[None]).convert("CMYK"))[0]
    elif photo.mode in ("1", "L", "LA"):
        painted = np.asarray(Image.fromarray(painted[None]).convert("L"))[0][:, None]
    if photo.mode == "1":
        painted = painted > 127
    elif samples.dtype == np.uint16:
        painted = painted.astype(np.uint16) * 257
    if samples.ndim == 2:
        samples[hole] = painted[:, 0]
    else:
        colours = painted.shape[-1]
        samples[..., :colours][hole] = painted
    return samples, None


def _merge_palette(photo: Photo, pixels: np.ndarray, hole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    samples, palette = photo.samples.copy(), np.full((256, 4), 255, np.uint8)
    palette[: len(photo.palette)] = photo.palette
    free = np.flatnonzero(np.bincount(samples[~hole].ravel(), minlength=256) == 0)
    if len(free):
        fresh = Image.fromarray(pixels[hole][None]).quantize(len(free), Image.Quantize.MEDIANCUT)
        fresh = np.array(fresh.getpalette(), np.uint8).reshape(-1, 3)[: len(free)]
        free = free[: len(fresh)]
        palette[free] = np.pad(fresh, ((0, 0), (0, 1)), constant_values=255)
    used = np.zeros(256, bool)
    used[free], used[samples[~hole]] = True, True
    palette = palette[: np.flatnonzero(used)[-1] + 1]
    opaque = np.flatnonzero(used[: len(palette)] & (palette[:, 3] == 255))
    if not len(opaque):
        opaque = np.arange(len(palette))
    colours = Image.new("P", (1, 1))
    colours.putpalette(palette[opaque, :3].tobytes())
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    nearest = np.asarray(Image.fromarray(pixels[window]).quantize(palette=colours, dither=Image.Dither.FLOYDSTEINBERG))
    nearest = opaque[np.minimum(nearest, len(opaque) - 1)].astype(np.uint8)
    samples[window] = np.where(hole[window], nearest, samples[window])
    return samples, palette
