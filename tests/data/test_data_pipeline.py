import hashlib
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.faces_for_tests import synthetic_faces
from tfinpaint.data.occlusions import Choice, FreeForm, LowerFaceRectangle, NoOcclusion, Rectangle
from tfinpaint.data.pipeline import default_occlusion, occlude
from tfinpaint.data.sources import FaceSet
from tfinpaint.errors import InputError

KEYS = {"image", "occluded", "mask", "valid", "landmarks"}


def face_set(n=10, size=32):
    images, landmarks = synthetic_faces(n, size)
    valid = np.ones((n, size, size, 1), np.uint8)
    valid[:, :, : size // 4] = 0
    return FaceSet(images, landmarks, valid, tuple(map(str, range(n))))


def numbered(n):
    """Faces whose picture is their number."""
    images = np.broadcast_to(np.arange(n, dtype=np.uint8)[:, None, None, None], (n, 8, 8, 3)).copy()
    return FaceSet(images, np.full((n, 5, 2), 4, np.float32), np.ones((n, 8, 8, 1), np.uint8), ("",) * n)


def take(dataset, n):
    return [{key: value.numpy() for key, value in batch.items()} for batch in dataset.take(n)]


def numbers(dataset, batches):
    pictures = np.concatenate([batch["image"] for batch in take(dataset, batches)])
    return np.round((pictures[:, 0, 0, 0] + 1) * 127.5).astype(int)


def mixture():
    """Of kinds that are traced in no time."""
    return Choice([LowerFaceRectangle(), Rectangle(), FreeForm(), NoOcclusion()])


def digest(batches):
    return hashlib.sha256(b"".join(batch[key].tobytes() for batch in batches for key in sorted(batch))).hexdigest()


def test_batches_hold_what_a_recipe_may_name():
    faces = face_set()
    (batch,) = take(occlude(faces, default_occlusion(), batch_size=4), 1)
    assert batch.keys() == KEYS
    assert all(value.dtype == np.float32 for value in batch.values())
    assert batch["image"].shape == batch["occluded"].shape == (4, 32, 32, 3)
    assert batch["mask"].shape == batch["valid"].shape == (4, 32, 32, 1)
    kept = np.broadcast_to(batch["mask"] == 0, batch["image"].shape)
    assert batch["occluded"][kept].tobytes() == batch["image"][kept].tobytes()


def test_images_are_the_sources_bytes_scaled_to_plus_minus_one():
    faces = face_set()
    (batch,) = take(occlude(faces, NoOcclusion(), batch_size=10, shuffle=False, flip=False), 1)
    np.testing.assert_allclose(batch["image"], faces.images / 127.5 - 1, atol=1e-6)
    np.testing.assert_array_equal(np.round((batch["image"] + 1) * 127.5), faces.images)
    np.testing.assert_array_equal(batch["valid"], faces.valid)
    np.testing.assert_array_equal(batch["landmarks"], faces.landmarks)


def test_a_resumed_stream_continues_bit_for_bit():
    faces = face_set()

    def stream(start):
        return occlude(faces, mixture(), batch_size=3, seed=5, start=start)

    assert digest(take(stream(0), 7)[4:]) == digest(take(stream(4), 3))


def stream_digest():
    return digest(take(occlude(face_set(), mixture(), batch_size=4, seed=9), 3))


def test_two_processes_draw_the_same_bytes():
    code = "from tests.data.test_data_pipeline import stream_digest; print(stream_digest())"
    root = Path(__file__).resolve().parents[2]
    there = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == stream_digest()


def test_another_seed_gives_another_stream():
    faces = face_set()
    for shuffle in (True, False):  # another order of the faces; in the same order, other occlusions on them
        options = {"batch_size": 4, "shuffle": shuffle, "flip": False}
        first, second = (take(occlude(faces, LowerFaceRectangle(), seed=seed, **options), 1)[0] for seed in (0, 1))
        assert np.array_equal(first["image"], second["image"]) != shuffle
        assert not np.array_equal(first["mask"], second["mask"])


def test_each_epoch_visits_every_face_once_in_a_new_order():
    order = numbers(occlude(numbered(20), NoOcclusion(), batch_size=5), 8).reshape(2, 20)
    for epoch in order:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(20))
    assert (order[0] != order[1]).any()
    assert (order[0] != np.arange(20)).any()


def test_batches_run_on_over_the_end_of_an_epoch():
    order = numbers(occlude(numbered(7), NoOcclusion(), batch_size=5), 7)
    np.testing.assert_array_equal(np.bincount(order), np.full(7, 5))


def test_one_pass_for_validation_is_whole_in_order_and_always_the_same():
    faces = numbered(7)

    def once():
        return occlude(faces, LowerFaceRectangle(), batch_size=3, shuffle=False, flip=False, repeat=False)

    assert once().cardinality().numpy() == 3
    batches = take(once(), 99)
    assert [len(batch["image"]) for batch in batches] == [3, 3, 1]
    np.testing.assert_array_equal(numbers(once(), 99), np.arange(7))
    assert digest(batches) == digest(take(once(), 99))


def test_validation_occlusions_do_not_depend_on_the_batch_size():
    def masks(size):
        batches = take(occlude(faces, LowerFaceRectangle(), batch_size=size, shuffle=False, repeat=False), 99)
        return np.concatenate([batch["mask"] for batch in batches])

    faces = face_set()
    np.testing.assert_array_equal(masks(10), masks(3))


def test_the_same_face_is_hidden_anew_each_epoch():
    faces = face_set(2)
    batches = take(occlude(faces, LowerFaceRectangle(), batch_size=2, shuffle=False, flip=False), 4)
    assert len({batch["mask"].tobytes() for batch in batches}) > 1


def test_flips_mirror_everything_and_keep_the_left_points_left():
    size, points = 16, np.array([[3, 4], [11, 5], [8, 8], [5, 12], [10, 11]])
    images = np.zeros((40, size, size, 3), np.uint8)
    for value, (x, y) in enumerate(points, start=1):
        images[:, y, x] = 10 * value
    valid = np.ones((40, size, size, 1), np.uint8)
    valid[:, :, :4] = 0
    faces = FaceSet(images, np.repeat(points[None].astype(np.float32), 40, 0), valid, ("",) * 40)
    (batch,) = take(occlude(faces, NoOcclusion(), batch_size=40), 1)
    flipped = 0
    for picture, five, known in zip(batch["image"], batch["landmarks"].astype(int), batch["valid"], strict=True):
        values = np.round((picture[five[:, 1], five[:, 0], 0] + 1) * 127.5).astype(int).tolist()
        mirrored = values == [20, 10, 30, 50, 40]
        assert mirrored or values == [10, 20, 30, 40, 50]
        assert five[0, 0] < five[1, 0] and five[3, 0] < five[4, 0]
        assert known[0, -1 if mirrored else 0, 0] == 0 and known[0, 0 if mirrored else -1, 0] == 1
        flipped += mirrored
    assert 10 < flipped < 30


def test_the_default_occlusion_mixes_masks_rectangles_and_bare_faces():
    (batch,) = take(occlude(face_set(), default_occlusion(), batch_size=200), 1)
    areas = batch["mask"].mean((1, 2, 3))
    assert 0.01 < (areas == 0).mean() < 0.14
    assert 0.04 < (areas == 1 / 16).mean() < 0.25
    assert (areas > 0.1).mean() > 0.65


def test_words_and_rectangles_hide_with_one_colour():
    drawn = default_occlusion("words_and_rectangles")
    (batch,) = take(occlude(face_set(), drawn, batch_size=200, with_kind=True), 1)
    kinds = np.array(drawn.kinds)[batch["kind"]]
    assert set(kinds) == {"text", "rectangle", "no_occlusion"}
    holes = batch["mask"][..., 0] > 0
    assert not holes[kinds == "no_occlusion"].any() and holes.any((1, 2))[kinds == "rectangle"].all()
    inner = 0
    for picture, hole in zip(batch["occluded"][kinds == "rectangle"], holes[kinds == "rectangle"], strict=True):
        solid = cv2.erode(hole.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0  # edges fade over 2.5 pixels
        assert not solid.any() or np.ptp(picture[solid], axis=0).max() == 0
        inner += solid.any()
    assert inner > 10


def test_most_rectangles_of_the_mixture_lie_on_a_part_of_the_face():
    drawn = default_occlusion("words_and_rectangles")
    (batch,) = take(occlude(face_set(), drawn, batch_size=400, with_kind=True), 1)
    rectangles = np.array(drawn.kinds)[batch["kind"]] == "rectangle"
    holes, points = batch["mask"][rectangles, ..., 0] > 0, batch["landmarks"][rectangles]
    rows, columns = np.indices(holes.shape[1:])
    middles = np.array([(columns[hole].mean(), rows[hole].mean()) for hole in holes])
    low, high = points.min(1) - 3, points.max(1) + 3
    assert ((middles >= low) & (middles <= high)).all(1).mean() > 0.7


@pytest.mark.parametrize("arguments", [{"batch_size": 0}, {"batch_size": 2, "start": -1}])
def test_impossible_batches_are_refused(arguments):
    with pytest.raises(InputError, match=r"`batch_size` must be at least 1 and `start` 0\. Received: "):
        occlude(face_set(1), NoOcclusion(), **arguments)


def test_an_empty_set_is_refused():
    with pytest.raises(InputError, match="`faces` must hold at least one face"):
        occlude(face_set(1).take(slice(0, 0)), NoOcclusion(), batch_size=1)


def test_colour_jitter_changes_light_and_colours_and_nothing_else():
    faces = face_set(40)

    def batch(strength):
        return take(occlude(faces, mixture(), batch_size=40, seed=3, colour_jitter=strength), 1)[0]

    plain, strong = batch(0.0), batch(1.0)
    for key in ("mask", "valid", "landmarks"):
        np.testing.assert_array_equal(plain[key], strong[key])
    kept = np.broadcast_to(strong["mask"] == 0, strong["image"].shape)
    assert strong["occluded"][kept].tobytes() == strong["image"][kept].tobytes()
    assert np.abs(strong["image"]).max() <= 1
    moved = np.abs(strong["image"] - plain["image"]).mean((1, 2, 3))
    assert moved.min() > 0 and 0.02 < moved.mean() < 0.3
    assert np.abs(batch(0.2)["image"] - plain["image"]).mean() < 0.4 * moved.mean()


def test_a_sample_has_its_own_colours_wherever_it_stands():
    faces = face_set(12)

    def images(size):
        batches = occlude(faces, NoOcclusion(), batch_size=size, shuffle=False, repeat=False, colour_jitter=1.0)
        return np.concatenate([batch["image"] for batch in take(batches, 99)])

    np.testing.assert_allclose(images(12), images(5), atol=1e-6)


def test_colour_jitter_keeps_the_order_of_light():
    """A grey ramp stays grey-ish and rising: faces are not inverted or posterised."""
    ramp = np.broadcast_to(np.linspace(20, 235, 32, dtype=np.uint8)[:, None, None], (32, 32, 3))
    faces = FaceSet(
        np.repeat(ramp[None], 50, 0), np.full((50, 5, 2), 9, np.float32), np.ones((50, 32, 32, 1), np.uint8), ("",) * 50
    )
    (batch,) = take(occlude(faces, NoOcclusion(), batch_size=50, colour_jitter=1.0), 1)
    luma = batch["image"].mean(-1)[:, :, 16]
    assert (np.diff(luma, axis=1) >= -1e-6).all()
    assert np.ptp(luma, axis=1).min() > 0.8


@pytest.mark.parametrize("strength", [-0.1, 3, float("nan")])
def test_impossible_colour_jitter_is_refused(strength):
    with pytest.raises(InputError, match="`colour_jitter` must be between 0 and 2"):
        occlude(face_set(1), NoOcclusion(), batch_size=1, colour_jitter=strength)


def test_an_occlusion_can_be_named():
    faces = face_set()
    named, built = (take(occlude(faces, kind, batch_size=4), 1) for kind in ("rectangle", Rectangle()))
    assert digest(named) == digest(built)


def test_real_only_hides_nothing_where_the_picture_is_made_up():
    faces, options = face_set(), {"batch_size": 10, "shuffle": False, "second_view": True}
    (everywhere,) = take(occlude(faces, Rectangle(area=(0.5, 0.6)), **options), 1)
    (batch,) = take(occlude(faces, Rectangle(area=(0.5, 0.6)), real_only=True, **options), 1)
    made_up = np.broadcast_to(batch["valid"] == 0, batch["image"].shape)
    for occluded, mask in (("occluded", "mask"), ("occluded2", "mask2")):
        assert (everywhere[mask] * (1 - batch["valid"])).sum() > 0
        np.testing.assert_array_equal(batch[mask], everywhere[mask] * batch["valid"])
        np.testing.assert_array_equal(batch[occluded][made_up], batch["image"][made_up])
        np.testing.assert_array_equal(batch[occluded][~made_up], everywhere[occluded][~made_up])
