"""Dense fields beside the faces of a prepared folder, in one 16-bit PNG each.

Its red, green and blue are u, v and validity as IEEE half floats, bit by bit: what `uv_fields` computes comes back
exactly, in less room than u and v scaled to 65535 would take, because half floats carry fewer bits.
"""

import os
from pathlib import Path

import cv2
import numpy as np

from tfinpaint.data.prepared import each_record, read_manifest
from tfinpaint.errors import InputError

_COMPRESSION = [cv2.IMWRITE_PNG_COMPRESSION, 3]  # 6 takes twice as long and saves a tenth


def load_uv(
    folder: str | os.PathLike, *, limit: int | None = None, progress: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """The dense fields of a folder that `tfinpaint prepare --uv` wrote, in the order of its faces.

    They are those of the stored framing: load the faces at the folder's own size and without jitter. For any other
    framing compute them anew, `uv_fields(faces, GenericHead())`.

    Args:
        folder: the prepared folder; its files are checked against its manifest.
        limit: at most so many, as for `load_faces`.
        progress: show a progress bar.

    Returns:
        `uv` float16 `(n, size, size, 2)` in [0, 1] and `valid` uint8 `(n, size, size, 1)`, 1 where the field is
        defined: bit for bit what `uv_fields` gives for the stored faces, and what `occlude(..., uv=...)` takes.

    Raises:
        InputError: the folder was prepared without `--uv`, or is unfinished, damaged or of another kind.

    Example:
        faces = load_faces("faces_128", size=128)
        batches = occlude(faces, FaceMask(), batch_size=16, uv=load_uv("faces_128"))
    """
    import tensorflow as tf

    folder = Path(folder)
    manifest = read_manifest(folder)
    if not manifest["options"].get("uv"):
        raise InputError(f"{str(folder)!r} must hold dense fields: prepare it into a new folder with --uv.")
    total, size = manifest["faces"], manifest["size"]
    total = total if limit is None else min(total, limit)
    uv, valid = np.empty((total, size, size, 2), np.float16), np.empty((total, size, size, 1), np.uint8)

    def load(index: int, record: bytes) -> None:
        feature = tf.train.Example.FromString(record).features.feature
        uv[index], valid[index] = decode_uv(feature["uv"].bytes_list.value[0])

    each_record(folder, manifest, total, load, progress=progress)
    return uv, valid


def encode_uv(uv: np.ndarray, valid: np.ndarray) -> bytes:
    """One PNG of a field, `uv` `(height, width, 2)` and `valid` `(height, width, 1)`; see the head of this file."""
    halves = np.dstack([np.where(valid > 0, uv, 0), valid > 0]).astype(np.float16)
    return cv2.imencode(".png", halves.view(np.uint16)[..., ::-1], _COMPRESSION)[1].tobytes()  # OpenCV: blue first


def decode_uv(png: bytes) -> tuple[np.ndarray, np.ndarray]:
    """What `encode_uv` was given: `uv` float16 `(height, width, 2)`, `valid` uint8 `(height, width, 1)`, 0 or 1."""
    bits = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1]
    halves = np.ascontiguousarray(bits).view(np.float16)
    return halves[..., :2], halves[..., 2:].astype(np.uint8)
