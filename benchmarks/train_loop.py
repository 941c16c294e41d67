"""What a training loop costs beside its arithmetic: the input, Python, and what `steps_per_execution` saves.

    python -m benchmarks.train_loop [--preset fmodr_128] [--stage coarse] [--steps 16] [--rounds 5]

Three loops of the same stage: a step on one batch that stays in memory (the arithmetic), `fit` on that same batch, and
`fit` on the pipeline, which draws occlusions beside the step; and the pipeline alone. Processor time is summed over
the threads: half of it is the least that a step can take on two cores, and what wall time is above that is stalls.
Each number is the best round's; the loops take turns. Writes `benchmarks/results/train_loop.json`.
"""

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.machine import describe, write
from benchmarks.train_step import BATCH, batch


def faces(side: int, count: int = 256) -> Any:
    """Noise with five points where an aligned face has them."""
    from tfinpaint.data import FaceSet
    from tfinpaint.faces import template_points

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    points = np.repeat(template_points(side)[None], count, 0) + rng.normal(0, 1, (count, 5, 2))
    return FaceSet(images, points.astype(np.float32), np.ones((count, side, side, 1), np.uint8), ("",) * count)


def milliseconds(run: Callable[[int], Any], steps: int) -> dict[str, float]:
    """Wall and processor time a step."""
    start, processor_start = time.perf_counter(), time.process_time()
    run(steps)
    wall, processor = time.perf_counter() - start, time.process_time() - processor_start
    return {"wall_ms": round(1000 * wall / steps, 2), "processor_ms": round(1000 * processor / steps, 2)}


def compiled(preset: str, stage: str, steps_per_execution: int) -> Any:
    """The preset's model, ready for the stage."""
    from tfinpaint import zoo

    model = zoo.load(preset, weights=False)
    features = {"perceptual": "random", "identity": "random"}
    model.compile(stage=stage, features=features, steps_per_execution=steps_per_execution)
    return model


def loops(preset: str, stage: str) -> dict[str, Callable[[int], Any]]:
    """Name -> what runs so many steps."""
    import tensorflow as tf

    from tfinpaint.data import default_occlusion, occlude

    single, grouped = compiled(preset, stage, 1), compiled(preset, stage, 8)
    side = single.image_size
    pipeline = occlude(faces(side), default_occlusion(), batch_size=BATCH, colour_jitter=0.5)
    held, iterator = {k: tf.constant(v) for k, v in batch(side).items()}, iter(pipeline)
    memory = tf.data.Dataset.from_tensors(batch(side)).repeat()

    def fit(model: Any, data: tf.data.Dataset) -> Callable[[int], Any]:
        return lambda steps: model.fit(data, steps_per_epoch=steps, epochs=1, verbose=0)

    return {
        "step alone": lambda steps: [single.train_on_batch(held) for _ in range(steps)],
        "fit, one batch in memory": fit(single, memory),
        "fit, pipeline": fit(single, pipeline),
        "fit, pipeline, 8 steps an execution": fit(grouped, pipeline),
        "pipeline alone": lambda steps: [next(iterator) for _ in range(steps)],
    }


def main() -> None:
    """Measures the loops, prints a table and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="fmodr_128")
    parser.add_argument("--stage", default="coarse")
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--policy", default="mixed_bfloat16")
    arguments = parser.parse_args()
    import keras

    keras.config.set_dtype_policy(arguments.policy)
    runs, rows = loops(arguments.preset, arguments.stage), {}
    for run in runs.values():
        run(8)  # traces
    for _ in range(arguments.rounds):
        for name, run in runs.items():
            row = milliseconds(run, arguments.steps)
            rows[name] = min(row, rows.get(name, row), key=lambda r: r["wall_ms"])
    for name, row in rows.items():
        print(f"{name:40}{row['wall_ms']:8.1f} ms a step, {row['processor_ms']:8.1f} ms of processors")
    record = {"preset": arguments.preset, "stage": arguments.stage, "policy": arguments.policy, "batch": BATCH}
    print(write("train_loop", record | {"machine": describe(), "rounds": arguments.rounds, "results": rows}))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
