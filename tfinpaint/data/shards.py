"""Many small files in a few archives below a size limit, with a manifest that notices damage."""

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tfinpaint.errors import InputError
from tfinpaint.files import sha256, write_whole

MANIFEST = "manifest.json"
_FORMAT = 1
_PER_MEMBER, _PER_ARCHIVE = 30 + 46, 22  # bytes of a zip's headers, besides the names


class Shards:
    """A folder that `write_shards` and `write_manifest` wrote, checked whole when it is opened.

    Attributes:
        folder: where it is.
        about: what the writer said of it.
        archives: the shards, in order.

    Args:
        folder: of the manifest and the files that it names.

    Raises:
        InputError: the manifest or a file is missing, or a file differs from what the manifest says.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        manifest = _read_manifest(self.folder)
        self.about: dict[str, Any] = manifest["about"]
        for record in manifest["files"]:
            check_file(self.folder / record["name"], record)
        self.archives = [self.folder / r["name"] for r in manifest["files"] if r["name"].startswith("shard-")]
        self._home = {name: path for path in self.archives for name in _members(path)}

    def names(self, prefix: str = "", archive: Path | None = None) -> list[str]:
        """The names of the members (of one archive) that begin with `prefix`, sorted."""
        return sorted(n for n, home in self._home.items() if n.startswith(prefix) and archive in (None, home))

    def read(self, names: Iterable[str]) -> list[bytes]:
        """The members of these names, in order."""
        archives = {path: zipfile.ZipFile(path) for path in self.archives}
        try:
            return [archives[self._home[name]].read(name) for name in names]
        except KeyError as error:
            raise InputError(f"The pack {str(self.folder)!r} must hold {error}; pack again.") from None
        finally:
            for archive in archives.values():
                archive.close()


def write_shards(members: Iterable[tuple[str, bytes]], folder: str | Path, limit: int) -> list[Path]:
    """Writes named members into archives `shard-000.zip`, ... of at most `limit` bytes each; returns their paths.

    The members are stored as they are (pictures do not shrink any more), in order, and the same members give the
    same bytes.

    Raises:
        InputError: a member alone is larger than the limit.
    """
    paths, archive, size = [], None, 0
    for name, data in members:
        cost = _PER_MEMBER + 2 * len(name.encode("utf-8", "surrogateescape")) + len(data)
        if cost + _PER_ARCHIVE > limit:
            raise InputError(f"Each file must fit the limit of {limit} bytes. Received: {name!r}, {len(data)} bytes.")
        if archive is None or size + cost > limit:
            if archive is not None:
                archive.close()
            paths.append(Path(folder) / f"shard-{len(paths):03}.zip")
            archive, size = zipfile.ZipFile(paths[-1], "w"), _PER_ARCHIVE
        archive.writestr(zipfile.ZipInfo(name), data)
        size += cost
    if archive is not None:
        archive.close()
    return paths


def write_manifest(folder: str | Path, files: Iterable[Path], about: Mapping[str, Any]) -> Path:
    """Writes name, size and SHA-256 of each file, with `about`, which is anything JSON can hold."""
    records = [{"name": p.name, "bytes": p.stat().st_size, "sha256": sha256(p)} for p in files]
    path = Path(folder) / MANIFEST
    write_whole(path, json.dumps({"format": _FORMAT, "about": about, "files": records}, indent=1) + "\n")
    return path


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
        if manifest["format"] != _FORMAT:
            raise ValueError(f"format {manifest['format']} instead of {_FORMAT}")
        return {"about": manifest["about"], "files": manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"A pack must have a whole {MANIFEST}. Received: {str(path)!r} ({error}).") from None


def check_file(path: Path, record: Mapping[str, Any]) -> None:
    """Compares a file with its `name`, `bytes` and `sha256` in a manifest.

    Raises:
        InputError: it is missing, shorter, longer or other than written.
    """
    if not path.is_file():
        raise InputError(f"{str(path.parent)!r} must hold {record['name']}; there is none. Copy it again.")
    if (size := path.stat().st_size) != record["bytes"]:
        raise InputError(f"{path} must have {record['bytes']} bytes. Received: {size}. Copy it again.")
    if (digest := sha256(path)) != record["sha256"]:
        raise InputError(f"{path} must have the SHA-256 {record['sha256']}. Received: {digest}. Copy it again.")


def _members(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()
