"""Files of five facial points per picture: `.npz` and `.csv`."""

import codecs
import csv
import io
import os
import zipfile
from pathlib import Path

import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.framing import landmark_fault, landmark_misfit

_USUAL_MISFIT = 0.25  # the median of data sets is below 0.07; with all x before all y it is above 0.3
_LOOKED_AT = 200  # faces of a file
_COLUMNS = [f"{axis}{point}" for point in range(1, 6) for axis in "xy"]


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
    first = text.partition("\n")[0]
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
    points = np.array([[float(number or "nan") for number in row] for row in numbers], np.float32)
    names = [row[columns.index("name")] for row in rows[1:]]
    return [name.strip() for name in names] if padded else names, points.reshape(-1, 5, 2)
