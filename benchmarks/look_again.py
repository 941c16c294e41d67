"""Does it help to look for a face once more when it is painted? Photos with a drawn occlusion, restored both ways.

    python -m benchmarks.look_again --faces FACES.zip
    python -m benchmarks.look_again --faces FACES.zip --mtcnn

write `benchmarks/results/look_again_YuNet.json` and `look_again_MTCNNDetector.json`. Each
face is enlarged, gets a mirrored border, is found, and is hidden by what its model learned to take off, drawn on the
points that the detector found in the bare photo.
"""

import argparse
import sys
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.machine import describe, write
from tfinpaint import faces, restoration, zoo
from tfinpaint.data import load_faces
from tfinpaint.data.occlude_photo import occlude_photo
from tfinpaint.data.occlusions.mixtures import MIXTURES
from tfinpaint.evaluation import metrics, summarise
from tfinpaint.files import sha256
from tfinpaint.records import command, hashes

SIDE, BORDER = 256, 64


def measure(photos: list[np.ndarray], model: Any, detector: faces.Detector, seed: int) -> dict[str, np.ndarray]:
    """One value for each photo where something was drawn and the face was found, bare and hidden."""
    occlusion, rows = MIXTURES[model.contract.occlusion](), []
    for k, photo in enumerate(tqdm(photos, desc=model.name)):
        bare = detector(photo)
        if not bare:
            continue
        true = faces.largest(bare)
        hidden, hole = occlude_photo(photo, [true.landmarks], occlusion, seed=(seed, k))
        if not hole.any() or not detector(hidden):
            continue
        results = [
            restoration.restore_photo(hidden, model, detector=detector, look_again=again) for again in (False, True)
        ]
        results.append(restoration.restore_photo(hidden, model, landmarks=true.landmarks))
        psnr = [float(metrics.psnr(*(p[None] / 255 for p in (r.pixels, photo)), _batch(hole))[0]) for r in results]
        off = [100 * true.distance(r.faces[0]) for r in results[:2]]
        rows.append((*psnr, psnr[1] - psnr[0], *off, off[0] != off[1]))
    names = ("one look", "two looks", "true points", "gain, dB", "off, one look", "off, two looks", "looked again")
    return dict(zip(names, np.array(rows, np.float64).T, strict=True))


def _batch(mask: np.ndarray) -> np.ndarray:
    return mask[None, ..., None].astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", required=True, metavar="PATH", help="zip or folder of faces that no step saw")
    parser.add_argument("--mtcnn", action="store_true", help="instead of YuNet")
    parser.add_argument("--models", nargs="+", default=("c2fdan", "fmodr"), metavar="NAME")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    detector = faces.MTCNNDetector() if options.mtcnn else faces.YuNet()
    pictures = load_faces(options.faces, size=SIDE, limit=options.count).images
    photos = [np.pad(picture, ((BORDER, BORDER), (BORDER, BORDER), (0, 0)), mode="reflect") for picture in pictures]
    weights, results = {}, {}
    for name in options.models:
        model = zoo.load(name)
        weights[name] = sha256(zoo.weights_path(zoo.preset(name)))
        values = measure(photos, model, detector, options.seed)
        results[name] = {key: summarise(value, seed=options.seed) for key, value in values.items()}
        gain, *off = (results[name][key] for key in ("gain, dB", "off, one look", "off, two looks"))
        print(
            f"{name}: {gain['mean']:+.2f} dB [{gain['low']:.2f}, {gain['high']:.2f}] on {gain['n']} photos; points off "
            f"by {off[0]['mean']:.1f} -> {off[1]['mean']:.1f} % of the eyes' distance"
        )
    label = type(detector).__name__
    about = {
        "command": command(sys.argv[1:], program="python -m benchmarks.look_again"),
        "machine": describe(),
        "files": hashes([options.faces]),
        "detector": label,
        "photos": len(photos),
        "seed": options.seed,
        "weights": weights,
    }
    print(write(f"look_again_{label}", {**about, "models": results}))


if __name__ == "__main__":
    main()
