"""Self-attention of all pixels."""

import math
from typing import Any

import keras
from keras import layers, ops

from tfinpaint.errors import InputError
from tfinpaint.layers._patch_attention import unit_length

_SCALE = 10.0  # of the cosines at first: a match of 1 beats one of 0 by e^10


@keras.saving.register_keras_serializable("tfinpaint")
class PixelSelfAttention(layers.Layer):
    """Lets each pixel gather from the whole map, hidden or not, and adds what it finds.

    `x + conv1(softmax(Q K^T) V)`, Q and K with an eighth of the channels, V with half; K and V at half the resolution
    (2x2 maxima). No learned gate and no division by the root of the width: the papers have neither here.

    Without a norm the logits Q K^T grow with the features until each row of the softmax picks one cell; such a row has
    no gradient, so the branch is stuck there for good. It happened to the published `c2fdan_128_small`
    (a test shows it). `normalize=True` cannot saturate by growing features.

    Args:
        key_ratio: channels of `x` for one of Q and K.
        value_ratio: channels of `x` for one of V.
        normalize: compare by cosine: `softmax(s Q K^T)` with Q and K of unit length (K after the maxima) and one
            learned scale `s`, at first 10; not in the papers.
        return_attention: also return the attention map.
        **kwargs: `name`, `dtype` and the other arguments of `keras.layers.Layer`.

    Call arguments:
        x: `(batch, height, width, channels)`, the sides known and even.

    Returns:
        The same shape; with `return_attention` a pair with `(batch, height * width, height * width / 4)`, float32,
        whose rows sum to 1: row = pixel, column = 2x2 cell, both in row-major order.

    Raises:
        InputError: a ratio is below 1 or above the channels, or a side is unknown or odd.

    Reference: C2FDAN, section III-B.1 "Pixel-wise Self-Attention"; the ratios are those of Zhang et al.,
    "Self-Attention Generative Adversarial Networks", 2019.
    """

    def __init__(
        self,
        key_ratio: int = 8,
        value_ratio: int = 2,
        normalize: bool = False,
        return_attention: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, ratio in (("key_ratio", key_ratio), ("value_ratio", value_ratio)):
            if not isinstance(ratio, int) or ratio < 1:
                raise InputError(f"`{name}` must be a whole number from 1. Received: {name}={ratio!r}.")
        self.key_ratio, self.value_ratio = key_ratio, value_ratio
        self.normalize, self.return_attention = normalize, return_attention

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
        if self.normalize:  # the logits are float32 under any policy, so it is not cast down
            start = keras.initializers.Constant(_SCALE)
            self.scale = self.add_weight(shape=(), initializer=start, autocast=False, name="scale")

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
        attention = ops.softmax(self._logits(x), axis=-1)
        value = _rows(_halve(self.value(x)))
        found = ops.matmul(ops.cast(attention, value.dtype), value)
        result = x + self.out(ops.reshape(found, (-1, height, width, channels // self.value_ratio)))
        return (result, attention) if self.return_attention else result

    def entropy(self, inputs: Any) -> Any:
        """How far the rows of the attention spread: their mean entropy as a share of the greatest one, `(batch,)`.

        1 where each pixel looks at all cells alike, 0 where each looks at one cell; then Q and K get no gradient.

        Args:
            inputs: what the layer is called on.

        Returns:
            float32 in [0, 1]; 0 where there is but one cell.
        """
        if not self.built:
            self.build(inputs.shape)
        logarithm = ops.log_softmax(self._logits(inputs), axis=-1)
        entropy = -ops.sum(ops.exp(logarithm) * logarithm, axis=-1)
        greatest = max(math.log(logarithm.shape[-1]), 1e-6)
        return ops.clip(ops.mean(entropy, axis=-1) / greatest, 0.0, 1.0)

    def _logits(self, x: Any) -> Any:
        """`(batch, height * width, height * width / 4)`, float32 under any policy."""
        query, key = (ops.cast(_rows(y), "float32") for y in (self.query(x), _halve(self.key(x))))
        if self.normalize:
            query, key = self.scale * unit_length(query), unit_length(key)
        return ops.matmul(query, ops.transpose(key, (0, 2, 1)))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "key_ratio": self.key_ratio,
            "value_ratio": self.value_ratio,
            "normalize": self.normalize,
            "return_attention": self.return_attention,
        }


def _halve(x: Any) -> Any:
    return ops.max_pool(x, 2, 2)


def _rows(x: Any) -> Any:
    """`(batch, rows, columns, values)` -> `(batch, rows * columns, values)`."""
    return ops.reshape(x, (-1, x.shape[1] * x.shape[2], x.shape[3]))
