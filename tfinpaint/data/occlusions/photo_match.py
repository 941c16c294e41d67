"""What a drawing takes over from the photo on which it lies."""

import tensorflow as tf

from tfinpaint.data.occlusions.draws import Draws

LUMA = (0.299, 0.587, 0.114)


def white_level(draw: Draws, images: tf.Tensor) -> tf.Tensor:
    """The photo's rendering of white, `(batch, 1, 1, 3)`: dark photos have dark masks, warm ones warm masks."""
    pixels = tf.nn.avg_pool2d((images + 1) / 2, 4, 4, "SAME")
    luma = tf.reduce_sum(pixels * LUMA, -1, keepdims=True)
    bright = tf.reduce_mean(luma**6, (1, 2), keepdims=True) ** (1 / 6)  # a mean that leans to the brightest parts
    level = tf.clip_by_value(bright * draw.uniform(1.1, 1.6)[..., None], 0.4, 1.04)
    mean = tf.reduce_mean(pixels, (1, 2), keepdims=True) + 0.1
    cast = mean / tf.reduce_sum(mean * LUMA, -1, keepdims=True)
    return level * cast ** draw.uniform(0.0, 0.3)[..., None]
