import numpy as np
import pytest

from tfinpaint.evaluation import navier_stokes, telea


@pytest.fixture
def ramp():
    """Pictures that grow evenly to the right, and a hole in the middle."""
    pictures = np.zeros((2, 32, 32, 3), np.uint8)
    pictures[:] = np.arange(0, 128, 4)[None, None, :, None]
    masks = np.zeros((2, 32, 32, 1), np.float32)
    masks[:, 13:19, 13:19] = 1
    return pictures, masks


@pytest.mark.parametrize("fill", [telea, navier_stokes])
def test_a_smooth_picture_is_continued_into_the_hole(fill, ramp):
    pictures, masks = ramp
    broken = np.where(masks > 0, 255, pictures).astype(np.uint8)
    filled = fill(broken, masks)
    assert np.abs(filled.astype(int) - pictures)[np.broadcast_to(masks > 0, pictures.shape)].mean() < 4


@pytest.mark.parametrize("fill", [telea, navier_stokes])
def test_pixels_outside_the_hole_are_kept(fill, ramp):
    pictures, masks = ramp
    pictures = np.random.default_rng(0).integers(0, 256, pictures.shape, dtype=np.uint8)
    np.testing.assert_array_equal(np.where(masks > 0, pictures, fill(pictures, masks)), pictures)
