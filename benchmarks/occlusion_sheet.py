"""Every occlusion on one face: `python -m benchmarks.occlusion_sheet` draws `docs/occlusions.png`.

The face is scikit-image's portrait, in the public domain. Each row is a kind, each column a seed; nothing is picked.
"""

import argparse

import numpy as np

from tfinpaint.data import occlusions
from tfinpaint.data.occlusions.drawings import KINDS
from tfinpaint.data.occlusions.face_mask import NAMED
from tfinpaint.data.portrait import LANDMARKS, load_portrait
from tfinpaint.faces import align
from tfinpaint.images import contact_sheet, write_picture

SIDE = 192


def drawn(occlusion: occlusions.Occlusion, seeds: int) -> np.ndarray:
    """The portrait under so many draws, uint8 `(seeds, SIDE, SIDE, 3)`."""
    points = np.array(LANDMARKS, np.float64)
    crop, matrix = align(load_portrait(), points, SIDE)
    moved = (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    images = np.repeat(crop[None], seeds, 0).astype(np.float32) / 127.5 - 1
    occluded, _ = occlusion(images, np.repeat(moved[None], seeds, 0), np.array([(0, k) for k in range(seeds)]))
    return np.rint((occluded.numpy() + 1) * 127.5).clip(0, 255).astype(np.uint8)


def main() -> None:
    """Two draws of every drawn thing and named mask, and four of every other kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="docs/occlusions.png")
    out = parser.parse_args().out
    few = {name: drawn(occlusions.get(name), 2) for name in (*sorted(KINDS), *NAMED)}
    whole = [name for name in sorted(occlusions.TABLE) if name not in ("no_occlusion", "objects")]
    many = {name: drawn(occlusions.get(name), 4) for name in whole}
    cells = {name: pictures[:2] for name, pictures in few.items()}
    for name in whole:
        short = name.replace("rectangle", "rect")
        cells |= {short: many[name][:2], " " * len(cells): many[name][2:]}
    rows = [dict(list(cells.items())[i : i + 12]) for i in range(0, len(cells), 12)]
    for row in rows:
        row |= {" " * (100 + k): np.full_like(next(iter(cells.values())), 255) for k in range(12 - len(row))}
    write_picture(np.concatenate([contact_sheet(row, side=96) for row in rows]), out)


if __name__ == "__main__":
    main()
