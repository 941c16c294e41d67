"""The weights of the best epoch of each stage."""

import json
import math
import os
import warnings
from pathlib import Path
from typing import Any, Literal

import keras

from tfinpaint import records, zoo
from tfinpaint.errors import InputError


class BestCheckpoint(keras.callbacks.Callback):
    """Keeps the painters' weights of each stage's best epoch: `best-<stage>.weights.h5`, which `zoo.load` reads.

    `best.json` beside them tells stage -> file, step and value; a resumed run goes on from it. Where the model keeps
    averages of its weights, the validation is theirs, and so is the file.

    Args:
        folder: of the files; made if it is missing.
        monitor: the logged value that decides, such as `val_hole_l1`; each stage's own (`Stage.monitor`) by default.
        mode: whether the smallest (`"min"`) or the largest (`"max"`) value of `monitor` is the best.
    """

    def __init__(
        self, folder: str | os.PathLike, monitor: str | None = None, mode: Literal["min", "max"] = "min"
    ) -> None:
        super().__init__()
        if mode not in ("min", "max"):
            raise InputError(f"`mode` must be 'min' or 'max'. Received: mode={mode!r}.")
        self.folder, self.chosen = Path(folder), monitor and (monitor, mode)

    @property
    def best(self) -> dict[str, dict[str, Any]]:
        """Stage -> `file`, `step`, `monitor` and `value` of its best epoch, as `best.json` has them."""
        path = self.folder / "best.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def on_train_begin(self, logs: dict | None = None) -> None:
        """A stage that begins anew forgets the best of the run before."""
        if int(self.model.stage_step) == 0:
            self._note({name: about for name, about in self.best.items() if name != self.model.stage.name})

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        monitor, mode = self.chosen or self.model.stage.monitor
        value, stage, best = (logs or {}).get(monitor), self.model.stage.name, self.best
        if value is None:
            known = ", ".join(logs or {})
            warnings.warn(f"`monitor` must be one of {known}. Received: {monitor!r}; nothing is kept.", stacklevel=2)
            return
        same = stage in best and best[stage]["monitor"] == monitor
        sign = 1 if mode == "min" else -1
        if math.isfinite(value) and (not same or sign * value < sign * best[stage]["value"]):
            self.folder.mkdir(parents=True, exist_ok=True)
            with self.model.averaged():
                path = zoo.save_weights(self.model, self.folder / f"best-{stage}.weights.h5")
            about = {"file": path.name, "step": int(self.model.stage_step), "monitor": monitor, "value": value}
            self._note({**best, stage: about})

    def _note(self, best: dict[str, dict[str, Any]]) -> None:
        if best or self.best:
            records.write_json(best, self.folder / "best.json")
