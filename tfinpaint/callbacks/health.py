"""Stops a training run that has gone wrong, in one sentence that says where."""

import math
import os
import shutil
from collections import Counter
from typing import Any

import keras
import numpy as np

from tfinpaint.callbacks.samples import Samples
from tfinpaint.errors import TrainingError
from tfinpaint.training.checkpoint import CheckpointFolder, read_about

_SATURATED = 0.99  # a value further out than this is black or white
_SATURATED_SHARE = (0.1, 0.5)  # below: sound, above: bad; an untrained network may well lie between
_SPREAD = (2 / 127.5, 20 / 127.5)  # of one colour's values; below two grey levels: bad, above twenty: sound
_EVENNESS = (0.01, 0.05)  # of an attention; below: it looks at one cell only, above: sound
_WON = 0.999  # a critic with more advantage than this tells every painted picture from a real one, and teaches nothing
_NO_GRADIENT = 2e-6  # the logged norm of a gradient of zeros is 1e-6


class Health(keras.callbacks.Callback):
    """Raises `TrainingError` where a value is not finite, or a network has collapsed and stays so for some epochs.

    Not finite: any logged value, looked at after every step (a running mean that has met NaN keeps it, so none is
    missed; the first name in the order of the updates is the one named), and every weight, before it is checkpointed.

    Collapsed, for `patience` epochs in a row of one stage: the mask found is the same everywhere on all samples; what
    is painted there is one colour; more than half of it is black or white where the clean face is not; an attention
    (`model.entropies`) looks at one cell only; a critic whose term has a value at chance (`Term.chance`) and that
    trains against a painter knows all; a term is above what it calls steep (`Term.steep`); a part without a gate gets
    no gradient. A mask, a picture or an attention counts only if it has been clearly sound in this stage: what is not
    trained yet has not collapsed. Where no measure of the stage looks at pictures or masks, neither does this.

    Adds to the epoch's logs, for callbacks after it: `saturated_share`; each of `model.entropies`; for each critic's
    term with a value at chance `<term>_advantage`, 0 where it guesses and 1 where it knows all; for each painter's term
    that plays against a critic's (`Term.against`) their ratio, `<painter's>_over_<critic's>`.

    Args:
        samples: faces on which masks, pictures and attentions are judged; without them only numbers are.
        checkpoint: the folder that `fit_recipe(checkpoint=...)` writes to. The error names its last good file; a
            state that precedes a collapse is kept, and becomes the newest again, so that resuming begins there.
        patience: epochs.
    """

    def __init__(
        self, samples: Samples | None = None, *, checkpoint: str | os.PathLike | None = None, patience: int = 5
    ) -> None:
        super().__init__()
        self.async_safe = True  # the hook of a batch reads its logs alone: Keras need not wait for it
        self.samples, self.patience = samples, patience
        self.folder = None if checkpoint is None else CheckpointFolder(checkpoint)
        self._epochs: Counter[str] = Counter()
        self._start = 0

    def on_train_begin(self, logs: dict | None = None) -> None:
        self._epochs.clear()
        self._sound: set[str] = set()
        self._sample_faults({})

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._start = int(self.model.stage_step)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._check_finite(logs or {}, self._start + batch + 1)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        logs, step = {} if logs is None else logs, int(self.model.stage_step)
        self._check_finite(logs, step)
        for part, variables in self.model.part_variables.items():
            if not all(np.isfinite(keras.ops.convert_to_numpy(v.value)).all() for v in variables):
                raise self._error(f"A weight of the part {part!r} is not finite", step)
        faults = self._sample_faults(logs) | _number_faults(self.model, logs)
        self._epochs = Counter({name: self._epochs[name] + 1 for name in faults})
        self._keep_state_before(faults)
        for name, count in self._epochs.items():
            if count >= self.patience:
                self._return_to_state_before()
                raise self._error(f"{faults[name]} for {count} epochs in a row", step)

    def _check_finite(self, logs: dict[str, float], step: int) -> None:
        for name, value in logs.items():
            if not math.isfinite(value):
                raise self._error(f"{_called(name)} is {value}", step)

    def _sample_faults(self, logs: dict[str, float]) -> dict[str, str]:
        """Kind -> what is wrong on the samples now, of the kinds that have been sound in this stage."""
        if self.samples is None:
            return {}
        verdicts = self._picture_verdicts(logs) | self._attention_verdicts(logs)
        self._sound |= {kind for kind, (sound, _, _) in verdicts.items() if sound}
        return {kind: words for kind, (_, bad, words) in verdicts.items() if bad and kind in self._sound}

    def _picture_verdicts(self, logs: dict[str, float]) -> dict[str, tuple[bool, bool, str]]:
        """Of masks and pictures, where the stage's measures look at them: kind -> is it sound, is it bad, the fault."""
        model, verdicts = self.model, {}
        if not any({"picture", "mask"} & {*model.measures[name].needs} for name in model.measures_of(model.stage)):
            return verdicts
        picture, mask = self.samples.look(model)
        if mask is not None and np.ptp(self.samples.mask) > 0:
            same = bool(np.ptp(mask) < 1e-3)
            verdicts["mask"] = not same, same, f"The mask found is {mask.flat[0]:.3g} on every pixel of all samples"
        hole = np.broadcast_to((self.samples.mask if mask is None else mask) > 0.5, picture.shape)
        counted = hole & (np.abs(self.samples.clean) <= _SATURATED)
        if counted.any():
            share = logs["saturated_share"] = float((np.abs(picture[counted]) > _SATURATED).mean())
            words = f"{share:.0%} of what is painted on the samples is black or white"
            verdicts["saturated"] = share < _SATURATED_SHARE[0], share > _SATURATED_SHARE[1], words
            spread = np.ptp(picture[hole].reshape(-1, 3), axis=0).max()
            verdicts["flat"] = spread > _SPREAD[1], spread < _SPREAD[0], "What is painted on all samples is one colour"
        return verdicts

    def _attention_verdicts(self, logs: dict[str, float]) -> dict[str, tuple[bool, bool, str]]:
        """The same of attentions: how evenly each looks around, as a mean over the samples."""
        names, verdicts = self.model.entropies, {}
        found = self.model.forward(self.samples.batch, names, training=False) if names else {}
        for name in names:
            value = logs[name] = float(np.mean(keras.ops.convert_to_numpy(found[name])))
            words = f"The attention of {name!r} looks at one cell only"
            verdicts[name] = value > _EVENNESS[1], value < _EVENNESS[0], words
        return verdicts

    def _keep_state_before(self, faults: dict[str, str]) -> None:
        """Puts the newest checkpoint aside when a fault appears, because later ones will push it out."""
        if self.folder is None:
            return
        aside, files = self.folder.path / "before-collapse.npz", self.folder.files()
        if not faults:
            aside.unlink(missing_ok=True)
        elif files and max(self._epochs.values()) == 1:
            shutil.copyfile(files[-1], aside)

    def _return_to_state_before(self) -> None:
        aside = None if self.folder is None else self.folder.path / "before-collapse.npz"
        if aside is not None and aside.exists():
            newest = self.folder.files()[-1]
            number = int(newest.stem.removeprefix("checkpoint-")) + 1
            os.replace(aside, newest.with_name(f"checkpoint-{number:06}.npz"))

    def _error(self, fault: str, step: int) -> TrainingError:
        files = [] if self.folder is None else self.folder.files()
        rest = "no checkpoint was kept; lower the learning rates and begin again"
        if files:
            position = read_about(files[-1])["position"]
            there = f"step {position['step']} of stage {position['stage']!r}"
            rest = f"the last good checkpoint is {files[-1]} ({there}); lower the learning rates and resume from it"
        return TrainingError(f"{fault} at step {step} of stage {self.model.stage.name!r}: training stopped, {rest}.")


def _number_faults(model: Any, logs: dict[str, float]) -> dict[str, str]:
    """What the logged numbers of an epoch say; advantages of critics and ratios of rivals are added to them."""
    faults = {}
    logged = {name: term for name, term in model.terms.items() if name in logs}
    for name, term in logged.items():
        if term.chance is not None:
            logs[f"{name}_advantage"] = 1 - logs[name] / term.chance
        if term.steep is not None and logs[name] > term.steep:
            faults[name] = f"The critic is too steep, its term {name!r} is {logs[name]:.3g}"
    for painter, term in logged.items():
        critic = term.against
        if critic in logged:
            logs[f"{painter}_over_{critic}"] = abs(logs[painter]) / max(abs(logs[critic]), 1e-12)
            if logs.get(f"{critic}_advantage", 0.0) > _WON:
                faults[critic] = f"The critic knows every painted picture, its loss {critic!r} is about 0"
    for part in (p for update in model.stage.updates if update.gate is None for p in update.parts):
        if logs.get(f"{part}_gradient", 1.0) < _NO_GRADIENT:
            faults[f"{part}_gradient"] = f"No gradient reaches the part {part!r}"
    return faults


def _called(name: str) -> str:
    if name.startswith("val_"):
        return f"The validation's {name.removeprefix('val_')!r}"
    if name.endswith("_gradient"):
        return f"The gradient of the part {name.removesuffix('_gradient')!r}"
    return f"The term {name!r}"
