"""Where the time of a step of the stage `finish` goes: images a second of the whole, and without each of its pieces.

    python -m benchmarks.finish_step [--preset fmodr_128] [--batch 16] [--steps 30] [--rounds 2] [--recogniser FILE]

Each row leaves out something: the critic's own update, what the critic says to the painter, the recogniser. Drawing
of faces is not in it: the batch is one of noise. The rows take turns in one process, and each is its best round's
median. Writes `benchmarks/results/finish_step_PRESET.json`. Run it on a machine that does nothing else.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.machine import describe, write
from benchmarks.train_step import batch, seconds

import keras  # isort: skip

CRITIC = ("finish_features", "finish_adversary")
RECOGNISER = ("finish_recognised", "finish_identity")


def variants(stage: Any) -> dict[str, Any]:
    """Name of the row -> the stage without something. The governor is taken out where the critic shall always move."""
    painter, critic = stage.updates

    def without(*names: str) -> Any:
        return replace(painter, terms={t: w for t, w in painter.terms.items() if t not in names})

    def stage_of(*updates: Any) -> Any:
        return replace(stage, updates=updates, monitor=("val_hole_l1", "min"))

    return {
        "whole, the critic moves": stage_of(painter, replace(critic, governor=None)),
        "whole, the critic waits": stage_of(
            painter, replace(critic, governor=replace(critic.governor, advantage=1e-9, memory=0.0, every=10**9))
        ),
        "no update of the critic": stage_of(painter),
        "no recogniser": stage_of(without(*RECOGNISER), replace(critic, governor=None)),
        "no critic": stage_of(without(*CRITIC)),
        "pixels alone": stage_of(without(*CRITIC, *RECOGNISER)),
    }


def build_step(preset: str, stage: Any, data: dict, recogniser: str | None) -> Any:
    from tfinpaint import zoo
    from tfinpaint.training import Recipe

    model = zoo.load(preset, weights=bool(zoo.preset(preset).file))
    features = {"recogniser": f"mobile_face_net:{recogniser}"} if recogniser else {}
    model.compile(recipe=Recipe((stage,)), features=features, average=0.998)
    model.make_train_function()
    import tensorflow as tf

    batches = iter(tf.data.Dataset.from_tensors(data).repeat())
    return lambda: float(next(iter(model.train_function(batches).values())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="fmodr_128")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--policy", default="mixed_bfloat16")
    parser.add_argument("--recogniser", help="MobileFaceNet's weights; without them the small LightCNN looks")
    options = parser.parse_args()
    keras.config.set_dtype_policy(options.policy)
    from tfinpaint import zoo

    small = zoo.load(options.preset, weights=False).recipes["small"].stage("finish")
    data = batch(zoo.preset(options.preset).arguments["image_size"], options.batch)
    steps = {
        name: build_step(options.preset, stage, data, options.recogniser) for name, stage in variants(small).items()
    }
    best: dict[str, float] = {}
    for _ in range(options.rounds):
        for name, step in steps.items():
            best[name] = min(best.get(name, 1e9), seconds(step, options.steps))
    rows = {
        name: {"images_per_second": round(options.batch / s, 1), "ms_per_step": round(1e3 * s, 1)}
        for name, s in best.items()
    }
    for name, row in rows.items():
        print(f"{name:28s}{row['images_per_second']:8.1f} images/s{row['ms_per_step']:9.1f} ms")
    arguments = vars(options) | {"recogniser": options.recogniser and Path(options.recogniser).name}
    path = write(f"finish_step_{options.preset}", {"machine": describe(), "arguments": arguments, "rows": rows})
    print(path)


if __name__ == "__main__":
    main()
