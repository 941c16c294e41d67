"""What is measured on, frozen: which pictures, what hides them, and how to see that another machine has the same."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tfinpaint.errors import InputError

SUFFIX = ".json"
FORMAT = 1


@dataclass(frozen=True)
class Drawn:
    """What the first and the last batch of occluded faces look like.

    Attributes:
        sha256: of the bytes of both batches.
        means: grey levels of 4 x 4 blocks of each picture of both batches, as hexadecimal digits: where other
            hardware rounds a few pixels otherwise, these stay the same within two levels.
    """

    sha256: str
    means: str


@dataclass(frozen=True)
class PictureList:
    """Faces with landmarks.

    Attributes:
        path: of the folder or zip of pictures, below the data folder.
        landmarks: of the file of landmarks, below the data folder.
        landmarks_sha256: of that file.
        images: name -> the first 16 digits of the SHA-256 of each picture's file.
        drawn: kind of occlusion -> what its batches look like.
    """

    path: str
    landmarks: str
    landmarks_sha256: str
    images: Mapping[str, str]
    drawn: Mapping[str, Drawn] = field(default_factory=dict)


@dataclass(frozen=True)
class Protocol:
    """A versioned benchmark.

    Attributes:
        name: with its version, such as `faces-1`; numbers of two versions are not comparable.
        side: of the aligned faces in pixels.
        seed: of the occlusions; face k of a set gets the occlusion `(seed, k)`.
        batch: faces a batch.
        kinds: names of the occlusions (`tfinpaint.data.occlusions.get`).
        sets: name -> faces to hide.
        worn: name -> (path, SHA-256) of photos of really worn masks.
        labelled: name -> (path, SHA-256) of photos with labelled masks.
        people: name -> files of a verification set (`images`, `landmarks`, `pairs`) with their SHA-256; the first of
            `kinds` hides the second picture of each pair.
        judges: `likeness`, `landmarks`, `features` -> (path, SHA-256) of the networks that judge.
        how: decoder, alignment and resize, in words.
        sources: path -> where that file comes from, in words; no part of `sha256`.
    """

    name: str
    side: int
    seed: int
    batch: int
    kinds: tuple[str, ...]
    sets: Mapping[str, PictureList]
    worn: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    labelled: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    people: Mapping[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict)
    judges: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    how: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Of everything that is measured on, 64 hexadecimal digits."""
        measured = {key: value for key, value in asdict(self).items() if key != "sources"}
        return hashlib.sha256(json.dumps(measured, sort_keys=True).encode()).hexdigest()

    @property
    def own_data(self) -> Path | None:
        """The folder of the files that come with the package; None where the protocol brings none."""
        folder = Path(__file__).with_name(self.name)
        return folder if folder.is_dir() else None

    def chosen(self, kinds: Iterable[str] | None, sets: Iterable[str] | None) -> tuple[list[str], list[str]]:
        """The kinds, and the sets of faces, photos and people to run, in the protocol's order; all where None.

        Raises:
            InputError: one that the protocol does not have.
        """
        known = [*self.sets, *self.people, *self.worn, *self.labelled]
        return _some("kinds", kinds, self.kinds), _some("sets", sets, known)


def load_protocol(name: str | os.PathLike) -> Protocol:
    """A protocol that comes with the package (`faces-1`, `public-1`) or of a file that `save_protocol` wrote.

    Raises:
        InputError: there is none of that name, or the file is no protocol.
    """
    path = Path(name) if str(name).endswith(SUFFIX) else Path(__file__).with_name(f"{name}{SUFFIX}")
    if not path.is_file():
        known = sorted(p.stem for p in Path(__file__).parent.glob(f"*{SUFFIX}"))
        raise InputError(f"`protocol` must be one of {', '.join(known)} or a file. Received: {str(name)!r}.")
    try:
        return _from_json(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"`protocol` must be a file that a frozen benchmark was written to. Received: {path} "
            f"({type(error).__name__}: {error})."
        ) from error


def save_protocol(protocol: Protocol, path: str | os.PathLike) -> None:
    """Writes a protocol as JSON; the file appears whole or not at all."""
    from tfinpaint.records import write_json

    write_json({"format": FORMAT, **asdict(protocol)}, path)


def _from_json(record: dict[str, Any]) -> Protocol:
    if record.pop("format", None) != FORMAT:
        raise ValueError(f"its format must be {FORMAT}")
    sets = {
        name: PictureList(**{**listed, "drawn": {k: Drawn(**d) for k, d in listed["drawn"].items()}})
        for name, listed in record["sets"].items()
    }
    pairs = {key: {n: tuple(v) for n, v in record[key].items()} for key in ("worn", "labelled", "judges")}
    people = {n: {k: tuple(v) for k, v in files.items()} for n, files in record["people"].items()}
    return Protocol(**{**record, **pairs, "people": people, "kinds": tuple(record["kinds"]), "sets": sets})


def _some(argument: str, wanted: Iterable[str] | None, known: Iterable[str]) -> list[str]:
    known, wanted = list(known), None if wanted is None else list(wanted)
    unknown = [name for name in wanted or () if name not in known]
    if unknown:
        raise InputError(f"`{argument}` must be some of {', '.join(known)}. Received: {', '.join(unknown)}.")
    return [name for name in known if wanted is None or name in wanted]
