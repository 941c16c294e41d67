"""Photos of any size -> a prepared folder: TFRecord shards of aligned faces with a manifest.

The photos, in order of source and name, are dealt into shards. A shard is written whole or not at all, and a note
beside it says which photos it holds; so a run that was killed goes on behind its last whole shard, and ends with the
same bytes as one that was left alone, whatever the number of workers. The manifest comes last and makes the folder
readable.
"""

import contextlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tfinpaint import records
from tfinpaint.data.photo_faces import PhotoFaceReader
from tfinpaint.data.picture_files import PictureFile, check_choice, fingerprint, pictures_of
from tfinpaint.data.prepared import FORMAT, KIND, UNFINISHED, read_manifest
from tfinpaint.data.shards import MANIFEST
from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.faces import Detector
from tfinpaint.files import csv_bytes, remove_parts, sha256, whole, write_whole

REPORT = "report.csv"


def prepare_faces(
    sources: Iterable[str | os.PathLike],
    out: str | os.PathLike,
    *,
    size: int = 128,
    faces: str = "largest",
    detector: str | Callable[[], Detector] = "yunet",
    image_format: str = "png",
    quality: int = 95,
    min_face: int = 32,
    identities: bool = False,
    uv: bool = False,
    first_picture: bool = False,
    on_bad: str = "skip",
    shard_photos: int = 500,
    workers: int | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Finds the faces of photos, aligns them and writes them for `load_faces`. An unfinished folder is gone on with.

    Args:
        sources: folders (searched below them, too) and zips of photos.
        out: the folder to write; one that is finished with the same options and photos is left as it is.
        size: side of the crops in pixels.
        faces: `"largest"` or `"all"` of a photo.
        detector: `"yunet"`, `"mtcnn"`, or a function that makes a `Detector`.
        image_format: `"png"` or `"jpeg"`, of the crops.
        quality: of JPEG, 1 to 100.
        min_face: least width of a face in pixels of the photo.
        identities: whether the folder that a photo lies in names the person.
        uv: whether each record also holds the dense field of the generic head (`GenericHead`), for `load_uv`.
        first_picture: whether files of several pictures (animations, pages) count, by their first.
        on_bad: `"skip"` leaves out photos that cannot be read or show no large enough face, and lists them in
            `report.csv`; `"stop"` ends the run at the first, which can be gone on with.
        shard_photos: so many photos become one shard.
        workers: threads, each with its own detector. By default one for each processor, or one alone for mtcnn, whose
            TensorFlow spreads over all processors by itself.
        progress: show a progress bar.

    Returns:
        The manifest, with `faces`, `photos`, `bad` (kind -> count) and `shards`.

    Raises:
        InputError: an argument cannot be used, the folder was begun with other options or photos, cannot be written, or
            no photo shows a face.
        ImageFileError: a photo is bad and `on_bad` is `"stop"`.
    """
    check_choice(on_bad)
    if shard_photos < 1 or (workers is not None and workers < 1):
        raise InputError(
            f"`shard_photos` and `workers` must be at least 1. Received: {shard_photos} and {workers or 'default'}."
        )
    framing = {"size": size, "faces": faces, "image_format": image_format, "quality": quality}
    framing |= {"min_face": min_face, "uv": uv, "first_picture": first_picture}
    reader = PhotoFaceReader(**framing, detector=detector)
    options = framing | {"detector": reader.detector, "identities": identities, "shard_photos": shard_photos}
    items, described = _items([Path(source) for source in sources], identities)
    out = Path(out)
    with _sentences(out):
        if (out / MANIFEST).exists():
            return _finished(out, options, described)
        _begin(out, options)
        blocks = [items[i : i + shard_photos] for i in range(0, len(items), shard_photos)]
        workers = workers or (1 if reader.detector == "MTCNNDetector" else os.cpu_count() or 1)
        bar = tqdm(desc="faces", total=len(items), unit="photo", disable=not progress)
        with bar, ThreadPoolExecutor(workers) as pool:
            notes = [make_shard(out, i, block, reader, pool, on_bad, bar.update) for i, block in enumerate(blocks)]
        return _finish(out, options, described, notes)


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


def _items(sources: Sequence[Path], identities: bool) -> tuple[list[PhotoItem], list[dict[str, Any]]]:
    """The photos in order, and what the manifest says of each source: its name, not where it lies."""
    items, described = [], []
    for number, source in enumerate(sources):
        pictures = pictures_of(source)
        label = source.resolve().name
        described.append({"name": label, "photos": len(pictures), "fingerprint": fingerprint(pictures)})
        for picture in pictures:
            if identities and not picture.folder:
                raise InputError(
                    f"`identities` needs a folder for each person. Received: {picture.name!r} in {label!r}, in none."
                )
            name = f"{number}-{source.stem}/{picture.name}" if len(sources) > 1 else picture.name
            items.append(PhotoItem(label, picture, name, picture.folder if identities else ""))
    if not items:
        raise InputError("`sources` must be at least one folder or zip of photos. Received: none.")
    return items, described


def _finished(out: Path, options: dict[str, Any], sources: list[dict[str, Any]]) -> dict[str, Any]:
    """The manifest of a folder that needs nothing more."""
    manifest = read_manifest(out)
    _compare(out, manifest["options"], options)
    if manifest["sources"] != sources:
        raise InputError(f"The photos must be those that {str(out)!r} was made from; give a new folder for others.")
    _clean(out)
    return manifest


def _begin(out: Path, options: dict[str, Any]) -> None:
    """Makes the folder, or goes on with it if it was begun with the same options."""
    out.mkdir(parents=True, exist_ok=True)
    begun = out / UNFINISHED
    if begun.exists():
        try:
            before = dict(json.loads(begun.read_text("utf-8"))["options"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{begun} is damaged ({error}); delete the folder and begin again.") from None
        _compare(out, before, options)
    elif any(out.iterdir()):
        raise InputError(f"`out` must be a new or empty folder, or one to go on with. Received: {str(out)!r}.")
    records.write_json({"kind": KIND, "format": FORMAT, "options": options}, begun)
    remove_parts(out)


def _compare(out: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    before = {"uv": False, "first_picture": False} | before  # older folders do not say
    changed = sorted(key for key in {*before, *now} if before.get(key) != now.get(key))
    if changed:
        was, given = ", ".join(f"{k}={before.get(k)}" for k in changed), ", ".join(f"{k}={now.get(k)}" for k in changed)
        raise InputError(f"{str(out)!r} was begun with {was}. Received: {given}. Give the same again, or a new folder.")


def _finish(out: Path, options: dict, sources: list[dict], notes: Sequence[dict]) -> dict[str, Any]:
    """Writes report and manifest, then removes what was needed to go on."""
    bad = [row for note in notes for row in note["bad"]]
    write_whole(out / REPORT, csv_bytes([["source", "photo", "kind", "reason"], *bad]))
    shards = [note["shard"] for note in notes if note["shard"]]
    if not shards:
        raise InputError(f"No photo shows a face that can be used; {out / REPORT} says why. First: {bad[0][3]}")
    kept = {shard["name"] for shard in shards}
    for path in out.glob("faces-*.tfrecord"):  # of a begun run with more photos
        if path.name not in kept:
            path.unlink()
    manifest = {
        "kind": KIND,
        "format": FORMAT,
        "size": options["size"],
        "faces": sum(shard["faces"] for shard in shards),
        "photos": sum(note["count"] for note in notes),
        "bad": dict(Counter(row[2] for row in bad)),
        "options": options,
        "sources": sources,
        "shards": shards,
        "environment": records.environment(),
    }
    records.write_json(manifest, out / MANIFEST)
    _clean(out)
    return manifest


def _clean(out: Path) -> None:
    for path in (*out.glob("faces-*.json"), out / UNFINISHED):
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _sentences(out: Path):
    """Turns failures to write into one sentence."""
    import tensorflow as tf

    try:
        yield
    except ImageFileError:  # an OSError, too
        raise
    except (OSError, tf.errors.OpError) as error:
        raise InputError(
            f"`out` must be a folder that can be written, with room enough. Received: {out} ({error})."
        ) from None


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
        with tf.io.TFRecordWriter(os.fsencode(part)) as writer:
            for record in found:
                writer.write(record)
        return {"name": path.name, "faces": len(found), "bytes": part.stat().st_size, "sha256": sha256(part)}
