import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage import data
from skimage.metrics import structural_similarity

from tfinpaint.evaluation import l1_percent, l2_percent, mask_iou, psnr, sharpness, ssim, ssim_map


def _pair(seed=0, shape=(3, 24, 20, 3)):
    rng = np.random.default_rng(seed)
    reference = rng.uniform(0.2, 0.8, shape)
    return np.clip(reference + rng.normal(0, 0.1, shape), 0, 1), reference


@given(st.floats(0.001, 0.5))
def test_psnr_of_a_constant_error_is_minus_20_log10_of_it(error):
    reference = np.full((2, 4, 5, 3), 0.4)
    np.testing.assert_allclose(psnr(reference + error, reference), -20 * np.log10(error), rtol=1e-9)


def test_psnr_of_equal_pictures_is_infinite():
    reference = _pair()[1]
    assert np.isposinf(psnr(reference, reference)).all()


def test_metrics_over_a_hole_see_only_the_hole():
    reference = np.full((1, 4, 4, 3), 0.5)
    picture = reference.copy()
    picture[0, 1, 1] += 0.2  # inside the hole of two pixels
    picture[0, 3, 3] += 0.4  # outside
    hole = np.zeros((1, 4, 4, 1))
    hole[0, 1, 1:3] = 1
    np.testing.assert_allclose(psnr(picture, reference, hole), -10 * np.log10(0.04 / 2))
    np.testing.assert_allclose(l1_percent(picture, reference, hole), 100 * 0.2 / 2)
    np.testing.assert_allclose(l2_percent(picture, reference, hole), 100 * 0.04 / 2)
    np.testing.assert_allclose(l1_percent(picture, reference), 100 * 0.6 / 16)
    np.testing.assert_allclose(l2_percent(picture, reference), 100 * 0.2 / 16)


def test_a_picture_without_hole_has_no_hole_metric():
    picture, reference = _pair()
    empty = np.zeros((3, 24, 20, 1))
    assert np.isnan(psnr(picture, reference, empty)).all()
    assert np.isnan(ssim(picture, reference, empty)).all()


def test_ssim_equals_that_of_scikit_image():
    portrait = data.astronaut()[:96:2, 100:180:2] / 255.0
    noisy = np.clip(portrait + np.random.default_rng(0).normal(0, 0.05, portrait.shape), 0, 1)
    pairs = [(noisy, portrait), *zip(*_pair(), strict=True)]
    for picture, reference in pairs:
        mean, full = structural_similarity(
            picture,
            reference,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=1,
            channel_axis=-1,
            full=True,
        )
        np.testing.assert_allclose(ssim(picture[None], reference[None]), mean, rtol=1e-10)
        np.testing.assert_allclose(ssim_map(picture, reference), full, atol=1e-10)


def test_ssim_over_a_hole_is_the_mean_of_its_map_there():
    picture, reference = _pair()
    hole = np.zeros((3, 24, 20, 1))
    hole[:, 2:9, 5:7] = 1
    expected = [ssim_map(p, r)[2:9, 5:7].mean() for p, r in zip(picture, reference, strict=True)]
    np.testing.assert_allclose(ssim(picture, reference, hole), expected)


def test_iou_counts_pixels():
    found, true = np.zeros((3, 4, 4, 1)), np.zeros((3, 4, 4, 1))
    found[0, 0, :3] = 1
    true[0, 0, 1:] = 1  # 2 shared of 4
    true[1, 2] = 1  # nothing found
    np.testing.assert_array_equal(mask_iou(found, true), [0.5, 0.0, np.nan])
    valid = np.ones((3, 4, 4, 1))
    valid[:, :, 3] = 0  # 2 shared of 3
    assert mask_iou(found, true, valid)[0] == pytest.approx(2 / 3)


def test_sharpness_is_the_share_of_the_references_detail():
    rng = np.random.default_rng(0)
    photo = rng.random((2, 16, 16, 3))
    grey = photo.mean(-1, keepdims=True)
    soft = grey.mean((1, 2), keepdims=True) + 0.3 * (photo - grey.mean((1, 2), keepdims=True))
    np.testing.assert_allclose(sharpness(soft, photo), [0.3, 0.3])
    np.testing.assert_allclose(sharpness(0 * photo, photo), [0, 0])
    assert np.isnan(sharpness(photo, 0 * photo)).all()


def test_sharpness_by_hand_over_a_hole():
    """A single bright pixel has a Laplacian of 4 there and of -1 at its neighbours; a border repeats the last pixel."""
    reference, picture, hole = np.zeros((3, 1, 5, 5, 1))
    reference[0, 2, 2] = picture[0, 2, 2] = 1.0
    picture[0, 0, 0] = 0.5  # two of its neighbours lie outside and are as bright
    assert sharpness(picture, reference)[0] == pytest.approx((8 + 0.5 * (2 + 2)) / 8)
    hole[0, 2, 2] = 1
    assert sharpness(picture, reference, hole)[0] == pytest.approx(1.0)
