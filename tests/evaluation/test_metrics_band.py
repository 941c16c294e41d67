import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tfinpaint.errors import InputError
from tfinpaint.evaluation import border_band, masked_mean, ssim, ssim_map, ssim_maps

holes = arrays.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def _band_by_loops(hole, width):
    """Every pixel that has one of the other kind within `width`."""
    band = np.zeros(hole.shape)
    for row, column in np.ndindex(hole.shape):
        rows, columns = np.nonzero(hole != hole[row, column])
        squared = (rows - row) ** 2 + (columns - column) ** 2
        band[row, column] = (squared <= width**2).any()
    return band


@given(holes, st.sampled_from([1, 1.5, 2, 3, 5]))
def test_the_band_is_what_lies_near_the_other_kind(hole, width):
    found = border_band(hole[None, ..., None].astype("float32"), width)
    np.testing.assert_array_equal(found[0, ..., 0], _band_by_loops(hole, width))


def test_the_band_of_a_far_border_is_exact():
    hole = np.zeros((90, 90), bool)
    hole[60, 80] = True  # (60, 80) is 100 pixels from the corner
    assert border_band(hole[None, ..., None], 100)[0, 0, 0] == 1
    assert border_band(hole[None, ..., None], 99.99)[0, 0, 0] == 0


def test_the_edge_of_the_picture_is_no_border():
    masks = np.zeros((3, 8, 8, 1), np.float32)
    masks[1] = 1
    masks[2, :, :4] = 1
    band = border_band(masks, 1)
    assert band.dtype == np.float32 and band[:2].sum() == 0
    np.testing.assert_array_equal(band[2, :, :, 0], np.repeat([[0, 0, 0, 1, 1, 0, 0, 0]], 8, 0))


@given(holes)
def test_the_band_of_a_mask_is_that_of_its_complement(hole):
    masks = hole[None, ..., None]
    np.testing.assert_array_equal(border_band(masks, 2), border_band(~masks, 2))


@pytest.mark.parametrize("shape, width, said", [((4, 4, 1), 2, "n, height"), ((1, 4, 4, 1), 0.5, "at least 1 pixel")])
def test_masks_without_batch_and_bands_without_width_are_refused(shape, width, said):
    with pytest.raises(InputError, match=said):
        border_band(np.zeros(shape), width)


def test_one_map_serves_image_hole_and_band():
    rng = np.random.default_rng(0)
    pictures, references = rng.uniform(size=(2, 3, 24, 20, 3))
    hole = np.zeros((3, 24, 20, 1), np.float32)
    hole[:, 4:13, 5:11] = 1
    maps = ssim_maps(pictures, references)
    assert maps.shape == pictures.shape
    for found, picture, reference in zip(maps, pictures, references, strict=True):
        np.testing.assert_array_equal(found, ssim_map(picture, reference))
    for where in (hole, border_band(hole, 2)):
        np.testing.assert_allclose(masked_mean(maps, where), ssim(pictures, references, where), rtol=1e-12)


@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 1000))
def test_a_masked_mean_is_the_mean_of_the_chosen_values(count, channels, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, 5, 4, channels))
    where = rng.uniform(size=(count, 5, 4, 1)) < 0.4
    where[0] = False
    expected = [v[w[..., 0]].mean() if w.any() else np.nan for v, w in zip(values, where, strict=True)]
    np.testing.assert_allclose(masked_mean(values, where), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(masked_mean(values), [v.mean() for v in values], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(masked_mean(values, where[:1] | True), masked_mean(values), rtol=1e-9, atol=1e-12)


def test_pictures_smaller_than_the_window_have_no_ssim_of_their_own():
    small = np.zeros((1, 10, 20, 3))
    with pytest.raises(InputError, match="at least 11 pixels"):
        ssim(small, small)
    assert ssim(small, small, np.ones((1, 10, 20, 1))) == 1


def test_whole_numbers_are_averaged_without_overflow():
    masks = np.ones((2, 40, 40, 1), np.uint8)
    np.testing.assert_array_equal(masked_mean(masks, masks), [1, 1])
    np.testing.assert_array_equal(masked_mean(200 * masks, masks > 0), [200, 200])
