"""Makes a protocol of the pictures at hand, and checks that the pictures at hand are a protocol's."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tfinpaint.data.landmark_files import find_landmarks
from tfinpaint.data.picture_files import pictures_of
from tfinpaint.errors import InputError
from tfinpaint.evaluation.benchmark.drawing import look_of
from tfinpaint.evaluation.benchmark.protocol import PictureList, Protocol
from tfinpaint.files import sha256

HELD_OUT_SEED = 90_001  # no training of the zoo draws with it
HOW = (
    "OpenCV's JPEG decoder; similarity of five landmarks to tfinpaint's template, averaged where it shrinks and cubic "
    "where it grows; RGB, 8 bits; occlusions drawn by tfinpaint.data.occlude without shuffling or flipping"
)
_DIGITS = 16
_FEWEST = 2


def freeze(
    name: str,
    data: str | Path,
    sets: Mapping[str, str] | Sequence[str],
    kinds: Iterable[str],
    *,
    side: int = 128,
    seed: int = HELD_OUT_SEED,
    batch: int = 32,
    worn: Mapping[str, str] | None = None,
    labelled: Mapping[str, str] | None = None,
    people: Mapping[str, Mapping[str, str]] | None = None,
    judges: Mapping[str, str] | None = None,
) -> Protocol:
    """Lists the pictures with their hashes, draws the first and last batches and notes what they look like.

    Args:
        name: with its version, such as `faces-1`.
        data: folder below which all paths lie.
        sets: name -> path of a folder or zip of faces with landmarks beside it.
        kinds: names of the occlusions.
        side: of the aligned faces in pixels.
        seed: of the occlusions.
        batch: faces a batch.
        worn: name -> path of a zip of photos of really worn masks.
        labelled: name -> path of a zip of photos with labels.
        people: name -> paths of `images`, `landmarks` and `pairs` of a verification set.
        judges: `likeness`, `landmarks`, `features` -> paths of the networks that judge.

    Raises:
        InputError: no face, one face only, an unknown kind, a file that is missing.
    """
    from tfinpaint.data import load_faces, occlusions

    data, kinds = Path(data), tuple(kinds)
    lists = {}
    for label, path in sets.items():
        faces = load_faces(data / path, size=side)
        if len(faces) < _FEWEST:
            raise InputError(f"`sets` must hold {_FEWEST} faces or more each. Received: {len(faces)} in {path}.")
        drawn = {k: look_of(faces, occlusions.get(k), seed=seed, batch_size=batch) for k in kinds}
        landmarks = find_landmarks(data / path).relative_to(data).as_posix()
        hashes = _picture_hashes(data / path, set(faces.names))
        lists[label] = PictureList(path, landmarks, _sha256(data, landmarks), hashes, drawn)
    files = {
        key: {label: (path, _sha256(data, path)) for label, path in (paths or {}).items()}
        for key, paths in (("worn", worn), ("labelled", labelled), ("judges", judges))
    }
    persons = {
        label: {role: (path, _sha256(data, path)) for role, path in paths.items()}
        for label, paths in (people or {}).items()
    }
    return Protocol(name, side, seed, batch, kinds, lists, **files, people=persons, how=HOW)


def check_pictures(protocol: Protocol, data: Path, name: str) -> str:
    """Whether the faces of the set `name` below `data` are those that the protocol lists; says "same files".

    Raises:
        InputError: a file is missing or has another hash; names the first ones.
    """
    listed = protocol.sets[name]
    if not (data / listed.path).exists():
        raise InputError(f"`data` must hold {listed.path}, the faces of {name!r}. Received: {data}, without.")
    check_file(data, (listed.landmarks, listed.landmarks_sha256))
    found = _picture_hashes(data / listed.path, set(listed.images))
    wrong = [n for n, digest in listed.images.items() if found.get(n) != digest]
    if wrong:
        raise InputError(
            f"The pictures of {name!r} must be those that {protocol.name} lists. Received: {len(wrong)} of "
            f"{len(listed.images)} missing or with other contents in {data / listed.path}, such as {wrong[0]}."
        )
    return "same files"


def check_file(data: Path, file: tuple[str, str]) -> Path:
    """The path of a protocol's file below `data`, if it is there and has its hash.

    Raises:
        InputError: it is missing or has another hash.
    """
    path, digest = file
    found = _sha256(data, path)
    if found != digest:
        raise InputError(f"{data / path} must have the SHA-256 {digest}. Received: {found}; fetch the file again.")
    return data / path


def _picture_hashes(path: Path, names: set[str]) -> dict[str, str]:
    chosen = [p for p in pictures_of(path) if p.name in names]
    return {p.name: hashlib.sha256(p.read()).hexdigest()[:_DIGITS] for p in chosen}


def _sha256(data: Path, path: Any) -> str:
    if not (data / path).is_file():
        raise InputError(f"`data` must hold {path}. Received: {data}, without.")
    return sha256(data / path)
