"""Space to depth."""

from typing import Any

import keras

from tfinpaint.errors import InputError
from tfinpaint.layers.patches import space_to_depth


@keras.saving.register_keras_serializable("tfinpaint")
class SpaceToDepth(keras.layers.Layer):
    """Fold blocks of `block x block` pixels into channels; undone by `DepthToSpace`.

    The new channels are ordered (row in block, column in block, channel), as TensorFlow's `space_to_depth` has them.

    Args:
        block: side of the blocks, at least 1.
        **kwargs: `name`, `dtype` and the other arguments of `keras.layers.Layer`.

    Call arguments:
        x: `(batch, height, width, channels)`, height and width divisible by `block`.

    Returns:
        `(batch, height / block, width / block, block**2 * channels)`.

    Raises:
        InputError: `block` is no whole number from 1, or does not divide the height or width, or these are unknown.
    """

    def __init__(self, block: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(block, int) or block < 1:
            raise InputError(f"`block` must be a whole number from 1. Received: block={block!r}. 2 halves the sides.")
        self.block = block

    def build(self, input_shape: tuple) -> None:
        self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        batch, height, width, channels = input_shape
        if None in (height, width) or height % self.block or width % self.block:
            raise InputError(
                f"The height and width must be known and divisible by `block`. Received: shape={tuple(input_shape)}, "
                f"block={self.block}. Pad or crop the input."
            )
        return batch, height // self.block, width // self.block, channels * self.block**2

    def call(self, x: Any) -> Any:
        return space_to_depth(x, self.block)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "block": self.block}
