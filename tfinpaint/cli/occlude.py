"""`tfinpaint occlude`: faces hidden on purpose, with the mask that tells where."""

import argparse
import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from tfinpaint._version import __version__
from tfinpaint.cli.journal import Journal
from tfinpaint.cli.outputs import Output, add_first_picture, foreign, is_of_another, make_folder

HELP = "hide faces with drawn masks, glasses, hands, words; write the true mask beside each"
_HEADER = ("name", *(f"{axis}{point}" for point in range(1, 6) for axis in "xy"))
_ON_SHEET = 64
FOLDERS = ("unmasked", "masked", "annotation")  # FMOR's layout, which `tfinpaint.data` reads back


@dataclass(frozen=True)
class Picture:
    """A picture to be hidden.

    Attributes:
        name: in the output, without ending; at first below its source.
        file: where it is; the zip that it lies in.
        look: gives the pixels and the five points of each face.
        whole: it is hidden as it is in its file, not cut out.
    """

    name: str
    file: Path
    look: Callable[[], tuple[Any, list]]
    whole: bool = True


def add_parser(subparsers: Any) -> None:
    """Adds the command to the program's parser."""
    parser = subparsers.add_parser(
        "occlude",
        help=HELP,
        description="Draws something in front of every face and writes three pictures of each: the clean one "
        "(unmasked/), the occluded one (masked/) and what is hidden (annotation/, white); landmarks.csv holds the "
        "five points of each picture's largest face. Works on whole photos with "
        "several faces, on cropped faces (--aligned), and on folders or zips with a file of landmarks beside them. "
        "What was cut off is gone on with by the same command.",
    )
    parser.add_argument("sources", nargs="+", type=Path, metavar="SRC", help="photos, folders of photos, zips of faces")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the three folders")
    parser.add_argument(
        "--kind",
        nargs="+",
        default=["face_mask"],
        metavar="NAME",
        help="what hides, such as face_mask, objects, sunglasses, text, n95; of several, one each (face_mask)",
    )
    parser.add_argument("--templates", type=Path, metavar="PATH", help="draw your own mask pictures (PNGs and anchors)")
    parser.add_argument("--seed", type=int, default=0, help="of the drawings (0)")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="so many occlusions of each picture (1)")
    parser.add_argument("--size", type=int, default=128, help="side of faces that come with landmarks (128)")
    parser.add_argument("--limit", type=int, metavar="N", help="at most so many pictures")
    parser.add_argument("--aligned", action="store_true", help="the pictures are cropped, upright faces")
    add_first_picture(parser)
    parser.add_argument(
        "--sheet", action="store_true", help="also write sheet.png, all of them (at most 64) at a glance"
    )


def run(arguments: argparse.Namespace) -> int:
    """Writes the triples; a bad picture does not stop the rest, is named at the end, and makes the exit code 1.

    What was begun with the same options and is not finished is gone on with.
    """
    from tfinpaint.cli.quiet import quiet_stderr
    from tfinpaint.errors import InputError
    from tfinpaint.images import write_sheet

    if arguments.repeat < 1 or (arguments.limit is not None and arguments.limit < 1):
        raise InputError(f"--repeat and --limit must be at least 1. Received: {arguments.repeat}, {arguments.limit}.")
    with quiet_stderr():
        occlusion = _occlusion(arguments)
    pictures = _pictures(arguments)
    outputs = [_output(arguments, picture) for picture in pictures]
    journal = Journal(arguments.out, "occlude", _options(arguments)) if len(pictures) > 1 else None
    _check_out(arguments, pictures, outputs, journal)
    for folder in dict.fromkeys([arguments.out, *(file.parent for output in outputs for file in output.files)]):
        make_folder(folder)
    points, cells, failures = _occlude_all(arguments, occlusion, pictures, outputs, journal)
    if cells:
        columns = dict(zip(("occluded", "mask"), zip(*cells, strict=True), strict=True))
        write_sheet(columns, arguments.out / "sheet.png", fold=min(4, len(cells)))
    if points:
        _write_points(points, arguments.out / "landmarks.csv")
    if journal and not failures:
        journal.end(outputs)
    for failure in failures:
        print(f"tfinpaint: {failure}", file=sys.stderr)
    print(f"{len(pictures) - len(failures)} of {len(pictures)} pictures occluded, in {arguments.out}")
    return 1 if failures else 0


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What decides how a picture is hidden, beside its place among the others."""
    from tfinpaint.data.landmark_files import find_landmarks
    from tfinpaint.errors import InputError

    decisive = ("kind", "templates", "seed", "repeat", "size", "aligned", "first_picture")
    tables = []
    for source in arguments.sources:
        with contextlib.suppress(InputError, OSError):
            tables.append([str(table := find_landmarks(source)), table.stat().st_mtime_ns])
    return {"version": __version__, "tables": tables} | {name: str(getattr(arguments, name)) for name in decisive}


def _occlude_all(
    arguments: argparse.Namespace,
    occlusion: Any,
    pictures: Sequence[Picture],
    outputs: Sequence[Output],
    journal: Journal | None,
) -> tuple[dict[str, Any], list, list[str]]:
    """Writes what an earlier run has not written; returns the points by name, cells for the sheet, what went wrong."""
    from tqdm import tqdm

    from tfinpaint.errors import TfinpaintError

    # The drawing is a function of the seed and the picture's place, so a result from another place is no result.
    noted = [journal.noted(output) if journal else None for output in outputs]
    done = {number: note[1] for number, note in enumerate(noted) if note and note[0] == number}
    if done:
        said = f"going on with an earlier run: {len(done)} of {len(pictures)} pictures are done (remove {journal.file}"
        print(f"tfinpaint: {said} to begin anew).", file=sys.stderr)
    points, cells, failures = {}, [], []
    for number, picture in enumerate(tqdm(pictures, unit="picture", disable=len(pictures) == 1)):
        try:
            five = done.get(number) or _occlude(arguments, occlusion, picture, number)
            if journal and number not in done:
                journal.note(outputs[number], number, five)
            points |= {f"{picture.name}{end}": five for end in _ends(arguments.repeat)}
            if arguments.sheet and len(cells) < _ON_SHEET:
                cells += _cells(outputs[number])
        except TfinpaintError as error:
            failures.append(f"{picture.name}: {error}")
    return points, cells[:_ON_SHEET], failures


def _occlude(arguments: argparse.Namespace, occlusion: Any, picture: Picture, number: int) -> list[list[float]]:
    """Writes the triples of one picture; returns the points of its largest face."""
    import numpy as np

    from tfinpaint.data.occlude_photo import occlude_photo

    pixels, faces = picture.look()
    for k, end in enumerate(_ends(arguments.repeat)):
        occluded, mask = occlude_photo(pixels, faces, occlusion, seed=(arguments.seed, number + k * 2**20))
        triple = pixels, occluded, mask.astype(np.uint8) * 255
        _write(triple, arguments.out, f"{picture.name}{end}")
    return max(faces, key=lambda five: np.ptp(five, axis=0).sum()).tolist()


def _cells(output: Output) -> list[list]:
    """What the sheet shows of each repetition of a picture: occluded, mask."""
    from tfinpaint.images import fitted, read

    _, occluded, masks = (output.files[i :: len(FOLDERS)] for i in range(len(FOLDERS)))
    return [[fitted(read(file).pixels, 160) for file in pair] for pair in zip(occluded, masks, strict=True)]


def _ends(repeat: int) -> list[str]:
    return [f"_{k}" for k in range(repeat)] if repeat > 1 else [""]


def _output(arguments: argparse.Namespace, picture: Picture) -> Output:
    """What is written of a picture: three files for each repetition."""
    names = [f"{picture.name}{end}.png" for end in _ends(arguments.repeat)]
    target, *others = (arguments.out / folder / name for name in names for folder in FOLDERS)
    return Output(picture.file, target, tuple(others))


def _check_out(
    arguments: argparse.Namespace, pictures: Sequence[Picture], outputs: Sequence[Output], journal: Journal | None
) -> None:
    """Refuses, before any work, to replace the pictures themselves and files that are not their results."""
    from tfinpaint.errors import InputError
    from tfinpaint.images import SUFFIXES

    out = arguments.out
    if out.suffix.lower() in SUFFIXES and not out.is_dir():
        raise InputError(f"`--out` must be a folder: three are written in it. Received: {out}, a picture.")
    written = [file for output in outputs for file in output.files] + [out / "sheet.png"] * arguments.sheet
    sources = {output.source.resolve() for output in outputs}
    lost = foreign(written) + [f"{file}, which is to be hidden" for file in written if file.resolve() in sources]
    for picture, output in zip(pictures, outputs, strict=True):
        begun = journal is not None and journal.knows(output)
        if picture.whole and not begun and is_of_another(output.target, picture.file):
            lost.append(f"{output.target}, of another picture")
    table = out / "landmarks.csv"
    if table.exists() and not _is_ours(table):
        lost.append(str(table))
    if lost:
        shown = ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
        raise InputError(f"--out must not hold files that this command has not written. Received: {out} with {shown}.")


def _is_ours(table: Path) -> bool:
    """Whether this command has written a table of landmarks: its pictures stand beside it."""
    from tfinpaint.data.landmark_files import read_landmarks
    from tfinpaint.errors import InputError
    from tfinpaint.images import is_ours

    try:
        names = read_landmarks(table)
    except InputError:
        return False
    return all(is_ours(table.parent / folder / f"{name}.png") for name in list(names)[:10] for folder in FOLDERS)


def _occlusion(arguments: argparse.Namespace) -> Any:
    from tfinpaint.data import occlusions

    if arguments.templates:
        return occlusions.MaskTemplates(arguments.templates)
    kinds = [occlusions.get(name) for name in arguments.kind]
    return kinds[0] if len(kinds) == 1 else occlusions.Choice(kinds)


def _pictures(arguments: argparse.Namespace) -> list[Picture]:
    """Every picture, under a name of its own."""
    from tfinpaint.errors import InputError
    from tfinpaint.faces import FaceFinder

    finder = FaceFinder(faces="all")
    found = [(source, picture) for source in arguments.sources for picture in _of_source(source, arguments, finder)]
    found = found[: arguments.limit]
    names = unique_names([(source, picture.name) for source, picture in found])
    doubles = [name for name, count in Counter(names).items() if count > 1]
    if doubles:
        raise InputError(f"Pictures must be given once. Received: {doubles[0]!r} twice.")
    return [replace(picture, name=name) for name, (_, picture) in zip(names, found, strict=True)]


def unique_names(files: list[tuple[Path, str]]) -> list[str]:
    """What each picture is called in the output: as short as it can be without two being called the same.

    Its name below the source without ending, else with its ending, else with the source's name before it (of a single
    photo, its folder's), else with as many folders before that as tell them apart.

    Args:
        files: source and name below it, with forward slashes and ending.
    """
    before = [_folders(source) for source, _ in files]
    ways = [lambda i: str(PurePosixPath(files[i][1]).with_suffix("")), lambda i: files[i][1]]
    ways += [
        lambda i, n=n: "/".join([*before[i][-n:], files[i][1]]) for n in range(1, max(map(len, before), default=0) + 1)
    ]
    names = [""] * len(files)
    left = list(range(len(files)))
    for way in ways:
        for i in left:
            names[i] = way(i)
        counts = Counter(names)
        left = [i for i in range(len(files)) if counts[names[i]] > 1]
    return names


def _folders(source: Path) -> list[str]:
    """The names before those of a source's pictures, outermost first: of its folders and, of a zip, its own."""
    *folders, own = source.resolve().parts[1:] or ("",)
    if source.suffix.lower() == ".zip":
        return [*folders, source.stem]
    return folders if source.is_file() else [*folders, own]


def _of_source(source: Path, arguments: argparse.Namespace, finder: Any) -> Iterator[Picture]:
    from tfinpaint.data.landmark_files import find_landmarks
    from tfinpaint.errors import InputError
    from tfinpaint.images import photos_in

    if source.is_dir() or source.suffix.lower() == ".zip":
        try:
            find_landmarks(source)
        except InputError:
            if not source.is_dir():
                raise
        else:
            yield from _with_landmarks(source, arguments)
            return
    files = [source]
    if source.is_dir():
        listing = photos_in(source, first_picture=arguments.first_picture)
        files = listing.photos
        if listing.left_out:
            print(f"tfinpaint: left out of {source}: {listing.words}.", file=sys.stderr)
    for file in files:
        yield Picture(file.name, file, lambda file=file: _photo(file, arguments, finder))


def _with_landmarks(source: Path, arguments: argparse.Namespace) -> Iterator[Picture]:
    from tfinpaint.data import load_faces

    faces = load_faces(source, size=arguments.size, limit=arguments.limit)
    for name, pixels, points in zip(faces.names, faces.images, faces.landmarks, strict=True):
        file = source / name if source.is_dir() else source
        yield Picture(name, file, lambda pixels=pixels, points=points: (pixels, [points]), whole=False)


def _photo(file: Path, arguments: argparse.Namespace, finder: Any) -> tuple[Any, list]:
    from tfinpaint import images
    from tfinpaint.faces import template_points

    pixels = images.read(file, first_picture=arguments.first_picture).pixels
    if arguments.aligned:
        height, width = pixels.shape[:2]
        return pixels, [(template_points(1) + 0.5) * (width, height) - 0.5]
    return pixels, [face.landmarks for face in finder(pixels, str(file))]


def _write(triple: tuple, out: Path, name: str) -> None:
    from tfinpaint.images import write_picture

    for folder, picture in zip(FOLDERS, triple, strict=True):
        write_picture(picture, out / folder / f"{name}.png")


def _write_points(points: dict[str, Any], path: Path) -> None:
    """The table; what an earlier run has written of other pictures stays in it."""
    from tfinpaint.data.landmark_files import read_landmarks
    from tfinpaint.files import csv_bytes
    from tfinpaint.images.writer import replace_file

    points = (read_landmarks(path) if path.exists() else {}) | points
    rows = ([name, *(f"{v:.2f}" for row in five for v in row)] for name, five in points.items())
    replace_file(path, csv_bytes([_HEADER, *rows]))
