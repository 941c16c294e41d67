"""Writes picture files: the photo's own kind, its metadata, and a tag that says what was done to it."""

import io
import os
import struct
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image

from tfinpaint._version import __version__
from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.files import write_whole
from tfinpaint.images import png, tiff
from tfinpaint.images.formats import FORMATS
from tfinpaint.images.photo import Photo, merge

SOFTWARE = f"tfinpaint {__version__} (face restored: part of this picture was painted by software)"

_MARK = b"(face restored: part of this picture was painted by software)"
# What each format can hold in 8 bits and, by the dtype of the samples, in 16.
_MODES = {
    "JPEG": ("L", "RGB", "CMYK"),
    "PNG": ("1", "L", "LA", "RGB", "RGBA", "P"),
    "WEBP": ("RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "RGB", "RGBA", "P", "CMYK"),
    "BMP": ("1", "L", "RGB", "RGBA", "P"),
}
_DEEP_MODES = {"PNG": ("L", "LA", "RGB", "RGBA"), "TIFF": ("L", "RGB", "RGBA")}
_ENDS = 2**18  # bytes
_LOSSY_QUALITY = 90  # where the source does not tell its own


def write(photo: Photo, pixels: np.ndarray, mask: np.ndarray, path: str | os.PathLike) -> None:
    """Writes the photo with the masked pixels taken from `pixels`, in the photo's own kind.

    Every other sample stays bit for bit in lossless formats; JPEG keeps its quantisation tables and subsampling, lossy
    WebP is written at quality 90. EXIF (orientation 1), ICC, XMP and resolution are kept, and the tag "Software"
    (EXIF 0x0131 in JPEG, WebP and TIFF, a tEXt chunk in PNG, the gap before the pixels of a BMP) says that software
    painted. A photo that nothing was painted into is copied byte for byte. The file appears whole or not at all.

    Args:
        photo: what was read.
        pixels: the restored picture, `(height, width, 3)`, uint8.
        mask: `(height, width)` or `(height, width, 1)`; above 0 where `pixels` count.
        path: a suffix other than the photo's own tells the format: .jpg, .jpeg, .jpe, .jfif, .png, .webp, .tif, .tiff,
            .bmp; under its own the photo stays what it was, whatever its name says.

    Raises:
        InputError: the shapes differ.
        ImageFileError: unknown suffix, a format that cannot hold the photo's kind, or a path that cannot be written.
    """
    path = Path(path)
    file_format = _format_of(path)
    if photo.path is not None and photo.path.suffix.lower() == path.suffix.lower():
        file_format = photo.format
    if pixels.shape != photo.pixels.shape or pixels.dtype != np.uint8 or mask.shape[:2] != pixels.shape[:2]:
        raise InputError(
            f"`pixels` and `mask` must have the photo's size, {photo.pixels.shape}, uint8. "
            f"Received: {pixels.shape} {pixels.dtype} and {mask.shape}."
        )
    hole = mask.reshape(pixels.shape[:2]) > 0
    hole[hole] = (pixels[hole] != photo.pixels[hole]).any(-1)
    if photo.data and file_format == photo.format and not hole.any():
        replace_file(path, photo.data)
        return
    if file_format != "PNG":
        photo = _with_alpha(photo)
    _check_kind(photo, file_format, path)
    samples, palette = merge(photo, pixels, hole) if hole.any() else (photo.samples, photo.palette)
    if palette is None and hole.any() and file_format == photo.format == "PNG":
        png.keep_opaque(samples, hole, photo.options.get("chunks", ()))
    try:
        data = _encode(photo, samples, palette, file_format, software=SOFTWARE if hole.any() else "")
    except Exception as error:  # encoders raise anything, over metadata above all
        raise ImageFileError(f"{path} cannot be written as {file_format}: {error}.") from None
    replace_file(path, data)


def write_picture(pixels: np.ndarray, path: str | os.PathLike) -> None:
    """Writes a plain uint8 picture (grey or RGB) as PNG: a mask, a comparison. It carries the tag "Software", too."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    replace_file(Path(path), png.described(buffer.getvalue(), (), software=SOFTWARE, exif=b"", icc=b"", xmp=b""))


def is_ours(path: str | os.PathLike) -> bool:
    """Whether a file is a picture that this library has written: the tag "Software" says so."""
    try:
        with open(path, "rb") as file:  # the tag stands near the beginning or the end of most kinds
            if _MARK in file.read(_ENDS):
                return True
            file.seek(max(0, os.fstat(file.fileno()).st_size - _ENDS))
            if _MARK in file.read():
                return True
            file.seek(0)
            return _MARK in file.read()
    except OSError:
        return False


def replace_file(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all: into a temporary file beside it, then renamed.

    Raises:
        ImageFileError: the folder is missing or cannot be written.
    """
    try:
        write_whole(path, data)
    except OSError as error:
        raise ImageFileError(f"{path} cannot be written: {error.strerror or error}.") from None


def _format_of(path: Path) -> str:
    if path.suffix.lower() not in FORMATS:
        raise ImageFileError(f"A picture's name must end with {', '.join(FORMATS)}. Received: {path.name!r}.")
    return FORMATS[path.suffix.lower()]


def _with_alpha(photo: Photo) -> Photo:
    """A photo from a PNG file with one transparent value, which no other format knows, with a channel that says so."""
    through = png.transparent(photo.samples, photo.options.get("chunks", ())) if photo.mode in ("L", "RGB") else None
    if through is None:
        return photo
    alpha = np.where(through, 0, np.iinfo(photo.samples.dtype).max).astype(photo.samples.dtype)
    return replace(photo, samples=np.dstack([photo.samples, alpha]), mode=photo.mode + "A")


def _check_kind(photo: Photo, file_format: str, path: Path) -> None:
    deep = photo.samples.dtype == np.uint16
    if photo.mode not in (_DEEP_MODES if deep else _MODES).get(file_format, ()):
        kind = f"{16 if deep else 8}-bit {photo.mode}"
        advice = ".tif" if photo.mode == "CMYK" else ".png"
        raise ImageFileError(f"{path.name} cannot hold {kind} samples; give a name that ends with {advice}.")


def _encode(photo: Photo, samples: np.ndarray, palette: np.ndarray | None, file_format: str, software: str) -> bytes:
    own = photo.options if file_format == photo.format else {}
    if file_format == "TIFF" and samples.dtype == np.uint16:
        packed = _lossless_compression(own) != "raw"
        return tiff.encode_deep(
            samples, _tags(photo, software), icc=photo.icc, dpi=photo.dpi, xmp=photo.xmp, packed=packed
        )
    if file_format == "PNG" and samples.dtype == np.uint16:
        data = png.encode_deep(samples)
    elif file_format == "BMP" and photo.mode == "RGBA":
        data = _bmp_with_alpha(samples, photo.dpi)
    else:
        data = _encode_with_pillow(photo, samples, palette, file_format, own, software)
    if file_format == "BMP" and software:
        return _marked_bmp(data, software)
    if file_format != "PNG":
        return data
    chunks = own.get("chunks", ())
    return png.described(data, chunks, software=software, exif=photo.exif, icc=photo.icc, xmp=photo.xmp)


def _encode_with_pillow(
    photo: Photo, samples: np.ndarray, palette: np.ndarray | None, file_format: str, own: dict, software: str
) -> bytes:
    image = Image.fromarray(samples, photo.mode if photo.mode in ("P", "CMYK", "LA") else None)
    options: dict = {"dpi": photo.dpi} if photo.dpi else {}
    if palette is not None:
        image.putpalette(palette[:, :3].tobytes())
        if (palette[:, 3] < 255).any():
            options["transparency"] = palette[:, 3].tobytes()
    if file_format in ("JPEG", "WEBP", "TIFF"):
        options |= {"exif": _tags(photo, software), "icc_profile": photo.icc or None}
    if file_format == "JPEG":
        options |= _jpeg_options(photo, own)
    elif file_format == "WEBP":
        lossless = own.get("lossless", photo.format != "JPEG")
        options |= {
            "lossless": lossless,
            "exact": True,
            "quality": 100 if lossless else _LOSSY_QUALITY,
            "xmp": photo.xmp,
        }
    elif file_format == "TIFF":
        options["compression"] = _lossless_compression(own)
        if photo.xmp:
            options["exif"][tiff.XMP] = photo.xmp
    buffer = io.BytesIO()
    image.save(buffer, file_format, **{k: v for k, v in options.items() if v is not None})
    return buffer.getvalue()


def _bmp_with_alpha(samples: np.ndarray, dpi: tuple[float, float] | None) -> bytes:
    """Pillow writes the fourth channel of a BMP so that nobody reads it as alpha; OpenCV names it in the header."""
    _, encoded = cv2.imencode(".bmp", samples[..., [2, 1, 0, 3]])
    data = encoded.tobytes()
    if not dpi:
        return data
    return data[:38] + struct.pack("<2i", *(round(dots / 0.0254) for dots in dpi)) + data[46:]  # dots a metre


def _marked_bmp(data: bytes, software: str) -> bytes:
    """A BMP file with a text between its header and its pixels, where readers skip whatever there is."""
    text = software.encode("latin-1", "replace") + bytes(-len(software) % 4)
    at = int.from_bytes(data[10:14], "little")
    size, begin = (number.to_bytes(4, "little") for number in (len(data) + len(text), at + len(text)))
    return data[:2] + size + data[6:10] + begin + data[14:at] + text + data[at:]


def _jpeg_options(photo: Photo, own: dict) -> dict:
    segments = [(0xED, body) for body in own.get("iptc", ())]
    if photo.xmp:
        segments.append((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + photo.xmp))
    extra = b"".join(
        bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body
        for marker, body in segments
        if len(body) < 65534
    )
    if "qtables" not in own:
        return {"quality": _LOSSY_QUALITY, "extra": extra}
    kept = {k: own[k] for k in ("qtables", "subsampling", "progressive", "comment")}
    return {**kept, "extra": extra}


def _tags(photo: Photo, software: str) -> Image.Exif:
    tags = Image.Exif()
    if photo.exif:
        tags.load(photo.exif)
    if software:
        tags[ExifTags.Base.Software] = software
    return tags


def _lossless_compression(own: dict) -> str:
    compression = own.get("compression", "tiff_adobe_deflate")
    return compression if compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits") else "tiff_adobe_deflate"
