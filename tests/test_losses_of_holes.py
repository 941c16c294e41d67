"""The Wasserstein game and the discounted error against closed forms, numbers by hand, and SciPy."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.ndimage import distance_transform_edt

from tfinpaint import losses
from tfinpaint.errors import InputError
from tfinpaint.training.backend import input_grad

rng = np.random.default_rng(0)


def depth(mask):
    return np.stack([distance_transform_edt(one[..., 0]) for one in mask])[..., None].astype("float32")


def square_and_strokes(side=16):
    """A centred square of half the side, and two bars that cross."""
    mask = np.zeros((2, side, side, 1), "float32")
    mask[0, side // 4 : -side // 4, side // 4 : -side // 4] = 1
    mask[1, 3:6, :12] = mask[1, 2:15, 8:13] = 1
    return mask


# ---- the Wasserstein game --------------------------------------------------------------------------------------------


def test_wasserstein_losses_are_differences_of_scores():
    real, fake = np.array([[3.0], [-1.0]], "float32"), np.array([[0.5], [2.0]], "float32")
    np.testing.assert_allclose(losses.wasserstein_critic_loss(real, fake), [-2.5, 3.0])
    np.testing.assert_allclose(losses.wasserstein_generator_loss(fake), [-0.5, -2.0])


def test_the_penalty_of_a_linear_critic_is_that_of_its_length():
    weight = rng.normal(size=(8, 8, 3)).astype("float32") * 0.2
    mask = np.zeros((2, 8, 8, 1), "float32")
    mask[0, 2:5, 1:7], mask[1, :2] = 1, 1
    pictures = tf.constant(rng.normal(size=(2, 8, 8, 3)).astype("float32"))
    gradient = input_grad(lambda x: tf.reduce_sum(x * weight, axis=(1, 2, 3)), pictures)
    whole = (np.linalg.norm(weight) - 1) ** 2
    np.testing.assert_allclose(losses.gradient_penalty(gradient), [whole, whole], rtol=1e-5)
    hidden = [(np.linalg.norm(weight * one) - 1) ** 2 for one in mask]
    np.testing.assert_allclose(losses.gradient_penalty(gradient, mask), hidden, rtol=1e-5)
    assert abs(hidden[0] - whole) > 0.01


def test_a_flat_critic_has_a_finite_penalty_that_can_be_learned_from():
    slope = tf.Variable(tf.zeros((1, 4, 4, 3)))
    with tf.GradientTape() as tape:
        penalty = losses.gradient_penalty(slope)
    assert float(penalty[0]) == pytest.approx(1, abs=1e-5)
    assert np.isfinite(tape.gradient(penalty, slope)).all()


def test_where_nothing_is_hidden_there_is_no_penalty():
    gradient, mask = np.ones((2, 4, 4, 3), "float32"), np.zeros((2, 4, 4, 1), "float32")
    mask[1, 1:3] = 1
    penalty = np.asarray(losses.gradient_penalty(gradient, mask))
    np.testing.assert_allclose(penalty, [0, (np.sqrt(24) - 1) ** 2], rtol=1e-5)


# ---- the discount ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gamma", [0.99, 0.5])
def test_the_discount_is_a_power_of_the_distance_for_any_hole(gamma):
    mask = square_and_strokes()
    distance = depth(mask)
    np.testing.assert_allclose(losses.hole_discount(distance, mask, gamma=gamma), gamma**distance, rtol=1e-5)


def test_it_falls_from_the_rim_to_the_middle_of_the_papers_square_alike_on_all_sides():
    mask = square_and_strokes(256)[:1]
    weight = np.asarray(losses.hole_discount(depth(mask), mask))[0, ..., 0]
    assert weight[64, 100] == weight[191, 100] == pytest.approx(0.99, rel=1e-6)
    assert weight[127, 127] == weight[128, 128] == pytest.approx(0.99**64, rel=1e-5) == pytest.approx(0.5256, abs=1e-4)
    for other in (weight[::-1], weight[:, ::-1], weight.T):
        np.testing.assert_array_equal(weight, other)


def test_by_the_papers_words_it_grows_towards_the_middle_and_its_mean_is_1():
    mask = square_and_strokes()
    distance = depth(mask)
    weight = np.asarray(losses.hole_discount(distance, mask, "literal"))
    for i in range(2):
        inside = mask[i] > 0
        expected = distance[i][inside] ** 0.99
        np.testing.assert_allclose(weight[i][inside], expected / expected.mean(), rtol=1e-4)
    assert weight[0, 7, 7, 0] > 3 * weight[0, 4, 7, 0]


def test_a_discounted_error_is_the_weighted_mean_over_the_hole():
    mask, target = square_and_strokes(), rng.uniform(-1, 1, (2, 16, 16, 3)).astype("float32")
    predicted, distance = target + rng.normal(size=target.shape).astype("float32"), depth(mask)
    for discount, weight in (("power", 0.99**distance), ("none", np.ones_like(distance))):
        expected = [(abs(predicted - target)[i] * weight[i])[mask[i, ..., 0] > 0].mean() for i in range(2)]
        found = losses.discounted_l1(predicted, target, distance, mask, discount)
        np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_an_empty_hole_has_no_error_and_a_finite_gradient():
    picture, mask = tf.Variable(tf.ones((1, 4, 4, 3))), np.zeros((1, 4, 4, 1), "float32")
    for discount in ("power", "literal", "none"):
        with tf.GradientTape() as tape:
            error = losses.discounted_l1(picture, tf.zeros_like(picture), mask, mask, discount)
        assert float(error[0]) == 0 and not np.any(tape.gradient(error, picture))


def test_an_unknown_discount_is_refused():
    mask = np.ones((1, 2, 2, 1), "float32")
    with pytest.raises(InputError, match="`discount` must be one of power, literal, none. Received: discount='steep'"):
        losses.hole_discount(mask, mask, "steep")
