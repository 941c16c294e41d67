"""`tfinpaint demo`: a public-domain portrait puts on a drawn mask, and the model takes it off again."""

import argparse
import time
from pathlib import Path
from typing import Any

HELP = "restore the portrait that scikit-image carries; write the figure, print the numbers"


def add_parser(subparsers: Any) -> None:
    """Adds the command to the program's parser."""
    parser = subparsers.add_parser("demo", help=HELP, description=__doc__)
    parser.add_argument("-o", "--out", default="demo", metavar="DIR", help="folder of the pictures (demo)")
    parser.add_argument("--model", default="fmodr", metavar="NAME", help="model or preset (fmodr)")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="of the drawn mask")
    parser.add_argument(
        "--masks", type=int, default=0, metavar="N", help="also N other draws, seeds 0 to N-1: sheet.png"
    )


DEFAULT_SEED = 3
# The portrait's five points, so that the same mask is drawn whatever detector then finds the face behind it.
LANDMARKS = ((202, 101), (246, 103), (223, 126), (203, 143), (241, 144))


def run(arguments: argparse.Namespace) -> int:
    """Writes `portrait.png`, `occluded.png`, `restored.png` and `figure.png`; prints what was measured."""
    import numpy as np

    from tfinpaint import evaluation, faces, images, restoration, zoo
    from tfinpaint.data.occlude_photo import occlude_photo
    from tfinpaint.data.occlusions.mixtures import MIXTURES
    from tfinpaint.evaluation import metrics

    portrait = _portrait()
    detector = faces.default_detector()
    face = faces.largest(detector(portrait))
    model = zoo.load(arguments.model)
    occlusion = MIXTURES[model.occlusion]().choices[0]  # what it mostly learned to take off
    occluded, hole = occlude_photo(portrait, [LANDMARKS], occlusion, seed=(arguments.seed, 0))
    restoration.restore_photo(occluded, model, detector=detector)  # compiles
    started = time.perf_counter()
    restored = restoration.restore_photo(occluded, model, detector=detector)
    seconds = time.perf_counter() - started

    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    for name, pixels in (("portrait", portrait), ("occluded", occluded), ("restored", restored.pixels)):
        images.write_picture(pixels, out / f"{name}.png")
    window = _around(face, portrait.shape)
    columns = {k: v[window][None] for k, v in _columns(portrait, occluded, restored).items()}
    evaluation.write_sheet(columns, out / "figure.png", side=320)
    if arguments.masks:
        rows = []
        for seed in range(arguments.masks):
            hidden, _ = occlude_photo(portrait, [LANDMARKS], occlusion, seed=(seed, 0))
            rows.append(_columns(portrait, hidden, restoration.restore_photo(hidden, model, detector=detector)))
        sheet = {label: np.stack([row[label][window] for row in rows]) for label in rows[0]}
        evaluation.write_sheet(sheet, out / "sheet.png", fold=2)

    x, y, b = (p[window][None] / 255.0 for p in (portrait, restored.pixels, occluded))
    hole, seen = hole[window][None, ..., None], restored.mask[window][None, ..., None]
    iou = float(metrics.mask_iou(seen.astype(np.float32), hole.astype(np.float32))[0])
    print(f"{'':10} {'hole PSNR':>10} {'hole SSIM':>10}")
    for name, picture in (("occluded", b), ("restored", y)):
        scores = (float(f(picture, x, hole.astype(np.float32))[0]) for f in (metrics.psnr, metrics.ssim))
        print("{:10} {:10.2f} {:10.3f}".format(name, *scores))
    print(f"mask found with an overlap (IoU) of {iou:.3f}; one photo takes {1000 * seconds:.0f} ms")
    print(f"look at {out / 'figure.png'}")
    return 0


def _columns(portrait: Any, occluded: Any, restored: Any) -> dict[str, Any]:
    import numpy as np

    found = np.where(restored.mask[..., None], occluded // 3 + np.array([150, 20, 40], np.uint8), occluded)
    return {"photo": portrait, "occluded": occluded, "mask found": found, "restored": restored.pixels}


def _portrait() -> Any:
    from tfinpaint.errors import InputError

    try:
        from skimage import data
    except ImportError:
        raise InputError("The demo's portrait comes with scikit-image: pip install 'tfinpaint[demo]'.") from None
    return data.astronaut()


def _around(face: Any, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """A square of the photo around the face, two and a half boxes wide."""
    x, y, width, height = face.box
    half = int(1.25 * max(width, height))
    centre_x, centre_y = int(x + width / 2), int(y + height / 2)
    left, top = max(0, centre_x - half), max(0, centre_y - half)
    side = min(2 * half, shape[1] - left, shape[0] - top)
    return slice(top, top + side), slice(left, left + side)
