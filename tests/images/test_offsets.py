"""Where an attention copied from, in colours."""

import numpy as np
import pytest

from tfinpaint.images import coloured_offsets


@pytest.mark.parametrize(
    ("offset", "colour"),
    [((0, 9), (255, 0, 0)), ((9, 0), (128, 255, 0)), ((0, -9), (0, 255, 255)), ((-9, 0), (128, 0, 255))],
)
def test_each_direction_has_the_colour_of_its_place_on_the_wheel(offset, colour):
    pixels, mask = np.full((40, 60, 3), 77, np.uint8), np.zeros((40, 60), bool)
    mask[10:20, 10:20] = True
    picture = coloured_offsets(pixels, mask[..., None] * np.array(offset, float), mask)
    assert picture.shape == (40, 60 + 8 + 32, 3)
    assert np.abs(picture[15, 15].astype(int) - colour).max() <= 1
    wheel = picture[:32, 68:]
    down, right = np.sign(offset) * 15
    place = wheel[16 + down - (down > 0), 16 + right - (right > 0)]
    assert np.abs(place.astype(int) - colour).max() < 40
    assert np.ptp(picture[5, 5]) == 0


def test_nearer_is_paler_and_nothing_painted_is_grey():
    pixels, mask = np.zeros((40, 40, 3), np.uint8), np.ones((40, 40), bool)
    offsets = np.zeros((40, 40, 2))
    offsets[:, :20, 1], offsets[:, 20:, 1] = 10, 5
    picture = coloured_offsets(pixels, offsets, mask)
    np.testing.assert_array_equal(picture[0, 0], [255, 0, 0])
    assert np.abs(picture[0, 30].astype(int) - [255, 128, 128]).max() <= 1
    assert (np.ptp(coloured_offsets(pixels, offsets, ~mask)[:, :40], axis=-1) == 0).all()
