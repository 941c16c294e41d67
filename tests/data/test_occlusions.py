"""What every occlusion promises; a new name in the table is tested unasked."""

import functools
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faces_for_tests import synthetic_faces
from tfinpaint.data import occlusions
from tfinpaint.data.occlusions import TABLE, Choice, LowerFaceRectangle, NoOcclusion
from tfinpaint.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
SIZE = 48
FACES, LANDMARKS = synthetic_faces(6, SIZE)
IMAGES = FACES.astype(np.float32) / 127.5 - 1
KINDS = {name: kind() for name, kind in TABLE.items()} | {"choice": Choice([kind() for kind in TABLE.values()])}
every_kind = pytest.mark.parametrize("name", KINDS)
seed_pairs = st.tuples(st.integers(-(2**62), 2**62), st.integers(-(2**62), 2**62))


@functools.cache
def _compiled(name, what):
    return tf.function(getattr(KINDS[name], what), autograph=False, reduce_retracing=True)


def _run(name, seeds, images=IMAGES, landmarks=LANDMARKS, what="__call__"):
    seeds = tf.constant(np.broadcast_to(np.array(seeds, np.int64), (len(images), 2)))
    return [value.numpy() for value in _compiled(name, what)(tf.constant(images), tf.constant(landmarks), seeds)]


def _numbered(first, n=6):
    return [(first, k) for k in range(n)]


@every_kind
@settings(max_examples=15, deadline=None)
@given(seed=seed_pairs)
def test_the_mask_is_binary_and_other_pixels_keep_their_bits(name, seed):
    occluded, mask = _run(name, seed)
    assert occluded.dtype == mask.dtype == np.float32
    assert mask.shape == (*IMAGES.shape[:3], 1)
    assert set(np.unique(mask)) <= {0.0, 1.0}
    kept = np.broadcast_to(mask == 0, IMAGES.shape)
    assert occluded[kept].tobytes() == IMAGES[kept].tobytes()


@every_kind
@settings(max_examples=10, deadline=None)
@given(seed=seed_pairs)
def test_the_picture_is_the_layer_over_the_image(name, seed):
    occluded, mask = _run(name, seed)
    colour, alpha = _run(name, seed, what="layer")
    assert 0 <= alpha.min() and alpha.max() <= 1
    np.testing.assert_array_equal(mask, alpha > 0)
    np.testing.assert_allclose(occluded, (1 - alpha) * IMAGES + alpha * colour, atol=1e-5)
    assert np.isfinite(occluded).all()
    assert np.abs(occluded).max() <= 1.0 + 1e-5


@every_kind
def test_shuffling_the_batch_shuffles_the_results(name):
    order = np.array([4, 0, 5, 1, 3, 2])
    seeds = np.array(_numbered(3))
    occluded, mask = _run(name, seeds)
    shuffled, shuffled_mask = _run(name, seeds[order], IMAGES[order], LANDMARKS[order])
    np.testing.assert_array_equal(shuffled_mask, mask[order])
    np.testing.assert_allclose(shuffled, occluded[order], atol=1e-5)


@every_kind
def test_a_sample_alone_is_the_sample_in_a_batch(name):
    seeds = np.array(_numbered(11))
    occluded, mask = _run(name, seeds)
    for k in range(len(IMAGES)):
        alone, alone_mask = _run(name, seeds[k : k + 1], IMAGES[k : k + 1], LANDMARKS[k : k + 1])
        np.testing.assert_array_equal(alone_mask[0], mask[k])
        np.testing.assert_allclose(alone[0], occluded[k], atol=1e-5)


@every_kind
def test_the_same_seed_draws_the_same_and_another_one_something_else(name):
    same = _run(name, (1, 2))[0].tobytes() == _run(name, (1, 2))[0].tobytes()
    other = _run(name, (1, 2))[0].tobytes() == _run(name, (1, 3))[0].tobytes()
    assert same
    assert not other or name in ("no_occlusion", "center_square")


@every_kind
def test_no_two_samples_share_a_mask_unless_it_is_empty_or_the_square_in_the_middle(name):
    images, landmarks = np.repeat(IMAGES[:1], 24, 0), np.repeat(LANDMARKS[:1], 24, 0)
    masks = _run(name, _numbered(5, 24), images, landmarks)[1]
    middle = _run("center_square", (0, 0))[1][0]
    drawn = [mask.tobytes() for mask in masks if mask.any() and (mask != middle).any()]
    assert len(set(drawn)) >= len(drawn) - 1  # two squares of whole pixels may coincide


@every_kind
@settings(max_examples=10, deadline=None)
@given(points=st.lists(st.floats(-200, 300, width=32), min_size=10, max_size=10))
def test_wild_landmarks_give_finite_pictures(name, points):
    landmarks = np.broadcast_to(np.array(points, np.float32).reshape(1, 5, 2), LANDMARKS.shape)
    assert np.isfinite(_run(name, (1, 1), landmarks=landmarks)[0]).all()


@every_kind
def test_pictures_that_are_not_square_are_refused(name):
    with pytest.raises(InputError, match="must be square"):
        KINDS[name](tf.zeros((1, 48, 64, 3)), tf.zeros((1, 5, 2)), tf.zeros((1, 2), tf.int64))


def test_no_occlusion_hides_nothing():
    occluded, mask = _run("no_occlusion", (1, 2))
    assert not mask.any()
    np.testing.assert_array_equal(occluded, IMAGES)


def test_the_rectangle_is_one_colour_of_the_papers_size_on_the_lower_face():
    for k in range(8):
        occluded, masks = _run("lower_face_rectangle", (k, 0))
        for picture, mask, points in zip(occluded, masks[..., 0] > 0, LANDMARKS, strict=True):
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            assert mask.sum() == len(rows) * len(columns) == (SIZE // 4) ** 2
            assert len(np.unique(picture[mask], axis=0)) == 1
            assert rows.mean() > points[:2, 1].max()
            assert rows.mean() >= points[2, 1] - 1


def test_the_rectangle_takes_a_side_and_a_colour():
    occluded, mask = LowerFaceRectangle(side=0.5, colour=(1.0, 0.0, -1.0))(IMAGES, LANDMARKS, _numbered(0))
    np.testing.assert_array_equal(mask.numpy().sum((1, 2, 3)), (SIZE // 2) ** 2)
    np.testing.assert_array_equal(np.unique(occluded.numpy()[mask.numpy()[..., 0] > 0], axis=0), [[1, 0, -1]])


@pytest.mark.parametrize("side", [0.0, -0.1, 1.5])
def test_the_rectangle_refuses_a_side_that_is_no_share(side):
    with pytest.raises(InputError, match=r"`side` must be .* Received: "):
        LowerFaceRectangle(side=side)


def test_a_choice_takes_its_kinds_as_often_as_its_weights_say():
    images, landmarks = np.repeat(IMAGES[:1], 800, 0), np.repeat(LANDMARKS[:1], 800, 0)
    choice = Choice([NoOcclusion(), LowerFaceRectangle()], weights=[3, 1])
    masks = choice(images, landmarks, _numbered(1, 800))[1].numpy()
    assert abs(masks.any((1, 2, 3)).mean() - 0.25) < 0.06


def test_a_choice_works_on_a_batch_that_leaves_a_kind_out():
    choice = Choice([NoOcclusion(), KINDS["face_mask"]], weights=[1, 0])
    assert not choice(IMAGES, LANDMARKS, _numbered(1))[1].numpy().any()


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [0.0, 0.0]])
def test_a_choice_refuses_weights_that_are_none(weights):
    with pytest.raises(InputError, match=r"`weights` must hold .* Received: "):
        Choice([NoOcclusion(), LowerFaceRectangle()], weights)


def test_a_choice_refuses_to_choose_from_nothing():
    with pytest.raises(InputError, match=r"`weights` must hold"):
        Choice([])


def test_kinds_are_found_by_name_and_take_their_arguments():
    assert occlusions.get("lower_face_rectangle", side=0.125).side == 0.125
    with pytest.raises(InputError, match="`name` must be one of .*face_mask, .* Received: 'hat'"):
        occlusions.get("hat")


def digests():
    """Name of a kind -> digest of what it draws."""
    drawn = {name: kind(IMAGES[:2], LANDMARKS[:2], _numbered(8, 2)) for name, kind in KINDS.items() if name != "choice"}
    return {
        name: hashlib.sha256(b"".join(v.numpy().tobytes() for v in values)).hexdigest()
        for name, values in drawn.items()
    }


def test_two_processes_draw_the_same_bytes():
    """What is drawn once and kept (words, things) is the same in both, too."""
    code = "from tests.data.test_occlusions import digests; print(digests())"
    there = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == str(digests())
