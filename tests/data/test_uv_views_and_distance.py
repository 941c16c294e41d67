"""What a recipe may ask of the pipeline beside picture and mask: fields, a second view, depth in the hole."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from tests.faces_for_tests import synthetic_faces
from tfinpaint.data import uv_fields
from tfinpaint.data.face_set import FaceSet
from tfinpaint.data.occlusions import LowerFaceRectangle, NoOcclusion
from tfinpaint.data.pipeline import hole_distance, occlude
from tfinpaint.errors import InputError
from tfinpaint.faces.uv import GenericHead, UVFiles


def face_set(n=6, size=32):
    images, landmarks = synthetic_faces(n, size)
    return FaceSet(images, landmarks, np.ones((n, size, size, 1), np.uint8), tuple(f"f{i}.png" for i in range(n)))


def first(dataset):
    return {key: value.numpy() for key, value in next(iter(dataset)).items()}


def test_every_face_has_its_own_field_and_progress_is_told():
    faces, told = face_set(), []
    uv, valid = uv_fields(faces, GenericHead(), progress=lambda done, total: told.append((done, total)))
    assert uv.dtype == np.float16 and valid.dtype == np.uint8
    assert told == [(i, 6) for i in range(1, 7)]
    for index in range(6):
        field, defined = GenericHead()(faces.images[index], faces.landmarks[index])
        np.testing.assert_allclose(uv[index], field, atol=3e-4)
        np.testing.assert_array_equal(valid[index], defined)


def test_a_provider_of_files_is_told_the_name(tmp_path):
    faces = face_set(3)
    for value, name in enumerate(faces.names):
        field = np.full((32, 32, 2), value / 4)
        np.savez((tmp_path / name).with_suffix(".npz"), uv=field, valid=np.ones((32, 32)))
    uv, valid = uv_fields(faces, UVFiles(tmp_path))
    np.testing.assert_array_equal(uv[:, 0, 0, 0], [0, 0.25, 0.5])
    assert valid.all()


@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        (
            (np.zeros((32, 32)), np.ones((32, 32, 1))),
            r"shapes \(32, 32, 2\) and \(32, 32, 1\).*Received: .* for f0\.png",
        ),
        ((np.full((32, 32, 2), 2.0), np.ones((32, 32, 1))), r"uv in \[0, 1\]\. Received: other numbers for f0\.png"),
        ((np.full((32, 32, 2), np.nan), np.ones((32, 32, 1))), r"uv in \[0, 1\]"),
    ],
)
def test_a_provider_that_returns_something_else_is_refused(field, sentence):
    with pytest.raises(InputError, match="`provider` must return .*" + sentence):
        uv_fields(face_set(2), lambda image, landmarks: field)


def test_batches_carry_the_field_of_their_face():
    faces = face_set()
    uv, valid = uv_fields(faces, GenericHead())
    batch = first(occlude(faces, NoOcclusion(), batch_size=6, shuffle=False, flip=False, uv=(uv, valid)))
    assert batch["uv"].dtype == batch["uv_valid"].dtype == np.float32
    np.testing.assert_array_equal(batch["uv"], uv.astype(np.float32))
    np.testing.assert_array_equal(batch["uv_valid"], valid)


def test_flipped_samples_carry_the_field_of_the_flipped_face():
    faces = face_set()
    batch = first(occlude(faces, NoOcclusion(), batch_size=40, uv=uv_fields(faces, GenericHead())))
    for picture, points, uv, valid in zip(
        batch["image"], batch["landmarks"], batch["uv"], batch["uv_valid"], strict=True
    ):
        expected, defined = GenericHead()(picture, points)
        assert (valid != defined).mean() < 0.005
        both = (valid * defined)[..., 0] > 0
        np.testing.assert_allclose(uv[both], expected[both], atol=2e-3)
    mirrored = batch["landmarks"][:, 2, 0, None] != faces.landmarks[None, :, 2, 0]
    assert 5 < mirrored.all(1).sum() < 35  # both kinds were looked at


@pytest.mark.parametrize("change", [lambda u, v: (u[:3], v), lambda u, v: (u, v[..., 0]), lambda u, v: (u,)])
def test_fields_of_other_faces_are_refused(change):
    faces = face_set()
    with pytest.raises(InputError, match=r"`uv` must hold a field of shape \(6, 32, 32, 2\) .*Received: shapes "):
        occlude(faces, NoOcclusion(), batch_size=2, uv=change(*uv_fields(faces, GenericHead())))


def test_a_positive_pair_is_the_same_picture_under_two_masks():
    faces = face_set(size=64)
    batch = first(occlude(faces, LowerFaceRectangle(), batch_size=24, seed=4, second_view=True, colour_jitter=1.0))
    for occluded, mask in (("occluded", "mask"), ("occluded2", "mask2")):
        kept = np.broadcast_to(batch[mask] == 0, batch["image"].shape)
        np.testing.assert_array_equal(batch[occluded][kept], batch["image"][kept])
        assert (batch[mask].mean((1, 2, 3)) > 0).all()
    assert (batch["mask"] != batch["mask2"]).any((1, 2, 3)).mean() > 0.9
    assert (batch["occluded"] != batch["occluded2"]).any((1, 2, 3)).all()


def test_second_views_do_not_depend_on_the_batch():
    def views(size):
        stream = occlude(
            faces, LowerFaceRectangle(), batch_size=size, shuffle=False, repeat=False, second_view=True, distance=True
        )
        batches = [{k: v.numpy() for k, v in batch.items()} for batch in stream]
        return [np.concatenate([batch[key] for batch in batches]) for key in ("occluded2", "mask2", "distance")]

    faces = face_set()
    for one, other in zip(views(6), views(4), strict=True):
        np.testing.assert_array_equal(one, other)


def test_more_keys_leave_the_others_as_they_are():
    faces = face_set()
    plain = first(occlude(faces, LowerFaceRectangle(), batch_size=8, seed=2))
    fields = uv_fields(faces, GenericHead())
    more = first(occlude(faces, LowerFaceRectangle(), batch_size=8, seed=2, uv=fields, second_view=True, distance=True))
    assert more.keys() - plain.keys() == {"uv", "uv_valid", "occluded2", "mask2", "distance"}
    for key, value in plain.items():
        np.testing.assert_array_equal(more[key], value)


def test_keys_turn_on_what_adds_them():
    faces, options = face_set(), {"batch_size": 8, "seed": 2}
    plain = first(occlude(faces, LowerFaceRectangle(), **options))
    fields = uv_fields(faces, GenericHead())
    full = first(
        occlude(faces, LowerFaceRectangle(), uv=fields, second_view=True, distance=True, with_kind=True, **options)
    )
    asked = first(occlude(faces, LowerFaceRectangle(), keys=full.keys() - plain.keys(), **options))
    assert asked.keys() == full.keys() == plain.keys() | {"uv", "uv_valid", "occluded2", "mask2", "distance", "kind"}
    for key, value in full.items():
        np.testing.assert_array_equal(asked[key], value, err_msg=key)
    for key, others in (("mask2", {"occluded2", "mask2"}), ("uv", {"uv", "uv_valid"}), ("distance", {"distance"})):
        batch = first(occlude(faces, LowerFaceRectangle(), keys=[key, "valid", "landmarks", "mask"], **options))
        assert batch.keys() == plain.keys() | others


def test_fields_that_are_given_are_those_that_come():
    faces = face_set()
    other = np.full((6, 32, 32, 2), 0.25, np.float16), np.ones((6, 32, 32, 1), np.uint8)
    batch = first(occlude(faces, NoOcclusion(), batch_size=6, flip=False, uv=other, keys=("uv",)))
    assert (batch["uv"] == 0.25).all() and batch["uv_valid"].all()


def test_the_fields_of_a_set_are_computed_once_and_small(monkeypatch):
    faces, calls = face_set(size=64), []
    real = GenericHead.__call__
    monkeypatch.setattr(GenericHead, "__call__", lambda head, *given: calls.append(1) or real(head, *given))
    for _ in range(3):
        first(occlude(faces, NoOcclusion(), batch_size=2, keys=("uv",)))
    assert len(calls) == 6
    assert sum(map(len, faces.generic_uv)) < 0.3 * 6 * 64 * 64 * 5  # a half float each for u and v, a byte for validity


@pytest.mark.parametrize("key", ["identity", "gate"])
def test_a_key_that_no_batch_has_is_refused(key):
    known = "uv, uv_valid, occluded2, mask2, distance, kind, family; image, occluded, mask, valid, landmarks are always"
    with pytest.raises(InputError, match=f"`keys` must be some of {known} there. Received: '{key}'."):
        occlude(face_set(2), NoOcclusion(), batch_size=2, keys=("mask2", key))


def test_the_distance_of_a_batch_is_that_of_its_mask():
    batch = first(occlude(face_set(), LowerFaceRectangle(), batch_size=12, distance=True))
    assert batch["distance"].dtype == np.float32
    for mask, distance in zip(batch["mask"], batch["distance"], strict=True):
        np.testing.assert_allclose(distance[..., 0], distance_transform_edt(mask[..., 0]).clip(0, 16), atol=1e-5)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 8, 17, 32]), st.sampled_from([0.002, 0.05, 0.5]))
@settings(max_examples=30)
def test_distances_are_euclidean_up_to_half_the_side(seed, side, visible):
    mask = (np.random.default_rng(seed).random((2, side, side, 1)) >= visible).astype(np.float32)
    mask[:, 0, 0] = 0
    expected = np.stack([distance_transform_edt(one[..., 0]) for one in mask])[..., None]
    np.testing.assert_allclose(hole_distance(tf.constant(mask)), expected.clip(0, max(side // 2, 1)), atol=1e-5)


def test_the_distance_in_a_centred_square_is_that_to_its_rim():
    """The closed form of the discounted loss: 1 at the rim, a quarter of the side in the middle."""
    mask = np.zeros((1, 64, 64, 1), np.float32)
    mask[:, 16:48, 16:48] = 1
    i = np.minimum(np.arange(32) + 1, 32 - np.arange(32))
    distance = hole_distance(tf.constant(mask)).numpy()[0, ..., 0]
    np.testing.assert_allclose(distance[16:48, 16:48], np.minimum(i[:, None], i[None]), atol=1e-5)
    assert distance.max() == 16 and not distance[mask[0, ..., 0] == 0].any()
    np.testing.assert_allclose(distance, distance.T)
    np.testing.assert_allclose(distance, distance[::-1, ::-1])


def test_a_picture_without_a_visible_pixel_is_half_the_side_deep_everywhere():
    np.testing.assert_array_equal(hole_distance(tf.ones((2, 24, 24, 1))), np.full((2, 24, 24, 1), 12))
    np.testing.assert_array_equal(hole_distance(tf.zeros((2, 24, 24, 1))), np.zeros((2, 24, 24, 1)))
