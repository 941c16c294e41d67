"""The files that a protocol lists: where each comes from, and whether it is there and the one that is meant."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

from tfinpaint.data.picture_files import pictures_of
from tfinpaint.errors import InputError
from tfinpaint.evaluation.benchmark.protocol import PictureList, Protocol
from tfinpaint.files import sha256

THERE, MISSING = "there", "missing"
_DIGITS = 16


class ListedFile(NamedTuple):
    """A file of a protocol, and what was found of it.

    Attributes:
        path: below the data folder.
        source: where it comes from, in words.
        sha256: of the file; empty for pictures, each of which has a hash of its own.
        state: `"there"`, `"missing"`, or what is wrong with it.
    """

    path: str
    source: str
    sha256: str
    state: str


def data_folder(protocol: Protocol, data: str | Path | None) -> Path:
    """The folder of a protocol's files: `data`, else the one that comes with the package.

    Raises:
        InputError: none comes with it.
    """
    folder = data or protocol.own_data
    if folder is None:
        raise InputError(
            f"`data` must be the folder of the files of {protocol.name}, which do not come with the package. Received: "
            f"None. `tfinpaint benchmark --protocol {protocol.name} --files` names them; public-1 brings its own."
        )
    return Path(folder)


def list_files(protocol: Protocol, data: str | Path) -> list[ListedFile]:
    """Every file that a protocol needs: pictures, then the others.

    Args:
        protocol: see `load_protocol`.
        data: the folder below which they should lie.
    """
    data, lists = Path(data), protocol.sets.values()
    groups = (protocol.worn, protocol.labelled, *protocol.people.values(), protocol.judges)
    files = [(listed.landmarks, listed.landmarks_sha256) for listed in lists]
    files += [file for group in groups for file in group.values()]
    found = [(listed.path, "", _state_of_pictures(data, listed)) for listed in lists]
    found += [(path, digest, _state(data, path, digest)) for path, digest in files]
    return [ListedFile(path, protocol.sources.get(path, ""), digest, state) for path, digest, state in found]


def check_pictures(protocol: Protocol, data: Path, name: str) -> str:
    """Whether the faces of the set `name` below `data` are those that the protocol lists; says "same files".

    Raises:
        InputError: a file is missing or has another hash; names the first ones.
    """
    listed = protocol.sets[name]
    if not (data / listed.path).exists():
        raise InputError(f"`data` must hold {listed.path}, the faces of {name!r}. Received: {data}, without.")
    check_file(data, (listed.landmarks, listed.landmarks_sha256))
    wrong = _wrong_pictures(data, listed)
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
    found = file_hash(data, path)
    if found != digest:
        raise InputError(f"{data / path} must have the SHA-256 {digest}. Received: {found}; fetch the file again.")
    return data / path


def picture_hashes(path: Path, names: set[str]) -> dict[str, str]:
    """Name -> the first 16 digits of the SHA-256 of each of these pictures that a folder or zip has."""
    chosen = [p for p in pictures_of(path) if p.name in names]
    return {p.name: hashlib.sha256(p.read()).hexdigest()[:_DIGITS] for p in chosen}


def file_hash(data: Path, path: Any) -> str:
    """The SHA-256 of a file below `data`.

    Raises:
        InputError: it is not there.
    """
    if not (data / path).is_file():
        raise InputError(f"`data` must hold {path}. Received: {data}, without.")
    return sha256(data / path)


def _wrong_pictures(data: Path, listed: PictureList) -> list[str]:
    found = picture_hashes(data / listed.path, set(listed.images))
    return [name for name, digest in listed.images.items() if found.get(name) != digest]


def _state_of_pictures(data: Path, listed: PictureList) -> str:
    if not (data / listed.path).exists():
        return MISSING
    wrong = len(_wrong_pictures(data, listed))
    return f"{wrong} of {len(listed.images)} pictures missing or with other contents" if wrong else THERE


def _state(data: Path, path: str, digest: str) -> str:
    if not (data / path).is_file():
        return MISSING
    return THERE if file_hash(data, path) == digest else "other contents"
