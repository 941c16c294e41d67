"""Checkpoints: every variable there is, in one flat file that is written whole or not at all.

Keras's own formats lose the state of seed generators (and TensorFlow's, metrics); a flat `.npz` loses nothing, reads on
both backends, and twenty steps equal ten, save, load and ten more, bit for bit.
"""

import json
import os
import re
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfinpaint.errors import CheckpointError, DamagedCheckpointError, InputError
from tfinpaint.files import remove_parts, whole

FORMAT = 1
_NAME = re.compile(r"checkpoint-(\d{6,})\.npz")


def named_variables(model: Any) -> dict[str, Any]:
    """Every variable of a compiled model, its optimizers and (with a recipe) its metrics, by unique names."""
    if not _has_recipe(model):  # names that Keras numbered differ from one model to its twin
        both = {"model": model.variables, "optimizer": model.optimizer.variables}
        return {f"{owner}/{i}": v for owner, variables in both.items() for i, v in enumerate(variables)}
    named = {f"model/{i}/{v.name}": v for i, v in enumerate(model.variables)}
    named |= {f"optimizer/{i}/{v.name}": v for i, v in enumerate(model.optimizer.own_variables)}
    for key, optimizer in model.optimizer.by_part.items():
        named |= {f"optimizer/{key}/{i}/{v.name}": v for i, v in enumerate(optimizer.variables)}
    named |= {f"metric/{i}/{v.name}": v for i, v in enumerate(model.metrics_variables)}
    return named


def save_checkpoint(model: Any, path: str | os.PathLike, position: dict[str, Any] | None = None) -> Path:
    """Writes every variable, the stage and the caller's position in the data to `path`; returns the path.

    Args:
        model: a compiled `InpaintingModel`, or any other compiled Keras model.
        path: ends with `.npz`; a temporary file in the same folder is renamed to it.
        position: anything JSON can hold; `load_checkpoint` gives it back.
    """
    path = Path(path)
    about = {"format": FORMAT, **_about(model), "position": position or {}}
    arrays = {name: np.asarray(keras.ops.convert_to_numpy(v.value)) for name, v in named_variables(model).items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path, sync=True) as part, open(part, "wb") as file:
            np.savez(file, __about__=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)
    except OSError as error:
        raise CheckpointError(
            f"The checkpoint {path} cannot be written ({error}); what was there is untouched."
        ) from None
    return path


def read_about(path: str | os.PathLike) -> dict[str, Any]:
    """What a checkpoint says of itself: `format`, `class`, `config`, `compile`, `position`."""
    return _read(path, arrays=False)[0]


def load_checkpoint(
    model: Any,
    path: str | os.PathLike,
    *,
    enter: Callable[[str], None] | None = None,
    check: Callable[[dict], None] | None = None,
) -> dict[str, Any]:
    """Puts a compiled model back where `save_checkpoint` left it; returns the saved position.

    Args:
        model: as it was compiled when it was saved, with its optimizer built; its weights and stage do not matter.
        path: the file.
        enter: makes the model begin the stage of that name; called once everything has been read and fits.
        check: raises where the saved position does not suit the caller, before the model changes.

    Raises:
        CheckpointError: the file is missing or belongs to another model or recipe. The model is unchanged.
        DamagedCheckpointError: the file cannot be read to its end. The model is unchanged.
    """
    about, arrays = _read(path)
    own = json.loads(json.dumps(_about(model)))
    if (about["class"], about["config"]) != (own["class"], own["config"]):
        raise CheckpointError(
            f"The checkpoint {path} must be of this model and configuration. "
            f"Received: {about['class']} with {about['config']}."
        )
    held, wanted = (config.get("average") for config in (about["compile"], own["compile"]))
    if held != wanted:
        raise CheckpointError(
            f"The checkpoint {path} must be loaded with the same moving averages of the weights, average={held}. "
            f"Received: average={wanted}."
        )
    variables = named_variables(model)
    strangers = sorted(
        name
        for name in variables.keys() | arrays.keys()
        if name not in arrays or name not in variables or arrays[name].shape != tuple(variables[name].shape)
    )
    if strangers:
        raise CheckpointError(
            f"The checkpoint {path} must hold the variables of this recipe. "
            f"Received: {len(strangers)} that are missing, unknown or of another shape, such as {strangers[0]!r}."
        )
    if check is not None:
        check(about["position"])
    stage = about["compile"].get("stage")
    if enter is not None:
        enter(stage)
    elif stage is not None and stage != model.stage.name:
        model.begin(stage)
    for name, variable in variables.items():
        variable.assign(arrays[name])
    return about["position"]


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


def _has_recipe(model: Any) -> bool:
    return getattr(model, "recipe", None) is not None


def _about(model: Any) -> dict[str, Any]:
    """What a checkpoint must agree with; other models than those with recipes are known by their variables."""
    own = _has_recipe(model)
    return {
        "class": type(model).__name__,
        "config": model.get_config() if own else None,
        "compile": model.get_compile_config() if own else {},
    }


def _read(path: str | os.PathLike, arrays: bool = True) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What a checkpoint says of itself, and its arrays by name (the zip's check sums are compared on the way)."""
    try:
        with np.load(path, allow_pickle=False) as data:
            if "__about__" not in data.files:
                raise CheckpointError(f"The file {path} is not a checkpoint of tfinpaint; give one of its own.")
            about = json.loads(data["__about__"].tobytes())
            named = {name: data[name] for name in data.files if name != "__about__"} if arrays else {}
    except FileNotFoundError:
        raise CheckpointError(f"There is no checkpoint at {path}.") from None
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise DamagedCheckpointError(f"The checkpoint {path} is damaged ({error}); take the one before.") from None
    if about.get("format") != FORMAT:
        raise CheckpointError(f"A checkpoint's format must be {FORMAT}. Received: {about.get('format')} in {path}.")
    return about, named
