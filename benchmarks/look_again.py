"""Does it help to look for a face once more when it is painted? Photos with a drawn occlusion, restored both ways.

    python -m benchmarks.look_again --faces FACES.zip --yunet FILE.onnx

writes `benchmarks/results/look_again.json`. Each face is enlarged, gets a mirrored border, is found, and is hidden by
what its model learned to take off, drawn on the points that the detector found in the bare photo.
"""

import argparse
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.machine import describe, write
from tfinpaint import faces, restoration, zoo
from tfinpaint.data import load_faces
from tfinpaint.data.occlude_photo import occlude_photo
from tfinpaint.data.occlusions.mixtures import MIXTURES
from tfinpaint.evaluation import metrics, summarise
from tfinpaint.records import hashes

SIDE, BORDER = 256, 64


def measure(photos: list[np.ndarray], model: Any, detector: faces.Detector, seed: int) -> dict[str, np.ndarray]:
    """One value for each photo whose face was found, bare and hidden; NaN where nothing was drawn."""
    occlusion, rows = MIXTURES[model.occlusion](), []
    for k, photo in enumerate(tqdm(photos, desc=model.name)):
        bare = detector(photo)
        if not bare:
            continue
        true = faces.largest(bare).landmarks
        hidden, hole = occlude_photo(photo, [true], occlusion, seed=(seed, k))
        found = detector(hidden)
        if not hole.any() or not found:
            continue
        results = [
            restoration.restore_photo(hidden, model, detector=detector, look_again=again) for again in (False, True)
        ]
        results.append(restoration.restore_photo(hidden, model, landmarks=true))
        psnr = [float(metrics.psnr(*(p[None] / 255 for p in (r.pixels, photo)), _batch(hole))[0]) for r in results]
        off = [_distance(r.faces[0].landmarks, true) for r in results[:2]]
        rows.append((*psnr, psnr[1] - psnr[0], *off, off[0] != off[1]))
    names = ("one look", "two looks", "true points", "gain, dB", "off, one look", "off, two looks", "looked again")
    return dict(zip(names, np.array(rows, np.float64).T, strict=True))


def _batch(mask: np.ndarray) -> np.ndarray:
    return mask[None, ..., None].astype(np.float32)


def _distance(points: np.ndarray, true: np.ndarray) -> float:
    """Mean distance of five points, in % of the distance between the eyes."""
    apart = np.linalg.norm(points - true, axis=1).mean()
    return float(100 * apart / np.linalg.norm(true[0] - true[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", required=True, metavar="PATH", help="zip or folder of faces that no step saw")
    parser.add_argument("--yunet", metavar="FILE", help="by default the detector that `restore` would take")
    parser.add_argument("--models", nargs="+", default=("c2fdan", "fmodr"), metavar="NAME")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    detector = faces.YuNet(options.yunet) if options.yunet else faces.default_detector()
    pictures = load_faces(options.faces, size=SIDE, limit=options.count).images
    photos = [np.pad(picture, ((BORDER, BORDER), (BORDER, BORDER), (0, 0)), mode="reflect") for picture in pictures]
    results = {}
    for name in options.models:
        values = measure(photos, zoo.load(name), detector, options.seed)
        results[name] = {key: summarise(value, seed=options.seed) for key, value in values.items()}
        gain, *off = (results[name][key] for key in ("gain, dB", "off, one look", "off, two looks"))
        print(
            f"{name}: {gain['mean']:+.2f} dB [{gain['low']:.2f}, {gain['high']:.2f}] on {gain['n']} photos; points off "
            f"by {off[0]['mean']:.1f} -> {off[1]['mean']:.1f} % of the eyes' distance"
        )
    about = {"files": hashes([options.faces]), "detector": type(detector).__name__, "seed": options.seed}
    print(write("look_again", {"machine": describe(), "data": about, "models": results}))


if __name__ == "__main__":
    main()
