"""Pasting: only hidden pixels change, and no seam shows."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data

from tests.fake_engine import FACE
from tfinpaint.faces import alignment_matrix, paste, resample
from tfinpaint.faces.colour import matched_grain, rim_correction

SIZE = 128
MASK = np.zeros((SIZE, SIZE), bool)
MASK[60:110, 30:100] = True


def photo(scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """A portrait with the face's map to its crop."""
    pixels = data.astronaut()
    side = round(512 * scale)
    pixels = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return pixels, alignment_matrix(FACE.landmarks * scale, SIZE)


def mask_in_photo(matrix: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """How much of each of the photo's pixels the mask hides."""
    inverse, hidden = cv2.invertAffineTransform(matrix), MASK.astype(np.float32)
    return resample(hidden, inverse, shape[1::-1], border=cv2.BORDER_CONSTANT, interpolation=cv2.INTER_LINEAR)


def gentle_photo() -> tuple[np.ndarray, np.ndarray]:
    """A smooth picture with the map of a face of 180 pixels in it."""
    y, x = np.mgrid[:300, :400]
    pixels = np.stack([140 + 40 * np.sin(x / 90), 110 + 30 * np.cos(y / 80), 90 + x / 10], -1)
    return np.rint(pixels).astype(np.uint8), np.array([[0.7, 0.1, -70.0], [-0.1, 0.7, -20.0]])


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.2, 0.7, 1.5]))
@settings(max_examples=8, deadline=None)
def test_pixels_outside_the_mask_are_the_photo_bit_for_bit(seed, scale):
    pixels, matrix = photo(scale)
    rng = np.random.default_rng(seed)
    mask = cv2.GaussianBlur(rng.random((SIZE, SIZE), np.float32), (0, 0), 9) > 0.5
    restored = rng.integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    result, painted = paste(pixels, restored, mask, matrix)
    assert np.array_equal(result[~painted], pixels[~painted])
    # a painted pixel has a masked one of the crop in the square that it covers there
    reach = int(np.ceil(np.sqrt(np.linalg.det(matrix[:, :2].astype(float))))) + 1
    y, x = np.nonzero(painted)
    at = np.rint(np.stack([x, y], 1) @ matrix[:, :2].T + matrix[:, 2]).astype(int)
    around = cv2.dilate(mask.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    assert around[at[:, 1].clip(0, SIZE - 1), at[:, 0].clip(0, SIZE - 1)].all()


def test_a_crop_that_comes_back_unchanged_leaves_the_photo_alone():
    pixels, matrix = photo()
    crop = resample(pixels, matrix, (SIZE, SIZE))
    result, painted = paste(pixels, crop, MASK, matrix)
    assert np.array_equal(result, pixels) and not painted.any()


def test_an_empty_mask_leaves_the_photo_alone():
    pixels, matrix = photo()
    result, painted = paste(pixels, np.zeros((SIZE, SIZE, 3), np.uint8), np.zeros((SIZE, SIZE, 1)), matrix)
    assert np.array_equal(result, pixels) and not painted.any()


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_a_true_restoration_gives_the_clean_photo_back(scale):
    clean, matrix = photo(scale)
    hole = mask_in_photo(matrix, clean.shape) > 0.5
    hidden = np.where(hole[..., None], np.uint8([70, 110, 190]), clean)
    seen = resample(hidden, matrix, (SIZE, SIZE))
    restored = np.where(MASK[..., None], resample(clean, matrix, (SIZE, SIZE)), seen)
    result, painted = paste(hidden, restored, MASK, matrix, feather=0)
    error = np.abs(result[painted].astype(int) - clean[painted]).mean()
    assert error < {0.5: 6, 1.0: 4, 3.0: 5}[scale]  # grey levels; the hidden colour is 60 off
    assert (painted == hole).mean() > 0.999


@pytest.mark.parametrize("cast", [(12, -8, 6), (-20, 4, 10), (0, 0, 16)])
def test_a_colour_cast_leaves_no_seam(cast):
    pixels, matrix = gentle_photo()
    crop = resample(pixels, matrix, (SIZE, SIZE))
    hidden_crop = np.where(MASK[..., None], np.uint8([60, 90, 200]), crop)
    restored = np.where(MASK[..., None], np.clip(crop + np.array(cast), 0, 255), crop).astype(np.uint8)
    hole = mask_in_photo(matrix, pixels.shape) > 0.5
    hidden = np.where(hole[..., None], np.uint8([60, 90, 200]), pixels)
    assert np.abs(rim_correction(hidden_crop, restored, MASK)[MASK] + cast).max() < 3
    result, painted = paste(hidden, restored, MASK, matrix, feather=0)
    outline = painted & ~cv2.erode(painted.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    seam = np.abs(result[outline].astype(int) - pixels[outline]).mean()
    plain = np.abs(np.array(cast)).mean()
    assert seam < 0.2 * plain + 1


def test_edges_of_the_scene_along_the_outline_are_no_cast():
    crop = np.full((SIZE, SIZE, 3), 180, np.uint8)
    crop[:, 64:] = 60
    restored = crop.copy()
    restored[60:110, 30:100] = np.where(np.arange(30, 100)[None, :, None] < 50, 180, 60)  # the edge moved by 14 px
    assert np.abs(rim_correction(crop, restored, MASK)).max() < 4


def test_the_transition_lies_inside_the_mask():
    pixels, matrix = gentle_photo()
    black = np.zeros((SIZE, SIZE, 3), np.uint8)
    sharp, painted = paste(pixels, black, MASK, matrix, feather=0)
    soft, soft_painted = paste(pixels, black, MASK, matrix, feather=4)
    assert np.array_equal(painted, soft_painted)
    depth = cv2.distanceTransform(painted.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    width = 4 / np.sqrt(np.linalg.det(matrix[:, :2]))
    assert np.array_equal(soft[depth > width + 1], sharp[depth > width + 1])
    share = depth[painted] / (width + 1)
    rising = [soft[painted][(share > low) & (share <= low + 0.2)].mean() for low in (0.0, 0.2, 0.4, 0.6, 0.8)]
    assert all(a > b for a, b in zip(rising, rising[1:], strict=False))


def test_nothing_of_what_hid_the_face_shines_through():
    clean, matrix = gentle_photo()
    hole = mask_in_photo(matrix, clean.shape) > 0.5
    hidden = np.where(hole[..., None], np.uint8([0, 0, 255]), clean)
    crop = resample(clean, matrix, (SIZE, SIZE))
    result, painted = paste(hidden, crop, MASK, matrix, feather=3)
    assert np.abs(result[painted].astype(int) - clean[painted]).max() < 12  # blue is over 100 away


def test_a_caller_s_hole_is_replaced_pixel_by_pixel():
    pixels, matrix = photo(2.0)
    hole = np.zeros(pixels.shape[:2], bool)
    hole[::3, ::2] = True
    _, painted = paste(pixels, np.zeros((SIZE, SIZE, 3), np.uint8), MASK, matrix, hole=hole)
    inner = mask_in_photo(matrix, pixels.shape) > 0.99
    assert not painted[~hole].any() and painted[hole & inner].all()


def test_a_face_at_the_photo_s_corner_is_pasted_within_the_photo():
    pixels, _ = gentle_photo()
    matrix = np.array([[1.0, 0, 64], [0, 1.0, 64]])  # the photo's corner is the crop's middle
    result, painted = paste(pixels, np.zeros((SIZE, SIZE, 3), np.uint8), MASK, matrix, feather=0)
    assert painted[:46, :36].all() and not painted[46:].any() and not painted[:, 36:].any()
    assert result[:40, :30].max() < 40


def test_grain_of_an_enlarged_patch_is_that_of_its_surroundings():
    rng = np.random.default_rng(0)
    for level in (2.0, 4.0):
        part = np.clip(128 + level * rng.standard_normal((200, 200, 1)), 0, 255).repeat(3, -1).astype(np.uint8)
        known = np.ones((200, 200), bool)
        known[50:150, 50:150] = False
        grain = matched_grain(part, known, 4.0)
        assert grain.std() == pytest.approx(level, rel=0.2)
        assert np.array_equal(grain, matched_grain(part, known, 4.0))
        assert not matched_grain(part, known, 1.0).any()
    assert matched_grain(np.full((200, 200, 3), 128, np.uint8), known, 4.0).std() == 0
