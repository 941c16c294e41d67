"""Measures of validation, by hand and by loops; where a whole-face painter is pasted."""

import numpy as np
import pytest
from scipy import ndimage

from tests.models.tiny import batch
from tfinpaint.models.measures import MEASURES
from tfinpaint.models.paste_mask import THRESHOLD, where_it_differs


def measured(name, data, **outputs):
    return np.asarray(MEASURES[name](None, data, outputs))


def test_hole_l1_counts_hidden_pixels_of_the_photo_on_0_to_1():
    data = batch(count=2)
    picture = data["image"] + 0.3 * data["mask"] - 0.7 * (1 - data["mask"])
    np.testing.assert_allclose(measured("hole_l1", data, picture=picture), 0.15, rtol=1e-4)
    data["valid"][1] = 0
    np.testing.assert_allclose(measured("hole_l1", data, picture=picture), [0.15, 0], rtol=1e-4, atol=1e-6)


def test_mask_iou_by_hand():
    data = batch(count=3)
    data["mask"][:] = 0
    data["mask"][:2, :4, :8] = 1  # 32 pixels
    found = np.zeros_like(data["mask"])
    found[0, :4, 4:12] = 1  # 16 in common, 48 in all
    np.testing.assert_allclose(measured("mask_iou", data, mask=found), [1 / 3, 0, 1], atol=1e-5)


def test_hole_ssim_is_0_for_the_photo_whatever_stands_elsewhere_and_grows_with_noise():
    data = batch(count=2)
    elsewhere = data["image"] + 0.5 * (1 - data["mask"])
    np.testing.assert_allclose(measured("hole_ssim", data, picture=elsewhere), 0, atol=1e-5)
    rng = np.random.default_rng(0)
    rows = [data["image"] + rng.normal(0, s, data["image"].shape).astype("float32") for s in (0.1, 0.4)]
    little, much = (measured("hole_ssim", data, picture=row) for row in rows)
    assert (0 < little).all() and (little < much).all() and (much <= 2).all()


def test_hole_ssim_is_the_mean_over_hidden_pixels_of_the_map_of_scikit_image():
    structural_similarity = pytest.importorskip("skimage.metrics").structural_similarity
    data = batch(count=1)
    picture = np.clip(data["image"] + 0.2 * np.random.default_rng(1).normal(size=data["image"].shape), -1, 1)
    composed = data["mask"] * picture + (1 - data["mask"]) * data["image"]
    x, y = composed[0] / 2 + 0.5, data["image"][0] / 2 + 0.5
    options = {"win_size": 7, "data_range": 1.0, "channel_axis": -1, "use_sample_covariance": False, "full": True}
    hole = data["mask"][0, ..., 0] > 0
    expected = 1 - structural_similarity(x, y, **options)[1][hole].mean()
    found = measured("hole_ssim", data, picture=picture.astype("float32"))
    np.testing.assert_allclose(found, expected, rtol=2e-3)  # skimage mirrors at borders, the hole may touch none


@pytest.mark.parametrize(("factor", "expected"), [(1.0, 0.0), (0.5, 1.0), (2.0, 1.0), (0.25, 2.0)])
def test_hole_detail_counts_halvings_and_doublings(factor, expected):
    data = batch(count=2)
    data["image"] *= 4  # so that the constant against division by zero does not show
    data["mask"][:] = 1  # everything is hidden: the Laplacian sees no seam
    np.testing.assert_allclose(measured("hole_detail", data, picture=factor * data["image"]), expected, atol=0.02)


def test_by_hole_likeness_neither_a_blurred_nor_a_noisy_picture_wins():
    data = batch(count=2)
    rng = np.random.default_rng(2)
    data["image"] = np.clip(data["image"] + 0.15 * rng.normal(size=data["image"].shape), -1, 1).astype("float32")
    blurred = ndimage.gaussian_filter(data["image"], (0, 2, 2, 0))
    noisy = data["image"] + 0.3 * rng.normal(size=data["image"].shape).astype("float32")
    middle = 0.8 * data["image"] + 0.2 * blurred
    values = [measured("hole_likeness", data, picture=p).mean() for p in (middle, blurred, noisy)]
    assert values[0] < min(values[1:])


def test_a_painter_of_whole_faces_is_pasted_where_it_differs():
    seen = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 40, 40, 3)).astype("float32")
    painted = seen + 0.02 * np.random.default_rng(1).normal(size=seen.shape).astype("float32")
    painted[0, 10:25, 12:30, 1] += 0.6  # one colour is enough
    painted[1, 5, 5] += 0.6  # a speck is no object
    mask = np.asarray(where_it_differs(seen, painted))
    assert set(np.unique(mask)) == {0.0, 1.0} and mask[1].max() == 0
    assert mask[0, 10:25, 12:30].all()
    grown = np.zeros((40, 40), bool)
    grown[7:28, 9:33] = True  # the 5 x 5 mean spreads two pixels
    assert not mask[0, ~grown].any()


def test_the_threshold_of_pasting_is_on_the_scale_of_networks():
    seen = np.zeros((1, 24, 24, 3), "float32")
    for change, expected in ((THRESHOLD - 0.01, 0.0), (THRESHOLD + 0.01, 1.0)):
        assert np.asarray(where_it_differs(seen, seen + np.float32(change)))[0, 12, 12, 0] == expected
