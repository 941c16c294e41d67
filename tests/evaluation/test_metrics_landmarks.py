import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinpaint.errors import InputError
from tfinpaint.evaluation import inter_ocular_error, landmark_failures


def _points(count=2, between=40.0):
    """Random points whose outer eye corners are `between` apart."""
    points = np.random.default_rng(0).uniform(0, 100, (count, 68, 2))
    points[:, 45] = points[:, 36] + [between, 0]
    return points


def test_all_points_off_by_a_tenth_of_the_inter_ocular_distance():
    true = _points()
    shift = np.array([[2.4, 3.2], [-3.2, 2.4]])  # 4 of 40
    np.testing.assert_allclose(inter_ocular_error(true + shift[:, None], true), 0.1)


def test_it_is_the_mean_over_the_points():
    true = _points(1)
    found = true.copy()
    found[0, 45] += [30, 40]  # one of 68 is 50 off; the distance of the true corners stays 40
    np.testing.assert_allclose(inter_ocular_error(found, true), 50 / 40 / 68)


@given(st.floats(0.01, 100), st.floats(0, 6))
def test_it_sees_neither_unit_nor_rotation(scale, angle):
    true, noise = _points(), np.random.default_rng(1).normal(size=(2, 68, 2))
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = inter_ocular_error((true + noise) @ turn, true @ turn)
    np.testing.assert_allclose(found, inter_ocular_error(true + noise, true), rtol=1e-9)


def test_failures_are_above_the_limit_and_undefined_errors_stay_so():
    np.testing.assert_array_equal(landmark_failures(np.array([0.1, 0.1001, 0.3, np.nan])), [0, 1, 1, np.nan])
    np.testing.assert_array_equal(landmark_failures(np.array([0.09, 0.07]), above=0.08), [1, 0])


def test_points_of_another_scheme_and_eyes_in_one_place_are_refused():
    with pytest.raises(InputError, match=r"\(n, 68, 2\)"):
        inter_ocular_error(np.zeros((2, 5, 2)), np.zeros((2, 5, 2)))
    with pytest.raises(InputError, match="one|shape"):
        inter_ocular_error(_points(2), _points(3))
    with pytest.raises(InputError, match="Received: 2 faces"):
        inter_ocular_error(_points(), np.zeros((2, 68, 2)))
