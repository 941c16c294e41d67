"""How deep inside the hole a hidden pixel lies."""

import numpy as np
import tensorflow as tf


def hole_distance(mask: tf.Tensor) -> tf.Tensor:
    """Euclidean distance of each hidden pixel to the nearest visible one, float32 `(batch, side, side, 1)` in pixels.

    Visible pixels have 0, their neighbours 1. Distances are exact up to half the side, and half the side beyond: a
    centred square hole of half the side reaches a quarter. A reconstruction loss that is discounted towards the middle
    of the hole weighs by `gamma ** distance`.

    Args:
        mask: `(batch, side, side, 1)`, 1 = hidden.

    Reference: the two passes of Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled Functions", 2012; the
    second is a grey-scale erosion by a parabola, for which TensorFlow has a kernel.
    """
    reach = max(mask.shape[2] // 2, 1)
    down = tf.where(mask > 0, float(reach), 0.0)
    step = 1
    while step < reach:  # along columns; each turn doubles the length over which distances are known
        padded = tf.pad(down, [[0, 0], [step, step], [0, 0], [0, 0]], constant_values=float(reach))
        down = tf.minimum(down, tf.minimum(padded[:, : -2 * step], padded[:, 2 * step :]) + float(step))
        step *= 2
    parabola = -(np.arange(-reach, reach + 1, dtype=np.float32) ** 2)[None, :, None]
    squared = tf.nn.erosion2d(tf.square(down), parabola, [1, 1, 1, 1], "SAME", "NHWC", [1, 1, 1, 1])
    return tf.sqrt(tf.minimum(squared, float(reach**2)))
