"""Places of a resampled picture are exact, whatever OpenCV is installed."""

import cv2
import numpy as np
import pytest

from tfinpaint.faces import warp

# Of no place is the fraction a multiple of a 32nd, to which OpenCV rounded before version 5.
MATRIX = np.array([[0.97, 0.02, -3.31], [-0.02, 0.97, 5.13]])


@pytest.fixture(params=["as installed", "as for OpenCV 4"])
def either(request, monkeypatch):
    if request.param == "as for OpenCV 4":
        monkeypatch.setattr(warp, "_EXACT", False)


def plane(x, y):
    return 400 * x - 250 * y


def places(rows, columns):
    """Where the pixels of these rows and columns lie in the picture that is warped, x and y."""
    v, u = np.meshgrid(rows, columns, indexing="ij")
    return np.tensordot(cv2.invertAffineTransform(MATRIX), np.stack([u, v, np.ones_like(u)]), 1)


def test_a_slope_is_read_where_the_map_says(either):
    y, x = np.mgrid[:90, :90]
    slope = plane(x, y).astype(np.float32)
    found = warp.warp(slope, MATRIX, (60, 60), cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)[10:-10, 10:-10]
    assert np.abs(found - plane(*places(range(10, 50), range(10, 50)))).max() < 0.5  # a 64th of a pixel would be 6


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("border", [cv2.BORDER_CONSTANT, cv2.BORDER_REFLECT_101, cv2.BORDER_REPLICATE])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_both_ways_give_the_cubic_picture_of_the_formula(either, kind, border, channels):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, *channels)).astype(kind)
    found = warp.warp(pixels, MATRIX, (35, 45), cv2.INTER_CUBIC, border)
    wanted = by_formula(pixels, border)
    assert found.dtype == kind and found.shape == wanted.shape
    if kind == np.uint8:
        assert np.abs(found - np.clip(np.rint(wanted), 0, 255)).max() <= 1
        assert np.mean(found != np.clip(np.rint(wanted), 0, 255)) < 0.01
    else:
        np.testing.assert_allclose(found, wanted, atol=0.05)


def test_a_large_picture_is_made_in_strips(monkeypatch):
    monkeypatch.setattr(warp, "_EXACT", False)
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    whole = warp.warp(pixels, MATRIX, (35, 45), cv2.INTER_CUBIC, cv2.BORDER_REFLECT_101)
    monkeypatch.setattr(warp, "_STRIP", 35 * 7)
    strips = warp.warp(pixels, MATRIX, (35, 45), cv2.INTER_CUBIC, cv2.BORDER_REFLECT_101)
    assert np.array_equal(whole, strips)


def by_formula(pixels, border, a=-0.75):
    """The cubic interpolation of `pixels` at 35 x 45 places, in float64, one neighbour after the other."""
    rim = 60
    mode = {cv2.BORDER_CONSTANT: "constant", cv2.BORDER_REFLECT_101: "reflect", cv2.BORDER_REPLICATE: "edge"}[border]
    padded = np.pad(pixels.astype(float), ((rim, rim), (rim, rim), *((0, 0),) * (pixels.ndim - 2)), mode)
    x, y = places(range(45), range(35))
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    total = 0
    for j in range(-1, 3):
        for i in range(-1, 3):
            weight = cubic(x - left - i, a) * cubic(y - top - j, a)
            weight = weight.reshape(*weight.shape, *(1,) * (pixels.ndim - 2))
            total = total + weight * padded[top + j + rim, left + i + rim]
    return total


def cubic(distance, a):
    d = np.abs(distance)
    return np.where(d <= 1, (a + 2) * d**3 - (a + 3) * d**2 + 1, a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a)
