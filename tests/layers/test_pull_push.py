"""Colours that spread into a hole: by hand, exact outside, and between the extremes of what is visible."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinpaint.errors import InputError
from tfinpaint.layers import PullPush

rng = np.random.default_rng(0)


def fill(x, mask):
    return np.asarray(PullPush()([np.asarray(x, "float32"), np.asarray(mask, "float32")]))


def test_two_by_two_pixels_by_hand():
    x = np.array([[1, 2], [3, 9]], "float32").reshape(1, 2, 2, 1)
    mask = np.array([[0, 0], [0, 1]], "float32").reshape(1, 2, 2, 1)
    np.testing.assert_allclose(fill(x, mask)[0, ..., 0], [[1, 2], [3, 2]], rtol=1e-5)
    np.testing.assert_allclose(fill(x, mask / 2)[0, 1, 1, 0], 9 / 2 + (1 + 2 + 3 + 9 / 2) / 3.5 / 2, rtol=1e-5)


def test_four_by_four_pixels_by_hand():
    """One visible quarter: what is hidden takes its mean from the picture of 2 x 2 pixels, which knows no other."""
    x, mask = np.full((1, 4, 4, 1), 7.0), np.ones((1, 4, 4, 1))
    x[0, :2, :2, 0], mask[0, :2, :2] = [[1, 2], [3, 4]], 0
    filled = fill(x, mask)[0, ..., 0]
    np.testing.assert_array_equal(filled[:2, :2], [[1, 2], [3, 4]])
    np.testing.assert_allclose(filled[2:, 2:], 2.5, rtol=1e-5)


def test_what_is_visible_stays_bit_for_bit():
    x, mask = rng.normal(size=(2, 16, 24, 3)).astype("float32"), np.zeros((2, 16, 24, 1), "float32")
    mask[0, 3:9, 5:20] = 1
    filled = fill(x, mask)
    kept = np.broadcast_to(mask == 0, x.shape)
    np.testing.assert_array_equal(filled[kept], x[kept])
    assert (filled[~kept] != x[~kept]).all()


@given(st.integers(0, 2**32 - 1), st.sampled_from([(8, 8), (6, 10), (7, 7), (2, 14)]))
def test_the_fill_depends_on_nothing_hidden_and_lies_within_what_is_visible(seed, sides):
    draw = np.random.default_rng(seed)
    mask = (draw.uniform(size=(1, *sides, 1)) < draw.uniform()).astype("float32")
    mask[0, 0, 0] = 0
    x = draw.normal(size=(1, *sides, 2)).astype("float32")
    filled = fill(x, mask)
    np.testing.assert_array_equal(fill(x + 5 * mask, mask), filled)
    visible = x[np.broadcast_to(mask == 0, x.shape)].reshape(-1, 2)
    slack = 1e-5 + 2e-4 * np.abs(visible).max(0)  # the guard against a division by zero
    assert (filled >= visible.min(0) - slack).all() and (filled <= visible.max(0) + slack).all()


def test_with_everything_hidden_it_is_grey_and_finite():
    np.testing.assert_array_equal(fill(np.ones((1, 8, 8, 3)), np.ones((1, 8, 8, 1))), 0)


@pytest.mark.parametrize("shapes", [((1, 8, 8, 3), (1, 4, 4, 1)), ((1, 8, 8, 3), (1, 8, 8, 3)), ((8, 8, 3), (8, 8, 1))])
def test_shapes_that_do_not_fit_are_refused_in_a_sentence(shapes):
    with pytest.raises(InputError, match=r"must be called on \[features, mask\]"):
        PullPush()([np.zeros(s, "float32") for s in shapes])
