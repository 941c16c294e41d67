"""What layers on a map and a mask are called on."""

from typing import Any

from tfinpaint.errors import InputError


def features_and_mask(input_shape: Any) -> tuple[tuple, tuple]:
    """The shapes `(batch, height, width, channels)` and `(batch, height, width, 1)` that a layer was built on.

    Raises:
        InputError: it is no pair, or the shapes do not fit each other.
    """
    shapes = [tuple(s) if isinstance(s, list | tuple) else s for s in input_shape]
    if len(shapes) == 2 and all(isinstance(s, tuple) and len(s) == 4 for s in shapes):
        features, mask = shapes
        if mask[1:] == (*features[1:3], 1):
            return features, mask
    raise InputError(
        "The layer must be called on [features, mask] of shapes (batch, height, width, channels) and "
        f"(batch, height, width, 1). Received: {' and '.join(map(str, shapes))}. Resize the mask to the features."
    )
