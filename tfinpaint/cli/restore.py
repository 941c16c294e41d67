"""`tfinpaint restore`: photos and folders of photos, with their faces painted back."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfinpaint.cli.engines import add_engine, load_engine
from tfinpaint.cli.journal import Journal
from tfinpaint.cli.outputs import Output, add_first_picture, check_outputs, make_folder, plan

if TYPE_CHECKING:
    from tfinpaint.restoration import Restored

# End of the name of a file beside the restored one -> the option that asks for it.
_SIDE_FILES = {"_mask.png": "save_mask", "_attention.png": "save_attention", "_compare.png": "compare"}


def add_parser(subparsers: Any) -> None:
    """Adds the command to the program's parser."""
    parser = subparsers.add_parser(
        "restore",
        help="paint hidden faces back",
        description="Finds what hides the faces in photos and paints the faces back; all other pixels stay.",
    )
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="a photo, or a folder of photos")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="OUT",
        help="file for one photo, folder for several (it is created; names are kept)",
    )
    parser.add_argument(
        "--model",
        default="auto",
        metavar="NAME",
        help="model of the zoo; by default the one that was measured best for what is seen before each face",
    )
    add_engine(parser)
    parser.add_argument("--mask", type=Path, help="picture of the photo's size, white where the face is hidden")
    parser.add_argument(
        "--mask-marks",
        type=_marks,
        default="auto",
        metavar="WHAT",
        help="what marks the hole in --mask: white, black, drawn, erased, changed (in a copy of the photo), or numbers "
        "of a map of labels (1,2); by default that is seen",
    )
    parser.add_argument(
        "--detector",
        metavar="NAME",
        help="model of the zoo that tells --model what hides the face, where that must be told and has no --mask",
    )
    parser.add_argument(
        "--seed", type=int, metavar="N", help="choose among the faces that a model which draws may paint"
    )
    parser.add_argument("--box", type=_box, metavar="X,Y,W,H", help="where the face is, in pixels, forehead to chin")
    parser.add_argument("--faces", choices=("largest", "all"), default="largest", help="default: %(default)s")
    add_first_picture(parser)
    parser.add_argument(
        "--aligned",
        action="store_true",
        help="the photo is itself a cropped, upright face; with --mask and a model that must be told what is hidden: a "
        "picture of anything, painted at its own size",
    )
    parser.add_argument("--save-mask", action="store_true", help="also write what was painted, NAME_mask.png")
    parser.add_argument(
        "--save-attention",
        action="store_true",
        help="also write where a model with contextual attention (ca_gan) copied from, NAME_attention.png",
    )
    parser.add_argument("--compare", action="store_true", help="also write photo, mask and result, NAME_compare.png")


def run(arguments: argparse.Namespace) -> int:
    """Restores every photo; a bad one does not stop the rest, is named at the end, and makes the exit code 1.

    A folder that was begun with the same options and is not finished is gone on with.
    """
    from tfinpaint.errors import InputError

    if arguments.aligned and arguments.box:
        raise InputError("--aligned says that the photo is the face; leave out --box.")
    if arguments.mask and arguments.detector:
        raise InputError("Only one of --mask and --detector may say what hides the face; leave out the other.")
    ends = [end for end, option in _SIDE_FILES.items() if getattr(arguments, option)]
    outputs, words = plan(arguments.photos, arguments.output, ends, first_picture=arguments.first_picture)
    if len(outputs) > 1 and (arguments.mask or arguments.box):
        raise InputError(f"--mask and --box belong to one photo. Received: {len(outputs)} photos.")
    journal = Journal(arguments.output, "restore", _options(arguments)) if len(outputs) > 1 else None
    left = journal.left(outputs) if journal else outputs
    given = [arguments.mask] if arguments.mask else []
    check_outputs(outputs, given, left, journal.knows if journal else lambda output: False)
    if journal and len(left) < len(outputs):
        words.append(
            f"going on with an earlier run: {len(outputs) - len(left)} of {len(outputs)} photos are done (remove "
            f"{journal.file} to begin anew)."
        )
    for word in words:
        print(f"tfinpaint: {word}", file=sys.stderr)

    from tfinpaint.engine import in_words
    from tfinpaint.restoration import restore_photos

    results = restore_photos(
        [output.source for output in left],
        _engine(arguments, arguments.mask is not None),
        mask=arguments.mask,
        mask_marks=arguments.mask_marks,
        box=arguments.box,
        faces=arguments.faces,
        aligned=arguments.aligned,
        seed=arguments.seed,
        first_picture=arguments.first_picture,
    )
    for folder in dict.fromkeys(output.target.parent for output in outputs):
        make_folder(folder)
    saw: list[tuple[str, ...]] = []
    failures = _save_all(left, results, arguments, journal, saw)
    if arguments.mask is None and (said := in_words(saw)):
        closer = "" if any(saw) else " Where something is, name a model: --model fmodr, or c2fdan for words and boxes."
        print(f"tfinpaint: {said}{closer}", file=sys.stderr)
    for error in failures:
        print(f"tfinpaint: {error}", file=sys.stderr)
    if journal and not failures:
        journal.end(outputs)
    elif journal:
        said = f"{len(failures)} of {len(outputs)} photos were not restored; the same command tries those again."
        print(f"tfinpaint: {said}", file=sys.stderr)
    return 1 if failures else 0


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What decides how a photo is restored."""
    from tfinpaint._version import __version__

    decisive = ("model", "engine", "detector", "seed", "faces", "aligned", "first_picture", *_SIDE_FILES.values())
    return {"version": __version__} | {name: getattr(arguments, name) for name in decisive}


def _save_all(
    outputs: Sequence[Output],
    results: Iterator[tuple],
    arguments: argparse.Namespace,
    journal: Journal | None,
    saw: list[tuple[str, ...]],
) -> list[Exception]:
    """Writes the results, one after the other; returns what went wrong, and notes what was seen before each face."""
    from tqdm import tqdm

    from tfinpaint.errors import TfinpaintError

    failures = []
    with tqdm(total=len(outputs), unit="photo", disable=len(outputs) < 2) as bar:
        for output in outputs:
            _, result = next(results)
            try:
                if isinstance(result, TfinpaintError):
                    raise result
                _save(result, output.target, [end for end, option in _SIDE_FILES.items() if getattr(arguments, option)])
            except TfinpaintError as error:
                failures.append(error)
            else:
                saw += result.saw
                if journal:
                    journal.note(output)
            del result  # a large photo is not held while the next one is read
            bar.update()
    return failures


def _engine(arguments: argparse.Namespace, has_mask: bool) -> Any:
    """The model that is asked for, if need be with another one's detector."""
    from tfinpaint.cli.quiet import quiet_stderr
    from tfinpaint.engine import Borrowed, contract_of
    from tfinpaint.errors import InputError

    name, detector = arguments.model, arguments.detector
    if name == "auto" and (has_mask and arguments.aligned or arguments.save_attention):
        name = "ca_gan"  # paints pictures of anything, and says where it copies from
    with quiet_stderr():
        model = load_engine(name, arguments.engine)
        needs_mask = contract_of(model).needs_mask
        if arguments.save_attention and "offsets" not in contract_of(model).extras:
            raise InputError(f"--save-attention must go with a model that says where it copies from. Received: {name}.")
        if needs_mask and has_mask and arguments.aligned and arguments.engine is None:
            model = load_engine(name, "keras")  # can be rebuilt for the picture's own size
        if detector is not None:
            if not needs_mask:
                raise InputError(
                    f"--detector is for models that must be told what hides a face. Received: --model {name}, which "
                    "finds it by itself; leave out --detector."
                )
            return Borrowed(model, load_engine(detector, arguments.engine))
    if needs_mask and not has_mask:
        raise InputError(
            f"The model {name!r} paints where it is told: give --mask FILE with one photo, or --detector NAME, a model "
            "that finds what hides a face, such as fmodr. Received: neither."
        )
    return model


def _save(restored: "Restored", path: Path, ends: Sequence[str]) -> None:
    import numpy as np

    from tfinpaint.images import coloured_offsets, tinted, write_picture, write_sheet

    restored.save(path)
    before, mask = restored.photo.pixels, restored.mask
    beside = {end: path.with_name(path.stem + end) for end in ends}
    if "_mask.png" in beside:
        write_picture(mask.astype("uint8") * 255, beside["_mask.png"])
    if "_attention.png" in beside:
        offsets = np.zeros((*mask.shape, 2)) if restored.offsets is None else restored.offsets  # nothing was hidden
        write_picture(coloured_offsets(restored.pixels, offsets, mask), beside["_attention.png"])
    if "_compare.png" in beside:
        shown = {"photo": [before], "hidden": [tinted(before, mask)], "restored": [restored.pixels]}
        write_sheet(shown, beside["_compare.png"], side=640, enlarge=False)


def _box(text: str) -> tuple[float, ...]:
    try:
        box = tuple(float(number) for number in text.split(","))
    except ValueError:
        box = ()
    if len(box) != 4:
        raise argparse.ArgumentTypeError(f"must be four numbers, X,Y,WIDTH,HEIGHT. Received: {text!r}")
    return box


def _marks(text: str) -> str | tuple[int, ...]:
    from tfinpaint.images.marks import MARKS

    if text in MARKS:
        return text
    try:
        return tuple(int(number) for number in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be one of {', '.join(MARKS)}, or numbers with commas. Received: {text!r}"
        ) from None
