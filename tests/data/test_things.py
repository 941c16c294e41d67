"""The mixture `things`: what FSG-GAN is trained on, and what it must never see."""

import functools

import numpy as np

from tests.faces_for_tests import synthetic_faces
from tfinpaint.data import FaceSet, NumpyBatches, default_occlusion, occlude, occlusions, render_occluders
from tfinpaint.data.occlusions import KINDS, Objects
from tfinpaint.data.occlusions.objects import HELD_OUT
from tfinpaint.models import FSGGAN

SIDE = 48


@functools.cache
def faces(count=8):
    images, points = synthetic_faces(count, SIDE)
    return FaceSet(images, points, np.ones((count, SIDE, SIDE, 1), np.uint8), ("",) * count)


@functools.cache
def drawn():
    """The mixture, a batch of it, and the name of what hides each sample."""
    mixture = default_occlusion("things")
    batch = next(iter(occlude(faces(), mixture, batch_size=300, seed=5, with_kind=True)))
    batch = {key: np.asarray(value) for key, value in batch.items()}
    return mixture, batch, np.array(mixture.kinds)[batch["kind"]]


def test_half_of_its_samples_are_things_the_rest_masks_words_boxes_and_bare_faces():
    _, batch, kinds = drawn()
    shares = {kind: (kinds == kind).mean() for kind in set(kinds)}
    assert 0.42 < sum(shares.get(kind, 0) for kind in KINDS) < 0.62
    for kind, share in (("face_mask", 0.22), ("text", 0.08), ("rectangle", 0.1), ("no_occlusion", 0.08)):
        assert share / 2 < shares[kind] < 2 * share
    bare = kinds == "no_occlusion"
    areas = batch["mask"].mean((1, 2, 3))
    assert not areas[bare].any() and areas[~bare].all()
    np.testing.assert_array_equal(batch["image"][bare], batch["occluded"][bare])


def test_18_kinds_of_things_are_drawn_and_6_are_kept_for_tests():
    mixture, _, kinds = drawn()
    things = {choice.placement: choice.kinds for choice in mixture.choices if isinstance(choice, Objects)}
    assert things["semantic"] == things["anywhere"] == tuple(kind for kind in KINDS if kind not in HELD_OUT)
    assert len(things["anywhere"]) == 18 and len(HELD_OUT) == 6
    assert not set(kinds) & set(HELD_OUT) and len(set(kinds) & set(KINDS)) > 14
    assert {"sunglasses", "hand", "cup", "scarf"} <= set(mixture.kinds)


def test_as_many_things_lie_anywhere_as_where_people_wear_them():
    mixture, _, _ = drawn()
    weights = [w for choice, w in zip(mixture.choices, mixture.weights, strict=True) if isinstance(choice, Objects)]
    assert len(weights) == 2 and weights[0] == weights[1]


def test_numpy_batches_take_it_from_a_bank():
    bank = render_occluders(faces(), default_occlusion("things"), 24, seed=1)
    batch = NumpyBatches(faces(), bank, batch_size=8)[0]
    kept = np.broadcast_to(batch["mask"] == 0, batch["image"].shape)
    np.testing.assert_array_equal(batch["occluded"][kept], batch["image"][kept])
    hidden = batch["mask"].any((1, 2, 3))
    assert hidden.sum() > 4 and (batch["occluded"] != batch["image"])[hidden].any((1, 2, 3)).all()


def test_fsg_gan_is_trained_on_it():
    contract = FSGGAN(
        structure_size=64,
        image_size=64,
        encoder_widths=(2,) * 6,
        decoder_widths=(2,) * 6,
        latent=2,
        generator_widths=(4, 4, 4),
        head_width=2,
        patch_critic_widths=(2, 2, 2, 2),
    ).contract
    assert contract.occlusion == "things" and contract.mask == "whole" and contract.framing == "wide"


def test_a_mixture_is_told_by_its_kinds_and_the_sets_of_things_that_it_has_all_of():
    assert occlusions.names("worn_masks") == ["face_mask", "lower_face_rectangle"]
    named = occlusions.names("things")
    assert "seen_objects" in named and "held_out_objects" not in named and "no_occlusion" not in named
    assert set(occlusions.names("held_out_objects")) == {*HELD_OUT, "held_out_objects"}
