"""Where C2FDAN's critics look: squares around the eyes, the nose and the mouth."""

from typing import Any

import numpy as np
from keras import ops

from tfinpaint.framing import ARCFACE, FRAMINGS, template_points

PARTS = ("left_eye", "right_eye", "nose", "mouth")
_PAPER_SIDE = 28 / 112  # of the aligned face in the paper's framing, whose five points are ARCFACE


def crop_side(size: int, framing: str = "wide") -> int:
    """Side of the squares in pixels, divisible by 4: in eye distances what the paper's 28 px are at 112.

    Args:
        size: side of the aligned face.
        framing: how it was aligned: `"wide"` as `tfinpaint.faces` does, `"arcface"` as the paper.
    """
    eye_distance = FRAMINGS[framing][1, 0] - FRAMINGS[framing][0, 0]
    share = _PAPER_SIDE * eye_distance / (ARCFACE[1, 0] - ARCFACE[0, 0])
    return max(4, 4 * round(share * size / 4))


def template_centres(size: int, framing: str = "wide") -> np.ndarray:
    """The parts' middles in pixels (x, y), float32 `(4, 2)`, for faces without landmarks; pixel centres at integers."""
    points = template_points(size, framing)
    return np.vstack([points[:3], points[3:].mean(0)]).astype(np.float32)


def part_centres(points: Any) -> Any:
    """Five points `(batch, 5, 2)` -> the middles of `PARTS` `(batch, 4, 2)`; the mouth's is that of its corners."""
    return ops.concatenate([points[:, :3], (points[:, 3:4] + points[:, 4:5]) / 2], axis=1)
