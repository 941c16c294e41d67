"""The curve of a run: one JSON line an epoch, and a table of all of them."""

import csv
import json
import math
import os
import time
from pathlib import Path
from typing import Any

import keras

from tfinpaint.files import whole, write_whole


class LossLog(keras.callbacks.Callback):
    """Appends a JSON line for each epoch: `time` (seconds since 1970), `stage`, `step` within it, all logged values.

    A value that is not finite is written as null. A run that is resumed, or begun anew, first drops the lines of steps
    that lie before it, so the file is one curve with each step once. `write_table` makes a CSV of it.

    Args:
        path: of the file, such as `log.jsonl`; its folder must exist.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        super().__init__()
        self.path = Path(path)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Forgets what was logged past the present stage and step."""
        order = {stage.name: i for i, stage in enumerate(self.model.recipe.stages)}
        here = (order[self.model.stage.name], int(self.model.stage_step))
        lines = _lines(self.path)
        kept = [line for line in lines if (order.get(line["stage"], len(order)), line["step"]) <= here]
        if self.path.exists():
            write_whole(self.path, "".join(json.dumps(line) + "\n" for line in kept))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        values = {name: float(value) for name, value in (logs or {}).items()}
        line = {
            "time": round(time.time()),
            "stage": self.model.stage.name,
            "step": int(self.model.stage_step),
            **{name: float(f"{v:.6g}") if math.isfinite(v) else None for name, v in values.items()},
        }
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def write_table(path: str | os.PathLike, *logs: str | os.PathLike) -> None:
    """Writes what `LossLog` wrote, of one run or of several, as a CSV.

    Args:
        path: of the CSV; it appears whole or not at all.
        logs: files of `LossLog`, in the order of the runs.

    Columns: `run` (1, 2, ...), `stage`, `step`, then every logged name in alphabetical order; empty where a stage does
    not log it.
    """
    rows = [{"run": run, **line} for run, log in enumerate(logs, start=1) for line in _lines(Path(log))]
    first = ["run", "stage", "step"]
    names = sorted({name for row in rows for name in row} - {*first, "time"})
    with whole(path) as part, open(part, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, first + names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a log; a killed run may have left half of one."""
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            lines.append(json.loads(text))
        except ValueError:
            continue
    return lines
