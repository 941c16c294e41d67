"""Lists of picture pairs in the format of Labeled Faces in the Wild, and the pictures that they name."""

import os
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from tqdm import tqdm

from tfinpaint.data.landmark_files import find_landmarks, read_landmarks
from tfinpaint.data.picture_files import PictureFile, pictures_of
from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.evaluation.protocols.embedders import Embedder
from tfinpaint.framing import landmark_fault

_AT_ONCE = 256  # pictures in memory together


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of pictures, each of one person or of two, in folds that share no person.

    Attributes:
        names: the pictures, each once, such as `Name_0001.jpg`, in order of first use.
        first: `(n,)` places in `names` of each pair's first picture.
        second: `(n,)` of its second.
        same: `(n,)` bool, whether they show one person.
        fold: `(n,)` which fold a pair belongs to, from 0.
    """

    names: tuple[str, ...]
    first: np.ndarray
    second: np.ndarray
    same: np.ndarray
    fold: np.ndarray

    def __len__(self) -> int:
        return len(self.same)

    @property
    def folds(self) -> int:
        """How many folds there are."""
        return len(np.unique(self.fold))

    def take(self, rows: np.ndarray) -> "Pairs":
        """The pairs at `rows` (integers, a slice or booleans), with only the pictures that they need."""
        first, second = self.first[rows], self.second[rows]
        used = np.unique(np.stack([first, second], axis=1)) if len(first) else np.zeros(0, int)
        names = tuple(self.names[i] for i in used)
        places = (np.searchsorted(used, first), np.searchsorted(used, second))
        return Pairs(names, *places, self.same[rows], self.fold[rows])

    def check_names(self, known: Collection[str], where: str) -> None:
        """Refuses a list that names pictures which are not there.

        Args:
            known: the names that there are.
            where: they were looked for, for the message.

        Raises:
            InputError: says how many are missing, which are the first, and `where`.
        """
        missing = sorted(set(self.names) - set(known))
        if missing:
            some = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
            raise InputError(
                f"The pairs must name pictures that are in {where}. Received: {len(missing)} of {len(self.names)} "
                f"that are missing there ({some}); add them, or take the folds that need none of them."
            )


def person(name: str) -> str:
    """Who a picture `Name_0001.jpg` shows: `Name`."""
    return Path(name).stem.rpartition("_")[0]


def read_pairs(path: str | os.PathLike) -> Pairs:
    """Reads a list of pairs.

    The first line says how many folds there are and how many pairs of each kind a fold has (`10<tab>300`; one number
    alone is one fold). Each fold lists its pairs of one person, `Name<tab>1<tab>4`, then those of two,
    `Name<tab>1<tab>Other<tab>2`.

    Args:
        path: of the text file, such as LFW's View 2, `pairs.txt` (10 folds of 300 + 300).

    Raises:
        InputError: no such file, no pairs, another number of lines than the first promises, or a malformed line, which
            the message names by its number.
    """
    try:
        lines = Path(path).read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"`path` must be a list of pairs in LFW's format. Received: {str(path)!r} ({type(error).__name__})."
        ) from None
    while lines and not lines[-1].strip():
        lines.pop()
    folds, half = _head(lines, path)
    if len(lines) - 1 != 2 * folds * half:
        raise InputError(
            f"`path` must hold {folds} folds of {half} + {half} pairs, as its first line says. "
            f"Received: {len(lines) - 1} pairs in {str(path)!r}; mend the first line or fetch the whole file."
        )
    rows = [_row(line, number, path) for number, line in enumerate(lines[1:], 2)]
    place = {name: i for i, name in enumerate(dict.fromkeys(name for pair in rows for name in pair))}
    first, second = np.array([[place[name] for name in pair] for pair in rows]).T
    same = np.array([person(a) == person(b) for a, b in rows])
    expected = np.arange(len(rows)) // half % 2 == 0
    if (same != expected).any():
        row = int(np.argmax(same != expected))
        kind = "one person" if expected[row] else "two people"
        raise _malformed(lines[row + 1], row + 2, path, f"a pair of {kind} belongs there, as the first line says")
    return Pairs(tuple(place), first, second, same, np.arange(len(rows)) // (2 * half))


@dataclass(frozen=True, eq=False)
class PairPictures:
    """Pairs and their pictures, which are read when they are asked for.

    Attributes:
        pairs: the pairs; they count through `names`.
        landmarks: `(n, 5, 2)` float32, in pixels of each picture.
        files: n pictures.
    """

    pairs: Pairs
    landmarks: np.ndarray
    files: tuple[PictureFile, ...]

    def __len__(self) -> int:
        return len(self.files)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the n pictures, such as `Name_0001.jpg`."""
        return self.pairs.names

    @property
    def people(self) -> tuple[str, ...]:
        """Who each picture shows, by its name."""
        return tuple(map(person, self.names))

    @cached_property
    def images(self) -> np.ndarray:
        """All pictures `(n, height, width, 3)`, uint8 RGB; read once.

        Raises:
            InputError: they are not all of one size; take them one by one.
        """
        pictures = self.pictures(range(len(self)))
        sizes = {picture.shape for picture in pictures}
        if len(sizes) > 1:
            raise InputError(f"`images` needs pictures of one size. Received: {len(sizes)} sizes; use `pictures`.")
        return np.stack(pictures)

    def pictures(self, indices: Collection[int]) -> list[np.ndarray]:
        """Some pictures, uint8 RGB.

        Raises:
            ImageFileError: one cannot be decoded.
        """
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(lambda index: _decode(self.files[index]), indices))

    def embed(self, embedder: Embedder, progress: bool = False) -> np.ndarray:
        """The embeddings `(n, d)` of all pictures; a few are in memory at a time."""
        found = []
        for start in tqdm(range(0, len(self), _AT_ONCE), embedder.name, disable=not progress):
            part = range(start, min(start + _AT_ONCE, len(self)))
            found.append(embedder(self.pictures(part), self.landmarks[part.start : part.stop]))
        return np.concatenate(found)


def load_pair_pictures(
    path: str | os.PathLike,
    *,
    pairs: Pairs | str | os.PathLike | None = None,
    landmarks: str | os.PathLike | None = None,
) -> PairPictures:
    """The pictures of a folder or zip that a list of pairs names, with their landmarks.

    Args:
        path: a zip or folder of pictures `Name_0001.jpg`, perhaps in folders, as LFW has them: `Name/Name_0001.jpg`.
        pairs: the list or its file; by default `pairs.txt` inside the folder, or beside folder or zip.
        landmarks: file of the five points of each picture; by default as for `load_faces`.

    Raises:
        InputError: nothing there, a malformed list, or one that names pictures that are missing or have no landmarks.
    """
    path = Path(path)
    if not isinstance(pairs, Pairs):
        pairs = read_pairs(pairs or _find_pairs(path))
    files = {PurePosixPath(file.name).name: file for file in pictures_of(path)}
    pairs.check_names(files, repr(str(path)))
    file = Path(landmarks or find_landmarks(path))
    points = {PurePosixPath(name).name: five for name, five in read_landmarks(file).items()}
    pairs.check_names(points, f"the landmarks {str(file)!r}")
    for name in pairs.names:
        if fault := landmark_fault(points[name]):
            raise InputError(f"The landmarks of {name} in {file} cannot be used: {fault}. Mend them.")
    five = np.stack([points[name] for name in pairs.names]) if pairs.names else np.zeros((0, 5, 2), np.float32)
    return PairPictures(pairs, five, tuple(files[name] for name in pairs.names))


def _head(lines: Sequence[str], path: str | os.PathLike) -> tuple[int, int]:
    """(folds, pairs of each kind in a fold)."""
    numbers = lines[0].split() if lines else []
    if not numbers:
        raise InputError(f"`path` must hold pairs. Received: {str(path)!r}, which is empty.")
    if len(numbers) > 2 or not all(n.isascii() and n.isdigit() for n in numbers):
        raise _malformed(lines[0], 1, path, "the numbers of folds and of pairs of each kind in a fold belong there")
    folds, half = map(int, ["1", *numbers][-2:])
    if not folds * half:
        raise InputError(f"`path` must hold pairs. Received: {lines[0]!r} in line 1 of {str(path)!r}: none.")
    return folds, half


def _row(line: str, number: int, path: str | os.PathLike) -> tuple[str, str]:
    """The names of a pair's two pictures."""
    fields = line.split("\t") if "\t" in line else line.split()
    who = fields[:1] * 2 if len(fields) == 3 else fields[0::2]
    which = fields[1:] if len(fields) == 3 else fields[1::2]
    if len(fields) not in (3, 4) or not all(n.isascii() and n.isdigit() for n in which) or "" in who:
        raise _malformed(line, number, path, "'Name 1 4' or 'Name 1 Other 2', parted by tabs, belongs there")
    first, second = (f"{name}_{int(n):04d}.jpg" for name, n in zip(who, which, strict=True))
    if first == second:
        raise _malformed(line, number, path, "a picture cannot be paired with itself")
    return first, second


def _malformed(line: str, number: int, path: str | os.PathLike, rule: str) -> InputError:
    return InputError(f"Line {number} of {str(path)!r} is malformed: {rule}. Received: {line!r}; mend the line.")


def _find_pairs(path: Path) -> Path:
    places = [path / "pairs.txt", path.parent / "pairs.txt"]
    for place in places:
        if place.is_file():
            return place
    raise InputError(
        f"`pairs` must be given, or lie beside the pictures as pairs.txt. Received: none by {str(path)!r}."
    )


def _decode(file: PictureFile) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(file.read() or b"\0", np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ImageFileError(f"The picture {file.name} cannot be decoded.")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
