"""What an engine gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Restoration:
    """Restored faces.

    Attributes:
        images: uint8, the input's shape, `(n, height, width, 3)`; the input's bytes wherever the mask is 0.
        masks: float32, `(n, height, width, 1)`, 1 where the picture was painted, else 0.
        extras: what else the engine's contract names, as the network gives it: `(n, side, side, ...)` float32 at the
            network's own side, pictures in [-1, 1].
    """

    images: np.ndarray
    masks: np.ndarray
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.images)
