"""Walks a recipe from stage to stage, with checkpoints, on the model's own `fit`."""

import math
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras

from tfinpaint.errors import CheckpointError, InputError, RecipeError
from tfinpaint.training.checkpoint import CheckpointFolder
from tfinpaint.training.recipe import Stage

DataSource = Callable[[int, int], Any]  # (batch size, index of the first batch) -> endless dataset of batches
Histories = dict[str, keras.callbacks.History]


class TimeOver(Exception):  # noqa: N818 - no error: the way out of `fit`
    """The time given to `fit_recipe` is over.

    Attributes:
        histories: of the stages that were finished, as `fit_recipe` returns them.
    """

    def __init__(self, histories: Histories) -> None:
        super().__init__("The time is over; go on with `resume`.")
        self.histories = histories


def fit_recipe(
    model: Any,
    data: DataSource | Any,
    *,
    scale: float = 1.0,
    stages: Sequence[str] | None = None,
    interval: int = 500,
    faces_per_epoch: int | None = None,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_seconds: float = math.inf,
    until: float = math.inf,
    resume: bool = False,
    data_id: Any = None,
    validation_data: Any = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
) -> Histories:
    """Trains a compiled model through the stages of its recipe.

    Args:
        model: a compiled `InpaintingModel`.
        data: a function `(batch_size, start) -> dataset` whose endless dataset begins with batch `start` (so that a
            resumed run sees what it would have seen), or an endless `tf.data.Dataset` of batches.
        scale: multiplies every stage's length.
        stages: names of the stages to run; all by default.
        interval: steps between two lines of log, validations and checkpoints (what Keras's `fit` calls an epoch).
        faces_per_epoch: how many faces there are, for recipes that count epochs: an epoch is one pass over them.
        checkpoint: folder that gets a checkpoint after every interval (the last three stay).
        checkpoint_seconds: at most between two checkpoints; there are some within intervals, too.
        until: when to keep a checkpoint and stop, by `time.monotonic()`.
        resume: continue from the newest whole checkpoint in that folder, where there is one.
        data_id: anything JSON can hold that tells these data from others, such as `FaceSet.fingerprint`; a run is
            resumed on the same data only.
        validation_data: for `fit`.
        callbacks: for `fit`.
        verbose: for `fit`.

    Returns:
        stage name -> Keras history of what was run now.

    Raises:
        InputError: `scale`, `interval` or `faces_per_epoch` is not positive.
        RecipeError: a stage does not exist, or the run to resume stands in a stage that is not to be run.
        CheckpointError: see `CheckpointFolder.load`; or the data are not those of the run to resume.
        TimeOver: at `until`, before the recipe was done.
    """
    if scale <= 0:
        raise InputError(f"`scale` must be above 0. Received: scale={scale}.")
    if interval < 1:
        raise InputError(f"`interval` must be at least 1. Received: interval={interval}.")
    if faces_per_epoch is not None and faces_per_epoch < 1:
        raise InputError(f"`faces_per_epoch` must be at least 1. Received: faces_per_epoch={faces_per_epoch}.")
    names = list(stages or [s.name for s in model.recipe.stages])
    run = [model.recipe.stage(name) for name in names]
    lengths = {stage.name: stage.steps(scale, faces_per_epoch) for stage in run}
    folder = None if checkpoint is None else CheckpointFolder(checkpoint)
    position = {"stage": run[0].name, "step": 0, "batches": 0, "data": data_id}
    if resume and folder is not None:
        position = _resume(model, folder, lengths, faces_per_epoch, position)
    histories: Histories = {}
    keeper = _Keeper(position, folder, checkpoint_seconds, until)
    for stage in run[names.index(position["stage"]) :]:
        length = lengths[stage.name]
        if keeper.position["step"] == 0 or stage.name != model.stage.name:
            model.begin(stage.name, length=length, faces_per_epoch=faces_per_epoch)
        try:
            history = _fit_stage(
                model, stage, data, length, interval, keeper,
                validation_data=validation_data, callbacks=[*callbacks, keeper], verbose=verbose,
            )  # fmt: skip
        except _Stop:
            raise TimeOver(histories) from None
        if history is not None:
            histories[stage.name] = history
        keeper.position["step"] = 0
    return histories


def _fit_stage(
    model: Any, stage: Stage, data: Any, length: int, interval: int, keeper: "_Keeper", **fit: Any
) -> keras.callbacks.History | None:
    """One stage: whole intervals, and a shorter last one. The keeper's position moves on."""
    history = None
    position = keeper.position
    while position["step"] < length:
        left = length - position["step"]
        dataset = data(stage.batch, position["batches"]) if callable(data) else data
        part = model.fit(dataset, epochs=max(left // interval, 1), steps_per_epoch=min(interval, left), **fit)
        history = _joined(history, part)
        if model.stop_training:  # a callback ends the stage, not the recipe
            break
    return history


class _Stop(Exception):  # noqa: N818
    pass


class _Keeper(keras.callbacks.Callback):
    """Knows what has been done, and keeps it: after each interval, every so many seconds, and when the time is over."""

    def __init__(self, position: dict[str, Any], folder: CheckpointFolder | None, every: float, until: float) -> None:
        super().__init__()
        self.position, self.folder, self.every, self.until = position, folder, every, until
        self.due = min(time.monotonic() + every, until)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if time.monotonic() < self.due:
            return
        if hasattr(self.model, "jax_state_sync"):  # on JAX, `fit` holds the weights apart while it runs
            self.model.jax_state_sync()
        self._keep()
        if time.monotonic() >= self.until:
            raise _Stop

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._keep()

    def _keep(self) -> None:
        stage, step = self.model.stage, int(self.model.stage_step)
        before = self.position["step"] if self.position["stage"] == stage.name else 0
        self.position["batches"] += (step - before) * stage.batches_per_step
        self.position |= {"stage": stage.name, "step": step}
        if self.folder is not None:
            self.folder.save(self.model, self.position)
        self.due = min(time.monotonic() + self.every, self.until)


def _resume(
    model: Any, folder: CheckpointFolder, lengths: dict[str, int], faces: int | None, position: dict
) -> dict[str, Any]:
    def enter(stage: str) -> None:
        if stage not in lengths:
            names = list(lengths)
            raise RecipeError(f"The checkpoint stands in stage {stage!r}, which must be among those to run: {names}.")
        model.begin(stage, length=lengths[stage], faces_per_epoch=faces)

    def check(saved: dict[str, Any]) -> None:
        if saved.get("data") != position["data"]:
            raise CheckpointError(
                f"The data must be those of the run in {folder.path}, in content, order and seed. "
                f"Received: {position['data']} instead of {saved.get('data')}; begin a new run in another folder."
            )

    return folder.load(model, enter=enter, check=check) or position


def _joined(first: Any, second: keras.callbacks.History) -> keras.callbacks.History:
    if first is None:
        return second
    for name, values in second.history.items():
        first.history.setdefault(name, []).extend(values)
    first.epoch += [first.epoch[-1] + 1 + e for e in second.epoch]
    return first
