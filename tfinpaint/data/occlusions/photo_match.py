"""What of a photo a drawn thing must share to seem to be in it: white, softness, noise, skin and hair."""

import tensorflow as tf

from tfinpaint.data.occlusions.draws import Draws

LUMA = (0.299, 0.587, 0.114)
_NOISE_GAIN = 1.25  # deviation of white noise to the mean size of its residual below, measured
_BLOCK = 8
_SHARP, _SOFT = 0.6, 0.35  # finest details to coarser ones in photos scaled down, and blurred by a pixel or more


def white_level(draw: Draws, images: tf.Tensor) -> tf.Tensor:
    """The photo's rendering of white, `(batch, 1, 1, 3)`: dark photos have dark masks, warm ones warm masks."""
    pixels = tf.nn.avg_pool2d((images + 1) / 2, 4, 4, "SAME")
    luma = tf.reduce_sum(pixels * LUMA, -1, keepdims=True)
    bright = tf.reduce_mean(luma**6, (1, 2), keepdims=True) ** (1 / 6)  # a mean that leans to the brightest parts
    level = tf.clip_by_value(bright * draw.uniform(1.1, 1.6)[..., None], 0.4, 1.04)
    mean = tf.reduce_mean(pixels, (1, 2), keepdims=True) + 0.1
    cast = mean / tf.reduce_sum(mean * LUMA, -1, keepdims=True)
    return level * cast ** draw.uniform(0.0, 0.3)[..., None]


def noise_and_softness(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Deviation of the photo's noise on a scale of [0, 1], and how soft its edges are in [0, 1], `(batch, 1, 1, 1)`.

    Noise is what remains in the calmest quarter of the blocks after smoothing; softness compares the finest details
    with those about twice as large. Both are measured on the middle quarter of the picture, where the face is.
    """
    size = images.shape[1]
    part = slice(size // 4, size - size // 4)
    luma = tf.reduce_sum(images[:, part, part] * (0.5 * tf.constant(LUMA)), -1, keepdims=True)
    once = tf.nn.avg_pool2d(luma, 3, 1, "SAME")
    fine, coarse = tf.abs(luma - once), tf.abs(once - tf.nn.avg_pool2d(once, 5, 1, "SAME"))
    blocks = tf.nn.avg_pool2d(fine, _BLOCK, _BLOCK, "SAME")
    blocks = tf.sort(tf.reshape(blocks, (-1, blocks.shape[1] ** 2)))
    noise = tf.reduce_mean(blocks[:, : max(blocks.shape[1] // 4, 1)], 1)[:, None, None, None]
    ratio = tf.reduce_mean(tf.nn.relu(fine - noise), (1, 2, 3)) / (tf.reduce_mean(coarse, (1, 2, 3)) + 1e-3)
    softness = tf.clip_by_value((_SHARP - ratio) / (_SHARP - _SOFT), 0.0, 1.0)
    return tf.minimum(noise * _NOISE_GAIN, 0.06), softness[:, None, None, None]


def colours_at(images: tf.Tensor, points: tf.Tensor) -> tf.Tensor:
    """The photo's colours around some points `(batch, n, 2)` in pixels, moved inside; `(batch, n, 3)` in [0, 1]."""
    pixels = tf.nn.avg_pool2d((images + 1) / 2, 4, 4, "SAME")
    last = pixels.shape[1] - 1
    places = tf.cast(tf.clip_by_value(points / 4, 0.0, float(last)) + 0.25, tf.int32)
    return tf.gather_nd(pixels, tf.minimum(places[..., ::-1], last), batch_dims=1)
