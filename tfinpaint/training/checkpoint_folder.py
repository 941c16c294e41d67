"""The last checkpoints of a run, in one folder."""

import os
import re
import warnings
from pathlib import Path
from typing import Any

from tfinpaint.errors import DamagedCheckpointError, InputError
from tfinpaint.files import remove_parts
from tfinpaint.training.checkpoint import load_checkpoint, save_checkpoint

_NAME = re.compile(r"checkpoint-(\d{6,})\.npz")


class CheckpointFolder:
    """Keeps the last checkpoints of a run, so that a damaged newest one costs an epoch and not the run.

    Args:
        path: the folder; made when something is saved.
        keep: how many checkpoints stay.
    """

    def __init__(self, path: str | os.PathLike, keep: int = 3) -> None:
        if keep < 1:
            raise InputError(f"`keep` must be at least 1. Received: keep={keep}.")
        self.path, self.keep = Path(path), keep

    def files(self) -> list[Path]:
        """The checkpoints, oldest first."""
        numbered = {int(m[1]): p for p in self.path.glob("checkpoint-*.npz") if (m := _NAME.fullmatch(p.name))}
        return [numbered[number] for number in sorted(numbered)]

    def save(self, model: Any, position: dict[str, Any]) -> Path:
        """Writes the next checkpoint, then removes those that are too old and what a killed run left half-written."""
        files = self.files()
        number = int(_NAME.fullmatch(files[-1].name)[1]) + 1 if files else 1
        written = save_checkpoint(model, self.path / f"checkpoint-{number:06}.npz", position)
        remove_parts(self.path)
        for old in self.files()[: -self.keep]:
            old.unlink(missing_ok=True)
        return written

    def load(self, model: Any, **options: Any) -> dict[str, Any] | None:
        """Loads the newest checkpoint that is whole; returns its position, or None where there is none at all.

        Damaged ones are passed over with a warning; `options` are those of `load_checkpoint`.

        Raises:
            CheckpointError: a checkpoint belongs to another model or recipe, or every one of them is damaged.
        """
        files = self.files()
        for file in reversed(files):
            try:
                return load_checkpoint(model, file, **options)
            except DamagedCheckpointError as error:
                if file == files[0]:
                    raise
                warnings.warn(str(error).replace("take", "going on from"), stacklevel=2)
        return None
