"""The newest state of a plain Keras training: weights and optimizer in one file that is always whole."""

import os
import zipfile
from pathlib import Path

import keras
import numpy as np

from tfinpaint.errors import CheckpointError


class LatestState(keras.callbacks.Callback):
    """Writes the model's variables and its optimizer's after each epoch, for `restore`.

    For models that `fit` alone trains; models of the zoo have `CheckpointFolder`.

    Args:
        path: of the file, ending with `.npz`; its folder must exist.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        super().__init__()
        self.path = Path(path)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        arrays = {str(i): keras.ops.convert_to_numpy(v.value) for i, v in enumerate(_variables(self.model))}
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        try:
            with open(part, "wb") as file:
                np.savez(file, **arrays)
            os.replace(part, self.path)
        finally:
            part.unlink(missing_ok=True)

    def restore(self, model: keras.Model) -> int:
        """Gives a compiled model its variables and its optimizer's back; returns the steps made, 0 without a file.

        Raises:
            CheckpointError: the file is damaged or of another model, which then is unchanged.
        """
        if not self.path.exists():
            return 0
        model.optimizer.build(model.trainable_variables)
        variables = _variables(model)
        try:
            with np.load(self.path) as stored:
                arrays = [stored[str(i)] for i in range(len(stored.files))]
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
            raise CheckpointError(f"The state in {self.path} is damaged ({error}); begin anew.") from None
        if [a.shape for a in arrays] != [tuple(v.shape) for v in variables]:
            raise CheckpointError(
                f"The state in {self.path} must be of {model.name!r} with {len(variables)} variables of its shapes. "
                f"Received: {len(arrays)} of other shapes; train the network that began, or begin anew."
            )
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        return int(keras.ops.convert_to_numpy(model.optimizer.iterations))


def _variables(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]
