"""Photos of every kind that people have, made from one gentle picture."""

import functools
import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageCms, PngImagePlugin


def picture(height: int = 48, width: int = 64) -> np.ndarray:
    """`(height, width, 3)` uint8, smooth, different in every direction and channel."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    return np.rint(np.stack([40 + 160 * x, 60 + 150 * y, 200 - 120 * x * y], -1)).astype(np.uint8)


def deep_picture(channels: int) -> np.ndarray:
    """`(48, 64, channels)` uint16 with low bytes that 8 bits would lose; `(48, 64)` for one channel."""
    low = np.random.default_rng(0).integers(0, 256, (48, 64, channels))
    base = np.concatenate([picture(), picture()[..., :1]], -1)[..., :channels].astype(np.int64)
    return (base * 256 + low).astype(np.uint16).squeeze()


def save(path: Path, mode: str = "RGB", **options: object) -> Path:
    """A picture of that mode in a file."""
    image = Image.fromarray(picture())
    if mode in ("LA", "RGBA"):
        image = image.convert(mode)
        alpha = np.linspace(0, 255, 64, dtype=np.uint8)[None].repeat(48, 0)
        image.putalpha(Image.fromarray(alpha))
    elif mode == "P":
        image = image.quantize(200)
    else:
        image = image.convert(mode)
    image.save(path, **options)
    return path


def save_deep(path: Path, channels: int) -> Path:
    samples = deep_picture(channels)
    order = [2, 1, 0, 3][:channels]
    cv2.imwrite(str(path), samples if channels == 1 else samples[..., order])
    return path


@functools.cache  # it holds the time of its making
def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F] = "Maker"
    tags[0x0131] = "Camera firmware"
    tags[0x8769] = {0x9003: "2024:05:06 07:08:09"}
    return tags.tobytes()


def texts() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "A. Person")
    info.add_text("Software", "Another program")
    info.add(b"gAMA", (45455).to_bytes(4, "big"))
    return info


def jpeg_bytes(**options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture()).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def png_promise(width: int, height: int) -> bytes:
    """A PNG file that promises a picture of that size and holds none of it."""
    body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + body
    data = zlib.compress(b"")
    idat = b"IDAT" + data
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", struct.pack(">I", 13), chunk, struct.pack(">I", zlib.crc32(chunk))]
        + [struct.pack(">I", len(data)), idat, struct.pack(">I", zlib.crc32(idat))]
    )
