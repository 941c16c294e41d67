"""The pictures of a folder or a zip: their names, how to read each, and what becomes of those that cannot be used."""

import hashlib
import logging
import os
import threading
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.images import MAX_BYTES, Listing, readable_suffixes, why_left_out

_SYSTEM_FOLDERS = ("__MACOSX", "@eaDir", "$RECYCLE.BIN")  # of macOS, Synology, Windows
_FAULTS = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PictureFile:
    """A picture in a folder or a zip.

    Attributes:
        name: below the folder or in the zip, with forward slashes.
        stamp: changes when the content does: its size, in a zip also its checksum.
        read: gives its bytes, or raises an `ImageFileError`.
    """

    name: str
    stamp: str
    read: Callable[[], bytes]

    @property
    def folder(self) -> str:
        """The last folder of the name, which in many data sets names the person; empty where there is none."""
        return PurePosixPath(self.name).parent.name


def pictures_of(path: Path, suffixes: Iterable[str] | None = None) -> list[PictureFile]:
    """The pictures below a folder or in a zip, in order of name.

    Args:
        path: of the folder or the zip.
        suffixes: of pictures; by default all that can be read.

    Raises:
        InputError: neither a folder nor a whole zip, or without a picture.
    """
    suffixes = readable_suffixes() if suffixes is None else tuple(suffixes)
    found = _in_folder(path, suffixes) if path.is_dir() else _in_zip(path, suffixes)
    if not found:
        said = f"; left out: {words}" if (words := left_out(path, suffixes)) else ""
        raise InputError(
            f"`path` must hold {', '.join(suffixes)} files. Received: path={str(path)!r}, with none{said}."
        )
    return sorted(found, key=lambda picture: picture.name)


def left_out(path: Path, suffixes: Iterable[str] | None = None) -> str:
    """What else lies below a folder or in a zip, counted by reason; empty where there is nothing."""
    suffixes = readable_suffixes() if suffixes is None else tuple(suffixes)
    closed: Counter[str] = Counter()
    if path.is_dir():
        files, closed = _below(path)
        names = [file.relative_to(path).as_posix() for file in files]
    elif not zipfile.is_zipfile(path):
        names = []
    else:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    return Listing((), Counter(filter(None, (_why_left_out(name, suffixes) for name in names))) + closed).words


def readers_of(path: Path) -> dict[str, Callable[[], bytes]]:
    """How to read each picture, by its name below `path`, in order of name."""
    return {picture.name: picture.read for picture in pictures_of(path)}


def fingerprint(pictures: Iterable[PictureFile]) -> str:
    """A hash of names and stamps in their order, of 32 hexadecimal digits: no picture has to be read for it."""
    digest = hashlib.blake2b(digest_size=16)
    for picture in pictures:
        digest.update(f"{picture.name}\0{picture.stamp}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def check_choice(on_bad: str) -> None:
    """Raises an `InputError` unless `on_bad` is `"stop"` or `"skip"`."""
    if on_bad not in ("stop", "skip"):
        raise InputError(f"`on_bad` must be 'stop' or 'skip'. Received: on_bad={on_bad!r}.")


def stop_or_warn(bad: Mapping[str, str], total: int, what: str, on_bad: str) -> None:
    """Stops at the first bad file, or warns once of all.

    Args:
        bad: name -> a sentence that says what is wrong.
        total: how many files there are, the bad ones included.
        what: continues "3 of 12 ...", such as "pictures in faces.zip".
        on_bad: `"stop"` or `"skip"`.

    Raises:
        ImageFileError: there is a bad file and `on_bad` is `"stop"`, or no file is good.
    """
    if not bad:
        return
    sentence = next(iter(bad.values()))
    if on_bad == "stop":
        raise ImageFileError(f"{sentence} Mend it, or pass on_bad='skip'.")
    if len(bad) == total:
        raise ImageFileError(f"None of the {total} {what} can be used. {sentence}")
    names = ", ".join([*bad][:3]) + (", ..." if len(bad) > 3 else "")
    logger.warning("%d of %d %s cannot be used and are left out: %s.", len(bad), total, what, names)


def _why_left_out(name: str, suffixes: tuple[str, ...]) -> str | None:
    """As `why_left_out`, for a name below a folder or in a zip: thumbnails and the like lie in folders of their own."""
    *folders, file = PurePosixPath(name).parts
    if ".." in folders or name.startswith("/"):
        return "with names that lead out of the zip"
    if any(folder in _SYSTEM_FOLDERS or folder.startswith(".") for folder in folders):
        return "in hidden folders or those of the system"
    return why_left_out(file, suffixes)


def _wanted(name: str, suffixes: tuple[str, ...]) -> bool:
    return _why_left_out(name, suffixes) is None


def _in_folder(path: Path, suffixes: tuple[str, ...]) -> list[PictureFile]:
    names = ((file.relative_to(path).as_posix(), file) for file in _below(path)[0])
    return [
        PictureFile(name, str(size := file.stat().st_size), _reader(name, path, size, file.read_bytes))
        for name, file in names
        if _wanted(name, suffixes)
    ]


def _below(path: Path) -> tuple[list[Path], Counter[str]]:
    """The files below a folder, and a count of what is there and cannot be read or is not looked into."""
    files, closed = [], Counter()

    def note(error: OSError) -> None:
        closed["folders that cannot be read"] += 1

    for folder, folders, names in os.walk(path, onerror=note):
        closed["links to folders"] += sum(os.path.islink(os.path.join(folder, name)) for name in folders)
        for file in (Path(folder, name) for name in names):
            if os.path.isfile(file):
                files.append(file)
            else:
                closed["pipes or broken links"] += 1
    return files, closed


def _in_zip(path: Path, suffixes: tuple[str, ...]) -> list[PictureFile]:
    if not path.is_file() or (path.suffix.lower() != ".zip" and not zipfile.is_zipfile(path)):
        raise InputError(f"`path` must be a folder or a zip of pictures. Received: path={str(path)!r}.")
    try:
        archive, lock = zipfile.ZipFile(path), threading.Lock()
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(
            f"`path` must be a whole zip. Received: {str(path)!r}, damaged or cut off ({error}); fetch it again."
        ) from None

    def member(info: zipfile.ZipInfo) -> Callable[[], bytes]:
        def read() -> bytes:
            with lock:  # threads would only queue on the one file handle
                return archive.read(info)

        return _reader(info.filename, path, info.file_size, read)

    return [
        PictureFile(info.filename, f"{info.file_size} {info.CRC:08x}", member(info))
        for info in archive.infolist()
        if _wanted(info.filename, suffixes)
    ]


def _reader(name: str, path: Path, size: int, read: Callable[[], bytes]) -> Callable[[], bytes]:
    def checked() -> bytes:
        if size > MAX_BYTES:  # a few bytes of a zip can become very many
            raise ImageFileError(f"The picture {name} in {path} cannot be read ({size / 1e9:.1f} GB are no picture).")
        try:
            return read()
        except _FAULTS as error:
            raise ImageFileError(f"The picture {name} in {path} cannot be read ({error}).") from None

    return checked
