"""The stage `finish`: its critic, its terms by hand, its governor."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from tests.models import tiny
from tfinpaint.errors import RecipeError
from tfinpaint.models.finishing import FINISH_TERMS, finish_stage, patch_critic
from tfinpaint.training import Governor, Recipe, Stage, Update

NAMES = ("c2fdan", "fmodr")


def compiled(name, stage=None, **options):
    """Eager, unless told otherwise: some steps are not worth compiling."""
    model = tiny.make(name)
    recipe = model.recipes["small"] if stage is None else Recipe((stage,))
    options = {"stage": stage.name if stage else "finish", "run_eagerly": True, **options}
    model.compile(recipe=recipe, features=tiny.MODELS[name].features, **options)
    return model


def critic_alone(advantage, rate=1e-2, memory=0.5, every=10**6):
    """The critic's update of the stage, as the only one."""
    governor = Governor("finish_critic", advantage, memory, every)
    update = Update({"patch_critic": rate}, {"finish_critic": 1.0, "finish_steady": 1.0}, governor=governor)
    return Stage("governed", {"steps": 9}, 2, (update,))


def step(model, index=0):
    """One step on the same batch; returns the logs."""
    data = tiny.step_batch(model, index)
    return {k: v[-1] for k, v in model.fit(data, batch_size=2, epochs=1, verbose=0).history.items()}


def value_of(model, term, data):
    """A term's mean as it is now."""
    data = {k: ops.convert_to_tensor(v) for k, v in data.items()}
    found = model.forward(data, model.terms[term].needs, training=True)
    return float(ops.mean(model.terms[term](model, data, found)))


# ---- the critic -----------------------------------------------------------------------------------------------------


def test_the_patch_critic_has_a_fine_and_a_wide_map_of_logits():
    critic = patch_critic(96)
    found = critic([np.zeros((2, 96, 96, 3)), np.ones((2, 96, 96, 1))])
    assert [tuple(x.shape) for x in found["logits"]] == [(2, 12, 12, 1), (2, 6, 6, 1)]
    assert [tuple(x.shape[1:]) for x in found["maps"]] == [(24, 24, 96), (12, 12, 192), (6, 6, 256), (6, 6, 256)]
    assert critic.count_params() == 1_756_688


def test_a_far_pixel_reaches_the_wide_map_and_not_the_fine_one():
    critic, rng = patch_critic(96, (4, 4, 4, 4)), np.random.default_rng(0)
    picture, hole = rng.normal(size=(1, 96, 96, 3)), np.ones((1, 96, 96, 1))
    moved = picture.copy()
    moved[0, 40, 40] += 5.0
    before, after = (critic([x, hole])["logits"] for x in (picture, moved))
    fine, wide = (np.abs(np.asarray(a) - np.asarray(b))[0, :, :, 0] > 1e-7 for a, b in zip(before, after, strict=True))
    assert fine[5, 5] and not fine[5, 0] and not fine[0, 5]
    assert wide[2, 2] and wide[2, 0]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_outside_the_window_reaches_it(name):
    model = compiled(name)
    top, left, side = model.finishing_window
    data = tiny.batch_of(model)
    outside = np.ones((1, model.image_size, model.image_size, 1), "float32")
    outside[:, top : top + side, left : left + side] = 0
    other = {**data, "image": data["image"] + outside}
    says = [model.forward(d, ["real_verdict"])["real_verdict"]["logits"] for d in (data, other)]
    for one, two in zip(*says, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(two))


# ---- the terms, by hand ---------------------------------------------------------------------------------------------


def outputs(count=3, size=4, **others):
    """Outputs of a model that no network has made: all painted pictures are 0.5 brighter than the photos."""
    photo = np.zeros((count, size, size, 3), "float32")
    hole = np.zeros((count, size, size, 1), "float32")
    hole[:, :2] = 1
    return {"image": photo, "mask": hole}, {"finished": photo + 0.5 * hole, "finishing_hole": hole, **others}


def call(name, batch, found, model=None):
    return np.asarray(FINISH_TERMS[name](model, batch, found))


def test_the_errors_are_means_over_the_hole():
    batch, found = outputs()
    np.testing.assert_allclose(call("finish_l1", batch, found), [0.5] * 3, rtol=1e-5)
    np.testing.assert_allclose(call("finish_chroma", batch, found), [0.0] * 3, atol=1e-6)  # grey on grey has no colour
    found["finished"] = batch["image"] + found["finishing_hole"] * np.float32([0.3, 0.1, 0.0])
    np.testing.assert_allclose(call("finish_l1", batch, found), [0.4 / 3] * 3, rtol=1e-4)
    np.testing.assert_allclose(call("finish_chroma", batch, found), [(0.2 + 0.1) / 2] * 3, rtol=1e-4)


def test_similarity_is_that_over_the_hole():
    batch, found = outputs(size=16)
    alone = call("finish_ssim", batch, {**found, "finishing_hole": np.ones_like(batch["mask"])})
    assert (call("finish_ssim", batch, found) > alone).all()  # outside the hole both are equal
    np.testing.assert_allclose(call("finish_ssim", batch, {**found, "finished": batch["image"]}), 0, atol=1e-6)


def test_features_are_relative_l1_over_the_maps():
    real = {"maps": [np.full((3, 2, 2, 1), 2.0), np.full((3, 1, 1, 4), 10.0)]}
    painted = {"maps": [np.full((3, 2, 2, 1), 3.0), np.full((3, 1, 1, 4), 9.0)]}
    found = call("finish_features", *outputs(real_verdict=real, painted_verdict=painted))
    np.testing.assert_allclose(found, [(0.5 + 0.1) / 2] * 3, rtol=1e-5)


def test_the_recogniser_looks_at_every_second_face_and_its_word_counts_for_two():
    real = {"low": np.full((2, 2, 2, 1), 4.0), "embedding": np.float32([[1, 0], [1, 0]])}
    painted = {"low": np.float32([3.0, 6.0]).reshape(2, 1, 1, 1) * np.ones((2, 2, 2, 1)), "embedding": np.eye(2)}
    batch, found = outputs(recognised=(painted, real))
    np.testing.assert_allclose(call("finish_recognised", batch, found), [0.25, 0.25, 0.5], rtol=1e-5)
    np.testing.assert_allclose(call("finish_identity", batch, found), [0, 0, 1], atol=1e-6)


class Seer:
    """A model that looks at whole pictures."""

    def window(self, pictures):
        return pictures


def verdicts(real, painted, size=4):
    """One map of logits at half the size and one at a quarter, the same number everywhere."""
    return {
        name: {"logits": [np.full((3, size // 2, size // 2, 1), v, "float32"), np.full((3, 1, 1, 1), v, "float32")]}
        for name, v in (("real_verdict", real), ("painted_verdict", painted))
    }


def test_at_chance_both_sides_have_2_ln_2_and_a_lead_helps_one_and_hurts_the_other():
    for lead in (0.0, 1.5):
        batch, found = outputs(**verdicts(real=lead, painted=0.0))
        critic, adversary = (call(f"finish_{n}", batch, found, Seer()) for n in ("critic", "adversary"))
        np.testing.assert_allclose(critic, [2 * math.log1p(math.exp(-lead))] * 3, rtol=1e-5)
        np.testing.assert_allclose(adversary, [2 * math.log1p(math.exp(lead))] * 3, rtol=1e-5)
    assert FINISH_TERMS["finish_critic"].chance == pytest.approx(2 * math.log(2))


def test_logits_beside_the_hole_do_not_count():
    batch, found = outputs(**verdicts(real=1.0, painted=0.0))
    before = call("finish_critic", batch, found, Seer())
    found["real_verdict"]["logits"][0][:, 1] = 100.0  # the lower half of the fine map, where nothing is hidden
    np.testing.assert_array_equal(call("finish_critic", batch, found, Seer()), before)
    found["real_verdict"]["logits"][0][:, 0] = 100.0
    assert (call("finish_critic", batch, found, Seer()) < before).all()


def test_steadiness_is_the_squared_move_of_every_fourth_sample():
    def maps(*values):
        return [np.float32(values).reshape(-1, 1, 1, 1)]

    calm = {"logits": maps(1, 0, 0, 0, 2)}
    batch, found = outputs(5, real_verdict=calm, painted_verdict=calm, shaken_logits=[maps(3, 2), maps(1, 5)])
    np.testing.assert_allclose(call("finish_steady", batch, found), [4, 4, 4, 4, 9])


@pytest.mark.parametrize("name", NAMES)
def test_a_calm_critic_is_steady_and_noise_moves_a_random_one(name):
    model = compiled(name)
    data = tiny.batch_of(model)
    assert value_of(model, "finish_steady", {**data, "shake": 0 * data["image"]}) < 1e-9
    assert value_of(model, "finish_steady", {k: v for k, v in data.items() if k != "shake"}) > 1e-9


# ---- the governor ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_critic_that_leads_too_much_waits(name):
    model = compiled(name, critic_alone(advantage=0.001, memory=0.0))
    data = tiny.step_batch(model)
    model.optimizer.learning_rate = 1e-2
    waits = None
    for _ in range(30):
        before, value = model.patch_critic.get_weights(), value_of(model, "finish_critic", data)
        logs = step(model)
        moved = any((a != b).any() for a, b in zip(before, model.patch_critic.get_weights(), strict=True))
        assert logs["patch_critic_moved"] == float(moved) == float(value > 0.999 * 2 * math.log(2))
        assert logs["finish_critic"] == pytest.approx(value, rel=1e-5)
        waits = not moved
        if waits:
            break
    assert waits, "The critic never led."
    optimizer = model.optimizer_of("patch_critic", model.stage.updates[0])
    iterations = int(optimizer.iterations)
    assert step(model)["patch_critic_moved"] == 0 and int(optimizer.iterations) == iterations


def test_of_every_few_steps_one_is_made_whatever_the_lead():
    model = compiled("fmodr", critic_alone(advantage=0.9, every=3), run_eagerly=False)
    moved = []
    for _ in range(7):
        model.levels["finish_critic"].assign(-100.0)
        moved.append(step(model)["patch_critic_moved"])
    assert moved == [1, 0, 0, 1, 0, 0, 1]


def test_the_level_is_a_running_mean_that_begins_each_stage_at_chance():
    model = compiled("fmodr", critic_alone(advantage=0.9, memory=0.75))
    chance, data = 2 * math.log(2), tiny.step_batch(model)
    level = chance
    for _ in range(3):
        level = 0.75 * level + 0.25 * value_of(model, "finish_critic", data)
        step(model)
        assert float(model.levels["finish_critic"]) == pytest.approx(level, rel=1e-5)
    model.begin("governed")
    assert float(model.levels["finish_critic"]) == pytest.approx(chance)


def test_what_was_not_done_does_not_count_in_the_log():
    model = compiled("fmodr", critic_alone(advantage=0.001))
    model.levels["finish_critic"].assign(0.0)
    model.stage_step.assign(1)
    logs = step(model)
    assert logs["patch_critic_moved"] == 0 and logs["finish_critic"] > 0.1
    assert logs["finish_steady"] == logs["patch_critic_gradient"] == 0  # the mean of nothing


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="JAX computes both branches")
def test_a_waiting_update_costs_nothing():
    import tensorflow as tf

    from tfinpaint.training.backend import only_if

    ran = tf.Variable(0)

    @tf.function
    def run(is_open):
        return only_if(is_open, lambda: ran.assign_add(1), lambda: tf.constant(-1))

    assert int(run(tf.constant(False))) == -1 and int(ran) == 0
    assert int(run(tf.constant(True))) == 1 and int(ran) == 1


@pytest.mark.parametrize(
    "change, said",
    [
        (
            {"governor": Governor("finish_l1", 0.1)},
            "The term of a governor .* must be one of .*finish_critic.*'finish_l1'",
        ),
        ({"governor": Governor("finish_critic", 1.5)}, "advantage in .* Received: .*1.5"),
        ({"governor": Governor("finish_critic", 0.1, 1.0)}, "memory in .* Received: .*memory=1.0"),
        ({"governor": Governor("finish_critic", 0.1, every=0)}, "`every` from 1. Received: .*every=0"),
        ({"gate": "unsolved"}, "may have a gate or a governor"),
    ],
)
def test_governors_that_cannot_be_are_refused(change, said):
    from dataclasses import replace

    model = tiny.make("fmodr")
    stage = critic_alone(0.1)
    stage = replace(stage, updates=(replace(stage.updates[0], **change),))
    with pytest.raises(RecipeError, match=said):
        model.compile(recipe=Recipe((stage,), gates=model.recipes["small"].gates), features={})


def test_a_stage_with_a_governor_comes_back_from_json():
    import json

    recipe = Recipe((finish_stage({"coarse": 1e-4}, 10),))
    written = json.dumps(recipe.to_dict())
    again = Recipe.from_dict(json.loads(written))
    assert (
        again.stages[0].updates[1].governor
        == recipe.stages[0].updates[1].governor
        == Governor("finish_critic", 0.16, every=3)
    )
    assert json.dumps(again.to_dict()) == written
