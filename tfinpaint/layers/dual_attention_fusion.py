"""Blends what a decoder restores with what is known, pixel by pixel."""

from typing import Any

import keras
from keras import layers, ops

from tfinpaint.errors import InputError
from tfinpaint.layers.channel_attention import ChannelAttention


@keras.saving.register_keras_serializable("tfinpaint")
class DualAttentionFusion(layers.Layer):
    """Makes a picture of a decoder's features, and lets each of its values be restored or taken from a known picture.

    The features, rescaled by `ChannelAttention`, give a restored picture R through a 1x1 convolution and tanh; the
    known picture, reduced to the features' size by means and mixed by a 1x1 convolution W_C without bias (at first the
    identity), gives x. Three 3x3 convolutions of both give alpha through a sigmoid, and the result is
    `alpha R + (1 - alpha) x`. So alpha is 1 where all is restored and 0 where the known picture is kept.

    Args:
        ratio: of the channel attention.
        filters: channels between the convolutions that make alpha.
        return_parts: also return R and alpha.
        **kwargs: `name`, `dtype` and the other arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `[features, picture]`: `(batch, height, width, channels)`, and `(batch, n * height, n * width, colours)`
            in [-1, 1] with a whole n, the sides known. Where something else knows already what is hidden, a third one,
            `(batch, n * height, n * width, 1)`: a logit, whose means are added to that of alpha.

    Returns:
        The picture `(batch, height, width, colours)`, in [-1, 1] as long as W_C mixes no colour beyond; with
        `return_parts` three of that shape: picture, R in [-1, 1], alpha in [0, 1]. Under a policy of half precision
        give the layer `dtype="float32"`, or what is kept is not exact.

    Raises:
        InputError: `ratio` or `filters` is below 1; the picture's sides are not the same multiple of the features'.

    Reference: Ma et al., "Contrastive Attention Network with Dense Field Estimation for Face Completion", 2022, section
    3.2; Hong et al., "Deep Fusion Network for Image Completion", 2019 (alpha). The widths, tanh and the first values of
    W_C are ours.
    """

    def __init__(self, ratio: int = 16, filters: int = 32, return_parts: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(filters, int) or filters < 1:
            raise InputError(f"`filters` must be a whole number from 1. Received: filters={filters!r}.")
        self.attention = ChannelAttention(ratio, dtype=self.dtype_policy, name="channels")
        self.ratio, self.filters, self.return_parts = ratio, filters, return_parts

    def build(self, input_shape: list) -> None:
        features, picture = input_shape[:2]
        small = self._picture_shape(features, picture)
        colours = small[-1]

        def conv(name: str, shape: tuple, filters: int, kernel: int = 3, **options: Any) -> layers.Layer:
            layer = layers.Conv2D(filters, kernel, padding="same", dtype=self.dtype_policy, name=name, **options)
            layer.build(shape)
            return layer

        both, middle = (*small[:-1], 2 * colours), (*small[:-1], self.filters)
        start = {"activation": "leaky_relu", "kernel_initializer": "he_normal"}
        self.attention.build(features)
        self.restore = conv("restore", features, colours, 1, activation="tanh")
        self.known = conv("known", small, colours, 1, use_bias=False, kernel_initializer=_identity)
        self.alphas = [
            conv("alpha_0", both, self.filters, **start),
            conv("alpha_1", middle, self.filters, **start),
            conv("alpha_2", middle, colours),
        ]

    def compute_output_shape(self, input_shape: list) -> Any:
        shape = self._picture_shape(*input_shape[:2])
        return (shape,) * 3 if self.return_parts else shape

    def call(self, inputs: list) -> Any:
        features, *others = inputs
        restored = self.restore(self.attention(features))
        times = others[0].shape[1] // features.shape[1]
        small, *logit = [ops.average_pool(x, times, times) if times > 1 else x for x in others]
        known = self.known(small)
        alpha = ops.concatenate([restored, known], axis=-1)
        for layer in self.alphas:
            alpha = layer(alpha)
        alpha = ops.sigmoid(sum(logit, alpha))
        blended = alpha * restored + (1.0 - alpha) * known
        return (blended, restored, alpha) if self.return_parts else blended

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "ratio": self.ratio,
            "filters": self.filters,
            "return_parts": self.return_parts,
        }

    def _picture_shape(self, features: tuple, picture: tuple) -> tuple:
        """That of what comes out."""
        batch, *sides, _ = features
        times = None if None in (*sides, *picture[1:3]) else {p / s for p, s in zip(picture[1:3], sides, strict=True)}
        if times is None or len(times) > 1 or not min(times).is_integer():
            raise InputError(
                "`picture` must be a whole number of times as high and as wide as `features`, the sides known. "
                f"Received: picture {tuple(picture)}, features {tuple(features)}."
            )
        return (batch, *sides, picture[-1])


def _identity(shape: tuple, dtype: Any = None) -> Any:
    """A 1x1 kernel that changes no colour."""
    return ops.reshape(ops.eye(shape[-2], shape[-1], dtype=dtype), shape)
