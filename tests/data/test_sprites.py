"""Sprites land where their transform says, with the size, colour and opacity that they have."""

import numpy as np
import pytest
import tensorflow as tf

from tfinpaint.data.occlusions.sprites import Sprites, similarity
from tfinpaint.errors import InputError

PICTURES = np.zeros((2, 96, 64, 4), np.uint8)
PICTURES[0, 8:88, 8:56] = (255, 128, 0, 255)
PICTURES[1, 8:88, 8:56] = (0, 0, 255, 128)
ANCHOR = (31.5, 47.5)  # the middle of the box


def lay(scale, turn=0.0, centre=((64, 60), (60, 70)), size=128):
    centre = tf.constant(np.asarray(centre, np.float32))
    matrices = similarity(centre, tf.fill((2,), scale), tf.fill((2,), turn), ANCHOR)
    return [v.numpy() for v in Sprites(PICTURES).lay(tf.constant([0, 1]), matrices, size)]


@pytest.mark.parametrize("scale", [1.0, 0.6, 0.3, 0.12])
@pytest.mark.parametrize("turn", [0.0, 0.5, 3.0])
def test_area_centre_colour_and_opacity_are_those_of_the_sprite(scale, turn):
    colour, alpha = lay(scale, turn)
    y, x = np.indices((128, 128))
    for k, (centre, opacity, paint) in enumerate((((64, 60), 1, (1, 128 / 255, 0)), ((60, 70), 128 / 255, (0, 0, 1)))):
        a = alpha[k, ..., 0]
        assert a.sum() == pytest.approx(80 * 48 * scale**2 * opacity, rel=0.05)
        assert ((a * x).sum() / a.sum(), (a * y).sum() / a.sum()) == pytest.approx(centre, abs=0.3)
        assert a.max() == pytest.approx(opacity, abs=0.01)
        np.testing.assert_allclose(
            colour[k][a > 0.9 * opacity], np.broadcast_to(paint, colour[k][a > 0.9 * opacity].shape), atol=0.02
        )


def test_a_quarter_turn_is_clockwise():
    _, alpha = lay(0.5, np.pi / 2)
    rows, columns = np.flatnonzero(alpha[0, ..., 0].max(1)), np.flatnonzero(alpha[0, ..., 0].max(0))
    assert abs(len(columns) - 40) <= 2 and abs(len(rows) - 24) <= 2


def test_what_is_laid_small_is_averaged_and_not_picked():
    fine = np.zeros((1, 96, 96, 4), np.uint8)
    fine[..., 3] = 255
    fine[:, :, ::2, :3] = 255  # stripes of one pixel
    matrices = similarity(tf.constant([[32.0, 32.0]]), tf.constant([0.25]), tf.constant([0.1]), (47.5, 47.5))
    colour, alpha = Sprites(fine).lay(tf.constant([0]), matrices, 64)
    inside = colour.numpy()[alpha.numpy()[..., 0] > 0.99]
    assert len(inside) > 300
    np.testing.assert_allclose(inside, 0.5, atol=0.06)


def test_a_homography_makes_a_trapezium():
    matrix = tf.constant([[[1.0, 0, 20], [0, 1, 10], [0, 0.004, 1]]])
    _, alpha = Sprites(PICTURES[:1]).lay(tf.constant([0]), matrix, 128)
    widths = (alpha.numpy()[0, ..., 0] > 0.5).sum(1)
    drawn = np.flatnonzero(widths)
    assert widths[drawn[2]] > widths[drawn[-3]] + 5


def test_colours_do_not_bleed_into_edges():
    colour, alpha = lay(0.37, 0.7)
    edge = (alpha[0, ..., 0] > 0.1) & (alpha[0, ..., 0] < 0.9)
    np.testing.assert_allclose(colour[0][edge], np.broadcast_to((1, 128 / 255, 0), colour[0][edge].shape), atol=0.06)


@pytest.mark.parametrize(
    "pictures", [np.zeros((0, 4, 4, 4), np.uint8), np.zeros((1, 4, 4, 3), np.uint8), np.zeros((1, 4, 4, 4))]
)
def test_what_has_no_opacity_is_refused(pictures):
    with pytest.raises(InputError, match="`pictures` must be at least one uint8 picture with opacity"):
        Sprites(pictures)
