"""Which files a run will write, checked as a whole before any work: nothing that the user did not name is lost."""

import argparse
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LONGEST = 255  # bytes of a name on nearly every file system
_SHOWN = 10


def add_first_picture(parser: argparse.ArgumentParser) -> None:
    """Adds the choice that commands over photos share."""
    parser.add_argument(
        "--first-picture", action="store_true", help="of animations and files of several pages, take the first picture"
    )


@dataclass(frozen=True)
class Output:
    """What becomes of one photo.

    Attributes:
        source: the photo.
        target: the restored picture.
        sides: files beside it: mask, comparison.
        named: whether the user named the target itself, so that a file of that name may be replaced.
    """

    source: Path
    target: Path
    sides: tuple[Path, ...] = ()
    named: bool = False

    @property
    def files(self) -> tuple[Path, ...]:
        """All that is written."""
        return (self.target, *self.sides)


def plan(
    photos: Sequence[Path], output: Path, ends: Iterable[str] = (), *, first_picture: bool = False
) -> tuple[list[Output], list[str]]:
    """What each photo becomes, and a word about what was left out of each folder. Nothing is written.

    Args:
        photos: photos and folders of them (not what lies below those).
        output: a file for one photo, a folder for several.
        ends: of the names of the files beside each target, such as `_mask.png`.
        first_picture: whether files of several pictures are taken from folders, too.

    Raises:
        ImageFileError: a folder without photos, or an output with an unknown ending.
        InputError: several photos for one file.
    """
    from tfinpaint.errors import ImageFileError, InputError
    from tfinpaint.images import SUFFIXES, output_suffix, photos_in

    sources: list[Path] = []
    words: list[str] = []
    for photo in photos:
        if photo.is_dir():
            listing = photos_in(photo, first_picture=first_picture)
            sources += listing.photos
            words += [f"left out of {photo}: {listing.words}."] if listing.left_out else []
        else:
            sources.append(photo)
    looks_like_a_file = bool(output.suffix) and not output.is_dir()
    one = len(photos) == 1 and not photos[0].is_dir()
    if looks_like_a_file and one and output.suffix.lower() not in SUFFIXES:
        raise ImageFileError(f"A picture's name must end with {', '.join(SUFFIXES)}. Received: {output.name!r}.")
    if not one and looks_like_a_file and output.suffix.lower() in SUFFIXES:
        raise InputError(f"-o must be a folder for several photos or a folder of them. Received: {output}, a picture.")
    outputs = []
    for source in {_place(source): source for source in sources}.values():
        named = one and looks_like_a_file
        target = output if named else output / f"{source.stem}{output_suffix(source)}"
        outputs.append(Output(source, target, tuple(target.with_name(target.stem + end) for end in ends), named))
    return outputs, words


def _place(source: Path) -> Path:
    """Where a photo lies, by whatever way it was named; a link to it is a photo of its own."""
    return source.parent.resolve() / source.name


def check_outputs(
    outputs: Sequence[Output],
    given: Iterable[Path] = (),
    left: Iterable[Output] | None = None,
    known: Callable[[Output], bool] = lambda output: False,
) -> None:
    """Refuses, all at once, outputs that would replace a photo, each other, or a file that is not the photo's result.

    Results of earlier runs may be replaced: they carry the mark of `tfinpaint.images.is_ours` and look like the photo,
    or are the photo itself, byte for byte.

    Args:
        outputs: see `plan`.
        given: other files that the run reads, such as a mask.
        left: those that are still to be written; by default all.
        known: whether an earlier run has noted that a photo's result is its own, though the photo may have changed.

    Raises:
        InputError: one of them would; with the list.
    """
    from tfinpaint.errors import InputError

    faults = [_too_long(file) for output in outputs for file in output.files if not _is_short(file)]
    made: dict[Path, Path] = {}
    unwritten = {output.target for output in (outputs if left is None else left)}
    read = {file.resolve(): file for file in (*(output.source for output in outputs), *given)}
    for output in outputs:
        for file in filter(_is_short, output.files):
            key = file.resolve()
            other = made.setdefault(key, output.source)
            if key in read:
                faults.append(f"{read[key]} would be overwritten")
            elif other is not output.source:
                faults.append(f"{other} and {output.source} would both write {file}")
            elif output.target in unwritten and _is_lost(file, output):
                faults.append(f"{file} is there and is no result of tfinpaint")
            elif output.target in unwritten and file == output.target and not output.named and not known(output):
                faults += [f"{file} is there and is the result of another photo"] * is_of_another(file, output.source)
    if faults:
        shown = "; ".join(dict.fromkeys(faults[:_SHOWN]))
        more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        advice = "Give another folder or name with -o."
        if "would both write" in shown:  # they would in any folder
            advice = "Rename one of the two, or restore them one by one into two folders."
        raise InputError(f"Nothing was done, because {shown}{more}. {advice}")


def _is_lost(file: Path, output: Output) -> bool:
    """Whether writing this file would lose one that is not ours."""
    from tfinpaint.images import is_ours

    if (output.named and file == output.target) or not (file.exists() or file.is_symlink()):
        return False
    if file == output.target and file.is_file() and _same(file, output.source):
        return False
    return not is_ours(file)


def _same(one: Path, other: Path) -> bool:
    """Whether both are files of the same bytes."""
    try:
        same_size = other.is_file() and one.stat().st_size == other.stat().st_size
        return same_size and one.read_bytes() == other.read_bytes()
    except OSError:
        return False


def is_of_another(result: Path, photo: Path) -> bool:
    """Whether a result shows something else than the photo, but for what was painted; no where that cannot be told."""
    import numpy as np

    try:
        if not (result.is_file() and photo.is_file()):  # a pipe can be read only once
            return False
        (small, shape), (other, other_shape) = map(_small, (result, photo))
    except Exception:  # decoders raise anything on a damaged file; a name may be too long to be looked at
        return False
    if abs(shape[0] * other_shape[1] - shape[1] * other_shape[0]) > 0.02 * shape[0] * other_shape[1]:
        return True
    return bool((np.abs(small - other).max(-1) <= 16).mean() < 1 / 4)


def _small(path: Path) -> tuple[Any, tuple[int, int]]:
    """A picture upright in 64x64 pixels `(64, 64, 3)`, float32, and (width, height) of its shape."""
    import numpy as np
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        image.draft("RGB", (256, 256))  # a large JPEG need not be decoded whole
        upright = ImageOps.exif_transpose(image)
        pixels = upright.convert("RGB").resize((64, 64), Image.Resampling.BOX)
        return np.asarray(pixels, np.float32), upright.size


def foreign(files: Iterable[Path]) -> list[str]:
    """In words, what speaks against writing pictures there: files that are no results of tfinpaint, too long names."""
    from tfinpaint.images import is_ours

    files = list(files)
    there = (file for file in filter(_is_short, files) if (file.exists() or file.is_symlink()) and not is_ours(file))
    return [_too_long(file) for file in files if not _is_short(file)] + [str(file) for file in there]


def make_folder(folder: Path) -> None:
    """Makes a folder, proves that files can be written there, and removes what a run that was killed had begun in it.

    Raises:
        ImageFileError: one of that is not possible.
    """
    from tfinpaint.errors import ImageFileError
    from tfinpaint.files import remove_parts

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        remove_parts(folder)
    except OSError as error:
        what = "written" if folder.is_dir() else "made"
        raise ImageFileError(f"The folder {folder} cannot be {what}: {error.strerror or error}.") from None


def check_fresh(out: Path, files: Iterable[str]) -> None:
    """Refuses a folder in which an earlier run has left its results, or somebody else files of such names.

    Args:
        out: the folder.
        files: patterns of what a run leaves there.

    Raises:
        InputError: there is one; with its name.
    """
    from tfinpaint.errors import InputError

    found = [str(file.relative_to(out)) for pattern in files for file in sorted(out.glob(pattern))]
    if found:
        raise InputError(
            f"--out must hold no earlier run, unless that is gone on with (--resume). Received: {out} with "
            f"{', '.join(found[:_SHOWN])}; give another folder, or move those away."
        )


def _is_short(file: Path) -> bool:
    return len(os.fsencode(file.name)) <= _LONGEST


def _too_long(file: Path) -> str:
    return f"the name {file.name[:40]}... would have more than {_LONGEST} bytes"
