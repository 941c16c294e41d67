"""A toy that paints, its data, and one watched run; as a program (`python -m tests.callbacks.watched DIR`), for JAX."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tests.training.toys import RECIPES, Toy, batch
from tfinpaint.callbacks import BestCheckpoint, Health, LossLog, Previews, Samples
from tfinpaint.training.recipe import Recipe


@keras.saving.register_keras_serializable("tfinpaint_tests")
class PaintingToy(Toy):
    """A toy whose two painters can be published; it finds what is exactly 0, as `toys.batch` hides."""

    painter_names = ("first", "second")

    def call(self, inputs: Any, training: bool = False) -> dict:
        hidden = keras.ops.all(keras.ops.equal(inputs, 0.0), axis=-1, keepdims=True)
        return {**super().call(inputs, training), "mask": keras.ops.cast(hidden, "float32")}


class HeldOut(keras.utils.PyDataset):
    """Two batches that no step sees."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> tuple:
        return (batch(1000 + index),)


def painting_toy(stage: str = "coarse_joint", seed: int = 0, **options: Any) -> PaintingToy:
    """The toy with FMODR's recipe, where `first` is the part "coarse"; not compiled unless told so: it is small."""
    names, recipe = RECIPES["fmodr"]
    keras.utils.set_random_seed(seed)
    model = PaintingToy(names)
    model.compile(Recipe.from_dict(recipe), stage=stage, **{"run_eagerly": True, **options})
    return model


def data(size: int = 4, start: int = 0) -> Iterator[tuple]:
    """Endless batches, in the form that `fit_recipe` asks for."""
    while True:
        yield (batch(start, size),)
        start += 1


def weights(model: Any) -> list[np.ndarray]:
    """The weights of the part "coarse"."""
    return [v.numpy() for v in model.part_variables["coarse"]]


class Recorder(keras.callbacks.Callback):
    """The weights of the part "coarse" at the beginning and after every epoch."""

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.seen = [weights(self.model)]

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.seen.append(weights(self.model))


def averages_by_formula(seen: list[list[np.ndarray]], decay: float) -> list[np.ndarray]:
    """The averages after all steps but the first entry, which is the start, in double precision."""
    averages = [w.astype("float64") for w in seen[0]]
    for n, after in enumerate(seen[1:]):
        d = min(decay, (1 + n) / (10 + n))
        averages = [d * a + (1 - d) * w for a, w in zip(averages, after, strict=True)]
    return averages


def run(folder: Path) -> None:
    """Three epochs of one step, watched by every callback; checks what they leave."""
    model, samples, recorder = painting_toy(average=0.15, run_eagerly=False), Samples(batch(9)), Recorder()
    watchers = [Health(samples), LossLog(folder / "log.jsonl"), Previews(samples, folder), BestCheckpoint(folder)]
    options = {"stages": ["coarse_joint"], "scale": 3 / 24, "steps_per_epoch": 1, "verbose": 0}
    histories = model.fit_recipe(data, validation_data=HeldOut(), callbacks=[*watchers, recorder], **options)
    history = histories["coarse_joint"].history
    with model.averaged():
        for ours, theirs in zip(weights(model), averages_by_formula(recorder.seen, 0.15), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-6)
        picture, _ = samples.look(model)
    for ours, theirs in zip(weights(model), recorder.seen[-1], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert np.abs(picture - samples.look(model)[0]).max() > 1e-5  # the averages are not the weights
    assert history["val_hole_l1"][-1] == model.evaluate(HeldOut(), verbose=0, return_dict=True)["hole_l1"]
    assert {"saturated_share", "adv_g_coarse_over_adv_d_coarse", "val_mask_iou"} <= set(history)
    left = {"best-coarse_joint.weights.h5", "best.json", "log.jsonl"}
    left |= {f"preview-coarse_joint-00000{step}.png" for step in (1, 2, 3)}
    assert {p.name for p in folder.iterdir()} == left


if __name__ == "__main__":
    run(Path(sys.argv[1]))
