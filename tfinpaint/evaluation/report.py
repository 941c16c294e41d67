"""A results file: numbers together with everything that they depend on."""

import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_PACKAGES = ("tfinpaint", "tensorflow", "keras", "numpy", "opencv-python-headless")


def environment() -> dict[str, str]:
    """Versions of what computes the numbers."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed as a package"
    return versions


def command(arguments: Iterable[str]) -> str:
    """The command line with file names instead of paths: it is to be read on other machines."""
    return " ".join(["tfinpaint", *(Path(a).name if os.sep in a else a for a in arguments)])


def hashes(paths: Iterable[str | os.PathLike]) -> dict[str, str]:
    """File name -> SHA-256, for the files among `paths` (folders are left out)."""
    found = {}
    for path in map(Path, paths):
        if path.is_file():
            with open(path, "rb") as file:
                found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def write_json(record: Any, path: str | os.PathLike) -> None:
    """Writes a record as JSON; the file appears whole or not at all."""
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
