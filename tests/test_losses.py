"""Losses against numbers worked out by hand."""

import numpy as np
import pytest

from tfinpaint import losses


def image(*values):
    return np.array(values, "float32").reshape(-1, 1, 2, 1)


def test_mean_l1_and_squared_by_hand():
    a, b = image(0, 1, 2, 4), image(1, 1, 0, 0)  # two samples of two pixels
    np.testing.assert_allclose(losses.mean_l1(a, b), [0.5, 3.0])
    np.testing.assert_allclose(losses.mean_squared(a, b), [0.5, 10.0])


def test_a_weight_leaves_pixels_out_and_keeps_the_divisor():
    a, b, weight = image(0, 1, 2, 4), image(1, 1, 0, 0), image(0, 1, 0, 1)
    np.testing.assert_allclose(losses.mean_l1(a, b, weight), [0.0, 2.0])


def test_a_masked_mean_counts_the_hole_and_an_empty_one_gives_0():
    a, b, mask = image(0, 1, 2, 4), image(1, 1, 0, 0), image(1, 0, 0, 0)
    np.testing.assert_allclose(losses.masked_l1(a, b, mask), [1.0, 0.0], rtol=1e-5)


def test_a_masked_mean_divides_by_the_channels():
    values = np.ones((1, 2, 2, 3), "float32")
    assert float(losses.masked_mean(values, np.ones((1, 2, 2, 1)))[0]) == pytest.approx(1.0, rel=1e-5)


def test_logistic_losses_by_hand():
    real, fake = np.array([[0.0], [2.0]], "float32"), np.array([[0.0], [-2.0]], "float32")
    np.testing.assert_allclose(
        losses.logistic_critic_loss(real, fake), [2 * np.log(2), 2 * np.log1p(np.exp(-2))], rtol=1e-6
    )
    np.testing.assert_allclose(losses.logistic_generator_loss(fake), [np.log(2), np.log1p(np.exp(2))], rtol=1e-6)


def test_the_critics_loss_falls_when_real_rises_and_when_fake_falls():
    one = np.ones((1, 1), "float32")
    start = losses.logistic_critic_loss(0 * one, 0 * one)[0]
    assert losses.logistic_critic_loss(one, 0 * one)[0] < start
    assert losses.logistic_critic_loss(0 * one, -one)[0] < start


def test_logistic_losses_of_huge_logits_are_finite():
    huge = np.array([[1e4], [-1e4]], "float32")
    assert np.isfinite(losses.logistic_critic_loss(huge, huge)).all()


def test_feature_mse_and_cosine_by_hand():
    a, b = np.array([[3.0, 4.0]], "float32"), np.array([[4.0, 3.0]], "float32")
    np.testing.assert_allclose(losses.feature_mse(a, b), [1.0])
    np.testing.assert_allclose(losses.cosine_distance(a, b), [1 - 24 / 25], rtol=1e-5)
    np.testing.assert_allclose(losses.cosine_distance(a, 7 * a), [0.0], atol=1e-6)


def test_half_precision_inputs_give_float32_losses():
    for dtype in ("float16", "bfloat16"):
        from keras import ops

        x = ops.cast(np.ones((2, 4, 4, 3)), dtype)
        assert ops.convert_to_numpy(losses.mean_l1(x, 0 * x)).dtype == np.float32


def test_ssim_distance_equals_a_loop_over_windows():
    rng = np.random.default_rng(0)
    x, y = (rng.uniform(-1, 1, (1, 9, 9, 1)).astype("float32") for _ in range(2))
    total = 0.0
    for i in range(9):
        for j in range(9):
            rows, columns = slice(max(0, i - 3), i + 4), slice(max(0, j - 3), j + 4)
            a, b = (p[0, rows, columns, 0].astype(float) / 2 + 0.5 for p in (x, y))
            means = (2 * a.mean() * b.mean() + 1e-4) / (a.mean() ** 2 + b.mean() ** 2 + 1e-4)
            covariance = (a * b).mean() - a.mean() * b.mean()
            total += 0.5 * (1 - means * (2 * covariance + 9e-4) / (a.var() + b.var() + 9e-4))
    np.testing.assert_allclose(losses.ssim_distance(x, y), [total / 81], rtol=1e-4)
    np.testing.assert_allclose(losses.ssim_distance(x, x), [0.0], atol=1e-6)


def test_ssim_distance_leaves_weighted_pixels_out():
    x, y = np.zeros((1, 8, 8, 3), "float32"), np.ones((1, 8, 8, 3), "float32")
    assert float(losses.ssim_distance(x, y, np.zeros((1, 8, 8, 1)))[0]) == 0


def test_cross_entropy_of_logits_by_hand_and_at_the_ends():
    logits, target = image(0, 2, 100, -100), image(1, 0, 1, 0)
    expected = [(np.log(2) + np.log1p(np.exp(2))) / 2, 0.0]
    np.testing.assert_allclose(losses.binary_cross_entropy(logits, target), expected, rtol=1e-6, atol=1e-30)
    np.testing.assert_allclose(losses.binary_cross_entropy(logits, 1 - target)[1], 100.0)


def test_a_mean_of_sigmoids_by_hand_and_finite_far_out():
    logits = np.random.default_rng(0).normal(0, 3, (3, 7, 7, 1)).astype("float32")
    mean = (1 / (1 + np.exp(-logits))).mean((1, 2, 3))
    np.testing.assert_allclose(losses.log_mean_sigmoid(logits), np.log(mean), rtol=1e-5)
    np.testing.assert_allclose(losses.log_mean_sigmoid(-logits), np.log(1 - mean), rtol=1e-5)
    np.testing.assert_allclose(losses.log_mean_sigmoid(logits * 0 - 200), -200.0, rtol=1e-6)
    assert float(losses.log_mean_sigmoid(np.array([[0.0]], "float32"))[0]) == pytest.approx(-np.log(2))


def test_feature_l1_gram_and_style_by_hand():
    one = np.array([[1, 2], [3, 4]], "float32").reshape(1, 1, 2, 2)  # two pixels of two channels
    np.testing.assert_allclose(losses.feature_l1(one, one + [[1, -3]]), [2.0])
    np.testing.assert_allclose(losses.gram(one)[0], np.array([[10, 14], [14, 20]]) / 4)
    swapped = one[:, :, ::-1]
    np.testing.assert_allclose(losses.style_distance(one, swapped), [0.0], atol=1e-7)  # style knows no places
    np.testing.assert_allclose(losses.style_distance(2 * one, one), [3 * (10 + 14 + 14 + 20) / 16], rtol=1e-6)


def test_relativistic_loss_by_hand():
    leader, trailer = np.float32([1.0, 5.0]).reshape(1, 1, 2, 1), np.zeros((1, 1, 2, 1), "float32")
    first = np.float32([1, 0]).reshape(1, 1, 2, 1)
    np.testing.assert_allclose(losses.relativistic_loss(leader, trailer, first), [np.log1p(np.exp(-1))], rtol=1e-5)
    both = [(np.log1p(np.exp(-1)) + np.log1p(np.exp(-5))) / 2]
    np.testing.assert_allclose(losses.relativistic_loss(leader, trailer, np.ones_like(first)), both, rtol=1e-5)
    np.testing.assert_allclose(losses.relativistic_loss(leader, leader, first), [np.log(2)], rtol=1e-5)


def test_relative_l1_is_in_units_of_the_target():
    target, painted = np.float32([[1, -3], [10, 30]]), np.float32([[2, -2], [20, 20]])
    np.testing.assert_allclose(losses.relative_l1(painted, target), [0.5, 0.5], rtol=1e-5)
    np.testing.assert_allclose(losses.relative_l1(7 * painted, 7 * target), [0.5, 0.5], rtol=1e-5)


def test_masked_ssim_distance_is_the_mean_over_the_hole():
    rng = np.random.default_rng(0)
    a, b = rng.uniform(-1, 1, (2, 2, 12, 12, 3)).astype("float32")
    hole = np.zeros((2, 12, 12, 1), "float32")
    hole[0, :3], hole[1] = 1, 1
    found = losses.masked_ssim_distance(a, b, hole)
    np.testing.assert_allclose(found[1], losses.ssim_distance(a, b)[1], rtol=1e-4)
    np.testing.assert_allclose(found[0], 4 * np.asarray(losses.ssim_distance(a, b, hole))[0], rtol=1e-4)
    np.testing.assert_array_equal(losses.masked_ssim_distance(a, b, 0 * hole), [0, 0])


def test_contrast_in_closed_form():
    """Own key equal, all others at right angles: log(1 + n exp(-1/t)); all keys equal: log(n + 1)."""
    axes = np.eye(8, dtype="float32")
    for t in (1.0, 0.07):
        logits = losses.contrast_logits(axes[:2], axes[:2], axes[2:], t)
        np.testing.assert_allclose(losses.info_nce(logits), [np.log1p(6 * np.exp(-1 / t))] * 2, rtol=1e-5, atol=1e-6)
        same = losses.contrast_logits(axes[:1], axes[:1], axes[[0] * 5], t)
        np.testing.assert_allclose(losses.info_nce(same), [np.log(6)], rtol=1e-6)
    wrong = losses.contrast_logits(axes[:1], axes[1:2], axes[:1], 0.07)  # its own key is the one at a right angle
    np.testing.assert_allclose(losses.info_nce(wrong), [1 / 0.07], rtol=1e-5)


def test_a_field_is_pooled_over_its_valid_pixels_alone():
    field = np.array([[0.2, 0.4], [0.8, 9.0]], "float32").reshape(1, 2, 2, 1) * np.ones(2, "float32")
    valid = np.array([[1, 1], [1, 0]], "float32").reshape(1, 2, 2, 1)
    pooled, share = losses.pooled_field(field, valid, 1)
    np.testing.assert_allclose(pooled, np.full((1, 1, 1, 2), 1.4 / 3), rtol=1e-6)
    np.testing.assert_allclose(share, [[[[0.75]]]])
    nowhere, share = losses.pooled_field(field, 0 * valid, 1)
    assert not np.any(nowhere) and not np.any(share)


def test_correspondence_counts_valid_pixels_at_any_scale():
    target, valid = np.zeros((2, 2, 2, 2), "float32"), np.zeros((2, 2, 2, 1), "float32")
    valid[0, 0] = 1
    predicted = np.full((2, 2, 2, 2), 0.5, "float32")
    predicted[0, 0, 0] = 0.1
    np.testing.assert_allclose(losses.correspondence_l1(predicted, target, valid), [0.3, 0], rtol=1e-5)
    predicted[0, 1] = 7.0  # where nothing is valid
    np.testing.assert_allclose(losses.correspondence_l1(predicted, target, valid), [0.3, 0], rtol=1e-5)
    np.testing.assert_allclose(losses.correspondence_l1(predicted[:, :1, :1], target, valid), [0.1, 0], rtol=1e-5)
