"""One shard of a prepared folder: written whole or not at all, with a note that says which photos it holds."""

import contextlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfinpaint import records
from tfinpaint.data.photo_faces import PhotoFaceReader
from tfinpaint.data.picture_files import PictureFile, fingerprint
from tfinpaint.errors import ImageFileError
from tfinpaint.files import sha256, whole


@dataclass(frozen=True)
class PhotoItem:
    """A photo with the name of its source, and the name and identity that its faces get."""

    source: str
    picture: PictureFile
    name: str
    identity: str


def make_shard(
    out: Path,
    number: int,
    items: Sequence[PhotoItem],
    reader: PhotoFaceReader,
    pool: ThreadPoolExecutor,
    on_bad: str,
    advance: Callable[[int], Any],
) -> dict[str, Any]:
    """Writes the shard of these photos unless it is there.

    Returns:
        The note on it: `photos` (a fingerprint), `count`, `bad` (rows of source, photo, kind, reason) and `shard` (what
        the manifest says of the file; None where no photo shows a face, and there is no file).

    Raises:
        ImageFileError: a photo is bad and `on_bad` is `"stop"`.
    """
    path, note_path = out / f"faces-{number:05}.tfrecord", out / f"faces-{number:05}.json"
    photos = fingerprint(PictureFile(f"{i.source}/{i.name}", i.picture.stamp, i.picture.read) for i in items)
    note = _note(note_path, photos)
    if note and (on_bad == "skip" or not note["bad"]):
        advance(len(items))
        return note
    found, bad = [], []
    results = [pool.submit(reader, item.picture, item.name, item.identity) for item in items]
    try:
        for item, result in zip(items, results, strict=True):
            faces = result.result()
            advance(1)
            if faces.kind and on_bad == "stop":
                raise ImageFileError(
                    f"The photo {item.picture.name} in {item.source} cannot be used ({faces.reason.rstrip('.')}); mend "
                    "or remove it and run the same again, or skip bad photos (--on-bad skip)."
                )
            if faces.kind:
                bad.append([item.source, item.picture.name, faces.kind, faces.reason])
            found.extend(faces.records)
    finally:
        for result in results:  # whatever ends the run early ends it now
            result.cancel()
    note_path.unlink(missing_ok=True)
    note = {"photos": photos, "count": len(items), "bad": bad, "shard": _write(path, found) if found else None}
    records.write_json(note, note_path)
    return note


def _note(path: Path, photos: str) -> dict[str, Any] | None:
    """What stands beside a shard, if it is of these photos."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        note = json.loads(path.read_text("utf-8"))
        shard = note["shard"]
        whole = shard is None or (path.parent / shard["name"]).stat().st_size == shard["bytes"]
        return note if whole and note["photos"] == photos else None
    return None


def _write(path: Path, found: Sequence[bytes]) -> dict[str, Any]:
    import tensorflow as tf

    with whole(path) as part:
        with tf.io.TFRecordWriter(str(part)) as writer:
            for record in found:
                writer.write(record)
        return {"name": path.name, "faces": len(found), "bytes": part.stat().st_size, "sha256": sha256(part)}
