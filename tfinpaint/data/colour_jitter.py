"""Faces under other light and from other cameras: brightness, contrast, white balance, saturation."""

import tensorflow as tf

from tfinpaint.data.occlusions.draws import Draws

_GREY = (0.299, 0.587, 0.114)


def colour_jitter(images: tf.Tensor, draw: Draws, strength: float = 1.0) -> tf.Tensor:
    """The same faces in other colours, one draw per sample; a set of some thousand photos knows too few cameras.

    Args:
        images: float32 `(batch, height, width, 3)` in [-1, 1].
        draw: where the random numbers come from.
        strength: 0 leaves the colours nearly as they are, 1 stays within what photos of one person differ by.
    """

    def factor(spread: float, channels: int = 1) -> tf.Tensor:
        reach = spread * strength
        return tf.exp(draw.uniform(-reach, reach, shape=(1, 1, channels)))

    gamma, contrast, gain = factor(0.3), factor(0.15), factor(0.1) * factor(0.05, 3)
    grey = draw.chance(0.03 * strength, shape=(1, 1, 1))
    saturation = tf.minimum(factor(0.35), 1.25) * (1 - grey)
    light = tf.pow(tf.clip_by_value(images * 0.5 + 0.5, 1e-6, 1.0), gamma)
    mean = tf.reduce_mean(light, axis=(1, 2), keepdims=True)
    light = (mean + (light - mean) * contrast) * gain
    luma = tf.reduce_sum(light * _GREY, axis=-1, keepdims=True)
    return tf.clip_by_value(luma + (light - luma) * saturation, 0.0, 1.0) * 2 - 1
