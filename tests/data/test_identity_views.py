"""Views of faces for identity networks: what they show, and that sample k is always the same."""

import numpy as np
import pytest

from tests.faces_for_tests import synthetic_faces
from tfinpaint.data.identity_views import identity_batches, identity_views, view_batches
from tfinpaint.data.occlusions import Rectangle

STILL = {"jitter": 0.0, "colours": 0.0, "blur": 0.0}


@pytest.fixture(scope="module")
def images():
    return synthetic_faces(6, 32)[0]


def batches(images, count, **options):
    views = identity_views(len(images), 1)
    stream = identity_batches(images, views, np.arange(12), batch_size=4, **options)
    return [(x.numpy(), y.numpy()) for x, y in stream.take(count)]


def test_views_are_the_faces_then_blends_with_strangers():
    views = identity_views(50, 2, seed=3)
    np.testing.assert_array_equal(views.first, np.tile(np.arange(50), 3))
    assert (views.share[:50] == 0).all() and (views.share[50:] >= 0.25).all() and (views.share[50:] <= 0.6).all()
    assert (views.first[50:] != views.second[50:]).all()
    assert (identity_views(50, 2, seed=4).second != views.second).any()


def test_the_teacher_sees_faces_and_blends_as_they_are(images):
    views = identity_views(6, 1)
    seen = np.concatenate(list(view_batches(images, views, 5)))
    one, other = (images[faces] / 127.5 - 1 for faces in (views.first, views.second))
    share = views.share[:, None, None, None]
    np.testing.assert_allclose(seen, (1 - share) * one + share * other, atol=1e-5)


def test_without_changes_each_batch_holds_the_views_of_its_targets_half_of_them_mirrored(images):
    shown = np.concatenate(list(view_batches(images, identity_views(6, 1), 12)))
    mirrored = 0
    for x, y in batches(images, 9, **STILL):
        for face, target in zip(x, y, strict=True):
            plain, flipped = (np.abs(face - view).max() for view in (shown[target], shown[target][:, ::-1]))
            assert min(plain, flipped) < 1e-4
            mirrored += flipped < plain
    assert 8 <= mirrored <= 28


def test_a_pass_shows_every_view_once(images):
    assert sorted(np.concatenate([y for _, y in batches(images, 3, **STILL)])) == list(range(12))


def test_a_stream_started_later_goes_on_bit_for_bit(images):
    whole, rest = batches(images, 4, seed=5), batches(images, 2, seed=5, start=2)
    for (x, y), (again, same) in zip(whole[2:], rest, strict=True):
        np.testing.assert_array_equal(x, again)
        np.testing.assert_array_equal(y, same)
    assert (batches(images, 1, seed=6)[0][0] != whole[0][0]).any()


def test_changes_stay_in_range_and_move_the_face(images):
    for option in ({"jitter": 0.1}, {"colours": 1.0}, {"blur": 1.0}, {"hidden": 1.0, "occlusion": Rectangle()}):
        plain, changed = (batches(images, 2, **STILL | more) for more in ({}, option))
        for (x, _), (y, _) in zip(plain, changed, strict=True):
            assert np.abs(y).max() <= 1.0 + 1e-5 and y.dtype == np.float32
            assert (np.abs(x - y).mean((1, 2, 3)) > 1e-4).mean() > 0.7, option
