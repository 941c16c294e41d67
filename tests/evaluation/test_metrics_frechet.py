import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from tfinpaint.errors import InputError
from tfinpaint.evaluation import frechet_distance, frechet_from_moments

seeds = st.integers(0, 2**20)


def _features(seed, count=12, width=5):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, width)) @ rng.normal(size=(width, width)) + rng.normal(size=width)


def _moments(features):
    return features.mean(0), np.cov(features.T)


def _by_scipy(a, b):
    (mean_a, cov_a), (mean_b, cov_b) = _moments(a), _moments(b)
    root = scipy.linalg.sqrtm(cov_a @ cov_b)
    return np.square(mean_a - mean_b).sum() + np.trace(cov_a + cov_b - 2 * root.real)


@given(seeds)
def test_commuting_gaussians_have_a_closed_form(seed):
    """Diagonal covariances: the squared difference of the means and of the standard deviations."""
    mean_a, mean_b, std_a, std_b = np.random.default_rng(seed).uniform(0, 3, (4, 6))
    expected = np.square(mean_a - mean_b).sum() + np.square(std_a - std_b).sum()
    found = frechet_from_moments(mean_a, np.diag(std_a**2), mean_b, np.diag(std_b**2))
    assert found == pytest.approx(expected, rel=1e-9)


def test_one_feature_by_hand():
    """Means 1 and 4, variances 1 and 9 (with n - 1): (4 - 1)^2 + (3 - 1)^2."""
    a, b = np.array([[0.0], [1.0], [2.0]]), np.array([[1.0], [4.0], [7.0]])
    assert frechet_distance(a, b) == pytest.approx(13)


@given(seeds)
def test_it_equals_the_matrix_root_of_scipy(seed):
    a, b = _features(seed, 12), _features(seed + 1, 9)
    assert frechet_distance(a, b) == pytest.approx(_by_scipy(a, b), rel=1e-6)
    assert frechet_from_moments(*_moments(a), *_moments(b)) == pytest.approx(frechet_distance(a, b), rel=1e-9)


def test_fewer_pictures_than_features_give_the_distance_of_flat_gaussians():
    """Padded with zeros, the same points lie in more dimensions: nothing changes."""
    a, b = _features(0, 6, 4), _features(1, 8, 4)
    wide_a, wide_b = (np.pad(f, ((0, 0), (0, 20))) for f in (a, b))
    assert frechet_distance(wide_a, wide_b) == pytest.approx(frechet_distance(a, b), rel=1e-9)
    assert frechet_from_moments(*_moments(wide_a), *_moments(wide_b)) == pytest.approx(frechet_distance(a, b), rel=1e-6)
    mixed = frechet_distance(wide_a, np.concatenate([wide_b] * 4))  # one set smaller, one larger than its width
    assert mixed == pytest.approx(_by_scipy(a, np.concatenate([b] * 4)), rel=1e-6)


@given(seeds, st.sampled_from([(4, 9), (30, 5)]))
def test_a_set_is_at_no_distance_from_itself(seed, shape):
    a = _features(seed, *shape)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9 * np.trace(np.cov(a.T)))
    assert frechet_distance(a, a[::-1]) == pytest.approx(0, abs=1e-9 * np.trace(np.cov(a.T)))


@given(seeds)
def test_it_is_symmetric_and_sees_no_rotation_or_shift(seed):
    a, b = _features(seed), _features(seed + 1)
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(5, 5)))[0]
    found = frechet_distance(a, b)
    assert frechet_distance(b, a) == pytest.approx(found, rel=1e-9)
    assert frechet_distance(a @ rotation + 3, b @ rotation + 3) == pytest.approx(found, rel=1e-9)


@pytest.mark.parametrize(
    "a, said",
    [
        (np.zeros((1, 5)), "at least 2 pictures.*Received: 1"),
        (np.zeros((4, 3)), "one width.*3 and 5"),
        (np.zeros(5), r"shape \(n, d\)"),
        (np.array([[0.0] * 5, [np.nan] * 5, [np.inf] * 5]), "2 of 3 rows"),
    ],
)
def test_features_that_have_no_gaussian_are_refused(a, said):
    b = _features(0)
    with pytest.raises(InputError, match=said):
        frechet_distance(a, b)


@pytest.mark.parametrize(
    "mean, covariance, said",
    [
        (np.zeros(3), np.eye(2), "one length"),
        (np.array([0.0, np.nan]), np.eye(2), "finite vectors"),
        (np.zeros(2), np.eye(3), "finite matrix"),
        (np.zeros(2), np.array([[1.0, 0.5], [0.0, 1.0]]), "symmetric"),
        (np.zeros(2), np.diag([1.0, -0.5]), "smallest eigenvalue -0.5"),
    ],
)
def test_moments_that_are_none_are_refused(mean, covariance, said):
    with pytest.raises(InputError, match=said):
        frechet_from_moments(mean, covariance, np.zeros(2), np.eye(2))
