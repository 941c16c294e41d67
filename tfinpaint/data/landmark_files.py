"""Files of five facial points per picture: `.npz` and `.csv`."""

import codecs
import csv
import io
import logging
import os
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.framing import landmark_fault, landmark_misfit

_USUAL_MISFIT = 0.25  # the median of data sets is below 0.07; with all x before all y it is above 0.3
_LOOKED_AT = 200  # faces of a file
_NOT_FOUND = ("", "-", "na", "n/a", "#n/a", "none", "null")  # what programs write for a number that is not there
_COLUMNS = [f"{axis}{point}" for point in range(1, 6) for axis in "xy"]
logger = logging.getLogger(__name__)


def find_landmarks(pictures: Path) -> Path:
    """The landmark file of a folder or zip: beside it with its name, or `landmarks` inside a folder."""
    stems = [pictures / "landmarks", pictures] if pictures.is_dir() else [pictures.with_suffix("")]
    for file in (Path(f"{stem}{suffix}") for stem in stems for suffix in (".npz", ".csv")):
        if file.is_file():
            return file
    raise InputError(
        "`landmarks` must be given, or lie beside the pictures. "
        f"Received: no {stems[-1].name}.npz or .csv beside {str(pictures)!r}."
    )


def read_landmarks(file: str | os.PathLike) -> dict[str, np.ndarray]:
    """Name -> `(5, 2)` points in pixels, of an `.npz` (`name`, `landmarks`) or a `.csv` (name, x1, y1, ..., x5, y5).

    Points that nobody found may be NaN or empty cells; `tfinpaint.framing.landmark_fault` says so of them.

    Raises:
        InputError: it is no such file, names a picture twice, or holds the numbers in another order.
    """
    file = Path(file)
    try:
        names, points = (_read_npz if file.suffix == ".npz" else _read_csv)(file)
    except (OSError, EOFError, KeyError, TypeError, ValueError, IndexError, zipfile.BadZipFile) as error:
        raise InputError(
            "`landmarks` must be an .npz with arrays name (n,) and landmarks (n, 5, 2) or a .csv with columns "
            f"name,x1,y1,...,x5,y5. Received: {str(file)!r} ({type(error).__name__}: {error})."
        ) from error
    if points.shape != (len(names), 5, 2) or not (np.isfinite(points).all((1, 2)).any() or not names):
        raise InputError(
            "`landmarks` must hold five finite points (x, y) per name. "
            f"Received: {len(names)} names and points of shape {points.shape} in {str(file)!r}."
        )
    _check_order(file, points)
    found = dict(zip(names, points, strict=True))
    if len(found) < len(names):
        for name, five in zip(names, points, strict=True):
            if not np.array_equal(found[name], five, equal_nan=True):
                raise InputError(f"`landmarks` must name each picture once. Received: {name!r} twice in {str(file)!r}.")
    return found


def _check_order(file: Path, points: np.ndarray) -> None:
    """Refuses a file most of whose faces look as if their numbers stood in another order, though each might be one."""
    misfits = [landmark_misfit(five) for five in points[:_LOOKED_AT] if landmark_fault(five) is None]
    if len(misfits) > 2 and np.median(misfits) > _USUAL_MISFIT:
        raise InputError(
            "`landmarks` must hold x and y of each point together, x1,y1,x2,y2,...: eyes, nose, corners of the mouth, "
            f"each pair from the left. Received: {str(file)!r}, where most points form no face; all x before all y?"
        )


def read_corners(file: str | os.PathLike) -> dict[str, np.ndarray]:
    """Name -> the corners `(4, 2)` of the true part of each picture, of an `.npz` of landmarks that has them as `quad`.

    Pictures that were aligned before may have a made-up border. A file without corners gives none.
    """
    file = Path(file)
    if file.suffix != ".npz":
        return {}
    with np.load(file, allow_pickle=False) as arrays:
        if "quad" not in arrays.files:
            return {}
        corners = arrays["quad"].astype(np.float32)
    names = list(read_landmarks(file))
    if corners.shape != (len(names), 4, 2) or not np.isfinite(corners).all():
        raise InputError(
            "`quad` must hold four finite corners (x, y) per name. "
            f"Received: {len(names)} names and corners of shape {corners.shape} in {str(file)!r}."
        )
    return dict(zip(names, corners, strict=True))


def _read_npz(file: Path) -> tuple[list[str], np.ndarray]:
    with np.load(file, allow_pickle=False) as arrays:
        names = (
            name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else str(name)
            for name in arrays["name"].tolist()
        )
        return list(names), arrays["landmarks"].astype(np.float32)


def _read_csv(file: Path) -> tuple[list[str], np.ndarray]:
    """Also as spreadsheets write it: in UTF-16, with semicolons or tabs and decimal commas, blanks, empty lines."""
    data = file.read_bytes()
    wide = data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text = data.decode("utf-16") if wide else data.decode("utf-8-sig", "surrogateescape")
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep="):  # for spreadsheets of another country
        first, text = first[4:5], rest
    delimiter = next((mark for mark in ";\t" if mark in first), ",")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    header = rows[0] if rows else []
    columns = [cell.strip().lower() for cell in header]
    padded = any(cell != cell.strip() for cell in header)  # else a blank belongs to the name
    places = [columns.index(column) for column in _COLUMNS]
    numbers = [[row[place].strip() for place in places] for row in rows[1:]]
    if delimiter != ",":
        numbers = [[number.replace(",", ".") for number in row] for row in numbers]
    points = np.array([[_number(cell) for cell in row] for row in numbers], np.float32)
    names = [row[columns.index("name")] for row in rows[1:]]
    return [name.strip() for name in names] if padded else names, points.reshape(-1, 5, 2)


def _number(cell: str) -> float:
    return float("nan" if cell.lower() in _NOT_FOUND else cell)


def rows_of(names: Sequence[str], rows: Iterable[str], place: str | os.PathLike) -> dict[str, str]:
    """Name of a picture -> name of its row in a table of landmarks; a warning counts the pictures that have none.

    A row has the picture's whole name or that of the file alone; if there is none, one that is the same but for how
    accents are stored (as one character or two, in UTF-8 or as Windows writes tables).

    Args:
        names: of the pictures, with forward slashes.
        rows: their names.
        place: of the pictures, for sentences.

    Raises:
        InputError: a row that names a file alone could belong to several pictures.
    """
    rows, found = dict.fromkeys(rows), {}
    exact = {row for name in names for row in (name, _file(name)) if row in rows}
    counts = Counter(map(_plain, rows))
    alike = {_plain(row): row for row in rows if row not in exact and counts[_plain(row)] == 1}
    for name in names:
        ways = [(rows, name), (rows, _file(name)), (alike, _plain(name)), (alike, _plain(_file(name)))]
        for known, key in ways:
            if key in known:
                found[name] = key if known is rows else alike[key]
                break
    _check_shared(found)
    if found and (left := [name for name in names if name not in found]):
        used = set(found.values())
        unused = [row for row in rows if row not in used]
        more = f"; {len(unused)} names in the landmarks are no picture, such as {unused[0]!r}" if unused else ""
        said = "%d of %d pictures in %s have no landmarks and are left out, such as %r%s."
        logger.warning(said, len(left), len(names), place, left[0], more)
    return found


def _check_shared(found: dict[str, str]) -> None:
    """Refuses rows that several pictures have, which then differ in their folders."""
    shared = next((row for row, count in Counter(found.values()).items() if count > 1), None)
    if shared is not None:
        pictures = [name for name, row in found.items() if row == shared]
        raise InputError(
            "`landmarks` must name pictures with their folders where several have one name. "
            f"Received: {shared!r}, which is {pictures[0]} and {pictures[1]}."
        )


def _file(name: str) -> str:
    return PurePosixPath(name).name


def _plain(name: str) -> str:
    """A name with accents as one character, whatever encoding it was written in."""
    data = name.encode("utf-8", "surrogateescape")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return unicodedata.normalize("NFC", text)
