"""Depth to space."""

from typing import Any

import keras

from tfinpaint.errors import InputError
from tfinpaint.layers.patches import depth_to_space


@keras.saving.register_keras_serializable("tfinpaint")
class DepthToSpace(keras.layers.Layer):
    """Unfold channels into blocks of `block x block` pixels; the inverse of `SpaceToDepth` ("pixel shuffle").

    The channels are read as (row in block, column in block, channel), as TensorFlow's `depth_to_space` does.

    Args:
        block: side of the blocks, at least 1.
        **kwargs: `name`, `dtype` and the other arguments of `keras.layers.Layer`.

    Call arguments:
        x: `(batch, height, width, channels)`, channels divisible by `block**2`.

    Returns:
        `(batch, block * height, block * width, channels / block**2)`.

    Raises:
        InputError: `block` is no whole number from 1, or its square does not divide the channels, or
            the sides are unknown.
    """

    def __init__(self, block: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(block, int) or block < 1:
            raise InputError(f"`block` must be a whole number from 1. Received: block={block!r}. 2 doubles the sides.")
        self.block = block

    def build(self, input_shape: tuple) -> None:
        self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        batch, height, width, channels = input_shape
        if None in (height, width) or channels % self.block**2:
            raise InputError(
                "The sides must be known and the channels divisible by `block**2`. "
                f"Received: shape={tuple(input_shape)}, block={self.block}. "
                "Give the convolution before it another number of filters."
            )
        return batch, height * self.block, width * self.block, channels // self.block**2

    def call(self, x: Any) -> Any:
        return depth_to_space(x, self.block)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "block": self.block}
