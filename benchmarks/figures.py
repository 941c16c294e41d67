"""Draws what a model makes on the way to its result.

`python -m benchmarks.figures MODEL` writes `zoo/MODEL/figure.png`: the public-domain portrait, hidden by draws with the
seeds 0, 1, 2, ... of the model's first kind; nothing is picked.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from tfinpaint import zoo
from tfinpaint.data import occlusions
from tfinpaint.data.occlude_photo import occlude_photo
from tfinpaint.data.portrait import LANDMARKS, load_portrait
from tfinpaint.faces import align
from tfinpaint.images import write_sheet

SIDE = 128


def figure_of_fsg_gan(model: Any, hidden: np.ndarray) -> dict[str, list[np.ndarray]]:
    """What was seen, the structure that led, what was painted, how surely each pixel is hidden, the result."""
    found = model.restore(hidden)
    return {
        "hidden": list(hidden),
        "structure": _bytes(found.extras["structure"]),
        "painted": _bytes(found.extras["raw"]),
        "alpha": _grey(found.extras["alpha"]),
        "restored": list(found.images),
    }


def figure_of_can_dfe(model: Any, hidden: np.ndarray) -> dict[str, list[np.ndarray]]:
    """What was seen, the six pictures from the smallest, alpha, the field, the result."""
    found = model.restore(hidden)
    batch = {"occluded": ops.convert_to_tensor(hidden.astype("float32") / 127.5 - 1.0)}
    scales = model.forward(batch, ["restored"])["restored"]
    columns = {"hidden": list(hidden)}
    for level in range(model.scales, 0, -1):
        pictures = _bytes(scales[f"picture_{level}"])
        times = SIDE // pictures[0].shape[0]
        columns[f"{SIDE // times} px"] = [p.repeat(times, 0).repeat(times, 1) for p in pictures]
    u, v = np.split(np.asarray(found.extras["field"]), 2, axis=-1)
    columns |= {"alpha": _grey(found.extras["alpha"].mean(-1, keepdims=True)), "u": _grey(u), "v": _grey(v)}
    return columns | {"restored": list(found.images)}


FIGURES = {"fsg_gan": ("objects", figure_of_fsg_gan), "can_dfe": ("face_mask", figure_of_can_dfe)}


def _bytes(pictures: Any) -> list[np.ndarray]:
    return list(np.clip(np.rint((np.asarray(pictures, np.float32) + 1) * 127.5), 0, 255).astype(np.uint8))


def _grey(maps: Any) -> list[np.ndarray]:
    """Maps in [0, 1], `(batch, height, width, 1)`, as grey pictures."""
    return list(np.repeat(np.rint(np.asarray(maps) * 255).astype(np.uint8), 3, axis=-1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=FIGURES)
    parser.add_argument("--draws", type=int, default=6)
    parser.add_argument("--weights", help="take this .weights.h5; needs --out")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    kind, draw = FIGURES[options.model]
    photos = [
        occlude_photo(load_portrait(), [LANDMARKS], occlusions.get(kind), seed=(seed, 0))[0]
        for seed in range(options.draws)
    ]
    hidden = np.stack([align(photo, np.float32(LANDMARKS), SIDE)[0] for photo in photos])
    model = zoo.load(options.model, weights=options.weights or True)
    out = options.out or (None if options.weights else zoo.folder(options.model) / "figure.png")
    if out is None:
        parser.error("--weights needs --out")
    write_sheet(draw(model, hidden), out, side=SIDE)


if __name__ == "__main__":
    main()
