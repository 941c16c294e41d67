"""Reading one picture's arrays from a folder of `.npz` files."""

import os
import zipfile
from pathlib import Path

import numpy as np

from tfinpaint.errors import InputError


def existing_folder(folder: str | os.PathLike) -> Path:
    """The folder, if it is there."""
    if not Path(folder).is_dir():
        raise InputError(f"`folder` must be a folder of .npz files, one per picture. Received: {os.fspath(folder)!r}.")
    return Path(folder)


def read_arrays(folder: Path, name: str | None, keys: tuple[str, ...]) -> tuple[Path, dict[str, np.ndarray]]:
    """The file of a picture and its numeric arrays, `keys` among them.

    The file of `a/face.jpg` is `a/face.npz` or, if that is not there, `face.npz`.
    """
    if not name:
        raise InputError("`name` must be the picture's file name, because fields are read from files. Received: none.")
    inner = Path(name).with_suffix(".npz")
    file = next((f for f in (folder / inner, folder / inner.name) if f.is_file()), None)
    if file is None:
        raise InputError(f"`folder` must hold {inner.name} for the picture {name}. Received: {folder}, without it.")
    try:
        with np.load(file, allow_pickle=False) as stored:
            missing = [key for key in keys if key not in stored.files]
            if not missing:
                return file, {key: stored[key] for key in stored.files}
            found = ", ".join(stored.files) or "nothing"
    except (OSError, ValueError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{file} must be an .npz of arrays. Received: one that cannot be read ({error}).") from error
    raise InputError(f"{file} must hold the arrays {', '.join(keys)}. Received: {found}.")
