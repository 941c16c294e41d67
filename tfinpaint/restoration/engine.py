"""What the main road asks of whatever paints."""

from typing import Protocol

import numpy as np


class Engine(Protocol):
    """What restores aligned faces: a Keras model, a SavedModel, a TFLite file.

    One that also knows what hides a face where it is seen smaller has a `reach` above 1: of what leaves the aligned
    crop, as a word does, the rest is then taken off in a crop so many times as wide.
    """

    image_size: int

    def restore(self, images: np.ndarray, masks: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """`(n, size, size, 3)` uint8 pictures to restored ones and the `(n, size, size, 1)` masks used, 0 or 1."""
