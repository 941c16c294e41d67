"""`tfinpaint demo`: a public-domain portrait is hidden by what each model learned to take off, and restored."""

import argparse
import time
from pathlib import Path
from typing import Any

HELP = "restore the portrait that scikit-image carries; write the figure, print the numbers"


def add_parser(subparsers: Any) -> None:
    """Adds the command to the program's parser."""
    parser = subparsers.add_parser("demo", help=HELP, description=__doc__)
    parser.add_argument("-o", "--out", default="demo", metavar="DIR", help="folder of the pictures (demo)")
    parser.add_argument("--model", nargs="+", default=_SHOWN, metavar="NAME", help=f"models ({' '.join(_SHOWN)})")
    parser.add_argument("--seed", type=int, help="of what is drawn (by default one that shows well)")
    parser.add_argument("--masks", type=int, default=0, metavar="N", help="also N other draws for each: sheet.png")


# Of draws that show well, one of each of some kinds in the model's mixture, by their places there: a mask; a word and a
# box; strokes; a thing; another mask. --masks draws others from these kinds by turns, nothing picked.
SEEDS = {"fmodr": {0: 0}, "c2fdan": {0: 2, 1: 21}, "ca_gan": {1: 10}, "fsg_gan": {0: 1}, "can_dfe": {0: 16}}
_SHOWN = tuple(SEEDS)
_LINE = "{:18} {:>12} {:>9} {:>12} {:>9} {:>9} {:>5}"


def run(arguments: argparse.Namespace) -> int:
    """Writes `figure.png`, and `<model>_<kind>_occluded.png` and `_restored.png` of each row; prints numbers."""

    from tfinpaint import faces, images, restoration, zoo
    from tfinpaint.cli.outputs import foreign
    from tfinpaint.data.occlusions.mixtures import MIXTURES
    from tfinpaint.data.portrait import load_portrait
    from tfinpaint.engine import contract_of
    from tfinpaint.errors import InputError

    portrait = load_portrait()
    look = faces.default_detector()
    face = faces.largest(look(portrait))
    window = around(face, portrait.shape)

    def detector(photo: Any) -> Any:
        return look(photo) or [face]  # what is drawn may hide too much of it; a user would give --box

    out = Path(arguments.out)
    ends = ("_occluded.png", "_restored.png")
    written = [out / name for name in ("portrait.png", "figure.png", *["sheet.png"] * bool(arguments.masks))]
    written += [file for name in arguments.model for end in ends for file in out.glob(f"{name}_*{end}")]
    if lost := foreign(written):
        raise InputError(f"-o must not hold files that this command has not written. Received: {', '.join(lost)}.")
    out.mkdir(parents=True, exist_ok=True)
    images.write_picture(portrait, out / "portrait.png")
    rows, others = [], []
    print(_LINE.format("hole of", "PSNR hidden", "restored", "SSIM hidden", "restored", "mask IoU", "ms"))
    for name in arguments.model:
        model = zoo.load(name)
        seeds = SEEDS.get(name, {0: 0})
        contract = contract_of(model)
        kinds = [MIXTURES[contract.occlusion]().choices[place] for place in seeds]

        def restore(hidden: Any, hole: Any, model: Any = model, told: bool = contract.needs_mask) -> Any:
            return restoration.restore_photo(hidden, model, detector=detector, mask=hole if told else None)

        restore(*_hide(portrait, kinds[0], 0))  # compiles
        for kind, seed in zip(kinds, seeds.values(), strict=True):
            hidden, hole = _hide(portrait, kind, seed if arguments.seed is None else arguments.seed)
            started = time.perf_counter()
            restored = restore(hidden, hole)
            seconds, label = time.perf_counter() - started, f"{name}_{_name(kind)}"
            images.write_picture(hidden, out / f"{label}_occluded.png")
            images.write_picture(restored.pixels, out / f"{label}_restored.png")
            rows.append(_columns(portrait, hidden, restored))
            print(_LINE.format(label, *_scores(portrait, hidden, hole, restored, window), f"{1000 * seconds:.0f}"))
        for seed in range(arguments.masks):
            hidden, hole = _hide(portrait, kinds[seed % len(kinds)], seed)
            others.append(_columns(portrait, hidden, restore(hidden, hole)))
    for name, pictures, side, fold in (("figure", rows, 320, 1), ("sheet", others, 160, 2)):
        if pictures:
            sheet = {label: [row[label][window] for row in pictures] for label in pictures[0]}
            images.write_sheet(sheet, out / f"{name}.png", side=side, fold=fold)
    print(f"look at {out / 'figure.png'}")
    return 0


def _name(occlusion: Any) -> str:
    """Of what it draws: its kind, or its own name if these are several."""
    return occlusion.kinds[0] if len(occlusion.kinds) == 1 else type(occlusion).__name__.lower()


def _hide(portrait: Any, occlusion: Any, seed: int) -> tuple[Any, Any]:
    """The hidden portrait and the true mask."""
    from tfinpaint.data.occlude_photo import occlude_photo
    from tfinpaint.data.portrait import LANDMARKS

    return occlude_photo(portrait, [LANDMARKS], occlusion, seed=(seed, 0))


def _scores(portrait: Any, hidden: Any, hole: Any, restored: Any, window: Any) -> tuple[str, ...]:
    import numpy as np

    from tfinpaint.evaluation import metrics

    clean, before, after = (p[window][None] / 255.0 for p in (portrait, hidden, restored.pixels))
    hole, found = (m[window][None, ..., None].astype(np.float32) for m in (hole, restored.mask))
    psnr, ssim = ([float(f(p, clean, hole)[0]) for p in (before, after)] for f in (metrics.psnr, metrics.ssim))
    iou = float(metrics.mask_iou(found, hole)[0])
    return *(f"{value:.2f}" for value in psnr), *(f"{value:.3f}" for value in (*ssim, iou))


def _columns(portrait: Any, occluded: Any, restored: Any) -> dict[str, Any]:
    from tfinpaint.images import tinted

    found = tinted(occluded, restored.mask)
    return {"photo": portrait, "occluded": occluded, "mask found": found, "restored": restored.pixels}


def around(face: Any, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """A square of the photo around the face, two and a half boxes wide."""
    x, y, width, height = face.box
    half = int(1.25 * max(width, height))
    centre_x, centre_y = int(x + width / 2), int(y + height / 2)
    left, top = max(0, centre_x - half), max(0, centre_y - half)
    side = min(2 * half, shape[1] - left, shape[0] - top)
    return slice(top, top + side), slice(left, left + side)
