"""Weights of colours give the picture that blending three channels layer by layer gives."""

import numpy as np
import tensorflow as tf

from tfinpaint.data.occlusions.paint import WHITE, Paint


def test_layers_shades_and_tints_are_those_of_a_loop_over_pixels():
    rng = np.random.default_rng(0)
    base, second, tint = (rng.uniform(0, 1, (2, 1, 1, 3)).astype("float32") for _ in range(3))
    opacity, light, noise = (rng.uniform(0, 1, (2, 5, 4)).astype("float32") for _ in range(3))
    paint = Paint(tf.constant(base))
    paint.cover(tf.constant(second), tf.constant(opacity))
    paint.shade(tf.constant(light))
    paint.tint(tf.constant(tint))
    paint.add(WHITE, tf.constant(noise))
    picture = paint.picture().numpy()
    for b, y, x in np.ndindex(2, 5, 4):
        a = opacity[b, y, x]
        mixed = (1 - a) * base[b, 0, 0] + a * second[b, 0, 0]
        np.testing.assert_allclose(picture[b, y, x], mixed * light[b, y, x] * tint[b, 0, 0] + noise[b, y, x], rtol=1e-5)


def test_a_ground_alone_takes_the_shape_of_its_shade():
    paint = Paint(tf.constant([[[[0.2, 0.4, 0.6]]]]))
    paint.shade(tf.ones((1, 3, 2)))
    np.testing.assert_allclose(paint.picture().numpy(), np.broadcast_to(np.float32([0.2, 0.4, 0.6]), (1, 3, 2, 3)))
