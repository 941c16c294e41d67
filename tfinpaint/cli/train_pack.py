"""Trains a model on a pack, with neither TensorFlow nor internet; see `tfinpaint pack`.

The folder --out gets the weights, `log.jsonl`, `sheet.png`, `training.json` and the last checkpoints.
"""

import argparse
import math
import os
import platform
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfinpaint import records, zoo
from tfinpaint.callbacks import LossLog, Samples
from tfinpaint.data import FaceSet, NumpyBatches, OccluderBank, Shards
from tfinpaint.data.packed import packed_faces, packed_occluders
from tfinpaint.errors import TfinpaintError
from tfinpaint.evaluation import write_sheet
from tfinpaint.training import Stage
from tfinpaint.training.checkpoint_folder import CheckpointFolder


def parser() -> argparse.ArgumentParser:
    """The program's arguments."""
    parser = argparse.ArgumentParser(prog="train.py", description=__doc__)
    parser.add_argument("pack", metavar="PACK", help="folder that `tfinpaint pack` wrote (train.py adds its own)")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of everything that comes out")
    parser.add_argument("--minutes", type=float, default=math.inf, help="end cleanly after so long (no limit)")
    parser.add_argument("--checkpoint-minutes", type=float, default=5.0, help="at most between two checkpoints (5)")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument("--weights", metavar="FILE", help="begin from this .weights.h5, or 'zoo' for the packed ones")
    parser.add_argument("--recipe", help="name of the model's recipe (the pack's otherwise)")
    parser.add_argument("--stages", nargs="+", metavar="NAME", help="only these stages")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the length of every stage (1.0)")
    parser.add_argument("--rates", type=float, default=1.0, help="multiplies every learning rate (1.0)")
    parser.add_argument("--batch", type=int, help="samples a batch (the recipe's otherwise)")
    parser.add_argument("--average", type=float, metavar="DECAY", help="keep moving averages of the weights")
    parser.add_argument(
        "--policy",
        choices=("float32", "mixed_bfloat16", "mixed_float16"),
        default="mixed_bfloat16",
        help="in which numbers the networks compute (mixed_bfloat16)",
    )
    parser.add_argument("--no-jit", action="store_true", help="do not compile the steps, to look for errors")
    parser.add_argument("--jitter", type=float, default=0.05, help="variation of the framing, share of the side (0.05)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--interval", type=int, default=500, help="steps between two lines of the log (500)")
    parser.add_argument("--workers", type=int, help="threads that prepare batches (one a processor, at most 16)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains; returns 0 when the recipe is done or the time is over, 1 where something failed, 130 when interrupted."""
    until, parsed = time.monotonic(), parser().parse_args(arguments)
    until += 60 * parsed.minutes
    try:
        shards = Shards(parsed.pack)
        keras.config.set_dtype_policy(parsed.policy)
        keras.utils.set_random_seed(parsed.seed)
        weights = {None: False, "zoo": True}.get(parsed.weights, parsed.weights)
        train(zoo.load(shards.about["preset"], weights=weights), shards, parsed, until)
        return 0
    except TfinpaintError as error:
        print(f"tfinpaint: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def train(model: Any, shards: Shards, arguments: argparse.Namespace, until: float) -> bool:
    """Trains a model on opened shards and writes what comes out; returns whether the recipe was finished.

    Args:
        model: an `InpaintingModel`, not compiled.
        shards: what `tfinpaint pack` wrote.
        arguments: of `parser()`.
        until: when to stop, by `time.monotonic()`.
    """
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    recipe = model.recipes[arguments.recipe or shards.about["recipe"]]
    recipe = recipe.scaled(steps=arguments.scale, rates=arguments.rates, batch=arguments.batch)
    stages = [recipe.stage(name) for name in arguments.stages or [s.name for s in recipe.stages]]
    model.compile(
        recipe=recipe,
        features={
            slot: f"{network}:{shards.folder / name}" for slot, (network, name) in shards.about["features"].items()
        },
        average=arguments.average,
        jit_compile=False if arguments.no_jit else "auto",
    )
    data = _Data.of(shards, arguments, model, model.batch_keys(*(stage.name for stage in stages)))
    print(f"{model.name}: {len(data.faces)} faces, {len(data.bank)} occluders, {len(stages)} stages", file=sys.stderr)
    began = time.monotonic()
    finished = _fit(model, stages, data, arguments, until)
    with model.averaged():
        zoo.save_weights(model, out / f"{shards.about['preset']}.weights.h5")
        _write_sheet(model, data, out / "sheet.png")
    about = {
        "arguments": {k: v for k, v in vars(arguments).items() if v != math.inf},
        "pack": shards.about,
        "config": model.get_config(),
        "recipe": recipe.to_dict(),
        "faces": {"count": len(data.faces), "fingerprint": data.faces.fingerprint},
        "finished": finished,
        "seconds": round(time.monotonic() - began),
        "versions": records.environment(),
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}, {', '.join(keras.distribution.list_devices())}",
    }
    records.write_json(about, out / "training.json")
    print("The recipe is finished." if finished else "The time is over; go on with --resume.", file=sys.stderr)
    return finished


@dataclass(frozen=True)
class _Data:
    faces: FaceSet
    held_out: FaceSet | None
    bank: OccluderBank
    keys: frozenset[str]
    seed: int
    workers: int | None

    @classmethod
    def of(cls, shards: Shards, arguments: argparse.Namespace, model: Any, keys: Iterable[str]) -> "_Data":
        seed, about = arguments.seed, shards.about
        crop = {"size": model.image_size, "framing": model.contract.framing}
        faces = packed_faces(shards, about["train"], jitter=arguments.jitter, seed=seed, **crop)
        held_out = packed_faces(shards, about["validation"], **crop) if about["validation"] else None
        return cls(faces, held_out, packed_occluders(shards), frozenset(keys), seed, arguments.workers)

    def training(self, batch_size: int, start: int) -> NumpyBatches:
        options = {"seed": self.seed, "start": start, "workers": self.workers, "keys": self.keys}
        return NumpyBatches(self.faces, self.bank, batch_size=batch_size, **options)

    def validation(self, batch_size: int = 50) -> NumpyBatches | None:
        """One pass over the held-out faces, always the same; None where there are none."""
        fixed = {"seed": self.seed + 10_000, "shuffle": False, "flip": False, "repeat": False}
        fixed |= {"workers": self.workers, "keys": self.keys}
        return self.held_out and NumpyBatches(self.held_out, self.bank, batch_size=batch_size, **fixed)


def _fit(model: Any, stages: list[Stage], data: _Data, arguments: argparse.Namespace, until: float) -> bool:
    out, data_id = Path(arguments.out), {"faces": data.faces.fingerprint, "seed": data.seed}
    lengths = {s.name: s.steps(1.0, len(data.faces)) * s.batches_per_step for s in stages}
    clock = _Clock(lengths, CheckpointFolder(out), data_id, 60 * arguments.checkpoint_minutes, until)
    try:
        model.fit_recipe(
            data.training,
            stages=[s.name for s in stages],
            interval=arguments.interval,
            faces_per_epoch=len(data.faces),
            checkpoint=out,
            resume=arguments.resume,
            data_id=data_id,
            validation_data=data.validation(),
            callbacks=[clock, LossLog(out / "log.jsonl")],
            verbose=2,
        )
    except _TimeOver:
        return False
    return True


class _TimeOver(Exception):  # noqa: N818 - no error: the way out of `fit`
    pass


class _Clock(keras.callbacks.Callback):
    """Keeps a checkpoint every so many seconds, within epochs too, and ends the training at a time.

    Adds `images_per_second` to the epoch's logs. `lengths` is stage -> how many batches it eats, in order.
    """

    def __init__(
        self, lengths: dict[str, int], folder: CheckpointFolder, data_id: dict[str, Any], every: float, until: float
    ) -> None:
        super().__init__()
        self.lengths, self.folder, self.data_id, self.every, self.until = lengths, folder, data_id, every, until
        self.due = min(time.monotonic() + every, until)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.began, self.steps, self.seconds = time.monotonic(), 0, None

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.steps += 1
        if time.monotonic() < self.due:
            return
        if hasattr(self.model, "jax_state_sync"):  # on JAX, `fit` holds the weights apart while it runs
            self.model.jax_state_sync()
        self.folder.save(self.model, self._position())
        if time.monotonic() >= self.until:
            raise _TimeOver
        self.due = min(time.monotonic() + self.every, self.until)

    def on_test_begin(self, logs: dict | None = None) -> None:
        self.seconds = time.monotonic() - self.began

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        images = self.steps * self.model.stage.batches_per_step * self.model.stage.batch
        if logs is not None:
            logs["images_per_second"] = images / (self.seconds or time.monotonic() - self.began)

    def _position(self) -> dict[str, Any]:
        """As `fit_recipe` counts: the stage, its steps, and the batches since the first stage."""
        stage, step = self.model.stage, int(self.model.stage_step)
        before = list(self.lengths).index(stage.name)
        batches = sum(list(self.lengths.values())[:before]) + step * stage.batches_per_step
        return {"stage": stage.name, "step": step, "batches": batches, "data": self.data_id}


def _write_sheet(model: Any, data: _Data, path: Path, count: int = 8) -> None:
    """Held-out faces (or those of training): clean, occluded, mask found, and what the last stage made of them."""
    samples = Samples((data.validation(count) or data.training(count, 0))[0])
    picture, mask = samples.look(model)
    columns = {"clean": samples.clean, "occluded": samples.occluded}
    if mask is not None:
        columns["mask found"] = np.repeat(2 * mask - 1, 3, axis=-1)
    columns["restored"] = picture
    pictures = {k: np.rint((np.clip(v, -1, 1) + 1) * 127.5).astype(np.uint8) for k, v in columns.items()}
    write_sheet(pictures, path)


if __name__ == "__main__":
    sys.exit(main())
