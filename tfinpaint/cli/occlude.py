"""`tfinpaint occlude`: faces hidden on purpose, with the mask that tells where."""

import argparse
import csv
import io
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from tfinpaint.cli.outputs import add_first_picture

HELP = "hide faces with drawn masks, glasses, hands, words; write the true mask beside each"
_HEADER = ("name", *(f"{axis}{point}" for point in range(1, 6) for axis in "xy"))
_ON_SHEET = 64
FOLDERS = ("unmasked", "masked", "annotation")  # FMOR's layout, which `tfinpaint.data` reads back


def add_parser(subparsers: Any) -> None:
    """Adds the command to the program's parser."""
    parser = subparsers.add_parser(
        "occlude",
        help=HELP,
        description="Draws something in front of every face and writes three pictures of each: the clean one "
        "(unmasked/), the occluded one (masked/) and what is hidden (annotation/, white); landmarks.csv holds the "
        "five points of each picture's largest face. Works on whole photos with "
        "several faces, on cropped faces (--aligned), and on folders or zips with a file of landmarks beside them.",
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
    """Writes the triples; a bad picture does not stop the rest, is named at the end, and makes the exit code 1."""
    from tqdm import tqdm

    from tfinpaint.cli.quiet import quiet_stderr
    from tfinpaint.errors import InputError, TfinpaintError
    from tfinpaint.images import write_sheet

    if arguments.repeat < 1 or (arguments.limit is not None and arguments.limit < 1):
        raise InputError(f"--repeat and --limit must be at least 1. Received: {arguments.repeat}, {arguments.limit}.")
    with quiet_stderr():
        occlusion = _occlusion(arguments)
    pictures = _pictures(arguments)
    _check_out(arguments, [name for name, _ in pictures])
    failures, cells, points = [], [], {}
    for number, (name, look) in enumerate(tqdm(pictures, unit="picture", disable=len(pictures) == 1)):
        try:
            for end, five, cell in _occlude(arguments, occlusion, look, name, number):
                points[f"{name}{end}"] = five
                cells += [cell] if arguments.sheet and len(cells) < _ON_SHEET else []
        except TfinpaintError as error:
            failures.append(f"{name}: {error}")
    if cells:
        columns = dict(zip(("occluded", "mask"), zip(*cells, strict=True), strict=True))
        write_sheet(columns, arguments.out / "sheet.png", fold=min(4, len(cells)))
    if points:
        _write_points(points, arguments.out / "landmarks.csv")
    for failure in failures:
        print(f"tfinpaint: {failure}", file=sys.stderr)
    print(f"{len(pictures) - len(failures)} of {len(pictures)} pictures occluded, in {arguments.out}")
    return 1 if failures else 0


def _occlude(
    arguments: argparse.Namespace, occlusion: Any, look: Callable[[], tuple[Any, list]], name: str, number: int
) -> Iterator[tuple[str, Any, Any]]:
    """Writes the triples of one picture; yields end of the name, points of the largest face, small picture of each."""
    import numpy as np

    from tfinpaint.data.occlude_photo import occlude_photo
    from tfinpaint.images import fitted

    pixels, faces = look()
    for k, end in enumerate(_ends(arguments.repeat)):
        occluded, mask = occlude_photo(pixels, faces, occlusion, seed=(arguments.seed, number + k * 2**20))
        triple = pixels, occluded, mask.astype(np.uint8) * 255
        _write(triple, arguments.out, f"{name}{end}")
        yield (
            end,
            max(faces, key=lambda five: np.ptp(five, axis=0).sum()),
            [fitted(picture, 160) for picture in triple[1:]],
        )


def _ends(repeat: int) -> list[str]:
    return [f"_{k}" for k in range(repeat)] if repeat > 1 else [""]


def _check_out(arguments: argparse.Namespace, names: list[str]) -> None:
    """Refuses, before any work, to replace files that are no results of this command."""
    from tfinpaint.cli.outputs import foreign
    from tfinpaint.errors import InputError

    out = arguments.out
    written = [out / f / f"{name}{end}.png" for name in names for end in _ends(arguments.repeat) for f in FOLDERS]
    lost = foreign(written + [out / "sheet.png"] * arguments.sheet)
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


def _pictures(arguments: argparse.Namespace) -> list[tuple[str, Callable[[], tuple[Any, list]]]]:
    """Name -> what gives the pixels and the landmarks of the faces, for every picture."""
    from tfinpaint.errors import InputError
    from tfinpaint.faces import FaceFinder

    finder = FaceFinder(faces="all")
    found = [(source, *picture) for source in arguments.sources for picture in _of_source(source, arguments, finder)]
    found = found[: arguments.limit]
    names = unique_names([(source, file) for source, file, _ in found])
    doubles = [name for name, count in Counter(names).items() if count > 1]
    if doubles:
        raise InputError(f"Pictures must be given once. Received: {doubles[0]!r} twice.")
    return [(name, look) for name, (_, _, look) in zip(names, found, strict=True)]


def unique_names(files: list[tuple[Path, str]]) -> list[str]:
    """What each picture is called in the output: as short as it can be without two being called the same.

    Its name below the source without ending, else with its ending, else with the source's name before it.

    Args:
        files: source and name below it, with forward slashes and ending.
    """
    ways = (
        lambda source, name: str(PurePosixPath(name).with_suffix("")),
        lambda source, name: name,
        lambda source, name: f"{source.stem if source.is_file() else source.resolve().name}/{name}",
    )
    names = [""] * len(files)
    left = list(range(len(files)))
    for way in ways:
        for i in left:
            names[i] = way(*files[i])
        counts = Counter(names)
        left = [i for i in range(len(files)) if counts[names[i]] > 1]
    return names


def _of_source(source: Path, arguments: argparse.Namespace, finder: Any) -> Iterator[tuple[str, Callable]]:
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
        yield file.name, lambda file=file: _photo(file, arguments, finder)


def _with_landmarks(source: Path, arguments: argparse.Namespace) -> Iterator[tuple[str, Callable]]:
    from tfinpaint.data import load_faces

    faces = load_faces(source, size=arguments.size, limit=arguments.limit)
    for name, pixels, points in zip(faces.names, faces.images, faces.landmarks, strict=True):
        yield name, lambda pixels=pixels, points=points: (pixels, [points])


def _photo(file: Path, arguments: argparse.Namespace, finder: Any) -> tuple[Any, list]:
    from tfinpaint import images
    from tfinpaint.faces import template_points

    pixels = images.read(file, first_picture=arguments.first_picture).pixels
    if arguments.aligned:
        height, width = pixels.shape[:2]
        return pixels, [(template_points(1) + 0.5) * (width, height) - 0.5]
    return pixels, [face.landmarks for face in finder(pixels, str(file))]


def _write(triple: tuple, out: Path, name: str) -> None:
    from tfinpaint.errors import ImageFileError
    from tfinpaint.images import write_picture

    for folder, picture in zip(FOLDERS, triple, strict=True):
        path = out / folder / f"{name}.png"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ImageFileError(f"The folder {path.parent} cannot be made: {error.strerror or error}.") from None
        write_picture(picture, path)


def _write_points(points: dict[str, Any], path: Path) -> None:
    """The table; what an earlier run has written of other pictures stays in it."""
    from tfinpaint.data.landmark_files import read_landmarks
    from tfinpaint.images.writer import replace_file

    points = (read_landmarks(path) if path.exists() else {}) | points
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(_HEADER)
    writer.writerows([name, *(f"{v:.2f}" for row in five for v in row)] for name, five in points.items())
    replace_file(path, table.getvalue().encode("utf-8", "surrogateescape"))
