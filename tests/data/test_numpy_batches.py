"""Batches without TensorFlow keep the promises of `occlude`, and rendered occluders sit where the landmarks say."""

import keras
import numpy as np
import pytest

from tests.callbacks.watched import PaintingToy
from tests.faces_for_tests import synthetic_faces
from tfinpaint.data import FaceSet, NumpyBatches, OccluderBank, render_occluders, uv_fields
from tfinpaint.data.occluder_bank import MIRRORED, fit_similarities, photo_light, similarity_matrix
from tfinpaint.data.occlusions import LowerFaceRectangle, Occlusion
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.occlusions.mixtures import holes
from tfinpaint.data.pipeline import hole_distance
from tfinpaint.errors import InputError
from tfinpaint.faces.uv import GenericHead
from tfinpaint.framing import similarity, template_points
from tfinpaint.training.recipe import Recipe, Stage, Update

KEYS = {"image", "occluded", "mask", "valid", "landmarks"}
SIDE = 32


def face_set(n=10, size=SIDE):
    images, landmarks = synthetic_faces(n, size)
    valid = np.ones((n, size, size, 1), np.uint8)
    valid[:, :, : size // 4] = 0
    return FaceSet(images, landmarks, valid, tuple(map(str, range(n))))


def bank(n=6, size=SIDE, seed=0):
    """Blobs of all opacities in random colours, on faces whose landmarks vary."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    at = rng.uniform(0.3, 0.7, (n, 2, 1, 1)) * size
    alpha = 255 * np.clip(1.5 - np.hypot(y - at[:, 0], x - at[:, 1]) / (0.2 * size), 0, 1)
    colour = alpha[..., None] * rng.uniform(0, 1, (n, 1, 1, 3))
    pictures = np.concatenate([colour, np.ceil(alpha)[..., None]], axis=-1).astype(np.uint8)
    return OccluderBank(
        pictures, synthetic_faces(n, size, seed=seed + 50)[1], rng.uniform(0.3, 1, n).astype(np.float32)
    )


def nothing(size=SIDE):
    return OccluderBank(np.zeros((1, size, size, 4), np.uint8), template_points(size)[None], np.ones(1, np.float32))


def batches(faces=None, occluders=None, **options):
    return NumpyBatches(faces or face_set(), occluders or bank(), **{"batch_size": 4, **options})


def assert_same(first, second):
    assert first.keys() == second.keys()
    for key in first:
        np.testing.assert_array_equal(first[key], second[key], err_msg=key)


def test_batches_hold_what_a_recipe_may_name_and_keep_the_bits_outside_the_mask():
    for index in range(5):
        batch = batches()[index]
        assert batch.keys() == KEYS
        assert all(value.dtype == np.float32 for value in batch.values())
        assert batch["image"].shape == batch["occluded"].shape == (4, SIDE, SIDE, 3)
        assert batch["mask"].shape == batch["valid"].shape == (4, SIDE, SIDE, 1)
        assert batch["landmarks"].shape == (4, 5, 2)
        assert set(np.unique(batch["mask"])) == {0.0, 1.0}
        kept = np.broadcast_to(batch["mask"] == 0, batch["image"].shape)
        assert batch["occluded"][kept].tobytes() == batch["image"][kept].tobytes()
        assert (batch["occluded"][~kept] != batch["image"][~kept]).mean() > 0.9
        assert np.abs(batch["occluded"]).max() <= 1


def test_images_are_the_sources_bytes_scaled_to_plus_minus_one():
    faces = face_set()
    batch = batches(faces, nothing(), batch_size=10, shuffle=False, flip=False)[0]
    np.testing.assert_array_equal(np.round((batch["image"] + 1) * 127.5), faces.images)
    np.testing.assert_array_equal(batch["image"], batch["occluded"])
    np.testing.assert_array_equal(batch["valid"], faces.valid)
    np.testing.assert_array_equal(batch["landmarks"], faces.landmarks)


def test_the_composition_is_that_of_opacity_and_colour():
    occluders = bank(1)
    faces = FaceSet(face_set(1).images, occluders.landmarks, np.ones((1, SIDE, SIDE, 1), np.uint8), ("",))
    batch = batches(faces, occluders, batch_size=1, flip=False)[0]
    layer = np.empty((SIDE, SIDE, 4), np.uint8)
    rng = np.random.Generator(np.random.Philox(key=np.array([0, 0], np.uint64)))
    gain = occluders.gain(occluders.draw(occluders.landmarks[0], rng, out=layer), photo_light(faces.images)[0], rng)
    alpha = layer[..., 3:] / 255
    np.testing.assert_array_equal(batch["mask"][0] > 0, alpha > 0)
    lit = np.minimum(layer[..., :3] / 255 * gain, alpha)
    expected = (1 - alpha) * (faces.images[0] / 255) + lit
    np.testing.assert_allclose(batch["occluded"][0], 2 * expected - 1, atol=1e-5)


def test_sample_k_depends_on_the_seed_and_k_alone():
    def samples(size, count, **options):
        parts = [batches(batch_size=size, seed=5, **options)[i] for i in range(-(-count // size))]
        return {key: np.concatenate([part[key] for part in parts])[:count] for key in KEYS}

    whole = samples(24, 24)
    assert_same(whole, samples(5, 24))
    later = batches(batch_size=6, seed=5, start=2)
    assert_same({key: value[12:18] for key, value in whole.items()}, later[0])
    assert_same({key: value[18:24] for key, value in whole.items()}, later[1])
    other = batches(batch_size=24, seed=6)[0]
    assert (other["occluded"] != whole["occluded"]).any() and (other["image"] != whole["image"]).any()


def test_stacked_batches_are_the_same_stream():
    stacked = batches(start=3).batch(2, drop_remainder=True)
    for index in range(2):
        for place in range(2):
            expected = batches()[3 + 2 * index + place]
            assert_same({key: value[place] for key, value in stacked[index].items()}, expected)
    assert stacked.num_batches is None


class Told(keras.Model):
    """Returns the landmarks that it is given."""

    def call(self, inputs):
        return inputs["landmarks"]


@pytest.mark.parametrize("stacked", [None, 2])
def test_keras_gets_the_batches_in_order_whatever_the_threads(stacked):
    stream = batches(face_set(40), start=2, workers=4)
    stream = stream if stacked is None else stream.batch(stacked)
    told = Told().predict(stream, steps=8, verbose=0)
    np.testing.assert_array_equal(told, np.concatenate([stream[i]["landmarks"] for i in range(8)]))


def test_a_recipe_is_fitted_on_the_stream():
    """Stages that eat several batches a step get them stacked, as from a `tf.data.Dataset`."""
    update = Update({"coarse": 0.1}, {"rec_coarse": 1.0}, times=2, fresh=True)
    fitted, stepped = PaintingToy(), PaintingToy()
    stepped.set_weights(fitted.get_weights())
    for model in (fitted, stepped):
        model.compile(Recipe((Stage("only", {"steps": 3}, 4, (update,)),)), run_eagerly=True)
    faces, occluders = face_set(10, 8), bank(6, 8)
    fitted.fit_recipe(lambda size, start: batches(faces, occluders, batch_size=size, start=start), verbose=0)
    stream = batches(faces, occluders, batch_size=4).batch(2)
    for i in range(3):
        stepped.train_on_batch(stream[i])
    for ours, theirs in zip(fitted.trainable_variables, stepped.trainable_variables, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


MORE = ("uv", "uv_valid", "occluded2", "mask2", "distance")


def test_more_keys_leave_the_others_as_they_are_and_do_not_depend_on_the_batch():
    plain, more = batches(seed=3, batch_size=12)[0], batches(seed=3, batch_size=12, keys=MORE)[0]
    assert more.keys() - plain.keys() == set(MORE) and all(value.dtype == np.float32 for value in more.values())
    assert_same(plain, {key: more[key] for key in plain})
    smaller = [batches(seed=3, batch_size=5, keys=MORE)[i] for i in range(3)]
    assert_same(more, {key: np.concatenate([batch[key] for batch in smaller])[:12] for key in more})
    assert batches(keys=["valid", "landmarks", "mask"])[0].keys() == KEYS
    assert batches(keys="mask2")[0].keys() == KEYS | {"occluded2", "mask2"}


def test_a_second_view_is_the_same_picture_under_another_occluder():
    batch = batches(occluders=bank(60), keys=("occluded2",), batch_size=24)[0]
    kept = np.broadcast_to(batch["mask2"] == 0, batch["image"].shape)
    np.testing.assert_array_equal(batch["occluded2"][kept], batch["image"][kept])
    assert (batch["occluded2"][~kept] != batch["image"][~kept]).mean() > 0.9
    assert (batch["mask"] != batch["mask2"]).any((1, 2, 3)).mean() > 0.8


def test_the_distance_is_that_of_the_pipeline():
    batch = batches(keys=("distance",), batch_size=24)[0]
    np.testing.assert_array_equal(batch["distance"], hole_distance(batch["mask"]))
    whole = OccluderBank(np.full((1, 8, 8, 4), 255, np.uint8), template_points(8)[None], np.ones(1, np.float32))
    batch = batches(numbered(2), whole, keys=("distance",), batch_size=2)[0]
    np.testing.assert_array_equal(batch["distance"], np.full((2, 8, 8, 1), 4))


def test_fields_are_those_of_the_generic_head_mirrored_with_the_picture():
    faces = face_set()
    uv, valid = uv_fields(faces, GenericHead())
    straight = batches(faces, batch_size=10, shuffle=False, flip=False, keys=("uv",))[0]
    np.testing.assert_array_equal(straight["uv"], uv.astype(np.float32))
    np.testing.assert_array_equal(straight["uv_valid"], valid)
    mixed, flipped = batches(faces, batch_size=20, shuffle=False, keys=("uv_valid",))[0], 0
    for i in range(20):
        field, there = uv[i % 10].astype(np.float32), valid[i % 10].astype(np.float32)
        if (mixed["landmarks"][i] != faces.landmarks[i % 10]).any():
            field, there, flipped = field[:, ::-1] * (-1, 1) + there[:, ::-1] * (1, 0), there[:, ::-1], flipped + 1
        np.testing.assert_allclose(mixed["uv"][i], field, atol=1e-6)
        np.testing.assert_array_equal(mixed["uv_valid"][i], there)
    assert 3 < flipped < 17


@pytest.mark.parametrize("key", ["kind", "identity"])
def test_a_key_that_cannot_be_made_is_refused(key):
    known = "uv, uv_valid, occluded2, mask2, distance; image, occluded, mask, valid, landmarks are always there"
    with pytest.raises(InputError, match=f"`keys` must be some of {known}. Received: '{key}'."):
        batches(keys=("mask2", key))


def numbered(n):
    """Faces whose picture is their number."""
    images = np.broadcast_to(np.arange(n, dtype=np.uint8)[:, None, None, None], (n, 8, 8, 3)).copy()
    return FaceSet(images, np.repeat(template_points(8)[None], n, 0), np.ones((n, 8, 8, 1), np.uint8), ("",) * n)


def numbers(stream, count):
    return np.round((np.concatenate([stream[i]["image"] for i in range(count)])[:, 0, 0, 0] + 1) * 127.5).astype(int)


def test_each_epoch_visits_every_face_once_in_a_new_order():
    order = numbers(batches(numbered(20), nothing(8), batch_size=7), 6)[:40].reshape(2, 20)
    for epoch in order:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(20))
    assert (order[0] != order[1]).any() and (order[0] != np.arange(20)).any()


def test_one_pass_for_validation_is_whole_and_in_order():
    stream = batches(numbered(7), nothing(8), batch_size=3, shuffle=False, flip=False, repeat=False)
    assert stream.num_batches == 3
    assert [len(batch["image"]) for batch in stream] == [3, 3, 1]
    np.testing.assert_array_equal(numbers(stream, 3), np.arange(7))


def test_flips_mirror_everything_and_keep_the_left_points_left():
    size, points = 16, np.array([[3, 4], [11, 5], [8, 8], [5, 12], [10, 11]])
    images = np.zeros((40, size, size, 3), np.uint8)
    for value, (x, y) in enumerate(points, start=1):
        images[:, y, x] = 10 * value
    valid = np.ones((40, size, size, 1), np.uint8)
    valid[:, :, :4] = 0
    faces = FaceSet(images, np.repeat(points[None].astype(np.float32), 40, 0), valid, ("",) * 40)
    batch = batches(faces, nothing(size), batch_size=40)[0]
    flipped = 0
    for picture, five, known in zip(batch["image"], batch["landmarks"].astype(int), batch["valid"], strict=True):
        values = np.round((picture[five[:, 1], five[:, 0], 0] + 1) * 127.5).astype(int).tolist()
        mirrored = values == [20, 10, 30, 50, 40]
        assert mirrored or values == [10, 20, 30, 40, 50]
        assert five[0, 0] < five[1, 0] and five[3, 0] < five[4, 0]
        assert known[0, -1 if mirrored else 0, 0] == 0 and known[0, 0 if mirrored else -1, 0] == 1
        flipped += mirrored
    assert 10 < flipped < 30


# ---- the bank --------------------------------------------------------------------------------------------------------


def dotted(points, size=64):
    """An occluder with a dot on each of its landmarks, and each dot with a colour of its own."""
    y, x = np.mgrid[:size, :size]
    picture = np.zeros((size, size, 4), np.uint8)
    for value, (px, py) in enumerate(points, start=1):
        near = np.hypot(x - px, y - py) < 3
        picture[near] = (40 * value, 40 * value, 40 * value, 255)
    return picture


@pytest.mark.parametrize("side", [64, 96])
def test_an_occluder_comes_to_lie_where_the_landmarks_say(side):
    points = template_points(64) + [[0, 0], [0, 0], [7, 1], [2, 0], [2, 0]]  # looks to one side
    occluders = OccluderBank(dotted(points)[None], points[None].astype(np.float32), np.ones(1, np.float32))
    angle, scale = 0.2, 0.9 * side / 64
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    face = ((points - 32) @ turn.T + side / 2 + [3, -2]).astype(np.float32)
    mirrored = face[MIRRORED, :] * [-1, 1] + [side - 1, 0]
    for five, values in ((face, [40, 80, 120, 160, 200]), (mirrored, [80, 40, 120, 200, 160])):
        layer = np.empty((side, side, 4), np.uint8)
        assert occluders.draw(five, np.random.default_rng(0), out=layer) == 0
        at = np.rint(five).astype(int)
        np.testing.assert_allclose(layer[at[:, 1], at[:, 0], 0], values, atol=8)
        assert (layer[at[:, 1], at[:, 0], 3] == 255).all()
        y, x = np.nonzero(layer[..., 3] > 128)
        assert np.min(np.hypot(x[:, None] - five[:, 0], y[:, None] - five[:, 1]), axis=1).max() < 3 * scale + 1


def test_a_face_gets_the_occluder_of_a_head_that_is_turned_alike():
    left, right = (template_points(64) + [[0, 0], [0, 0], [8 * s, 0], [2 * s, 0], [2 * s, 0]] for s in (-1, 1))
    frontal = template_points(64)
    occluders = OccluderBank(
        np.stack([dotted(left), dotted(frontal)]),
        np.stack([left, frontal]).astype(np.float32),
        np.ones(2, np.float32),
    )
    for face, expected in ((left, 0), (right, 0), (frontal, 1)):  # the mirrored first one looks right
        out = np.empty((64, 64, 4), np.uint8)
        drawn = [occluders.draw(face.astype(np.float32), np.random.default_rng(i), out) for i in range(40)]
        assert drawn.count(expected) >= 32  # in one of ten draws no candidate is turned alike


def test_the_fit_is_the_least_squares_similarity():
    rng = np.random.default_rng(3)
    sources, target = rng.normal(size=(6, 5, 2)), rng.normal(size=(5, 2))
    factors, shifts, errors = fit_similarities(sources @ (1, 1j), target @ (1, 1j))
    for source, factor, shift, error in zip(sources, factors, shifts, errors, strict=True):
        matrix = similarity(source, target)
        np.testing.assert_allclose(similarity_matrix(factor, shift), matrix, atol=1e-6)
        moved = source @ matrix[:, :2].T + matrix[:, 2]
        assert error == pytest.approx(((moved - target) ** 2).sum(), abs=1e-5)


def test_dark_photos_get_dark_masks_within_limits():
    occluders = bank(1)
    light = float(occluders.light[0])

    def gains(factor):
        return [occluders.gain(0, light * factor, np.random.default_rng(i)) for i in range(200)]

    assert np.mean(gains(1.0)) == pytest.approx(1, abs=0.03) and 0.05 < np.std(gains(1.0)) < 0.12
    np.testing.assert_allclose(np.divide(gains(0.7), gains(1.0)), 0.7, rtol=1e-5)
    np.testing.assert_allclose(np.divide(gains(0.1), gains(1.0)), 0.5, rtol=1e-5)
    np.testing.assert_allclose(np.divide(gains(9.0), gains(1.0)), 2.0, rtol=1e-5)


def test_light_is_the_sixth_power_mean_of_brightness_over_blocks():
    images = face_set(3).images
    luma = (images / 255.0) @ (0.299, 0.587, 0.114)
    blocks = luma.reshape(3, 8, 4, 8, 4).mean((2, 4))
    np.testing.assert_allclose(photo_light(images), (blocks**6).mean((1, 2)) ** (1 / 6), atol=0.01)


class Fog(Occlusion):
    """Every opacity there is, in a colour that depends on the picture and the seed."""

    def layer(self, images, landmarks, seeds):
        draw = Draws(seeds)
        return 0.5 * images + draw.uniform(-0.5, 0.5, shape=(1, 1, 3)), draw.uniform(
            0, 1, shape=(*images.shape[1:3], 1)
        )


@pytest.mark.parametrize("occlusion", [Fog(), LowerFaceRectangle(), holes()], ids=lambda o: type(o).__name__)
def test_rendered_occluders_are_the_drawn_ones(occlusion):
    faces = face_set(3)
    occluders = render_occluders(faces, occlusion, 4, seed=7)
    np.testing.assert_array_equal(occluders.landmarks, faces.landmarks[[0, 1, 2, 0]])
    rows, seeds = [0, 1, 2, 0], np.array([[7, k] for k in range(4)])
    images = faces.images[rows].astype(np.float32) / 127.5 - 1
    expected, mask = (np.asarray(x) for x in occlusion(images, faces.landmarks[rows], seeds))
    alpha = occluders.pictures[..., 3:] / 255
    np.testing.assert_array_equal(alpha > 0, mask > 0)
    ours = (1 - alpha) * (images + 1) / 2 + occluders.pictures[..., :3] / 255
    np.testing.assert_allclose(ours, (expected + 1) / 2, atol=2.5 / 255)


def test_stored_occluders_keep_their_opacity_and_nearly_their_colours():
    occluders = bank(4, 64)
    again = OccluderBank.decode(occluders.encode(), occluders.landmarks, occluders.light)
    np.testing.assert_array_equal(again.pictures[..., 3], occluders.pictures[..., 3])
    difference = again.pictures[..., :3].astype(int) - occluders.pictures[..., :3]
    assert np.abs(difference).mean() < 2


# ---- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"start": -1}])
def test_impossible_batches_are_refused(options):
    with pytest.raises(InputError, match=r"`batch_size` must be at least 1 and `start` 0\. Received: "):
        batches(**options)


def test_an_empty_set_of_faces_or_occluders_is_refused():
    with pytest.raises(InputError, match="`faces` must hold at least one face"):
        NumpyBatches(face_set(1).take(slice(0, 0)), bank(), batch_size=1)
    with pytest.raises(InputError, match=r"A bank must hold pictures .* Received: shapes \(0, 8, 8, 4\)"):
        OccluderBank(np.zeros((0, 8, 8, 4), np.uint8), np.zeros((0, 5, 2)), np.zeros(0))


def test_a_single_pass_cannot_be_stacked():
    with pytest.raises(InputError, match="endless"):
        batches(repeat=False).batch(2)


def test_real_only_hides_nothing_where_the_picture_is_made_up():
    options = {"batch_size": 10, "shuffle": False, "keys": ("occluded2", "mask2")}
    everywhere, batch = batches(**options)[0], batches(real_only=True, **options)[0]
    made_up = np.broadcast_to(batch["valid"] == 0, batch["image"].shape)
    assert sum((everywhere[mask] * (1 - batch["valid"])).sum() for mask in ("mask", "mask2")) > 0
    for occluded, mask in (("occluded", "mask"), ("occluded2", "mask2")):
        np.testing.assert_array_equal(batch[mask], everywhere[mask] * batch["valid"])
        np.testing.assert_array_equal(batch[occluded], np.where(made_up, batch["image"], everywhere[occluded]))
