"""Squares cut out of pictures, each sample at its own place."""

from typing import Any

from keras import ops


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
