"""Depth to space."""

from typing import Any

import keras
from keras import ops

from tfinpaint.errors import InputError


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
        InputError: `block` is no whole number from 1, or its square does not divide the channels.
    """

    def __init__(self, block: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(block, int) or block < 1:
            raise InputError(f"`block` must be a whole number from 1. Received: block={block!r}. 2 doubles the sides.")
        self.block = block

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        batch, height, width, channels = input_shape
        if channels % self.block**2:
            raise InputError(
                f"The channels must be divisible by `block**2`. Received: shape={tuple(input_shape)}, "
                f"block={self.block}. Give the convolution before it another number of filters."
            )
        return batch, height * self.block, width * self.block, channels // self.block**2

    def call(self, x: Any) -> Any:
        _, height, width, channels = self.compute_output_shape(x.shape)
        _, rows, columns, depth = x.shape
        x = ops.reshape(x, (-1, rows, columns, self.block, depth // self.block))
        return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4)), (-1, height, width, channels))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "block": self.block}
