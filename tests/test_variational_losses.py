"""The losses of FSG-GAN against closed forms, draws and limits."""

import numpy as np
import pytest
import tensorflow as tf

from tfinpaint import losses

rng = np.random.default_rng(0)


def test_kl_is_0_at_the_unit_gaussian_and_known_where_one_number_moves():
    zero = np.zeros((1, 1, 1, 4), "float32")
    assert float(losses.gaussian_kl(zero, zero)[0]) == 0
    moved = zero.copy()
    moved[..., 0] = 3
    np.testing.assert_allclose(losses.gaussian_kl(moved, zero), [4.5])  # half of the square
    np.testing.assert_allclose(losses.gaussian_kl(zero, moved), [0.5 * (np.exp(3) - 1 - 3)], rtol=1e-6)


def test_kl_is_what_draws_say_of_it():
    mean, log_variance = rng.normal(size=(2, 1, 1, 6)), rng.normal(size=(2, 1, 1, 6))
    z = mean + np.exp(0.5 * log_variance) * rng.normal(size=(400_000, 1, 1, 1, 6))
    of_q = -0.5 * (log_variance + (z - mean) ** 2 / np.exp(log_variance))
    drawn = (of_q + 0.5 * z**2).sum((2, 3, 4)).mean(0)
    np.testing.assert_allclose(losses.gaussian_kl(mean, log_variance), drawn, rtol=0.01)


def test_nll_is_the_density_of_unit_variance_but_for_its_constant():
    target, predicted = rng.normal(size=(2, 2, 4, 4, 3)).astype("float32")
    constant = 48 * 0.5 * np.log(2 * np.pi)
    density = np.exp(-((target - predicted).astype(float) ** 2) / 2) / np.sqrt(2 * np.pi)
    expected = -np.log(density).sum((1, 2, 3)) - constant
    np.testing.assert_allclose(losses.gaussian_nll(predicted, target), expected, rtol=1e-5)


def test_nll_is_a_sum_that_leaves_weighted_pixels_out():
    target = np.zeros((1, 2, 2, 3), "float32")
    weight = np.float32([[1, 0], [0, 1]]).reshape(1, 2, 2, 1)
    np.testing.assert_allclose(losses.gaussian_nll(target + 2, target, weight), [0.5 * 4 * 6])


def test_variational_losses_are_float32_in_half_precision():
    x = tf.cast(np.full((1, 32, 32, 3), 40.0), "float16")  # the sum is beyond float16
    for value in (losses.gaussian_nll(x, 0 * x), losses.gaussian_kl(x, 0 * x)):
        assert value.dtype == "float32"
        np.testing.assert_allclose(value, [0.5 * 1600 * 3072], rtol=1e-5)


# ---- what several heads say ------------------------------------------------------------------------------------------


def logits_of(*probabilities, shape=(1, 2, 2, 1)):
    """One map a head, every patch of which says the probability."""
    return [np.full(shape, np.log(p / (1 - p)), "float32") for p in probabilities]


@pytest.mark.parametrize(("sharpness", "said"), [(0.0, 0.533333), (1.0, 0.615845), (500.0, 0.9)])
def test_heads_that_say_02_05_and_09_say_together(sharpness, said):
    heads = logits_of(0.2, 0.5, 0.9)
    np.testing.assert_allclose(np.exp(losses.log_soft_mean(heads, sharpness)), [said], rtol=1e-5)
    np.testing.assert_allclose(np.exp(losses.log_soft_mean(heads, sharpness, fake=True)), [1 - said], rtol=1e-4)


def test_together_they_say_what_equations_9_and_10_say():
    """By a plain loop, on maps of different sizes; both probabilities of each sample."""
    heads = [rng.normal(0, 2, (3, side, side, 1)).astype("float32") for side in (4, 2, 1)]
    for sample in range(3):
        each = np.array([(1 / (1 + np.exp(-head[sample].astype(float)))).mean() for head in heads])
        weights = np.exp(each) / np.exp(each).sum()
        real, fake = (float(losses.log_soft_mean(heads, fake=fake)[sample]) for fake in (False, True))
        assert real == pytest.approx(np.log((weights * each).sum()), rel=1e-5)
        assert fake == pytest.approx(np.log(1 - (weights * each).sum()), rel=1e-4)


def test_far_out_logits_give_finite_losses_and_gradients():
    for size in (100.0, 1e4):
        for signs in ((1, 1, 1), (-1, -1, -1), (1, -1, 1)):
            heads = [tf.constant(np.full((1, 2, 2, 1), sign * size, "float32")) for sign in signs]
            with tf.GradientTape() as tape:
                tape.watch(heads)
                value = losses.log_soft_mean(heads) + losses.log_soft_mean(heads, fake=True)
            assert np.isfinite(value).all() and value[0] <= 0
            assert all(np.isfinite(g).all() for g in tape.gradient(value, heads))


def test_a_gradient_flows_through_the_weights():
    """With d = (0.2, 0.9): the slope in each head's logit is that of a difference quotient, which a fixed w misses."""
    heads = [tf.constant(x) for x in logits_of(0.2, 0.9, shape=(1, 1, 1, 1))]
    with tf.GradientTape() as tape:
        tape.watch(heads)
        value = losses.log_soft_mean(heads)
    slopes = [g.numpy().item() for g in tape.gradient(value, heads)]
    for i, slope in enumerate(slopes):
        ends = [[x + (1e-2 * sign if j == i else 0) for j, x in enumerate(heads)] for sign in (1, -1)]
        up, down = (float(losses.log_soft_mean(e)[0]) for e in ends)
        assert slope == pytest.approx((up - down) / 2e-2, rel=5e-3)
    d = np.array([0.2, 0.9])
    fixed = np.exp(d) / np.exp(d).sum() * d * (1 - d) / (np.exp(d) / np.exp(d).sum() * d).sum()
    assert np.abs(slopes / fixed - 1).min() > 0.05
