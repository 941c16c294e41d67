"""Occluders of a bank: each stands where its face's points stand, in the picture's light."""

import numpy as np
import pytest

from tests.faces_for_tests import synthetic_faces
from tfinpaint.data.occluder_bank import OccluderBank, render_occluders
from tfinpaint.data.occlusions import FaceMask, FromBank
from tfinpaint.data.sources import FaceSet
from tfinpaint.errors import InputError
from tfinpaint.framing import template_points

SIDE = 64


def face_set(n=12):
    images, landmarks = synthetic_faces(n, SIDE)
    return FaceSet(images, landmarks, np.ones((n, SIDE, SIDE, 1), np.uint8), ("",) * n)


def one_box():
    """A bank of one occluder: an opaque grey box about the mouth of the template."""
    pictures = np.zeros((1, SIDE, SIDE, 4), np.uint8)
    pictures[0, 36:52, 20:44] = (100, 100, 100, 255)
    return OccluderBank(pictures, template_points(SIDE)[None], np.array([0.5], np.float32))


def lay(bank, images, landmarks, seed=0, **options):
    seeds = np.array([(seed, k) for k in range(len(images))])
    return [v.numpy() for v in FromBank(bank, **options)(images, landmarks, seeds)]


def grey(n, level=0.5):
    return np.full((n, SIDE, SIDE, 3), 2 * level - 1, np.float32)


def test_the_same_points_get_the_same_place_and_light():
    points = np.repeat(template_points(SIDE)[None], 6, 0)
    occluded, masks = lay(one_box(), grey(6), points, shake=0.0)
    wanted = np.zeros((SIDE, SIDE), bool)
    wanted[36:52, 20:44] = True
    for mask in masks[..., 0] > 0:
        assert (mask ^ wanted).sum() <= 16  # mirrored, it may differ by half a pixel
    np.testing.assert_allclose(occluded[masks[..., 0] > 0], 100 / 127.5 - 1, atol=0.02)


def test_moved_and_scaled_points_move_and_scale_the_occluder():
    points = template_points(SIDE)[None] * 0.5 + np.float32([20, 10])
    _, masks = lay(one_box(), grey(1), points, shake=0.0)
    rows, columns = np.flatnonzero(masks[0, ..., 0].any(1)), np.flatnonzero(masks[0, ..., 0].any(0))
    assert (rows.mean(), columns.mean()) == pytest.approx((43.5 * 0.5 + 10, 31.5 * 0.5 + 20), abs=0.8)
    assert (len(rows), len(columns)) == pytest.approx((8, 12), abs=2)


@pytest.mark.parametrize(("level", "gain"), [(0.3, 0.6), (0.9, 1.8), (0.05, 0.5)])
def test_a_dark_photo_has_dark_occluders(level, gain):
    occluded, masks = lay(one_box(), grey(1, level), template_points(SIDE)[None], shake=0.0)
    np.testing.assert_allclose(occluded[masks[..., 0] > 0], 2 * gain * 100 / 255 - 1, atol=0.03)


def test_heads_that_look_aside_get_what_was_drawn_for_such_heads():
    points = np.stack([template_points(SIDE)] * 2)
    points[0, 2, 0] -= 5
    points[1, 2, 0] += 5
    pictures = np.zeros((2, SIDE, SIDE, 4), np.uint8)
    pictures[0, 20:60, :32, 3] = pictures[1, 20:60, 32:, 3] = 255  # on the side to which the nose points
    bank = OccluderBank(pictures, points, np.ones(2, np.float32))
    _, masks = lay(bank, grey(40), np.repeat(points, 20, 0))
    left = masks[..., :30, 0].sum((1, 2)) > masks[..., 34:, 0].sum((1, 2))
    assert left[:20].mean() >= 0.9 and left[20:].mean() <= 0.1  # rarely, none of the eight looks that way


def test_a_bank_of_drawn_masks_hides_nose_and_mouth():
    faces = face_set()
    bank = render_occluders(faces, FaceMask(styles=("surgical", "cup")), 30)
    images, landmarks = faces.images / np.float32(127.5) - 1, faces.landmarks
    occluded, masks = lay(bank, images, landmarks)
    kept = np.broadcast_to(masks == 0, images.shape)
    assert occluded[kept].tobytes() == images[kept].tobytes()
    for point in (2, 3, 4):
        x, y = np.round(landmarks[:, point]).astype(int).T
        assert masks[np.arange(len(images)), y, x].mean() > 0.9
    assert len({m.tobytes() for m in masks}) == len(masks)
    order = np.random.default_rng(0).permutation(len(images))
    seeds = np.array([(0, k) for k in range(len(images))])
    shuffled = FromBank(bank)(images[order], landmarks[order], seeds[order])[1].numpy()
    np.testing.assert_array_equal(shuffled, masks[order])


def test_wild_landmarks_give_finite_pictures():
    points = np.random.default_rng(0).uniform(-200, 300, (20, 5, 2)).astype(np.float32)
    points[0] = 5
    assert np.isfinite(lay(one_box(), grey(20), points)[0]).all()


def test_pictures_of_another_side_are_refused():
    with pytest.raises(InputError, match="must have the side of the bank's pictures, 64 pixels. Received: 32"):
        lay(one_box(), np.zeros((1, 32, 32, 3), np.float32), template_points(32)[None])
