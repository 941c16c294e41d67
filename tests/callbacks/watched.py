"""A model that paints, its data, and a watched run; as a program (`python -m tests.callbacks.watched DIR`), for JAX."""

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tfinpaint import losses
from tfinpaint.callbacks import BestCheckpoint, Health, LossLog, Previews, Samples
from tfinpaint.models.base import InpaintingModel
from tfinpaint.models.compose import compose
from tfinpaint.training.declared import output, term
from tfinpaint.training.recipe import Gate, Recipe, Stage, Update

SIZE = 8


def _net(name: str, channels: int) -> keras.Model:
    x = inputs = keras.Input((SIZE, SIZE, 3), name=f"{name}_in")
    x = layers.Conv2D(4, 3, padding="same", activation="elu", name=f"{name}_a")(x)
    return keras.Model(inputs, layers.Conv2D(channels, 3, padding="same", name=f"{name}_b")(x), name=name)


@keras.saving.register_keras_serializable("tfinpaint_tests")
class PaintingToy(InpaintingModel):
    """Two painters, `first` and `second`, and a critic; it finds what is exactly 0, as `batch` hides."""

    painter_names = ("first", "second")
    image_size = SIZE
    entropies = ("evenness",)

    def __init__(self, name: str = "painting_toy", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.first, self.second, self.judge = _net("first", 3), _net("second", 3), _net("judge", 1)
        self.finish()

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}

    def parts(self) -> dict[str, list]:
        return {"coarse": [self.first], "refine": [self.second], "critic": [self.judge]}

    def call(self, inputs: Any, training: bool = False) -> dict[str, Any]:
        image = inputs["image"] if isinstance(inputs, dict) else inputs
        mask = ops.cast(ops.all(ops.equal(image, 0.0), axis=-1, keepdims=True), "float32")
        raw = self.forward({"occluded": image}, ["raw"], training)["raw"]
        return {"image": compose(image, raw, mask), "mask": mask}

    @output(by=("coarse",))
    def coarse(self, batch: dict, given: dict, training: bool) -> Any:
        return self.first(batch["occluded"], training=training)

    @output("coarse", by=("refine",))
    def raw(self, batch: dict, given: dict, training: bool) -> Any:
        return self.second(given["coarse"], training=training)

    @output(by=("critic",))
    def real_logit(self, batch: dict, given: dict, training: bool) -> Any:
        return ops.mean(self.judge(batch["image"], training=training), axis=(1, 2, 3))

    @output("coarse", by=("critic",))
    def fake_logit(self, batch: dict, given: dict, training: bool) -> Any:
        return ops.mean(self.judge(given["coarse"], training=training), axis=(1, 2, 3))

    @output("coarse")
    def evenness(self, batch: dict, given: dict, training: bool) -> Any:
        """Half, where the coarse picture is 0 on average."""
        return ops.sigmoid(ops.mean(given["coarse"], axis=(1, 2, 3)))


PaintingToy.terms = {
    "rec_coarse": term("coarse")(lambda model, batch, out: losses.mean_l1(out["coarse"], batch["image"])),
    "rec_refine": term("raw")(lambda model, batch, out: losses.mean_l1(out["raw"], batch["image"])),
    "adv_g_coarse": term("fake_logit", against="adv_d_coarse")(
        lambda model, batch, out: losses.logistic_generator_loss(out["fake_logit"])
    ),
    "adv_d_coarse": term("real_logit", "fake_logit", chance=2 * math.log(2))(
        lambda model, batch, out: losses.logistic_critic_loss(out["real_logit"], out["fake_logit"])
    ),
    # Terms of a Wasserstein critic, in no recipe: for logs that are made up.
    "score": term("real_logit", "fake_logit")(lambda model, batch, out: out["fake_logit"] - out["real_logit"]),
    "fools": term("fake_logit", against="score")(lambda model, batch, out: -out["fake_logit"]),
    "slope": term("real_logit", steep=100.0)(lambda model, batch, out: out["real_logit"]),
}
PaintingToy.gates = {"gate": term(reads=("gate",))(lambda model, batch, out: batch["gate"])}
_PAINTS = Update({"coarse": 1e-3}, {"rec_coarse": 1.0, "adv_g_coarse": 0.05})
_JUDGES = Update({"critic": 1e-3}, {"adv_d_coarse": 1.0})
_REFINES = Update({"refine": 1e-3}, {"rec_refine": 1.0}, gate="unsolved")
_JOINT = Stage("coarse_joint", {"steps": 24}, 4, (_PAINTS, _JUDGES))
_REFINE = Stage("refine", {"steps": 10}, 4, (_REFINES,), frozen=("coarse",))
RECIPE = Recipe((_JOINT, _REFINE), gates={"unsolved": Gate("gate", 0.1)})
PaintingToy.recipes = {"paper": RECIPE}


def batch(index: int = 0, count: int = 4) -> dict[str, np.ndarray]:
    """A batch of noise, a function of its index; hidden is what is 0."""
    rng = np.random.default_rng(index)
    image = rng.uniform(-1, 1, (count, SIZE, SIZE, 3)).astype("float32")
    mask = (rng.random((count, SIZE, SIZE, 1)) < 0.3).astype("float32")
    return {"image": image, "occluded": image * (1 - mask), "mask": mask, "gate": np.ones(count, "float32")}


class HeldOut(keras.utils.PyDataset):
    """Two batches that no step sees."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> tuple:
        return (batch(1000 + index),)


def painting_toy(stage: str = "coarse_joint", seed: int = 0, **options: Any) -> PaintingToy:
    """The toy, compiled; its step is not, unless told so: it is small."""
    keras.utils.set_random_seed(seed)
    model = PaintingToy()
    model.compile(stage=stage, **{"run_eagerly": True, **options})
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
    options = {"stages": ["coarse_joint"], "scale": 3 / 24, "interval": 1, "verbose": 0}
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
    added = {"saturated_share", "adv_g_coarse_over_adv_d_coarse", "adv_d_coarse_advantage", "evenness"}
    assert {*added, "val_mask_iou"} <= set(history)
    evenness = model.forward(samples.batch, ["evenness"])["evenness"]
    np.testing.assert_allclose(history["evenness"][-1], np.mean(ops.convert_to_numpy(evenness)), rtol=1e-6)
    left = {"best-coarse_joint.weights.h5", "best.json", "log.jsonl"}
    left |= {f"preview-coarse_joint-00000{step}.png" for step in (1, 2, 3)}
    assert {p.name for p in folder.iterdir()} == left


if __name__ == "__main__":
    run(Path(sys.argv[1]))
