"""PNG files chunk by chunk: 16-bit pictures of any kind are written, and what a photo's own file says is kept."""

import struct
import zlib
from collections.abc import Iterable

import numpy as np

Chunk = tuple[bytes, bytes]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Colour, size and text stay; sample statistics and the time of the last change do not.
_KEPT = (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"pHYs", b"tRNS", b"tEXt", b"zTXt", b"iTXt")
_EARLY = (b"IHDR", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"iCCP")
# Written anew: the tag of the software, and EXIF and XMP in the form of texts.
_REWRITTEN = (b"Software\0", b"Raw profile type exif\0", b"Raw profile type APP1\0", b"XML:com.adobe.xmp\0")


def kept_chunks(data: bytes) -> list[Chunk]:
    """The chunks of a PNG file that its restored picture keeps; that has 8 bits where the file has 2 or 4 of grey."""
    chunks = [(name, body) for name, body in _split(data) if name in _KEPT and not body.startswith(_REWRITTEN)]
    depth, colour = data[24], data[25]
    if colour == 0 and depth in (2, 4):  # the value of grey that is transparent
        whole = 255 // (2**depth - 1)
        chunks = [
            (name, struct.pack(">H", whole * int.from_bytes(body[:2], "big")) if name == b"tRNS" else body)
            for name, body in chunks
        ]
    return chunks


def keep_opaque(samples: np.ndarray, painted: np.ndarray, chunks: Iterable[Chunk]) -> None:
    """Moves painted samples that are by chance the file's transparent value by one level, in place.

    Args:
        samples: `(height, width)` or `(height, width, 3)`, uint8 or uint16: grey or RGB as it will be written.
        painted: `(height, width)` bool.
        chunks: see `kept_chunks`.
    """
    wide = samples[..., None] if samples.ndim == 2 else samples
    through = transparent(samples, chunks)
    if through is not None:
        wide[painted & through, -1] ^= 1


def transparent(samples: np.ndarray, chunks: Iterable[Chunk]) -> np.ndarray | None:
    """Where a file's one transparent value stands, `(height, width)` bool; None where it has no such value.

    Args:
        samples: see `keep_opaque`.
        chunks: see there.
    """
    wide = samples[..., None] if samples.ndim == 2 else samples
    for name, body in chunks:
        if name == b"tRNS" and len(body) == 2 * wide.shape[-1] and wide.dtype != bool:
            return (wide == np.frombuffer(body, ">u2")).all(-1)
    return None


def described(data: bytes, chunks: Iterable[Chunk], *, software: str, exif: bytes, icc: bytes, xmp: bytes) -> bytes:
    """The PNG file `data` with the given chunks, metadata and a `Software` text in it."""
    written = list(_split(data))
    taken = {name for name, _ in written}
    taken |= {b"tRNS"} if b"PLTE" in taken else set()  # a palette's transparency goes with its palette
    added = [(name, body) for name, body in chunks if name not in taken and not (icc and name == b"sRGB")]
    if software:
        added.append((b"tEXt", b"Software\0" + software.encode("latin-1", "replace")))
    if icc:
        added.append((b"iCCP", b"ICC Profile\0\0" + zlib.compress(icc)))
    if exif:
        added.append((b"eXIf", exif.removeprefix(b"Exif\0\0")))
    if xmp:
        added.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
    early = [chunk for chunk in written + added if chunk[0] in _EARLY]
    palette = [chunk for chunk in written if chunk[0] == b"PLTE"]
    late = [chunk for chunk in added if chunk[0] not in _EARLY]
    rest = [chunk for chunk in written if chunk[0] not in (*_EARLY, b"PLTE")]
    return _join(early + palette + late + rest)


def encode_deep(samples: np.ndarray) -> bytes:
    """A PNG file of uint16 samples `(height, width)` or `(height, width, 1 to 4)`."""
    height, width = samples.shape[:2]
    channels = 1 if samples.ndim == 2 else samples.shape[-1]
    rows = samples.astype(">u2").reshape(height, -1).view(np.uint8)
    step = 2 * channels
    filtered = np.empty((height, 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = 1  # the filter "sub": each byte minus the one a pixel before it
    filtered[:, 1 : 1 + step] = rows[:, :step]
    filtered[:, 1 + step :] = rows[:, step:] - rows[:, :-step]
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    return _join([(b"IHDR", header), (b"IDAT", zlib.compress(filtered, 6)), (b"IEND", b"")])


def _split(data: bytes) -> Iterable[Chunk]:
    at = len(_SIGNATURE)
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        yield name, data[at + 8 : at + 8 + size]
        at += 12 + size


def _join(chunks: Iterable[Chunk]) -> bytes:
    parts = [_SIGNATURE]
    for name, body in chunks:
        parts += [struct.pack(">I", len(body)), name, body, struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))]
    return b"".join(parts)
