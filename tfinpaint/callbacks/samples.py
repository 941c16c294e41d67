"""The few faces on which a run is watched, the same ones every time."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.training.backend import compile_inference


class Samples:
    """Fixed faces for `Health` and `Previews`; one object serves both, and compiles the model once.

    Args:
        batch: as `tfinpaint.data.occlude` yields it: `image` and `occluded` `(n, s, s, 3)` in [-1, 1], `mask`
            `(n, s, s, 1)`, 1 = hidden, and whatever else the model reads. Faces that no step sees are the honest
            choice.
        count: only the first so many are kept.

    Attributes:
        batch: what is kept of it, NumPy arrays by their names.
    """

    def __init__(self, batch: Mapping[str, Any], count: int = 8) -> None:
        missing = sorted({"image", "occluded", "mask"} - set(batch))
        if missing:
            raise InputError(f"`batch` must have `image`, `occluded` and `mask`. Received: no {missing[0]!r}.")
        self.batch = {key: np.asarray(value)[:count] for key, value in batch.items()}
        for key in ("image", "occluded", "mask"):
            self.batch[key] = self.batch[key].astype(np.float32)
        self._model, self._run = None, None

    def __len__(self) -> int:
        return len(self.clean)

    @property
    def clean(self) -> np.ndarray:
        """The clean faces, `(n, s, s, 3)` in [-1, 1]."""
        return self.batch["image"]

    @property
    def occluded(self) -> np.ndarray:
        """The hidden ones."""
        return self.batch["occluded"]

    @property
    def mask(self) -> np.ndarray:
        """What is hidden, `(n, s, s, 1)`."""
        return self.batch["mask"]

    def look(self, model: Any) -> tuple[np.ndarray, np.ndarray | None]:
        """What a model makes of the occluded faces now.

        Returns:
            The picture that the present stage improves, float32 `(n, s, s, 3)` in [-1, 1], and the mask found, float32
            `(n, s, s, 1)`; None from a model that must be told it.
        """
        if model is not self._model:
            self._model, self._run = model, compile_inference(model, model.answer)
        answer = self._run(model.inputs_of(self.batch))
        mask = None if model.contract.needs_mask else np.asarray(answer["mask"])
        return np.asarray(answer[model.stage.picture]), mask
