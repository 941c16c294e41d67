import numpy as np
import tensorflow as tf

from tfinpaint.data.occlusions.draws import Draws

SEEDS = tf.constant(np.stack([np.arange(2000), np.full(2000, 7)], 1), tf.int64)


def test_neighbouring_seeds_give_uniform_uncorrelated_numbers():
    numbers = Draws(SEEDS).uniform(shape=(40,)).numpy()
    assert 0 <= numbers.min() and numbers.max() < 1
    np.testing.assert_allclose(np.histogram(numbers, 10, (0, 1))[0] / numbers.size, 0.1, atol=0.005)
    np.fill_diagonal(correlation := np.corrcoef(numbers.T), 0)
    assert np.abs(correlation).max() < 0.1  # 4.5 deviations for 2,000 pairs
    assert abs(np.corrcoef(numbers[:-1].ravel(), numbers[1:].ravel())[0, 1]) < 0.02


def test_each_word_of_a_seed_matters():
    seeds = tf.constant([[1, 2], [2, 1], [1 + 2**40, 2], [1, 2 + 2**40], [-1, 2]], tf.int64)
    numbers = Draws(seeds).uniform(shape=(8,)).numpy()
    assert len(np.unique(numbers)) == numbers.size


def test_successive_calls_never_repeat_a_number():
    draw = Draws(SEEDS[:50])
    numbers = np.concatenate([draw.uniform(shape=(150,)).numpy().ravel() for _ in range(4)])
    # 30,000 of 2^24 values: about 27 pairs coincide by chance
    assert len(np.unique(numbers)) > numbers.size - 60


def test_a_sample_draws_the_same_alone_and_in_a_batch():
    alone, batch = Draws(SEEDS[5:6]), Draws(SEEDS[:9])
    for name, arguments in (("uniform", ()), ("gaussian", (4, 4)), ("smooth_noise", (5, 16, 2)), ("seeds", ())):
        expected = getattr(batch, name)(*arguments).numpy()[5:6]
        np.testing.assert_allclose(getattr(alone, name)(*arguments).numpy(), expected, atol=1e-6)


def test_choices_follow_their_weights_and_never_take_a_zero():
    chosen = Draws(SEEDS).choose([0.0, 3.0, 0.0, 1.0, 0.0]).numpy()
    shares = np.bincount(chosen, minlength=5) / len(chosen)
    np.testing.assert_allclose(shares, [0, 0.75, 0, 0.25, 0], atol=0.04)
    assert shares[0] == shares[2] == shares[4] == 0


def test_choices_take_weights_per_sample():
    weights = tf.one_hot(tf.range(2000) % 3, 3)
    np.testing.assert_array_equal(Draws(SEEDS).choose(weights), np.arange(2000) % 3)


def test_a_chance_is_met_as_often_as_it_says():
    assert abs(Draws(SEEDS).chance(0.3).numpy().mean() - 0.3) < 0.04


def test_gaussians_have_mean_0_deviation_1_and_no_skew():
    numbers = Draws(SEEDS[:20]).gaussian(64, 64).numpy()
    assert abs(numbers.mean()) < 0.01
    assert abs(numbers.std() - 1) < 0.01
    assert abs((numbers**3).mean()) < 0.03


def test_smooth_noise_has_unit_deviation_and_small_steps():
    field = Draws(SEEDS[:200]).smooth_noise(4, 64).numpy()[..., 0]
    assert abs(field.std() - 1) < 0.05
    assert np.abs(np.diff(field, axis=1)).mean() < 0.08  # white noise has 1.13
