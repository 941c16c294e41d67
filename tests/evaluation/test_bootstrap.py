import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinpaint.evaluation import summarise


@given(st.floats(-100, 100), st.integers(1, 20))
def test_the_interval_of_a_constant_is_a_point(value, count):
    summary = summarise(np.full(count, value), resamples=20)
    assert summary["n"] == count
    np.testing.assert_allclose([summary["mean"], summary["low"], summary["high"]], value, rtol=1e-9, atol=1e-12)


def test_the_interval_of_normal_values_is_two_standard_errors_wide():
    values = np.random.default_rng(0).normal(5, 2, 400)
    summary = summarise(values)
    half = 1.96 * values.std() / 20
    assert summary["low"] == pytest.approx(summary["mean"] - half, abs=0.1 * half)
    assert summary["high"] == pytest.approx(summary["mean"] + half, abs=0.1 * half)


def test_the_same_values_give_the_same_interval():
    values = np.arange(9.0)
    assert summarise(values) == summarise(values)
    assert summarise(values) != summarise(values, seed=1)


def test_identical_and_undefined_pictures_are_counted_apart():
    summary = summarise(np.array([1.0, np.inf, 3.0, np.nan, np.inf]))
    assert summary["mean"] == 2 and summary["n"] == 2
    assert summary["identical"] == 2 and summary["undefined"] == 1


def test_nothing_has_no_mean():
    assert summarise(np.array([np.nan])) == {"n": 0, "undefined": 1}
