"""Squeeze and excitation of channels."""

from typing import Any

import keras
from keras import layers, ops

from tfinpaint.errors import InputError

_FEWEST = 4  # channels in the middle


@keras.saving.register_keras_serializable("tfinpaint")
class ChannelAttention(layers.Layer):
    """Rescales each channel by a gate that knows the means of all channels.

    `x * sigmoid(W_U relu(W_D mean(x)))`: W_D leads to `channels / ratio` (at least 4) values, W_U back.

    Args:
        ratio: channels for one value in the middle.
        **kwargs: `name`, `dtype` and the other arguments of `keras.layers.Layer`.

    Call arguments:
        x: `(batch, height, width, channels)`.

    Returns:
        The same shape.

    Raises:
        InputError: `ratio` is below 1.

    Reference: Ma et al., "Contrastive Attention Network with Dense Field Estimation for Face Completion", 2022, section
    3.2; Hu et al., "Squeeze-and-Excitation Networks", 2018.
    """

    def __init__(self, ratio: int = 16, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(ratio, int) or ratio < 1:
            raise InputError(f"`ratio` must be a whole number from 1. Received: ratio={ratio!r}.")
        self.ratio = ratio

    def build(self, input_shape: tuple) -> None:
        channels = input_shape[-1]
        middle = max(channels // self.ratio, _FEWEST)

        def conv(name: str, inputs: int, filters: int, activation: str) -> layers.Layer:
            layer = layers.Conv2D(filters, 1, activation=activation, dtype=self.dtype_policy, name=name)
            layer.build((input_shape[0], 1, 1, inputs))
            return layer

        self.down = conv("down", channels, middle, "relu")
        self.up = conv("up", middle, channels, "sigmoid")

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return tuple(input_shape)

    def call(self, x: Any) -> Any:
        return x * self.gates(x)

    def gates(self, x: Any) -> Any:
        """The factors of the channels, `(batch, 1, 1, channels)`, in (0, 1)."""
        return self.up(self.down(ops.mean(x, axis=(1, 2), keepdims=True)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "ratio": self.ratio}
