"""Self-attention of all pixels."""

from typing import Any

import keras
from keras import layers, ops

from tfinpaint.errors import InputError


@keras.saving.register_keras_serializable("tfinpaint")
class PixelSelfAttention(layers.Layer):
    """Lets each pixel gather from the whole map, hidden or not, and adds what it finds.

    `x + conv1(softmax(Q K^T) V)`, Q and K with an eighth of the channels, V with half; K and V at half the resolution
    (2x2 maxima). No learned gate and no division by the root of the width: the papers have neither here.

    Args:
        key_ratio: channels of `x` for one of Q and K.
        value_ratio: channels of `x` for one of V.
        return_attention: also return the attention map.
        **kwargs: `name`, `dtype` and the other arguments of `keras.layers.Layer`.

    Call arguments:
        x: `(batch, height, width, channels)`, the sides known and even.

    Returns:
        The same shape; with `return_attention` a pair with `(batch, height * width, height * width / 4)`, float32,
        whose rows sum to 1: row = pixel, column = 2x2 cell, both in row-major order.

    Raises:
        InputError: a ratio is below 1 or above the channels, or a side is unknown or odd.

    Reference: C2FDAN, section III-B "pixel-wise self-attention"; the ratios are those of Zhang et al.,
    "Self-Attention Generative Adversarial Networks", 2019.
    """

    def __init__(self, key_ratio: int = 8, value_ratio: int = 2, return_attention: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name, ratio in (("key_ratio", key_ratio), ("value_ratio", value_ratio)):
            if not isinstance(ratio, int) or ratio < 1:
                raise InputError(f"`{name}` must be a whole number from 1. Received: {name}={ratio!r}.")
        self.key_ratio, self.value_ratio, self.return_attention = key_ratio, value_ratio, return_attention

    def build(self, input_shape: tuple) -> None:
        self.compute_output_shape(input_shape)
        channels = input_shape[-1]

        def conv(name: str, inputs: int, filters: int) -> layers.Layer:
            layer = layers.Conv2D(filters, 1, dtype=self.dtype_policy, name=name)
            layer.build((*input_shape[:-1], inputs))
            return layer

        self.query = conv("query", channels, channels // self.key_ratio)
        self.key = conv("key", channels, channels // self.key_ratio)
        self.value = conv("value", channels, channels // self.value_ratio)
        self.out = conv("out", channels // self.value_ratio, channels)

    def compute_output_shape(self, input_shape: tuple) -> Any:
        batch, height, width, channels = input_shape
        if None in (height, width) or height % 2 or width % 2 or max(self.key_ratio, self.value_ratio) > channels:
            raise InputError(
                "The sides must be known and even, and the ratios not above the channels. "
                f"Received: shape={tuple(input_shape)}, key_ratio={self.key_ratio}, value_ratio={self.value_ratio}."
            )
        attention = (batch, height * width, height * width // 4)
        return (tuple(input_shape), attention) if self.return_attention else tuple(input_shape)

    def call(self, x: Any) -> Any:
        _, height, width, channels = x.shape
        query, key = (ops.cast(y, "float32") for y in (self.query(x), _halve(self.key(x))))  # logits in float32
        value = _halve(self.value(x))
        query, key, value = (ops.reshape(y, (-1, y.shape[1] * y.shape[2], y.shape[3])) for y in (query, key, value))
        attention = ops.softmax(ops.matmul(query, ops.transpose(key, (0, 2, 1))), axis=-1)
        found = ops.matmul(ops.cast(attention, value.dtype), value)
        result = x + self.out(ops.reshape(found, (-1, height, width, channels // self.value_ratio)))
        return (result, attention) if self.return_attention else result

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "key_ratio": self.key_ratio,
            "value_ratio": self.value_ratio,
            "return_attention": self.return_attention,
        }


def _halve(x: Any) -> Any:
    return ops.max_pool(x, 2, 2)
