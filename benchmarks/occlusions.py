"""Images a second of every occlusion, beside albumentations' nearest and beside what a training step eats.

    python -m benchmarks.occlusions [--batches 12] [--rounds 3]

Pictures are in memory, decoding is excluded. Ours: the whole pipeline (`occlude`: order, flip, drawing, composition) in
batches of 32, on all cores. Albumentations (`pip install albumentations`; left out where it is absent): the transform
alone, one picture after the other, as its users call it; processor time a picture compares the two. The training step
is stage `coarse` of fmodr_128 in bfloat16, measured in the same run. Writes `benchmarks/results/occlusions.json`.
"""

import argparse
import importlib.util
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.machine import describe, write
from benchmarks.train_loop import compiled
from benchmarks.train_step import BATCH as STEP_BATCH
from benchmarks.train_step import batch

BATCH = 32
BANK = 256  # occluders in the bank; more cost memory, not time


def faces(side: int, count: int = 256) -> Any:
    """Smooth noise with five points where an aligned face has them."""
    import cv2

    from tfinpaint.data import FaceSet
    from tfinpaint.faces import template_points

    rng = np.random.default_rng(0)
    images = np.stack([cv2.resize(i, (side, side)) for i in rng.integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)])
    points = np.repeat(template_points(side)[None], count, 0) + rng.normal(0, 0.01 * side, (count, 5, 2))
    return FaceSet(images, points.astype(np.float32), np.ones((count, side, side, 1), np.uint8), ("",) * count)


def timed(run: Callable[[], Any], images: int, rounds: int) -> dict[str, float]:
    """The best round's images a second, and its processor milliseconds an image."""
    best: dict[str, float] = {"images_per_s": 0.0}
    for _ in range(rounds):
        start, processor = time.perf_counter(), time.process_time()
        run()
        wall, processor = time.perf_counter() - start, time.process_time() - processor
        row = {"images_per_s": round(images / wall, 1), "processor_ms": round(1000 * processor / images, 3)}
        best = max(best, row, key=lambda r: r["images_per_s"])
    return best


def ours(side: int, batches: int, rounds: int) -> dict[str, dict[str, float]]:
    """Kind -> rates of the pipeline."""
    from tfinpaint.data import default_occlusion, occlude
    from tfinpaint.data.occluder_bank import render_occluders
    from tfinpaint.data.occlusions import TABLE, FromBank

    pictures, rows = faces(side), {}
    kinds = {name: kind() for name, kind in sorted(TABLE.items())}
    kinds["mixture for training"] = default_occlusion()
    kinds["mixture, from a bank"] = FromBank(render_occluders(pictures, default_occlusion(), BANK))
    for name, kind in kinds.items():
        stream = iter(occlude(pictures, kind, batch_size=BATCH))
        for _ in range(4):
            next(stream)
        rows[name] = timed(lambda stream=stream: [next(stream) for _ in range(batches)], BATCH * batches, rounds)
        print(f"{side:4} {name:26}{rows[name]['images_per_s']:10.0f} images/s", flush=True)
    return rows


def albumentations_rates(side: int, count: int, rounds: int) -> dict[str, dict[str, float]]:
    """Transform -> rates of the peer."""
    import albumentations as A

    sticker = np.full((side // 3, side // 3, 3), 200, np.uint8)
    overlay = {"image": sticker, "bbox": [0.3, 0.5, 0.6, 0.8]}
    share = (0.1, 0.4)
    drop = A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=share, hole_width_range=share, p=1.0)
    transforms = {
        "CoarseDropout (a rectangle)": (drop, {}),
        "OverlayElements (a picture)": (A.OverlayElements(p=1.0), {"overlay_metadata": [overlay]}),
        "GridDropout": (A.GridDropout(p=1.0), {}),
    }
    pictures, rows = faces(side).images, {}
    for name, (transform, extra) in transforms.items():
        calls = A.Compose([transform])

        def run(calls: Any = calls, extra: dict = extra) -> None:
            for k in range(count):
                calls(image=pictures[k % len(pictures)], **extra)

        run()
        rows[name] = timed(run, count, rounds)
    return rows


def training_step(rounds: int) -> float:
    """Images a second that a step of stage `coarse` eats."""
    import keras
    import tensorflow as tf

    keras.config.set_dtype_policy("mixed_bfloat16")
    model = compiled("fmodr_128", "coarse", 1)
    held = {k: tf.constant(v) for k, v in batch(model.image_size).items()}
    model.train_on_batch(held)
    return timed(lambda: [model.train_on_batch(held) for _ in range(8)], 8 * STEP_BATCH, rounds)["images_per_s"]


def main() -> None:
    """Measures everything, prints a table and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    results: dict[str, Any] = {"ours": {}, "albumentations": {}}
    for side in (128, 256):
        results["ours"][side] = ours(
            side, arguments.batches if side == 128 else arguments.batches // 2, arguments.rounds
        )
        if importlib.util.find_spec("albumentations"):
            peer = albumentations_rates(side, 400, arguments.rounds)
            results["albumentations"][side] = peer
            for name, row in peer.items():
                print(f"{side:4} {name:30}{row['images_per_s']:10.0f} images/s, {row['processor_ms']} ms each")
    results["training_step_images_per_s"] = training_step(arguments.rounds)
    print(f"a training step eats {results['training_step_images_per_s']:.0f} images/s")
    print(write("occlusions", {"machine": describe(), "batch": BATCH, "rounds": arguments.rounds} | results))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
