"""Files: written whole or not at all, known by their SHA-256, found where the package keeps them."""

import contextlib
import csv
import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from tfinpaint.errors import WeightsError

_PACKAGE = Path(__file__).parent
_PART = ".tfinpaint-"


@contextlib.contextmanager
def whole(path: str | os.PathLike, *, sync: bool = False) -> Iterator[Path]:
    """A temporary path beside `path`, which becomes `path` when the block ends and goes away when it fails.

    Its name is hidden, ends with `.part` and fits wherever `path` fits.

    Args:
        path: what is to appear, or to be replaced.
        sync: wait until the data are on the disk before the file is renamed.

    Raises:
        OSError: the folder is missing or cannot be written; what was there is untouched.
    """
    path = Path(path)
    mark = hashlib.blake2b(os.fsencode(path.name), digest_size=6).hexdigest()
    part = path.with_name(f"{_PART}{os.getpid()}-{mark}.part")
    try:
        yield part
        if sync:
            with open(part, "rb") as file:
                os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):  # a path below a file
            part.unlink(missing_ok=True)


def write_whole(path: str | os.PathLike, data: bytes | str) -> None:
    """Writes bytes, or text as UTF-8; see `whole`."""
    with whole(path) as part:
        part.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)


def csv_bytes(rows: Iterable[Iterable[object]]) -> bytes:
    """A table as CSV, with commas and line feeds; whatever a name holds, also bytes that are no UTF-8, is read back."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")  # so that a break of either kind in a cell is quoted
    lines = []
    for row in rows:
        writer.writerow(row)
        lines.append(text.getvalue().removesuffix("\r\n") + "\n")
        text.seek(0)
        text.truncate()
    return "".join(lines).encode("utf-8", "surrogateescape")


def remove_parts(folder: str | os.PathLike) -> None:
    """Removes what `whole` had begun in a folder when its process was killed."""
    for part in Path(folder).glob(f"{_PART}*-*.part"):
        process = part.name.removeprefix(_PART).partition("-")[0]
        if process.isdigit() and not _runs(int(process)):
            with contextlib.suppress(OSError):
                part.unlink()


def sha256(path: str | os.PathLike) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def zoo_folder(name: str) -> Path:
    """The folder of that name in the zoo: inside the package, or beside it in a checkout.

    Raises:
        WeightsError: there is none.
    """
    roots = [_PACKAGE / "_zoo" / name, _PACKAGE.parent / "zoo" / name]
    found = next((root for root in roots if (root / "config.json").is_file()), None)
    if found is None:
        raise WeightsError(f"The zoo's files of {name!r} must be in {roots[0]}; install the package again.")
    return found


def checked_weights(path: Path, digest: str | None, name: str) -> Path:
    """Returns `path` if the file there has this SHA-256.

    Raises:
        WeightsError: there is no such file, or its hash is another; says that these are the weights of `name`.
    """
    if not path.is_file():
        raise WeightsError(f"The weights of {name!r} must be at {path} (SHA-256 {digest}); there are none.")
    if (found := sha256(path)) != digest:
        raise WeightsError(
            f"The weights at {path} must have the SHA-256 {digest}. Received: {found}. "
            "The file is damaged or was replaced: install the package again."
        )
    return path


def _runs(process: int) -> bool:
    """Whether a process of that number runs beside this one."""
    if process == os.getpid():
        return False
    if os.name != "posix":  # there, asking would interrupt it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # of another user
        return True
    return True
