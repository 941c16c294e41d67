"""Reads picture files; every fault of a file becomes one sentence."""

import contextlib
import io
import os
import re
import threading
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageOps, JpegImagePlugin

from tfinpaint.errors import ImageFileError, is_out_of_memory
from tfinpaint.images import png
from tfinpaint.images.photo import MAX_BYTES, MAX_PIXELS, MIN_SIDE, Photo, to_pixels

_FORMATS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WEBP", "TIFF": "TIFF", "BMP": "BMP"}
_HEIC = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")
_MODES = ("1", "L", "LA", "RGB", "RGBA", "P", "CMYK")
_ORIENTATION = ExifTags.Base.Orientation
# The tags of a TIFF that describe the picture; the others describe the file and would break the next one.
_DESCRIPTIVE = {0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298, 0x8769, 0x8825, *range(0x9C9B, 0x9CA0)}


class _WithoutWarnings:
    """Silences warnings while any thread is inside; the last one to leave puts the program's filters back.

    `warnings.catch_warnings` alone belongs to the whole process: two threads that leave in another order than they came
    would leave the silence behind.
    """

    def __init__(self) -> None:
        self._lock, self._inside, self._caught = threading.Lock(), 0, warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._caught = warnings.catch_warnings()
                self._caught.__enter__()
                warnings.simplefilter("ignore")
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._caught.__exit__(None, None, None)


_without_warnings = _WithoutWarnings()


def read(path: str | os.PathLike, data: bytes | None = None, *, first_picture: bool | None = None) -> Photo:
    """The photo in a file, upright (its EXIF orientation is applied), with all that writing the same kind needs.

    JPEG, PNG, WebP, TIFF and BMP files are written back as what they are; another format that Pillow reads becomes
    PNG. Photos have at most `MAX_PIXELS` pixels and at least `MIN_SIDE` in each direction.

    Args:
        path: of the file.
        data: what the file holds, where it is no file of its own (a member of a zip); `path` then only names it.
        first_picture: take the first picture of a file that holds several (an animation, pages); otherwise it is
            refused, with a word on that choice where the caller offers it (False).

    Raises:
        ImageFileError: there is no such file, or it is empty, truncated, no picture, too small, too large, of more
            than one frame, or of a kind that cannot be written back.
    """
    path = Path(path)
    data = _checked(path, _read_bytes(path) if data is None else data)
    try:
        with _without_warnings:
            return _decode(path, data, first_picture)
    except ImageFileError:
        raise
    except Image.DecompressionBombError:
        raise _too_large(path, "more") from None
    except Image.UnidentifiedImageError:
        if data[4:8] == b"ftyp" and data[8:12] in _HEIC:
            raise ImageFileError(f"{path} is a HEIC picture; `pip install tfinpaint[heic]` lets it be read.") from None
        raise ImageFileError(f"{path} must be a picture (JPEG, PNG, WebP, TIFF or BMP); it is none.") from None
    except Exception as error:  # decoders raise anything on a damaged file
        if is_out_of_memory(error):
            raise ImageFileError(f"{path} needs more memory than there is; make it smaller first.") from None
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ImageFileError(
            f"{path} cannot be read as a picture; it is damaged, cut off or of an unknown kind ({reason[0]})."
        ) from None


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = b"" if size > MAX_BYTES else file.read() if path.is_file() else _drained(file)
    except OSError as error:
        raise ImageFileError(f"{path} cannot be read: {error.strerror or error}.") from None
    if max(size, len(data)) > MAX_BYTES:
        raise ImageFileError(
            f"{path} must have at most {MAX_BYTES / 1e9:.1f} GB, as photos have. Received: a longer file."
        )
    return data


def _drained(file: BinaryIO) -> bytes:
    """All that a pipe or device gives, or more than a photo may have of one without an end."""
    data = bytearray()
    while len(data) <= MAX_BYTES and (block := file.read(2**20)):
        data += block
    return bytes(data)


def _checked(path: Path, data: bytes) -> bytes:
    if not data:
        raise ImageFileError(f"{path} must be a picture; the file is empty (0 bytes).")
    return data


def _too_large(path: Path, size: str) -> ImageFileError:
    limit = MAX_PIXELS // 1_000_000
    return ImageFileError(f"{path} must have at most {limit} million pixels. Received: {size}. Make it smaller first.")


def _decode(path: Path, data: bytes, first_picture: bool | None) -> Photo:
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC:
        with contextlib.suppress(ImportError):
            import pillow_heif

            pillow_heif.register_heif_opener()
    image = Image.open(io.BytesIO(data))
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_large(path, f"{width}x{height}")
    if min(width, height) < MIN_SIDE:
        raise ImageFileError(
            f"{path} must be at least {MIN_SIDE} pixels wide and high. Received: {width}x{height} pixels."
        )
    count = count_pictures(image)
    if count > 1 and not first_picture:
        advice = "" if first_picture is None else ", or take the first (`--first-picture`, `first_picture=True`)"
        raise ImageFileError(f"{path} must hold one picture; it holds {count}. Save the wanted one by itself{advice}.")
    options = _options(image, data)
    image.load()
    orientation = _upright(image)
    deep = _is_deep(image, data)
    if not deep and image.mode not in _MODES:
        image = image.convert("RGBA" if image.mode in ("PA", "La", "RGBa") else "RGB")
    samples = _deep_samples(path, image, data, orientation) if deep else np.asarray(image)
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[1 if samples.ndim == 2 else samples.shape[-1]] if deep else image.mode
    palette = _palette(image) if mode == "P" else None
    return Photo(
        pixels=to_pixels(samples, mode, palette),
        samples=samples,
        mode=mode,
        format=_FORMATS.get(image.format or "", _FORMATS.get(options.pop("format"), "PNG")),
        path=path,
        data=data if count == 1 else b"",
        palette=palette,
        exif=_exif(image),
        icc=image.info.get("icc_profile") or b"",
        xmp=_xmp(image),
        dpi=image.info.get("dpi"),
        options=options,
    )


def count_pictures(image: Image.Image) -> int:
    """How many pictures a file holds; one of a camera adding smaller views (MPO) counts as one."""
    return 1 if image.format == "MPO" else getattr(image, "n_frames", 1)


def _options(image: Image.Image, data: bytes) -> dict[str, Any]:
    """What only the format's own writer understands; taken before the pixels are touched."""
    options: dict[str, Any] = {"format": image.format}
    if image.format in ("JPEG", "MPO"):
        options |= {
            "qtables": dict(image.quantization),
            "subsampling": JpegImagePlugin.get_sampling(image),
            "progressive": bool(image.info.get("progressive")),
            "comment": image.info.get("comment", b""),
            "iptc": [body for name, body in image.applist if name == "APP13"],
        }
    elif image.format == "PNG":
        options["chunks"] = png.kept_chunks(data)
    elif image.format == "WEBP":
        options["lossless"] = any(_is_lossless(data, i) for i in _riff_chunks(data))
    elif image.format == "TIFF":
        options["compression"] = image.info.get("compression", "raw")
    return options


def _is_lossless(data: bytes, at: int) -> bool:
    """Whether a chunk of a WebP file is a lossless picture, or a frame of an animation that begins with one."""
    return b"VP8L" in (data[at : at + 4], data[at + 24 : at + 28] if data[at : at + 4] == b"ANMF" else b"")


def _riff_chunks(data: bytes) -> list[int]:
    offsets, at = [], 12
    while at + 8 <= len(data):
        offsets.append(at)
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return offsets


def _upright(image: Image.Image) -> int:
    """Turns the picture by its EXIF orientation, in place; returns that orientation."""
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
        ImageOps.exif_transpose(image, in_place=True)
    except Exception:  # a broken EXIF block says nothing
        return 1
    return orientation


def _is_deep(image: Image.Image, data: bytes) -> bool:
    if image.format == "PNG":
        return data[24] == 16
    if image.format == "TIFF":
        bits = image.tag_v2.get(258, 1)
        if max(np.atleast_1d(bits)) > 16 or image.mode in ("I", "F"):
            raise ValueError("its samples must have at most 16 bits")
        return max(np.atleast_1d(bits)) == 16
    return False


def _deep_samples(path: Path, image: Image.Image, data: bytes, orientation: int) -> np.ndarray:
    """16-bit samples: OpenCV reads them, Pillow's own high bytes prove that it read them right."""
    samples = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is not None and image.format == "PNG":
        samples = _turn(samples, orientation)
    if samples is not None and samples.ndim == 3:
        samples = samples[..., [2, 1, 0, 3][: samples.shape[-1]]]
        if image.mode == "LA":
            samples = samples[..., [0, -1]]
    high = np.asarray(image)
    if samples is not None and samples.ndim == 3 and samples.shape[2:] != high.shape[2:]:
        samples = (
            samples[..., : high.shape[2]] if high.ndim == 3 else samples[..., 0]
        )  # a transparent value is no channel
    high = (high >> 8).astype(np.uint8) if high.dtype != np.uint8 else high
    if samples is None or samples.dtype != np.uint16 or not np.array_equal(samples >> 8, high):
        raise ImageFileError(f"{path} holds 16-bit samples in a layout that cannot be read; save it as 16-bit PNG.")
    return np.ascontiguousarray(samples)


def _turn(samples: np.ndarray, orientation: int) -> np.ndarray:
    samples = samples.swapaxes(0, 1) if orientation in (5, 6, 7, 8) else samples
    samples = samples[:, ::-1] if orientation in (2, 3, 6, 7) else samples
    return samples[::-1] if orientation in (3, 4, 7, 8) else samples


def _palette(image: Image.Image) -> np.ndarray:
    colours = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    alpha = np.full(len(colours), 255, np.uint8)
    transparency = image.info.get("transparency")
    if isinstance(transparency, bytes):
        alpha[: len(transparency)] = np.frombuffer(transparency, np.uint8)[: len(alpha)]
    elif transparency is not None:
        alpha[transparency] = 0
    return np.concatenate([colours, alpha[:, None]], axis=1)


def _exif(image: Image.Image) -> bytes:
    try:
        exif = image.getexif()
        if image.format == "TIFF":
            described = Image.Exif()
            for tag in _DESCRIPTIVE & set(exif):
                described[tag] = dict(exif.get_ifd(tag)) if tag in (0x8769, 0x8825) else exif[tag]
            exif = described
        if not len(exif):
            return b""
        exif[_ORIENTATION] = 1
        return exif.tobytes()
    except Exception:  # a broken block cannot be kept
        return b""


def _xmp(image: Image.Image) -> bytes:
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    xmp = xmp.encode() if isinstance(xmp, str) else xmp
    return re.sub(rb'tiff:Orientation="\d"|<tiff:Orientation>\d</tiff:Orientation>', b"", xmp)
