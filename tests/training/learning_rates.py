"""Keras's ways to change a learning rate, on a model whose parts have rates of their own, with and without a schedule.

As a program (`python -m tests.training.learning_rates`) it does what the test does, for JAX.
"""

import math
from dataclasses import replace

import keras
import numpy as np

from tests.models.run_stages import at_stage
from tests.models.tiny import class_of, step_batch
from tfinpaint.training.recipe import Recipe, Update

RATES = {"encoder": 1e-3, "decoder": 4e-3}
SCHEDULES = {"none": None, "cosine": {"name": "cosine", "to": 0.1, "warmup": 1}}
LENGTH = 4


def half_a_cosine(step: int) -> float:
    """What the schedule multiplies the rates by in a step."""
    return min((step + 1) / 2, 1) * (0.1 + 0.45 * (1 + math.cos(math.pi * max(0, (step - 1) / (LENGTH - 1)))))


class Rates(keras.callbacks.Callback):
    """The parts' rates as they were in each epoch's only step."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[list[float]] = []

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.seen.append([float(self.model.optimizer.by_part[part].learning_rate) for part in RATES])


def check() -> None:
    """Each way changes all parts' rates in proportion; what `optimizer.learning_rate` says is the largest of them."""
    stage = replace(
        class_of("toy_can_dfe").recipes["small"].stage("completion"),
        length={"steps": LENGTH},
        updates=(Update(RATES, {"rec": 1.0}),),
    )
    recipe = Recipe((stage, replace(stage, name="cosine", schedule=SCHEDULES["cosine"])))
    model = at_stage("toy_can_dfe", recipe=recipe, run_eagerly=False, jit_compile=keras.backend.backend() == "jax")
    data, usual = step_batch(model), np.array(list(RATES.values()))

    def fit(*callbacks: keras.callbacks.Callback) -> list[list[float]]:
        rates = Rates()
        model.fit(data, epochs=LENGTH, verbose=0, callbacks=[*callbacks, rates])
        return rates.seen

    for name, factor in (("completion", lambda step: 1.0), ("cosine", half_a_cosine)):
        falling = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 4e-3 * 0.5**epoch)
        plateau = keras.callbacks.ReduceLROnPlateau("rec", 0.1, 1, mode="min", min_delta=1e3, cooldown=9)
        model.begin(name)  # once: what is compiled takes new rates as they come
        wanted = [usual * factor(step) for step in range(LENGTH)]
        ways = {
            (): [1.0] * LENGTH,
            (falling,): [0.5**i for i in range(LENGTH)],
            (plateau,): [0.1 ** (i > 1) for i in range(LENGTH)],
        }
        for callbacks, share in ways.items():
            rates = np.array(fit(*callbacks))
            np.testing.assert_allclose(rates, np.transpose(np.transpose(wanted) * share), rtol=1e-5)
            assert math.isclose(float(model.optimizer.learning_rate), 4e-3 * share[-1], rel_tol=1e-5)
            model.optimizer.learning_rate = 4e-3
            model.stage_step.assign(0)
        model.optimizer.learning_rate = 2e-3
        np.testing.assert_allclose(fit(), [w / 2 for w in wanted], rtol=1e-5)


if __name__ == "__main__":
    check()
