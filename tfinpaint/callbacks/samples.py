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
            `(n, s, s, 1)`, 1 = hidden. Faces that no step sees are the honest choice.
        count: only the first so many are kept.
    """

    def __init__(self, batch: Mapping[str, Any], count: int = 8) -> None:
        missing = sorted({"image", "occluded", "mask"} - set(batch))
        if missing:
            raise InputError(f"`batch` must have `image`, `occluded` and `mask`. Received: no {missing[0]!r}.")
        self.clean, self.occluded, self.mask = (
            np.asarray(batch[key], np.float32)[:count] for key in ("image", "occluded", "mask")
        )
        self._model, self._run = None, None

    def __len__(self) -> int:
        return len(self.clean)

    def look(self, model: Any) -> tuple[np.ndarray, np.ndarray | None]:
        """What a model makes of the occluded faces now.

        Returns:
            The picture that the present stage improves, float32 `(n, s, s, 3)` in [-1, 1], and the mask found, float32
            `(n, s, s, 1)`; None from a model that finds none.
        """
        if model is not self._model:
            self._model, self._run = model, compile_inference(model)
        outputs = self._run(self.occluded)
        mask = outputs.get("mask")
        return np.asarray(model.stage_picture(outputs)), None if mask is None else np.asarray(mask)
