"""Finished parts of a benchmark on disk, so that an interrupted run goes on where it stopped."""

import hashlib
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tfinpaint.files import whole


class Parts:
    """Arrays by name, each part a file that appears whole or not at all.

    A part is known by what it was computed from: other weights, judges or faces make another part.

    Args:
        folder: holds the files; None keeps nothing.
        key: of what all parts depend on.
    """

    def __init__(self, folder: str | os.PathLike | None, key: str) -> None:
        self._folder, self._key = None if folder is None else Path(folder), key

    def get(self, label: str, key: str, compute: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """The part `label`, from disk or from `compute`; `key` is what it depends on besides."""
        if self._folder is None:
            return compute()
        digest = hashlib.sha256(f"{self._key}\n{key}\n{label}".encode()).hexdigest()[:16]
        path = self._folder / f"{label.replace('/', '-')}-{digest}.npz"
        found = _read(path)
        if found is None:
            found = compute()
            self._folder.mkdir(parents=True, exist_ok=True)
            with whole(path) as part, open(part, "wb") as file:
                np.savez_compressed(file, **found)
        return found


def _read(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of a file; None where there is none or it is damaged, which costs only time."""
    try:
        with np.load(path) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile):
        return None
