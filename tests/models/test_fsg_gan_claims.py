"""What zoo/fsg_gan/ledger.csv says of FSG-GAN's terms, stages and heads, shown row by row."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tests.models.run_stages import at_stage
from tests.models.test_ca_gan import heard
from tests.models.tiny import batch, batch_of, class_of, make, step_batch
from tfinpaint.models import FSGGAN
from tfinpaint.models.fsg_gan.recipe import PAPER, SMALL
from tfinpaint.training.recipe import Recipe

rng = np.random.default_rng(0)
TERMS = FSGGAN.terms


class Stub:
    """As much of a model as a term may look at."""

    structure_scale = 1

    def __init__(self, identity=None):
        self.feature_networks = {"identity": identity}


def tensors(data):
    return {key: tf.constant(value) for key, value in data.items()}


def value(term, data, model=None, **outputs):
    return np.asarray(TERMS[term](model or Stub(), tensors(data), outputs))


def state(variables):
    return [v.numpy() for v in variables]


def moved(before, variables):
    return [not (old == v.numpy()).all() for old, v in zip(before, variables, strict=True)]


# ---- equations -------------------------------------------------------------------------------------------------------


def test_eq_4_is_a_sum_over_pixels_and_a_sum_over_what_is_drawn():
    data = batch()
    data["valid"][:, :, :20] = 0
    off = rng.normal(size=data["image"].shape).astype("float32")
    found = value("vae_nll", data, drawn=data["image"] + off)
    np.testing.assert_allclose(found, 0.5 * (off**2 * data["valid"]).sum((1, 2, 3)), rtol=1e-4)
    mean, log_variance = rng.normal(size=(2, 2, 1, 1, 8)).astype("float32")
    expected = 0.5 * (np.exp(log_variance) + mean**2 - 1 - log_variance).sum((1, 2, 3))
    np.testing.assert_allclose(value("vae_kl", data, moments=(mean, log_variance)), expected, rtol=1e-5)
    assert TERMS["vae_nll"].needs == ("drawn",) and TERMS["vae_kl"].needs == ("moments",)


def test_eq_4_of_a_larger_picture_is_that_of_the_reduced_one():
    model, data = Stub(), batch()
    model.structure_scale = 2
    small = data["image"].reshape(2, 32, 2, 32, 2, 3).mean((2, 4))
    found = value("vae_nll", data, model, drawn=small + np.float32(0.5))
    np.testing.assert_allclose(found, [0.5 * 0.25 * 32 * 32 * 3] * 2, rtol=1e-4)


def test_eq_5_is_a_mean_over_the_whole_picture_that_was_painted():
    data = batch()
    data["valid"][:, :8] = 0
    off = np.abs(rng.normal(size=data["image"].shape)).astype("float32")
    found = value("pixel_l1", data, restored=data["image"] + off)
    np.testing.assert_allclose(found, (off * data["valid"]).mean((1, 2, 3)), rtol=1e-4)
    assert TERMS["pixel_l1"].needs == ("restored",)  # not composed


@pytest.mark.parametrize("model", ["fsg_gan", "can_dfe"])
def test_the_finder_is_told_where_the_face_is_hidden_and_learns_alone(model):
    data = batch_of(model)
    right = np.where(data["mask"] > 0.5, 30.0, -30.0).astype("float32")
    for logit, expected in ((right, 0.0), (-right, 30.0), (0 * right, np.log(2))):
        found = np.asarray(class_of(model).terms["found"](None, tensors(data), {"found": [logit]}))
        np.testing.assert_allclose(found, [expected] * 2, rtol=1e-5, atol=1e-6)
    stages = {stage.name: stage for stage in class_of(model).recipes["small"].stages}
    (alone,) = stages["finder"].updates
    assert (alone.parts, alone.terms) == ({"finder": 1e-3}, {"found": 1.0})
    later = list(stages)[list(stages).index("finder") + 1 :]
    assert later and all("finder" in stages[name].frozen for name in later)


@pytest.mark.parametrize(("factor", "distance"), [(1.0, 0.0), (7.0, 0.0), (-1.0, 2.0)])
def test_eq_6_knows_the_angle_of_the_features_and_not_their_length(factor, distance):
    """Features that are the first pixels: the restored picture's are the photo's, times a factor."""
    data, model = batch(), Stub(lambda picture: picture[:, 0, :9, 0])
    found = value("id_cosine", data, model, restored=tf.constant(factor * data["image"]))
    np.testing.assert_allclose(found, [distance] * 2, atol=1e-5)


def test_eq_7_and_11_are_of_what_the_three_heads_say_together():
    real, fake = ([rng.normal(0, 2, (2, side, side, 1)).astype("float32") for side in (4, 2, 1)] for _ in range(2))

    def together(heads, sample):
        each = np.array([(1 / (1 + np.exp(-head[sample].astype(float)))).mean() for head in heads])
        return float((np.exp(each) / np.exp(each).sum() * each).sum())

    adv_g = value("adv_g", {}, verdict=fake)
    adv_d = value("adv_d", {}, real_logits=real, fake_logits=fake)
    for i in range(2):
        assert adv_g[i] == pytest.approx(-np.log(together(fake, i)), rel=1e-4)
        assert adv_d[i] == pytest.approx(-np.log(together(real, i)) - np.log(1 - together(fake, i)), rel=1e-4)
    nothing = [0 * head for head in real]
    np.testing.assert_allclose(value("adv_d", {}, real_logits=nothing, fake_logits=nothing), TERMS["adv_d"].chance)
    assert TERMS["adv_g"].against == "adv_d"


def test_the_recogniser_is_a_light_cnn():
    slot = FSGGAN.feature_slots["identity"]
    assert (slot.network, slot.default, slot.optional) == ("light_cnn", "compact", False)
    assert TERMS["id_cosine"].features == "identity"


# ---- heads -----------------------------------------------------------------------------------------------------------


def test_the_heads_stand_on_the_autoencoders_own_encoder_and_have_no_trunk_of_their_own():
    model = make("fsg_gan", norm=True)
    ours, theirs = {id(v) for v in model.encoder.variables}, [id(v) for v in model.trunk.variables]
    assert theirs and set(theirs) < ours
    assert not ours & {id(v) for v in model.heads.variables}
    maps = model.trunk(tf.constant(batch()["image"]))
    for seen, same in zip(maps, model.encoder(tf.constant(batch()["image"]))[:3], strict=True):
        np.testing.assert_array_equal(seen, same)
    assert [x.shape[1:] for x in maps] == [x.shape[1:] for x in model.heads.input]


def test_photo_and_restored_face_are_judged_in_batches_of_their_own():
    model = at_stage("fsg_gan", "synthesis", changes={"norm": True})
    model.generator.get_layer("head").bias.assign([0.9] * 12)  # unlike any photo
    model.finder.get_layer("head").bias.assign(np.tile(np.float32([-9, 0, 0, 0, 0]), 16))  # all is pasted
    given, data = heard(model, "heads"), tensors(batch_of(model))
    found = model.forward(data, ["real_logits", "fake_logits"], training=True)
    assert [maps[0].shape[0] for maps in given] == [2, 2]
    for maps, picture in zip(given, (data["image"], found["restored"]), strict=True):
        np.testing.assert_allclose(maps[0], model.trunk(picture)[0], atol=1e-5)
    assert np.abs(given[0][0] - given[1][0]).max() > 0.01


def test_what_the_heads_say_reaches_the_generator_through_the_standing_encoder():
    """Each head alone teaches the generator, and in the heads' own step each of them learns."""
    model = at_stage("fsg_gan", "synthesis")
    data = tensors(batch_of(model, draws=False))
    painters = [v.value for v in model.part_variables["generator"]]
    judges = [v.value for v in model.part_variables["heads"]]
    with tf.GradientTape(persistent=True) as tape:
        found = model.forward(data, ["verdict", "real_logits", "fake_logits"], training=True)
        adv_g, adv_d = (model.terms[name](model, data, found) for name in ("adv_g", "adv_d"))
        each = [tf.reduce_sum(logits) for logits in found["verdict"]]
    for said in (adv_g, *each):
        assert all(np.abs(g).max() > 0 for g in tape.gradient(said, painters))
    assert all(np.abs(g).max() > 0 for g in tape.gradient(adv_d, judges))


def test_the_heads_judge_the_face_that_the_same_step_painted():
    """Algorithm 1, lines 9 to 11: painted once a step, and looked at once."""
    model = at_stage("fsg_gan", "synthesis")
    painted, looked = heard(model, "generator"), heard(model, "trunk")
    model.train_on_batch(step_batch(model))
    assert len(painted) == 1 and len(looked) == 2
    updates = [tuple(update.parts) for update in model.stage.updates]
    assert updates == [("generator",), ("heads",)]


# ---- stages ----------------------------------------------------------------------------------------------------------


def test_the_recipe_is_the_papers():
    structure, synthesis = PAPER.stages
    assert PAPER.optimizer == {"name": "adam", "beta_1": 0.5, "beta_2": 0.999}
    assert (structure.name, structure.length, structure.batch) == ("structure", {"epochs": 500}, 128)
    assert (synthesis.name, synthesis.length, synthesis.batch) == ("synthesis", {"epochs": 500}, 30)
    (draws,), (paints, judges) = structure.updates, synthesis.updates
    assert (draws.parts, draws.terms) == ({"vae": 1e-4}, {"vae_nll": 1.0, "vae_kl": 1.0})
    assert paints.parts == {"generator": 1e-4}
    assert paints.terms == {"pixel_l1": 100.0, "id_cosine": 50.0, "adv_g": 1.0}
    assert (judges.parts, judges.terms) == ({"heads": 1e-4}, {"adv_d": 1.0})
    assert synthesis.frozen == ("vae", "identity") and not structure.frozen
    assert structure.steps(faces=256) == 1000 and synthesis.steps(faces=60) == 1000
    for update in (*structure.updates, *synthesis.updates):
        assert update == replace(update, times=1, fresh=False, route={}, detach=(), gate=None, governor=None)


def test_the_small_recipe_is_as_the_ledger_says():
    structure, _, synthesis, finish = SMALL.stages
    assert (structure.length, structure.batch) == ({"steps": 8_000}, 64)
    assert structure.updates[0].terms == PAPER.stages[0].updates[0].terms
    paints, judges = synthesis.updates
    assert paints.terms == {"pixel_l1": 100.0, "pixel_ssim": 30.0, "id_cosine": 5.0, "adv_g": 1.0}
    assert judges.terms == {"adv_d": 1.0} and synthesis.frozen == ("vae", "finder", "identity")
    assert finish.name == "finish" and set(finish.frozen) >= {"vae", "heads", "recogniser"}
    assert paints.parts.keys() == finish.updates[0].parts.keys() == {"generator"}
    assert finish.updates[0].terms["pixel_l1"] > 0
    assert make("fsg_gan").default_recipe == "small" and FSGGAN.default_recipe == "paper"


@pytest.mark.parametrize("stage", ["synthesis", "finish"])
def test_after_the_first_stage_the_autoencoder_stands_still_bit_for_bit(stage):
    """Weights and batch statistics, though the generator learns through the encoder and the heads learn on it."""
    model = at_stage("fsg_gan", stage, changes={"norm": True})
    whole = [*model.encoder.variables, *model.decoder.variables]
    before, others = state(whole), state(model.generator.variables)
    for i in range(2):
        model.train_on_batch(step_batch(model, i))
    assert not any(moved(before, whole)) and len(model.part_statistics["vae"]) > 30
    assert sum(moved(others, model.generator.variables)) > 40


def test_batch_statistics_move_in_the_step_of_their_own_part_only():
    """The generator's step asks the heads, whose statistics stand; in their own step the generator's do."""
    for number, (mine, other) in enumerate((("generator", "heads"), ("heads", "generator"))):
        stage = PAPER.stage("synthesis")
        alone = replace(stage, updates=(replace(stage.updates[number], parts={mine: 1e-4}),))
        model = at_stage("fsg_gan", recipe=Recipe((alone,), PAPER.optimizer), changes={"norm": True})
        before = [state(model.part_statistics[part]) for part in (mine, other)]
        model.train_on_batch(step_batch(model))
        assert all(moved(before[0], model.part_statistics[mine]))
        if number == 0:
            assert not any(moved(before[1], model.part_statistics[other]))


def test_the_first_stage_draws_at_random_and_trains_the_autoencoder_alone():
    model = at_stage("fsg_gan", "structure", changes={"norm": True})
    generator = state([*model.generator.variables, *model.heads.variables])
    given, data = heard(model, "decoder"), step_batch(model, draws=False)
    for _ in range(2):
        model.train_on_batch(data)
    assert np.abs(given[0] - given[1]).max() > 0.1  # the weights have hardly moved
    assert not any(moved(generator, [*model.generator.variables, *model.heads.variables]))
    assert set(model.stage.updates[0].parts) == {"vae"} and model.stage.picture == "structure"
