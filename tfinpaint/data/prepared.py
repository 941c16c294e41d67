"""A prepared folder: TFRecord shards of aligned faces and the manifest that describes and checks them.

Each record is a `tf.train.Example`: `image` (the crop, PNG or JPEG), `valid` (grey PNG, 255 where a pixel is the
photo's and not a mirrored border), `landmarks` (x1, y1, ..., y5 in pixels of the crop), `matrix` (2 x 3, row by row,
from the photo's points to the crop's), `name` (of the photo, `#2` for its second face), `identity` (empty if unknown),
and, if so prepared, `uv` (the dense field; see `stored_uv`).
"""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from tfinpaint.data.face_set import FaceSet
from tfinpaint.data.framing import align_picture
from tfinpaint.data.shards import MANIFEST, check_file
from tfinpaint.errors import InputError
from tfinpaint.framing import template_points

KIND, FORMAT = "tfinpaint faces", 1
UNFINISHED = "unfinished.json"  # stands in a folder as long as its manifest does not
_STORED = "wide"  # the framing of the stored faces


def is_prepared(path: Path) -> bool:
    """Whether this is a folder that `tfinpaint prepare` wrote or is writing; others write manifests, too."""
    manifest = path / MANIFEST
    if (path / UNFINISHED).is_file() or not manifest.is_file():
        return (path / UNFINISHED).is_file()
    return any(path.glob("*.tfrecord")) or KIND.encode() in manifest.read_bytes()


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a prepared folder.

    Raises:
        InputError: there is none yet, it is damaged, or of another kind or a newer format.
    """
    path = folder / MANIFEST
    if not path.is_file() and (folder / UNFINISHED).is_file():
        raise InputError(f"{str(folder)!r} must be finished: run the same `tfinpaint prepare` again; it goes on there.")
    try:
        manifest = json.loads(path.read_text("utf-8"))
        if manifest.get("kind") != KIND:
            raise ValueError(f"it is not of the kind {KIND!r}")
        if manifest["format"] != FORMAT:
            raise ValueError(f"format {manifest['format']}, this version reads {FORMAT}")
        return manifest | {key: manifest[key] for key in ("size", "faces", "shards", "options", "sources")}
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise InputError(
            f"A prepared folder must have the whole {MANIFEST} that `tfinpaint prepare` wrote. "
            f"Received: {str(path)!r} ({type(error).__name__}: {error})."
        ) from None


def load_prepared(
    folder: Path,
    *,
    size: int,
    framing: str = "wide",
    jitter: float = 0.0,
    seed: int = 0,
    identities: bool = False,
    limit: int | None = None,
    progress: bool = False,
) -> FaceSet:
    """The faces of a prepared folder in order; at its own size, wide and without jitter they are the stored pixels.

    Otherwise the stored framing is kept, scaled and jittered; for another framing the stored pictures are aligned anew
    by their points. See `load_faces`.
    """
    manifest = read_manifest(folder)
    if identities and not manifest["options"].get("identities"):
        raise InputError(f"{str(folder)!r} must know identities: prepare it again with --identities.")
    own, total = manifest["size"], manifest["faces"]
    total = total if limit is None else min(total, limit)
    images, valid = np.empty((total, size, size, 3), np.uint8), np.empty((total, size, size, 1), np.uint8)
    points, anchors = np.empty((total, 5, 2), np.float32), template_points(own) if framing == _STORED else None
    names, people = [""] * total, [""] * total

    def load(index: int, record: bytes) -> None:
        face = decode_example(record)
        names[index], people[index] = face["name"], face["identity"]
        picture, known, five = face["image"], face["valid"], face["landmarks"]
        if size != own or jitter or framing != _STORED:
            rng, how = np.random.default_rng([seed, index]), {"anchors": anchors, "known": known, "framing": framing}
            picture, five, known = align_picture(picture, five, size, jitter, rng, **how)
        images[index], points[index], valid[index] = picture, five, known.reshape(size, size, 1)

    each_record(folder, manifest, total, load, progress=progress)
    known = tuple(people) if manifest["options"].get("identities") else None
    return FaceSet(images, points, valid, tuple(names), identities=known)


def each_record(
    folder: Path, manifest: dict[str, Any], total: int, load: Callable[[int, bytes], Any], *, progress: bool = False
) -> None:
    """Checks the shards, then calls `load(index, record)` for the first `total` records, in several threads.

    Raises:
        InputError: a shard is missing or differs from what the manifest says, or there is no TensorFlow.
    """
    for shard in manifest["shards"]:
        check_file(folder / shard["name"], shard)
    with ThreadPoolExecutor(os.cpu_count()) as pool, tqdm(desc=folder.name, total=total, disable=not progress) as bar:
        for block in _blocks(folder, manifest, total):
            for _ in pool.map(lambda item: load(*item), block):
                bar.update()


def encode_example(
    image: bytes,
    valid: bytes,
    landmarks: np.ndarray,
    matrix: np.ndarray,
    name: str,
    identity: str,
    uv: bytes | None = None,
) -> bytes:
    """One record; see the head of this file."""
    import tensorflow as tf

    def text(value: bytes) -> Any:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    def numbers(values: np.ndarray) -> Any:
        return tf.train.Feature(float_list=tf.train.FloatList(value=np.ravel(values).tolist()))

    feature = {
        "image": text(image),
        "valid": text(valid),
        "name": text(name.encode("utf-8", "surrogateescape")),
        "identity": text(identity.encode("utf-8", "surrogateescape")),
    }
    feature |= {"landmarks": numbers(landmarks), "matrix": numbers(matrix)}
    if uv is not None:
        feature["uv"] = text(uv)
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    return example.SerializeToString(deterministic=True)


def decode_example(record: bytes) -> dict[str, Any]:
    """What `encode_example` was given, but `uv`; `image` `(size, size, 3)` and `valid` `(size, size)` as uint8."""
    import tensorflow as tf

    feature = tf.train.Example.FromString(record).features.feature
    values = {key: feature[key].bytes_list.value[0] for key in ("image", "valid", "name", "identity")}
    picture = cv2.imdecode(np.frombuffer(values["image"], np.uint8), cv2.IMREAD_COLOR)
    valid = cv2.imdecode(np.frombuffer(values["valid"], np.uint8), cv2.IMREAD_GRAYSCALE)
    return {
        "image": cv2.cvtColor(picture, cv2.COLOR_BGR2RGB),
        "valid": (valid > 127).astype(np.uint8),
        "landmarks": np.array(feature["landmarks"].float_list.value, np.float32).reshape(5, 2),
        "matrix": np.array(feature["matrix"].float_list.value, np.float32).reshape(2, 3),
        "name": values["name"].decode("utf-8", "surrogateescape"),
        "identity": values["identity"].decode("utf-8", "surrogateescape"),
    }


def _blocks(folder: Path, manifest: dict[str, Any], total: int) -> Iterator[list[tuple[int, bytes]]]:
    """The numbered records of one shard after the other."""
    try:
        import tensorflow as tf
    except ModuleNotFoundError:
        raise InputError(
            f"{str(folder)!r} holds TFRecords, which need TensorFlow; use `tfinpaint pack` instead."
        ) from None
    start = 0
    for shard in manifest["shards"]:
        if start >= total:
            return
        file = os.fsencode(folder / shard["name"])  # TensorFlow takes text for UTF-8
        records = tf.data.TFRecordDataset(file).take(total - start).as_numpy_iterator()
        block = list(enumerate(records, start))
        yield block
        start += len(block)
