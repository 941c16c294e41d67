import cv2
import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinpaint.errors import InputError
from tfinpaint.features.face_crop import DLIB, FaceCrop, framing, interpolation
from tfinpaint.framing import ARCFACE, TEMPLATE, similarity, template_points


@given(st.integers(2, 40), st.floats(-0.6, 0.6), st.floats(0.1, 2.0), st.integers(1, 40))
def test_rows_of_an_interpolation_are_weights_that_sum_to_one(length, start, extent, count):
    matrix = interpolation(length, start, extent, count)
    assert matrix.min() >= 0
    np.testing.assert_allclose(matrix.sum(1), 1, rtol=1e-5)


def test_the_whole_picture_at_its_own_size_is_unchanged():
    np.testing.assert_allclose(interpolation(7, 0.0, 1.0, 7), np.eye(7), atol=1e-6)


def test_halving_averages_neighbours_so_nothing_is_skipped():
    matrix = interpolation(8, 0.0, 1.0, 4)
    # the tent of radius 2 around 2.5 weighs pixels 1..4 by 0.5, 1.5, 1.5, 0.5 of four
    np.testing.assert_allclose(matrix[1], np.array([0, 0.5, 1.5, 1.5, 0.5, 0, 0, 0]) / 4, atol=1e-6)


def test_beyond_the_border_the_last_pixel_is_repeated():
    matrix = interpolation(4, -1.0, 3.0, 12)
    np.testing.assert_allclose(matrix[:4], np.eye(4)[[0] * 4], atol=1e-6)
    np.testing.assert_allclose(matrix[8:], np.eye(4)[[3] * 4], atol=1e-6)


@pytest.mark.parametrize("points", [ARCFACE, DLIB])
def test_a_framing_is_the_best_upright_similarity(points):
    left, top, side = framing(points)
    moved = (TEMPLATE - [left, top]) / side
    error = np.square(moved - points).sum()
    for change in ((0.01, 0, 0), (-0.01, 0, 0), (0, 0.01, 0), (0, -0.01, 0)):
        assert np.square(moved + change[:2] - points).sum() > error
    matrix = similarity(TEMPLATE, points)  # with rotation: both templates are upright, so nearly the same
    np.testing.assert_allclose([1 / side, 0], [matrix[0, 0], matrix[1, 0]], atol=0.02)


def test_a_crop_equals_opencv_s_bilinear_warp():
    picture = cv2.GaussianBlur(np.random.default_rng(0).uniform(-1, 1, (128, 128, 3)).astype("float32"), (0, 0), 2)
    left, top, side = framing(ARCFACE)
    scale = 112 / (128 * side)
    shift_x, shift_y = (scale * (0.5 - 128 * edge) - 0.5 for edge in (left, top))  # pixel centres are at integers
    matrix = np.array([[scale, 0, shift_x], [0, scale, shift_y]])
    expected = cv2.warpAffine(picture, matrix, (112, 112), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    found = FaceCrop(left, top, side, 112)(picture[None])[0]
    np.testing.assert_allclose(found, expected, atol=0.005)  # OpenCV rounds positions to 1/32 pixel


def test_the_points_of_our_template_land_on_those_of_the_network():
    size = 64
    picture = np.zeros((1, size, size, 1), "float32")
    left, top, side = framing(ARCFACE)
    for x, y in np.rint(template_points(size)).astype(int):
        picture[:] = 0
        picture[0, y, x, 0] = 1
        crop = np.asarray(FaceCrop(left, top, side, 112)(picture))[0, ..., 0]
        row, column = np.unravel_index(crop.argmax(), crop.shape)
        expected = ((np.array([x, y]) + 0.5) / size - [left, top]) / side * 112 - 0.5
        np.testing.assert_allclose([column, row], expected, atol=1.0)


def test_a_crop_survives_its_configuration():
    layer = FaceCrop(0.1, 0.2, 0.7, 9, name="crop")
    again = FaceCrop.from_config(layer.get_config())
    picture = np.random.default_rng(0).uniform(size=(2, 12, 12, 3)).astype("float32")
    np.testing.assert_array_equal(again(picture), layer(picture))
    assert isinstance(keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer)), FaceCrop)


def test_faces_that_are_no_squares_are_refused():
    with pytest.raises(InputError, match="squares"):
        FaceCrop(0, 0, 1, 4)(np.zeros((1, 8, 9, 3), "float32"))
