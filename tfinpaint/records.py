"""Records beside numbers and weights: everything that they depend on, written whole or not at all."""

import contextlib
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tfinpaint.files import sha256, write_whole

_PACKAGES = ("tfinpaint", "tensorflow", "keras", "jax", "numpy", "opencv-python-headless")


def environment() -> dict[str, str]:
    """Versions of what computes the numbers."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return versions


def hardware() -> dict[str, str | int]:
    """What the numbers were computed on: the kind of machine and its number of cores, no name of its own."""
    return {"machine": platform.machine(), "system": platform.system(), "cores": os.cpu_count() or 1}


def git_revision(folder: str | os.PathLike | None = None) -> str | None:
    """The commit of the checkout that holds this package (or `folder`), with a `+` where files differ from it."""
    folder = Path(folder or __file__).resolve()
    git = ["git", "-C", str(folder if folder.is_dir() else folder.parent)]
    try:
        revision = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout
        changed = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return revision.strip() + ("+" if changed.stdout.strip() else "")


def command(arguments: Iterable[str], program: str = "tfinpaint") -> str:
    """The command line of `program` with file names instead of paths: it is to be read on other machines."""
    return " ".join([program, *(Path(a).name if os.sep in a else a for a in arguments)])


def hashes(paths: Iterable[str | os.PathLike]) -> dict[str, str]:
    """File name -> SHA-256, for the files among `paths` (folders are left out)."""
    return {path.name: sha256(path) for path in map(Path, paths) if path.is_file()}


def write_json(record: Any, path: str | os.PathLike) -> None:
    """Writes a record as JSON; the file appears whole or not at all."""
    write_whole(path, json.dumps(record, indent=1) + "\n")
