"""`tfinpaint restore`: photos and folders of photos, with their faces painted back."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfinpaint.restoration import Restored


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
    parser.add_argument("--model", default="fmodr", metavar="NAME", help="model of the zoo (default: %(default)s)")
    parser.add_argument("--mask", type=Path, help="picture of the photo's size, white where the face is hidden")
    parser.add_argument("--box", type=_box, metavar="X,Y,W,H", help="where the face is, in pixels, forehead to chin")
    parser.add_argument("--faces", choices=("largest", "all"), default="largest", help="default: %(default)s")
    parser.add_argument("--aligned", action="store_true", help="the photo is itself a cropped, upright face")
    parser.add_argument("--save-mask", action="store_true", help="also write what was painted, NAME_mask.png")
    parser.add_argument("--compare", action="store_true", help="also write photo, mask and result, NAME_compare.png")


def run(arguments: argparse.Namespace) -> int:
    """Restores every photo; a bad one does not stop the rest, is named at the end, and makes the exit code 1."""
    from tfinpaint.errors import InputError, TfinpaintError

    if arguments.aligned and arguments.box:
        raise InputError("--aligned says that the photo is the face; leave out --box.")
    targets = plan(arguments.photos, arguments.output)
    if len(targets) > 1 and (arguments.mask or arguments.box):
        raise InputError(f"--mask and --box belong to one photo. Received: {len(targets)} photos.")

    from tqdm import tqdm

    from tfinpaint import zoo
    from tfinpaint.cli.quiet import quiet_stderr
    from tfinpaint.restoration import restore_photos

    with quiet_stderr():
        model = zoo.load(arguments.model)
    results = restore_photos(
        targets,
        model,
        mask=arguments.mask,
        box=arguments.box,
        faces=arguments.faces,
        aligned=arguments.aligned,
    )
    failures = []
    for source, result in tqdm(results, total=len(targets), unit="photo", disable=len(targets) == 1):
        try:
            if isinstance(result, TfinpaintError):
                raise result
            _save(result, targets[source], arguments.save_mask, arguments.compare)
        except TfinpaintError as error:
            failures.append(error)
    for error in failures:
        print(f"tfinpaint: {error}", file=sys.stderr)
    if failures and len(targets) > 1:
        print(f"tfinpaint: {len(failures)} of {len(targets)} photos were not restored.", file=sys.stderr)
    return 1 if failures else 0


def plan(photos: list[Path], output: Path) -> dict[Path, Path]:
    """Which file each photo becomes; folders are searched for photos (not their subfolders).

    Raises:
        ImageFileError: a folder without photos, or an output that cannot be written.
        InputError: two photos would become one file, or a photo would overwrite itself.
    """
    from tfinpaint.errors import ImageFileError, InputError
    from tfinpaint.images import SUFFIXES, output_suffix

    sources: list[Path] = []
    for photo in photos:
        if photo.is_dir():
            found = sorted(p for p in photo.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
            if not found:
                raise ImageFileError(f"The folder {photo} must hold photos ({', '.join(SUFFIXES)}); it holds none.")
            sources += found
        else:
            sources.append(photo)
    is_file = len(sources) == 1 and not photos[0].is_dir() and output.suffix and not output.is_dir()
    if is_file and output.suffix.lower() not in SUFFIXES:
        raise ImageFileError(f"A picture's name must end with {', '.join(SUFFIXES)}. Received: {output.name!r}.")
    folder = output.parent if is_file else output
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageFileError(f"The folder {folder} cannot be made: {error.strerror or error}.") from None
    targets: dict[Path, Path] = {}
    for source in sources:
        target = output if is_file else output / f"{source.stem}{output_suffix(source)}"
        if target.resolve() == source.resolve():
            raise InputError(f"{source} would be overwritten; give another name or folder with -o.")
        if target in targets.values():
            raise InputError(f"Two photos would become {target}; restore them into different folders.")
        targets[source] = target
    return targets


def comparison(restored: "Restored", side: int = 640) -> Any:
    """The photo, the painted part tinted, and the result side by side and labelled; each at most `side` long."""
    import cv2
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    before, after = restored.photo.pixels, restored.pixels
    scale = min(1, side / max(before.shape[:2]))
    width, height = (max(1, round(length * scale)) for length in before.shape[1::-1])
    shrink = cv2.INTER_AREA
    before, after = (cv2.resize(picture, (width, height), interpolation=shrink) for picture in (before, after))
    found = cv2.resize(restored.mask.astype(np.float32), (width, height), interpolation=shrink)[..., None]
    tinted = np.rint(before + 0.55 * found * (np.array([255, 40, 40]) - before)).astype(np.uint8)
    gap, top = 8, 28
    sheet = Image.new("RGB", (3 * width + 2 * gap, height + top), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(16)
    for i, (label, picture) in enumerate({"photo": before, "hidden": tinted, "restored": after}.items()):
        sheet.paste(Image.fromarray(picture), (i * (width + gap), top))
        draw.text((i * (width + gap) + width / 2, top / 2), label, fill="black", font=font, anchor="mm")
    return np.asarray(sheet)


def _save(restored: "Restored", path: Path, save_mask: bool, compare: bool) -> None:
    from tfinpaint.images import write_picture

    restored.save(path)
    if save_mask:
        write_picture(restored.mask.astype("uint8") * 255, path.with_name(f"{path.stem}_mask.png"))
    if compare:
        write_picture(comparison(restored), path.with_name(f"{path.stem}_compare.png"))


def _box(text: str) -> tuple[float, ...]:
    try:
        box = tuple(float(number) for number in text.split(","))
    except ValueError:
        box = ()
    if len(box) != 4:
        raise argparse.ArgumentTypeError(f"must be four numbers, X,Y,WIDTH,HEIGHT. Received: {text!r}")
    return box
