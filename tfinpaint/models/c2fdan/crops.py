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


def crop(images: Any, centres: Any, side: int) -> Any:
    """The squares of `side` x `side` whole pixels around `centres` `(batch, 2)` (x, y), pushed into the picture.

    Written as two matrix products with rows of zeros and a one: exact, and its gradient is as quick.

    Args:
        images: `(batch, height, width, channels)`, the sides known.
        centres: in pixels, pixel centres at integers.
        side: of the squares.

    Returns:
        `(batch, side, side, channels)`.
    """
    _, height, width, channels = images.shape
    columns, rows = _picks(centres[:, 0], width, side), _picks(centres[:, 1], height, side)
    x = ops.matmul(ops.cast(rows, images.dtype), ops.reshape(images, (-1, height, width * channels)))
    x = ops.transpose(ops.reshape(x, (-1, side, width, channels)), (0, 2, 1, 3))
    x = ops.matmul(ops.cast(columns, images.dtype), ops.reshape(x, (-1, width, side * channels)))
    return ops.transpose(ops.reshape(x, (-1, side, side, channels)), (0, 2, 1, 3))


def _picks(centre: Any, length: int, side: int) -> Any:
    """`(batch, side, length)`, True where an entry is taken."""
    start = ops.clip(ops.round(ops.cast(centre, "float32") - (side - 1) / 2), 0, length - side)
    wanted = start[:, None] + ops.arange(side, dtype="float32")
    return ops.equal(wanted[:, :, None], ops.arange(length, dtype="float32"))


def middle_of(mask: Any) -> Any:
    """Middle (x, y) of the hidden pixels, `(batch, 2)`; of the picture where none is hidden."""
    weight = ops.cast(mask[..., 0], "float32") + 1e-6
    places = [ops.arange(weight.shape[axis], dtype="float32") for axis in (2, 1)]
    x, y = (ops.sum(ops.sum(weight, axis=axis) * place, axis=-1) for axis, place in zip((1, 2), places, strict=True))
    return ops.stack([x, y], axis=-1) / ops.sum(weight, axis=(1, 2))[:, None]
