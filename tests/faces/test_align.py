"""Resampling and alignment: the points come to the template, also when half of them are guesses."""

import zipfile

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data

from tests.fake_engine import FACE
from tfinpaint.faces import (
    Face,
    YuNet,
    align,
    align_mask,
    alignment_matrix,
    largest,
    resample,
    similarity,
    template_points,
    whole_picture_matrix,
    widened,
)


def moved(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return points @ matrix[:, :2].T + matrix[:, 2]


def bilinear(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """An independent loop: each output pixel looks up its place in the picture; beyond it is 0."""
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
    output = np.zeros((size[1], size[0]))
    for v in range(size[1]):
        for u in range(size[0]):
            x, y, _ = inverse @ [u, v, 1]
            left, top = int(np.floor(x)), int(np.floor(y))
            for i, wy in ((top, top + 1 - y), (top + 1, y - top)):
                for j, wx in ((left, left + 1 - x), (left + 1, x - left)):
                    if 0 <= i < image.shape[0] and 0 <= j < image.shape[1]:
                        output[v, u] += wx * wy * image[i, j]
    return output


@pytest.mark.parametrize("angle", [0.0, 0.3, -1.2])
@pytest.mark.parametrize("scale", [1.0, 1.7])
def test_enlarging_equals_a_bilinear_loop(angle, scale):
    image = cv2.GaussianBlur(np.random.default_rng(0).random((40, 50), np.float32), (0, 0), 2)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array([[c, -s, 3.3], [s, c, -4.2]])
    ours = resample(image, matrix, (30, 20), border=cv2.BORDER_CONSTANT, interpolation=cv2.INTER_LINEAR)
    assert np.abs(ours - bilinear(image, matrix, (30, 20))).max() < 1e-4  # steps of 1/32 pixel would be 0.01 off


def cubic(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """An independent loop over mirrored rows and columns, with the kernel of Keys for a = -0.75."""
    inverse, a = np.linalg.inv(np.vstack([matrix, [0, 0, 1]])), -0.75
    far = 2000  # pixels of mirrored picture on each side
    wide = np.pad(image.astype(np.float64), far, mode="reflect")
    output = np.zeros((size[1], size[0]))
    for v in range(size[1]):
        for u in range(size[0]):
            x, y, _ = inverse @ [u, v, 1]
            weights = []
            for place in (y, x):
                d = np.abs(np.arange(-1, 3) - place % 1)
                near, away = (a + 2) * d**3 - (a + 3) * d**2 + 1, a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
                weights.append(np.where(d <= 1, near, away))
            top, left = int(np.floor(y)) + far - 1, int(np.floor(x)) + far - 1
            output[v, u] = weights[0] @ wide[top : top + 4, left : left + 4] @ weights[1]
    return output


@pytest.mark.parametrize("shift", [3.3, 15.2, -37.8, 90.1, -300.7])
def test_enlarging_equals_a_cubic_loop_however_far_the_picture_is_mirrored(shift):
    image = cv2.GaussianBlur(255 * np.random.default_rng(0).random((24, 30), np.float32), (0, 0), 1.5)
    matrix = np.array([[1.2, 0.1, shift], [-0.1, 1.2, -4.2]])
    wanted = cubic(image, matrix, (40, 90))
    assert np.abs(resample(image, matrix, (40, 90)) - wanted).max() < 0.01
    levels = cubic(np.rint(image), matrix, (40, 90)).clip(0, 255)
    assert np.abs(resample(np.rint(image).astype(np.uint8), matrix, (40, 90)) - levels).max() < 0.51


def test_shrinking_takes_the_mean_of_what_a_pixel_covers():
    image = np.random.default_rng(0).random((64, 96, 3), np.float32)
    matrix = np.array([[0.25, 0, -0.375], [0, 0.25, -0.375]])  # four pixels to one
    means = image.reshape(16, 4, 24, 4, 3).mean((1, 3))
    assert np.abs(resample(image, matrix, (24, 16)) - means).max() < 1e-5
    stripes = np.tile(np.uint8([0, 255]), (200, 100))
    crop = resample(stripes, np.array([[0.2, 0, 0], [0, 0.2, 0]]), (40, 40))
    assert np.abs(crop.astype(int) - 127).max() <= 26  # 2 or 3 of 5 stripes, never one alone


def test_beyond_the_border_the_picture_is_mirrored():
    image = np.arange(30, dtype=np.float32)[None].repeat(30, 0)
    shifted = resample(image, np.array([[1.0, 0, 10], [0, 1, 0]]), (30, 30))
    assert np.array_equal(shifted[0, :10], np.arange(10, 0, -1))


def test_a_far_corner_of_a_very_wide_photo_is_reached():
    image = np.zeros((40, 70_000), np.uint8)
    image[:, 69_000:] = 200
    crop = resample(image, np.array([[1.0, 0, -68_990], [0, 1, 0]]), (30, 30))
    assert (crop[:, :9] == 0).all() and (crop[:, 12:] == 200).all()


@given(
    st.floats(0.3, 4),
    st.floats(-3, 3),
    st.floats(-500, 500),
    st.floats(-500, 500),
)
@settings(max_examples=50, deadline=None)
def test_points_that_fit_come_to_the_template_from_any_place(scale, angle, x, y):
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    there = np.array([[c, -s, x], [s, c, y]])
    target = template_points(128)
    assert np.abs(moved(moved(target, there), alignment_matrix(moved(target, there), 128)) - target).max() < 0.01


def test_a_wild_guess_under_the_mask_is_left_out():
    target = template_points(128)
    wild = target.copy()
    wild[3] += [60, 40]
    assert np.abs(moved(target, alignment_matrix(wild, 128)) - target).max() < 0.01
    wild[2:] += 200
    assert np.abs(moved(target, alignment_matrix(wild, 128)) - target).max() < 0.01


def test_a_fair_guess_counts_half():
    target = template_points(128)
    guess = target.copy()
    guess[2:] += [4, 0]
    expected = similarity(guess, target, np.array([1, 1, 0.5, 0.5, 0.5]))
    assert np.allclose(alignment_matrix(guess, 128), expected)


@pytest.mark.parametrize("size", [112, 128, 256])
def test_every_size_shows_the_same_framing(size):
    crop, matrix = align(data.astronaut(), FACE.landmarks, size)
    small, _ = align(data.astronaut(), FACE.landmarks, 64)
    assert crop.shape == (size, size, 3)
    assert np.abs(cv2.resize(crop, (64, 64), interpolation=cv2.INTER_AREA).astype(int) - small).mean() < 3
    eyes = moved(FACE.landmarks[:2], matrix)
    assert np.abs(eyes - template_points(size)[:2]).max() < 0.03 * size


def test_a_mask_hides_each_pixel_of_the_crop_that_shows_a_hidden_one():
    mask = np.zeros((600, 600), bool)
    mask[300:302, 100:500] = True  # a thread, thinner than a pixel of the crop
    matrix = np.array([[0.2, 0, 0], [0, 0.2, 0]])
    hidden = align_mask(mask, matrix, 128)
    assert hidden[60, 25:95].all() and hidden.any(1).sum() <= 3


def test_a_picture_that_is_the_crop_fills_the_square():
    pixels = data.astronaut()[:200, :300]
    crop = resample(pixels, whole_picture_matrix(pixels, 100), (100, 100))
    assert np.abs(crop.astype(int) - cv2.resize(pixels, (100, 100), interpolation=cv2.INTER_AREA)).max() <= 1


def drawn_masks(folder, count: int):
    """Clean and masked pictures of faces: a polygon from the bridge of the nose to the jaw."""
    points = np.load(folder / "ffhq_val_lm68.npz")["points"].astype(float)
    names = [name.decode() for name in np.load(folder / "ffhq_val.npz")["name"]]
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(folder / "ffhq_val.zip") as archive:
        inside = {entry.rsplit("/", 1)[-1]: entry for entry in archive.namelist()}
        for i in range(count):
            clean = cv2.imdecode(np.frombuffer(archive.read(inside[names[i]]), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
            clean = cv2.resize(clean, (256, 256), interpolation=cv2.INTER_CUBIC)
            masked, outline = clean.copy(), np.vstack([points[i][2:15], points[i][28:29]]) * 2 + 0.5
            cv2.fillPoly(masked, [np.rint(outline).astype(np.int32)], rng.integers(40, 230, 3).tolist())
            yield clean, masked


@pytest.mark.shared
def test_masked_faces_are_aligned_like_bare_ones(shared):
    detector = YuNet()
    target, errors = template_points(128), []
    for clean, masked in drawn_masks(shared / "faces", 24):
        true, found = detector(clean), detector(masked)
        assert found, "YuNet finds every masked face"
        true = largest(true).landmarks
        by_truth, by_guess = similarity(true, target), alignment_matrix(largest(found).landmarks, 128)
        errors.append(np.linalg.norm(moved(true, by_guess) - moved(true, by_truth), axis=1).mean() / 128)
    assert np.mean(errors) < 0.04 and np.median(errors) < 0.03  # of the crop's side


@pytest.mark.parametrize("shift", [(-900, 0), (0, 900), (-900, -900), (500, -400)])
def test_a_crop_beyond_the_picture_ends_and_shows_its_border(shift):
    image = np.random.default_rng(0).integers(100, 120, (60, 80, 3), np.uint8)
    crop = resample(image, np.array([[1.0, 0, shift[0]], [0, 1, shift[1]]]), (32, 32))
    assert crop.shape == (32, 32, 3) and 95 < crop.min() and crop.max() < 125


@given(st.floats(1, 4), st.floats(-3, 3), st.integers(16, 256))
def test_a_widened_crop_shows_more_about_the_same_middle(factor, angle, size):
    c, s = np.cos(angle), np.sin(angle)
    matrix = np.array([[c, -s, 30.0], [s, c, 70.0]])
    points = np.random.default_rng(size).uniform(0, 300, (9, 2))
    near, far = moved(points, matrix), moved(points, widened(matrix, size, factor))
    middle = (size - 1) / 2
    np.testing.assert_allclose((far - middle) * factor, near - middle, atol=1e-6)


def test_the_distance_of_two_faces_is_in_distances_between_the_eyes():
    first, half = (Face((0, 0, 1, 1), 1.0, np.float32(points)) for points in (FACE.landmarks, FACE.landmarks / 2))
    eyes = np.hypot(*(FACE.landmarks[1] - FACE.landmarks[0]))
    shifted = Face(first.box, 1.0, first.landmarks + np.float32([3, 4]))
    assert first.distance(first) == 0 and first.distance(shifted) == pytest.approx(5 / eyes)
    assert half.distance(first) == pytest.approx(2 * first.distance(half))  # in units of its own eyes
