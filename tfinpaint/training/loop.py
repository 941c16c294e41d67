"""Walks a recipe from stage to stage, with checkpoints, on the model's own `fit`."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from tfinpaint.errors import InputError, RecipeError
from tfinpaint.training.checkpoint import load_checkpoint, read_about, save_checkpoint
from tfinpaint.training.recipe import Stage

DataSource = Callable[[int, int], Any]  # (batch size, index of the first batch) -> endless dataset of batches


def fit_recipe(
    model: Any,
    data: DataSource | Any,
    *,
    scale: float = 1.0,
    stages: Sequence[str] | None = None,
    steps_per_epoch: int = 500,
    checkpoint: str | os.PathLike | None = None,
    resume: bool = False,
    validation_data: Any = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
) -> dict[str, keras.callbacks.History]:
    """Trains a compiled model through the stages of its recipe.

    Args:
        model: a compiled `InpaintingModel`.
        data: a function `(batch_size, start) -> dataset` whose endless dataset begins with batch `start` (so that a
            resumed run sees what it would have seen), or an endless `tf.data.Dataset` of batches.
        scale: multiplies every stage's length.
        stages: names of the stages to run; all by default.
        steps_per_epoch: steps between two lines of log, validations and checkpoints.
        checkpoint: path of an `.npz` file that is rewritten after every epoch.
        resume: continue from `checkpoint` where it exists.
        validation_data: for `fit`.
        callbacks: for `fit`.
        verbose: for `fit`.

    Returns:
        stage name -> Keras history of what was run now.
    """
    if scale <= 0:
        raise InputError(f"`scale` must be above 0. Received: scale={scale}.")
    names = list(stages or [s.name for s in model.recipe.stages])
    run = [model.recipe.stage(name) for name in names]
    position = {"stage": run[0].name, "step": 0, "batches": 0}
    if resume and checkpoint is not None and Path(checkpoint).exists():
        position = _resume(model, checkpoint, names, scale)
    histories = {}
    for stage in run[names.index(position["stage"]) :]:
        length = stage.steps(scale, steps_per_epoch)
        if position["step"] == 0 or stage.name != model.stage.name:
            model.begin(stage.name, length=length, steps_per_epoch=steps_per_epoch)
        if position["step"] < length:
            histories[stage.name] = _fit_stage(
                model, stage, data, length, steps_per_epoch, position, checkpoint,
                validation_data=validation_data, callbacks=list(callbacks), verbose=verbose,
            )  # fmt: skip
        position = {"stage": stage.name, "step": 0, "batches": position["batches"]}
    return histories


def _fit_stage(
    model: Any, stage: Stage, data: Any, length: int, epoch: int, position: dict, checkpoint: Any, **fit: Any
) -> keras.callbacks.History:
    """One stage: whole epochs, and a shorter last one. Moves `position` on."""
    history = None
    while position["step"] < length:
        epochs = (length - position["step"]) // epoch
        steps = epoch if epochs else length - position["step"]
        dataset = data(stage.batch, position["batches"]) if callable(data) else data
        keeper = _Keeper(model, stage, steps, position, checkpoint)
        part = model.fit(
            dataset, epochs=max(epochs, 1), steps_per_epoch=steps, **{**fit, "callbacks": [*fit["callbacks"], keeper]}
        )
        history = _joined(history, part)
    return history


class _Keeper(keras.callbacks.Callback):
    """Counts what has been done after each epoch, and keeps it."""

    def __init__(self, model: Any, stage: Stage, steps: int, position: dict, checkpoint: Any) -> None:
        super().__init__()
        self.owner, self.stage, self.steps, self.position, self.checkpoint = model, stage, steps, position, checkpoint

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.position["stage"] = self.stage.name
        self.position["step"] += self.steps
        self.position["batches"] += self.steps * self.stage.batches_per_step
        if self.checkpoint is not None:
            save_checkpoint(self.owner, self.checkpoint, self.position)


def _resume(model: Any, checkpoint: str | os.PathLike, names: list[str], scale: float) -> dict:
    stage = read_about(checkpoint)["compile"]["stage"]
    if stage not in names:
        raise RecipeError(f"The checkpoint stands in stage {stage!r}, which must be among those to run: {names}.")
    model.begin(stage, length=model.recipe.stage(stage).steps(scale, 1))
    position = load_checkpoint(model, checkpoint)
    return position


def _joined(first: Any, second: keras.callbacks.History) -> keras.callbacks.History:
    if first is None:
        return second
    for name, values in second.history.items():
        first.history.setdefault(name, []).extend(values)
    first.epoch += [first.epoch[-1] + 1 + e for e in second.epoch]
    return first
