"""Which part of a face that was painted anew as a whole is to be pasted."""

from typing import Any

from keras import ops

THRESHOLD = 0.12  # on the [-1, 1] scale: about 15 grey levels


def where_it_differs(image: Any, painted: Any, threshold: float = THRESHOLD) -> Any:
    """1 where a painted picture differs from what was seen, 0 elsewhere, `(batch, height, width, 1)` float32.

    The largest difference among the colours, averaged over 5 x 5 pixels, above a threshold; then specks and holes of
    less than 5 pixels are removed (an opening, then a closing).

    Args:
        image: `(batch, height, width, 3)` in [-1, 1].
        painted: of the same shape.
        threshold: of the averaged difference.
    """
    image, painted = ops.cast(image, "float32"), ops.cast(painted, "float32")
    change = ops.max(ops.abs(painted - image), axis=-1, keepdims=True)
    mask = ops.cast(ops.average_pool(change, 5, 1, padding="same") > threshold, "float32")
    return _shrunk(_grown(_grown(_shrunk(mask))))


def _grown(mask: Any) -> Any:
    return ops.max_pool(mask, 5, 1, padding="same")


def _shrunk(mask: Any) -> Any:
    return -ops.max_pool(-mask, 5, 1, padding="same")
