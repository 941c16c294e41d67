"""Lists of picture pairs in the format of Labeled Faces in the Wild."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfinpaint.errors import InputError


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
