"""The generic head's field over a portrait, and how long it takes.

`python -m benchmarks.uv_field` draws lines of equal u and v over scikit-image's portrait into `docs/uv.png` and writes
the milliseconds of one field at 128 and 256 px into `benchmarks/results/uv_field.json`.
"""

import argparse
import time

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot as plt
from skimage import data

from benchmarks.machine import describe, write
from tfinpaint.faces import default_detector, largest, template_points
from tfinpaint.faces.uv import GenericHead

_LINES = np.linspace(0.1, 0.9, 9)
_REPEATS = 50


def draw(file: str) -> None:
    """The portrait and, beside it, the lines of its field: the nose ridge (u = 0.5) in red."""
    portrait = data.astronaut()
    face = largest(default_detector()(portrait))
    (x, y), reach = face.landmarks.mean(0).astype(int), int(1.6 * max(face.box[2:]) / 2)
    crop = portrait[max(y - reach, 0) : y + reach, max(x - reach, 0) : x + reach]
    landmarks = face.landmarks - [max(x - reach, 0), max(y - reach, 0)]
    uv, valid = GenericHead()(crop, landmarks)
    u, v = (np.ma.masked_array(uv[..., i], valid[..., 0] == 0) for i in (0, 1))

    figure, axes = plt.subplots(1, 2, figsize=(8, 4), layout="constrained")
    for axis in axes:
        axis.imshow(crop)
        axis.axis("off")
    axes[1].contour(u, _LINES, colors="cyan", linewidths=0.8)
    axes[1].contour(v, _LINES, colors="yellow", linewidths=0.8)
    axes[1].contour(u, [0.5], colors="red", linewidths=1.2)
    axes[1].contour(valid[..., 0], [0.5], colors="white", linewidths=0.8)
    axes[1].plot(*landmarks.T, "+", color="lime")
    figure.savefig(file, dpi=80)


def milliseconds(size: int) -> float:
    """Mean time of one field of a `size` x `size` picture."""
    image, points, head = np.zeros((size, size, 3), np.uint8), template_points(size), GenericHead()
    head(image, points)
    started = time.perf_counter()
    for _ in range(_REPEATS):
        head(image, points)
    return 1000 * (time.perf_counter() - started) / _REPEATS


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="docs/uv.png", metavar="FILE", help="picture to write (docs/uv.png)")
    draw(parser.parse_args().out)
    times = {f"{side} x {side}": round(milliseconds(side), 2) for side in (128, 256)}
    print(times)
    print(write("uv_field", {"machine": describe(), "ms": times}))
