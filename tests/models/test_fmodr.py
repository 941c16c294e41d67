"""FMODR against its paper: counts and the skip rule; terms, stages and weights are in test_fmodr_claims.py."""

import keras
import numpy as np
import pytest

from tests.models import run_stages
from tests.models.tiny import batch, batch_of, make
from tfinpaint import zoo
from tfinpaint.errors import InputError
from tfinpaint.layers import ContextualAttention, SelfAdaptiveContextualAttention
from tfinpaint.models.fmodr import networks
from tfinpaint.models.two_branches import refine_generator
from tfinpaint.models.u_net import u_net


def refining(**options):
    model = make("fmodr")
    model.compile(recipe="small", stage="refine", features=run_stages.features(), **options)
    return model


@pytest.mark.parametrize(
    ("build", "count"),
    [
        (networks.detector, 334_913),
        (u_net, 4_898_147),
        (refine_generator, 2_153_333),
        (networks.critic, 51_610_881),
    ],
)
def test_paper_size_networks_have_the_specified_parameters(build, count):
    assert build(256).count_params() == count


def test_the_two_towers_meet_in_2048_features():
    critic = networks.critic(256)
    assert critic.get_layer("fused").output.shape == (None, 2048)
    assert critic.get_layer("global_features").count_params() == critic.get_layer("region_features").count_params()


def test_the_sigmoid_of_the_critic_lies_between_0_and_1():
    model, data = make("fmodr"), batch()
    logit = model.critic([data["image"], data["mask"]])
    assert logit.shape == (2, 1)
    assert np.all((keras.ops.sigmoid(logit) > 0) & (keras.ops.sigmoid(logit) < 1))


def test_the_region_tower_sees_only_the_hole():
    critic, data = make("fmodr").critic, batch()
    tower = keras.Model(critic.inputs, critic.get_layer("region_features").output)
    elsewhere = data["image"] + (1 - data["mask"]) * np.random.default_rng(1).normal(size=data["image"].shape)
    ours, theirs = (np.asarray(tower([x.astype("float32"), data["mask"]])) for x in (data["image"], elsewhere))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    inside = data["image"] + data["mask"] * 0.5
    assert np.abs(ours - np.asarray(tower([inside, data["mask"]]))).max() > 1e-4


def test_self_adaptive_attention_starts_as_contextual_attention():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(2, 16, 16, 4)).astype("float32")
    mask = np.zeros((2, 16, 16, 1), "float32")
    mask[0, 4:8, 4:8] = mask[1, 6:10, 2:6] = 1
    plain = ContextualAttention(rate=2)([features, mask])
    adaptive = SelfAdaptiveContextualAttention(rate=2, select="soft", normalize="background")([features, mask])
    np.testing.assert_allclose(np.asarray(plain), np.asarray(adaptive), atol=1e-6)


def test_attention_has_18_trainable_values():
    attention = make("fmodr").parts()["sca"]
    assert sum(int(np.prod(v.shape)) for layer in attention for v in layer.trainable_variables) == 18


def _coarse_is_off_by(model, amounts):
    """Makes the coarse network answer with the clean picture plus a constant for each sample."""
    data = batch(count=len(amounts))
    wanted = data["image"] + np.array(amounts, "float32")[:, None, None, None]
    model._paint_coarse = lambda image, mask, training: (
        (1 - mask) * image + mask * keras.ops.convert_to_tensor(wanted[: image.shape[0]]),
        None,
    )
    return data


def test_a_solved_sample_is_skipped():
    both, alone = (refining(run_eagerly=True) for _ in range(2))  # one step of each is not worth compiling
    data = _coarse_is_off_by(both, [0.05, 0.3])
    logs = both.train_on_batch(data, return_dict=True)
    assert logs["unsolved_share"] == pytest.approx(0.5)
    wanted = data["image"][1:] + np.float32(0.3)
    alone._paint_coarse = lambda image, mask, training: ((1 - mask) * image + mask * wanted, None)
    own = alone.train_on_batch({k: v[1:] for k, v in data.items()}, return_dict=True)
    assert own["unsolved_share"] == 1 and own["refine_gradient"] > 0.01
    assert logs["refine_gradient"] == pytest.approx(own["refine_gradient"], rel=1e-3)  # the step itself is a tiny one
    for a, b in zip(both.part_variables["refine"], alone.part_variables["refine"], strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=2e-5)


def test_a_batch_of_solved_samples_moves_nothing():
    model = refining()
    data = _coarse_is_off_by(model, [0.01, 0.02])
    watched = [*model.part_variables["refine"], *model.part_variables["sca"]]
    optimizers = [model.optimizer_of(part, model.stage.updates[0]) for part in ("refine", "sca")]
    slots = [s for optimizer in optimizers for s in optimizer.variables if "rate" not in s.path]
    before = [v.numpy() for v in [*watched, *slots]]
    logs = model.train_on_batch(data, return_dict=True)
    assert logs["unsolved_share"] == 0
    assert all(np.isfinite(v) for v in logs.values())
    for old, new in zip(before, [*watched, *slots], strict=True):
        np.testing.assert_array_equal(old, new.numpy(), err_msg=new.path)


def test_known_pixels_are_kept():
    model, data = make("fmodr"), batch()
    out = model({"image": data["occluded"], "mask": data["mask"]})
    kept = 1 - data["mask"]
    np.testing.assert_array_equal(np.asarray(out["image"]) * kept, data["occluded"] * kept)
    np.testing.assert_array_equal(np.asarray(out["coarse"]) * kept, data["occluded"] * kept)


def test_a_callers_mask_is_used_instead_of_the_detectors():
    model, data = make("fmodr"), batch()
    out = model({"image": data["image"], "mask": data["mask"]})
    np.testing.assert_array_equal(np.asarray(out["mask"]), data["mask"])


def test_a_size_that_does_not_fit_is_refused():
    with pytest.raises(InputError, match="multiple of 16"):
        make("fmodr", image_size=40)


def test_what_is_restored_is_the_refined_picture():
    model, data = make("fmodr"), batch()
    outputs = model({"image": data["occluded"], "mask": data["mask"]})
    raw = np.asarray(model.refine_generator([np.asarray(outputs["coarse"]), data["mask"]]))
    expected = data["mask"] * raw + (1 - data["mask"]) * data["occluded"]
    np.testing.assert_allclose(outputs["image"], expected, atol=1e-6)
    assert np.abs(np.asarray(outputs["image"] - outputs["coarse"])).max() > 1e-3


def test_without_a_refine_network_the_coarse_picture_is_the_result_and_the_last_stage_trains_it():
    model, data = make("fmodr", refine_widths=()), batch()
    outputs = model(data["occluded"])
    np.testing.assert_array_equal(outputs["image"], outputs["coarse"])
    assert np.abs(np.asarray(outputs["raw"] - outputs["image"])).max() > 0.01  # not composed
    assert set(model.parts()) == {"detector", "coarse", "critic", "patch_critic"}
    assert model.painter_names == ("detector", "coarse_generator")
    model = run_stages.at_stage("fmodr", "finish", changes={"refine_widths": ()})
    before = [np.asarray(v) for v in model.coarse_generator.trainable_variables]
    model.train_on_batch(data)
    after = model.coarse_generator.trainable_variables
    assert all(np.abs(np.asarray(v) - b).max() > 0 for v, b in zip(after, before, strict=True))


def test_at_half_of_the_side_nothing_that_is_hidden_is_seen_and_the_rest_is_kept():
    model = make("fmodr", image_size=128, coarse_scale=2)
    rng = np.random.default_rng(0)
    image = rng.uniform(-1, 1, (1, 128, 128, 3)).astype("float32")
    mask = np.zeros((1, 128, 128, 1), "float32")
    mask[:, 51:90, 31:76] = 1  # its border cuts blocks of 2x2 pixels
    other = image + mask * 0.5
    ours, theirs = (model({"image": x, "mask": mask}) for x in (image, other))
    for name in ("coarse", "image"):
        np.testing.assert_array_equal(ours[name], theirs[name])
        np.testing.assert_array_equal(np.asarray(ours[name]) * (1 - mask), image * (1 - mask))
    assert ours["mask_probability"].shape == (1, 128, 128, 1)


ENLARGED = {"image_size": 128, "coarse_scale": 2, "refine_widths": (4, 6, 8), "attention": False}


def test_a_model_of_twice_the_side_begins_with_the_picture_of_a_smaller_one():
    small = make("fmodr", refine_widths=())
    large = type(small)(**{**small.get_config(), **ENLARGED})
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, 3)).astype("float32")
    twice = picture.repeat(2, 1).repeat(2, 2)
    large.begin_as(small)
    ours, theirs = ({"image": x, "mask": np.ones_like(x[..., :1])} for x in (twice, picture))  # all is painted
    ours, theirs = large(ours), small(theirs)
    np.testing.assert_array_equal(ours["image"], ours["coarse"])  # what refines adds nothing yet
    expected = keras.ops.image.resize(theirs["coarse"], (128, 128), interpolation="bilinear")
    np.testing.assert_allclose(ours["coarse"], expected, atol=1e-6)
    assert np.ptp(expected) > 0.1
    for name in ("coarse_generator", "detector"):
        for mine, other in zip(getattr(large, name).weights, getattr(small, name).weights, strict=True):
            np.testing.assert_array_equal(mine, other)
    one, other = (dict(zoo.preset(name).arguments) for name in ("fmodr_128", "fmodr_256_small"))
    changed = {"image_size": 256, "coarse_scale": 2, "refine_widths": [24, 48, 64], "attention": False}
    assert {**one, **changed} == other


def test_in_a_model_of_twice_the_side_only_what_adds_detail_learns():
    model = make("fmodr", **ENLARGED)
    assert list(model.recipes) == ["small"]
    (finish,) = model.recipes["small"].stages
    assert set(finish.updates[0].parts) == {"refine"} and {"detector", "coarse"} <= set(finish.frozen)
    assert model.parts()["refine"] == [model.refine_generator] and "sca" not in model.parts()
    model.compile(model.recipes["small"], "finish", features=run_stages.features(), run_eagerly=True)
    networks = (model.detector, model.coarse_generator, model.refine_generator)
    before = [network.get_weights() for network in networks]
    model.train_on_batch(batch_of(model))
    moved = [
        max(np.abs(w - b).max() for w, b in zip(network.get_weights(), old, strict=True))
        for network, old in zip(networks, before, strict=True)
    ]
    assert moved[:2] == [0, 0] and moved[2] > 0
    assert model.from_config(model.get_config()).get_config() == model.get_config()


def test_another_scale_of_the_coarse_network_is_refused():
    with pytest.raises(InputError, match="`coarse_scale` must be 1 or 2. Received: coarse_scale=3"):
        make("fmodr", coarse_scale=3)


def test_a_limit_bounds_the_coarse_networks_activations_twice_as_high_with_each_halving():
    rng = np.random.default_rng(0)
    inputs = [rng.uniform(-1, 1, (1, 16, 16, c)).astype("float32") for c in (3, 1)]

    def largest(limit):
        network = u_net(16, (4, 6), limit=limit)
        network.set_weights([9 * w for w in u_net(16, (4, 6)).get_weights()])
        seen = [network.get_layer("head").input, network.get_layer("decode_0_a").input]
        return [float(np.max(x)) for x in keras.Model(network.inputs, seen)(inputs)]

    assert all(x > 20 for x in largest(None))
    assert largest(5.0) == [5.0, 10.0]
