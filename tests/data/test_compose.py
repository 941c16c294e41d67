"""Occlusions by name, on top of each other, and which kind a sample got."""

import numpy as np
import pytest
import tensorflow as tf

from tests.data.test_data_pipeline import KEYS, face_set, take
from tests.faces_for_tests import synthetic_faces
from tfinpaint.data.occlusions import TABLE, Choice, Compose, FromMask, LowerFaceRectangle, NoOcclusion, Rectangle
from tfinpaint.data.occlusions.base import Occlusion
from tfinpaint.data.pipeline import occlude
from tfinpaint.errors import InputError

SIZE = 48
FACES, LANDMARKS = synthetic_faces(6, SIZE)
IMAGES = FACES.astype(np.float32) / 127.5 - 1


def seeds(n=6, first=0):
    return np.stack([np.full(n, first), np.arange(n)], 1)


class Glass(Occlusion):
    """One colour with the opacity given, on the columns given."""

    def __init__(self, colour, alpha, columns=slice(None)):
        self.colour, self.alpha, self.columns = colour, alpha, columns

    def layer(self, images, landmarks, seeds):
        alpha = np.zeros((SIZE, SIZE, 1), np.float32)
        alpha[:, self.columns] = self.alpha
        return tf.zeros_like(images) + self.colour, alpha * tf.ones_like(images[..., :1])


def many(occlusion, n=800, first=1):
    images, landmarks = np.repeat(IMAGES[:1], n, 0), np.repeat(LANDMARKS[:1], n, 0)
    return [v.numpy() for v in occlusion(images, landmarks, seeds(n, first))]


def test_two_panes_of_glass_by_hand():
    both = Compose([Glass(1.0, 0.5), Glass(-1.0, 0.25)])
    colour, alpha = (v.numpy() for v in both.layer(tf.constant(IMAGES), LANDMARKS, seeds()))
    np.testing.assert_allclose(alpha, 0.625, rtol=1e-6)
    np.testing.assert_allclose(colour, (0.75 * 0.5 * 1 - 0.25) / 0.625, rtol=1e-5)


def test_composing_is_occluding_one_after_the_other():
    panes = [Glass((0.9, 0.1, -1.0), 0.3, slice(0, 30)), Glass((-0.4, 0.0, 0.8), 0.7, slice(10, 40)), Glass(0.2, 0.01)]
    occluded, mask = (v.numpy() for v in Compose(panes)(IMAGES, LANDMARKS, seeds()))
    expected, hidden = IMAGES, np.zeros(mask.shape, bool)
    for pane in panes:
        expected, one = (v.numpy() for v in pane(expected, LANDMARKS, seeds()))
        hidden |= one > 0
    np.testing.assert_allclose(occluded, expected, atol=1e-6)
    np.testing.assert_array_equal(mask > 0, hidden)


def test_what_is_opaque_covers_and_what_is_absent_leaves_every_bit():
    lower, upper = Glass(0.123456, 0.7), Glass(-0.654321, 1.0, slice(20, 48))
    colour, alpha = (v.numpy() for v in Compose([lower, upper]).layer(tf.constant(IMAGES), LANDMARKS, seeds()))
    assert (colour[:, :, 20:] == np.float32(-0.654321)).all() and (alpha[:, :, 20:] == 1).all()
    assert (colour[:, :, :20] == np.float32(0.123456)).all() and (alpha[:, :, :20] == np.float32(0.7)).all()


def test_the_faintest_opacity_stays_in_the_mask_and_none_exceeds_one():
    faint = Compose([Glass(1.0, 1e-38), Glass(0.0, 0.0), Glass(0.5, 1e-30), Glass(0.1, 0.0)])
    assert faint(IMAGES, LANDMARKS, seeds())[1].numpy().all()
    full = Compose([Glass(1.0, float(np.nextafter(np.float32(1), np.float32(0))))] * 5)
    _, alpha = full.layer(tf.constant(IMAGES), LANDMARKS, seeds())
    assert alpha.numpy().max() <= 1


def test_the_mask_is_the_union_for_real_kinds_and_other_bits_are_kept():
    both = Compose(["text", "free_form", "rectangle"])
    run = tf.function(both.__call__, autograph=False)
    occluded, mask = (v.numpy() for v in run(tf.constant(IMAGES), tf.constant(LANDMARKS), tf.constant(seeds())))
    kept = np.broadcast_to(mask == 0, IMAGES.shape)
    assert 0 < kept.mean() < 1
    assert occluded[kept].tobytes() == IMAGES[kept].tobytes()
    alone, alone_mask = (v.numpy() for v in run(*map(tf.constant, (IMAGES[2:3], LANDMARKS[2:3], seeds()[2:3]))))
    np.testing.assert_array_equal(alone_mask[0], mask[2])
    np.testing.assert_allclose(alone[0], occluded[2], atol=1e-5)


def test_the_same_kind_twice_is_drawn_twice():
    areas = many(Compose(["lower_face_rectangle"] * 2), 60)[1].sum((1, 2, 3))
    assert (areas > (SIZE // 4) ** 2).mean() > 0.9


def test_kinds_are_there_as_often_as_their_probabilities_say():
    both = Compose([Glass(1.0, 1.0, slice(0, 5)), Glass(1.0, 1.0, slice(5, 10))], probabilities=[0.25, 0.6])
    masks = many(both)[1][:, 0, :, 0]
    first, second = masks[:, 0] > 0, masks[:, 5] > 0
    assert first.mean() == pytest.approx(0.25, abs=0.05)
    assert second.mean() == pytest.approx(0.6, abs=0.06)
    assert (first & second).mean() == pytest.approx(0.15, abs=0.05)


def test_every_kind_of_the_table_bears_its_name_there():
    for name, kind in TABLE.items():
        occlusion = kind()
        assert occlusion.kinds == (name,) or len(occlusion.kinds) > 1
        index = occlusion.kind_of(seeds(9))
        assert index.dtype == tf.int32 and index.shape == (9,)
        assert 0 <= index.numpy().min() and index.numpy().max() < len(occlusion.kinds)


def test_a_choice_tells_what_it_drew():
    choice = Choice(["lower_face_rectangle", Choice([NoOcclusion(), Glass(1.0, 1.0)], [1, 2])], weights=[1, 2])
    assert choice.kinds == ("lower_face_rectangle", "no_occlusion", "glass")
    kind, area = choice.kind_of(seeds(800, 1)).numpy(), many(choice)[1].sum((1, 2, 3))
    np.testing.assert_array_equal(np.array([(SIZE // 4) ** 2, 0, SIZE**2])[kind], area)
    np.testing.assert_allclose(np.bincount(kind) / 800, [1 / 3, 2 / 9, 4 / 9], atol=0.06)


def test_choices_of_the_same_kind_are_one_kind():
    choice = Choice([Glass(1.0, 1.0, slice(0, 1)), Rectangle(area=1.0, aspect=1.0), Glass(1.0, 1.0, slice(0, 2))])
    assert choice.kinds == ("glass", "rectangle")
    kind, area = choice.kind_of(seeds(200, 1)).numpy(), many(choice, 200)[1].sum((1, 2, 3))
    np.testing.assert_array_equal(kind == 1, area == SIZE**2)
    assert set(area[kind == 0]) == {SIZE, 2 * SIZE}


def test_what_is_composed_tells_what_it_drew():
    panes = [Choice([Glass(1.0, 1.0, slice(0, 1)), "no_occlusion"]), Rectangle(area=1.0, aspect=1.0)]
    both = Compose(panes, probabilities=[0.8, 0.5])
    assert set(both.kinds) == {"glass", "rectangle", "glass+rectangle", "no_occlusion"}
    kind, area = both.kind_of(seeds(400, 1)).numpy(), many(both, 400)[1].sum((1, 2, 3))
    expected = {"no_occlusion": 0, "glass": SIZE, "rectangle": SIZE**2, "glass+rectangle": SIZE**2}
    np.testing.assert_array_equal([expected[both.kinds[k]] for k in kind], area)
    assert len(set(both.kinds[k] for k in kind)) == 4


@pytest.mark.parametrize("name", ["center_square", "free_form", "half_face", "rectangle", "text"])
def test_a_kind_that_nobody_drew_draws_an_empty_batch(name):
    choice = Choice(["no_occlusion", name], weights=[1, 0])
    assert not choice(IMAGES, LANDMARKS, seeds())[1].numpy().any()
    assert choice.kind_of(seeds()).numpy().tolist() == [0] * 6


def test_names_and_objects_may_be_mixed():
    choice = Choice(["text", Rectangle(at="mouth"), "no_occlusion"])
    assert choice.kinds == ("text", "rectangle", "no_occlusion")
    assert Compose(["face_mask", Rectangle()]).kinds == ("face_mask+rectangle",)
    assert FromMask(np.ones((4, 4), bool) & np.eye(4, dtype=bool)).kinds == ("from_mask",)


@pytest.mark.parametrize("make", [Choice, Compose])
def test_unknown_names_and_things_are_refused(make):
    with pytest.raises(InputError, match="`name` must be one of .* Received: 'hat'"):
        make(["text", "hat"])
    with pytest.raises(InputError, match="must be an object or a name, .* Received: 3"):
        make([LowerFaceRectangle(), 3])


@pytest.mark.parametrize(("kinds", "shares"), [([], None), (["text"], [0.5, 0.5]), (["text"], [1.5]), (["text"], [-1])])
def test_probabilities_must_be_one_per_kind(kinds, shares):
    with pytest.raises(InputError, match=r"`probabilities` must hold one number in \[0, 1\] per kind"):
        Compose(kinds, shares)


def test_batches_hold_the_kind_only_when_asked():
    occlusion = Choice(["lower_face_rectangle", "no_occlusion"])
    plain, told = (take(occlude(face_set(), occlusion, batch_size=20, with_kind=told), 1)[0] for told in (False, True))
    assert plain.keys() == KEYS and told.keys() == KEYS | {"kind"}
    assert told["kind"].dtype == np.int32 and told["kind"].shape == (20,)
    for key in KEYS:
        np.testing.assert_array_equal(plain[key], told[key])
    bare = occlusion.kinds.index("no_occlusion")
    np.testing.assert_array_equal(told["kind"] == bare, ~told["mask"].any((1, 2, 3)))
    squares = told["kind"] == occlusion.kinds.index("lower_face_rectangle")
    assert (told["mask"].mean((1, 2, 3))[squares] == 1 / 16).all()


def test_each_pixel_says_what_lies_on_top():
    """A pane that lets more than half of what is below through is not what is seen there."""
    panes = [Glass(0.9, 1.0, slice(0, 24)), Glass(0.1, 0.4, slice(12, 36)), Rectangle()]
    panes[0].kinds, panes[1].kinds = ("wall",), ("glass",)
    both = Compose(panes[:2])
    occluded, mask, part = (v.numpy() for v in both.hide(IMAGES, LANDMARKS, seeds()))
    assert both.parts == ("wall", "glass")
    expected = np.where(np.arange(SIZE) < 24, 0, np.where(np.arange(SIZE) < 36, 1, -1))
    np.testing.assert_array_equal(part[..., 0], np.broadcast_to(expected, part.shape[:3]))
    np.testing.assert_array_equal(part >= 0, mask > 0)
    again = [v.numpy() for v in both(IMAGES, LANDMARKS, seeds())]
    np.testing.assert_array_equal(occluded, again[0])
    np.testing.assert_array_equal(mask, again[1])


def test_parts_of_choices_and_layers_are_those_of_each_alone():
    choice = Choice([Rectangle(), NoOcclusion(), LowerFaceRectangle()])
    _, mask, part = (v.numpy() for v in choice.hide(IMAGES, LANDMARKS, seeds()))
    kinds = choice.kind_of(seeds()).numpy()
    assert choice.parts == choice.kinds and len(set(kinds)) > 1
    for k, there, sample in zip(kinds, mask > 0, part, strict=True):
        assert set(sample[there]) <= {k} and set(sample[~there]) <= {-1}
    nested = Compose([choice, Choice([Rectangle(), NoOcclusion()])], [1, 0.5])
    assert nested.parts == ("rectangle", "no_occlusion", "lower_face_rectangle")


def test_families_of_all_that_is_drawn_and_a_name_that_has_none():
    from tfinpaint.data.occlusions import MIXTURES
    from tfinpaint.data.occlusions.families import family_map

    for build in MIXTURES.values():
        names = build().parts
        families = family_map(np.arange(-1, len(names)), names).numpy()
        assert families[0] == 0 and set(families) <= set(range(5))
        assert [n for n, f in zip(names, families[1:], strict=True) if f == 0] in ([], ["no_occlusion"])
    assert list(family_map(np.array([0, 1, 2, -1]), ("text", "free_form", "sunglasses")).numpy()) == [2, 4, 3, 0]
    with pytest.raises(InputError, match="one of nothing, .* Received: pane"):
        family_map(np.array([0]), ("pane",))


def test_a_batch_says_what_hides_each_pixel():
    faces = face_set(20)
    mixture = Choice(["rectangle", "free_form", "no_occlusion"])
    batch = next(iter(occlude(faces, mixture, batch_size=20, seed=3, keys=("family",)).as_numpy_iterator()))
    assert batch["family"].shape == batch["mask"].shape and batch["family"].dtype == np.float32
    np.testing.assert_array_equal(batch["family"] > 0, batch["mask"] > 0)
    assert {int(f) for f in np.unique(batch["family"])} == {0, 2, 4}  # nothing, boxes, strokes
