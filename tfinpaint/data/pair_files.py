"""Which files of FMOR's three folders belong together."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from tfinpaint.data.picture_files import PictureFile, pictures_of
from tfinpaint.errors import InputError
from tfinpaint.images import SUFFIXES

FOLDERS = ("masked", "unmasked", "annotation")
Triple = tuple[PictureFile, PictureFile, PictureFile]


def pair_files(
    path: Path, folders: tuple[str, str, str] = FOLDERS, suffixes: Iterable[str] = SUFFIXES
) -> tuple[dict[str, Triple], dict[str, str]]:
    """Name -> hidden face, bare face, mask; and name -> a sentence, for files that are no triple. In order of name.

    Args:
        path: a folder or a zip, which holds the three folders at any depth.
        folders: their names: hidden faces, bare faces, masks.
        suffixes: of pictures.

    Raises:
        InputError: neither a folder nor a zip, or one of the three is missing.
    """
    groups: dict[str, dict[str, list[PictureFile]]] = {}
    for picture in pictures_of(path, suffixes):
        parts = PurePosixPath(picture.name).parts
        at = next((i for i, part in enumerate(parts[:-1]) if part in folders), None)
        if at is not None:
            name = str(PurePosixPath(*parts[at + 1 :]).with_suffix(""))
            groups.setdefault(name, {}).setdefault(parts[at], []).append(picture)
    seen = {folder for files in groups.values() for folder in files}
    missing = [folder for folder in folders if folder not in seen]
    if missing:
        raise InputError(
            f"`path` must hold the folders {', '.join(folders)} with pictures. "
            f"Received: {str(path)!r}, without {', '.join(missing)}."
        )
    triples, bad = {}, {}
    for name, files in sorted(groups.items()):
        if sentence := _unpaired(name, files, folders):
            bad[name] = sentence
        else:
            triples[name] = tuple(files[folder][0] for folder in folders)
    return triples, bad


def _unpaired(name: str, files: dict[str, list], folders: tuple[str, str, str]) -> str:
    """What keeps these files from being a pair, as a sentence; empty where nothing does."""
    hidden, bare, mask = (len(files.get(folder, ())) for folder in folders)
    if hidden == bare == mask == 1:
        return ""
    for folder, found in files.items():
        if len(found) > 1:
            return f"{folder}/ must hold one picture {name}. Received: {', '.join(f.name for f in found)}."
    if mask and not (hidden or bare):
        return f"The mask {files[folders[2]][0].name} matches no picture."
    missing = [f"{folder}/" for folder in folders if folder not in files]
    return f"The pair {name} must have a picture in each folder. Received: none in {' and '.join(missing)}."
