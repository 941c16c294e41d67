"""The five papers' recipes, run on a toy: what may move moves, and nothing else."""

import keras
import numpy as np
import pytest

from tests.training.toys import RECIPES, STAGES, batch, snapshot, step_batches, toy
from tfinpaint.errors import RecipeError
from tfinpaint.models.fmodr.recipe import PAPER, SMALL
from tfinpaint.training.recipe import Recipe


def _one(model, data):
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensors(data)
    if model.stage.batches_per_step > 1:
        dataset = tf.data.Dataset.from_tensor_slices(data)  # fit stacks them again
    return model.fit(dataset, verbose=0).history


def moved(before, after):
    return {p for p in before if any((a != b).any() for a, b in zip(before[p], after[p], strict=True))}


@pytest.mark.parametrize(("name", "stage"), STAGES, ids=lambda x: x)
def test_only_the_listed_parts_move(name, stage):
    model = toy(name, stage)
    listed = {part for update in model.stage.updates for part in update.parts}
    before = snapshot(model)
    slots = {k: [v.numpy() for v in o.variables] for k, o in model.optimizer.by_part.items()}
    logs = _one(model, step_batches(model))
    assert moved(before, snapshot(model)) == listed
    for key, optimizer in model.optimizer.by_part.items():
        if not any(model.optimizer_of(p, u) is optimizer for u in model.stage.updates for p in u.parts):
            for old, new in zip(slots[key], optimizer.variables, strict=True):
                if "learning_rate" not in new.path:
                    np.testing.assert_array_equal(old, new.numpy())
    terms = {t for u in model.stage.updates for t, w in u.terms.items() if w}
    assert terms <= set(logs)
    assert all(np.isfinite(v).all() for v in logs.values())


def test_a_frozen_part_keeps_its_batch_statistics():
    model = toy("can_dfe", "completion")
    model.judge.trainable = False
    statistics = [v.numpy() for v in model.judge.non_trainable_variables]
    _one(model, step_batches(model))
    norm = model.judge.get_layer("judge_norm")
    np.testing.assert_array_equal(norm.moving_mean.numpy(), np.zeros(4))
    assert len(statistics) > 0


def test_a_critic_steps_five_times_on_five_batches():
    model = toy("ca_gan")
    _one(model, step_batches(model))
    assert int(model.optimizer.by_part["critics"].iterations) == 5
    assert int(model.optimizer.by_part["coarse"].iterations) == 1
    assert model.stage.batches_per_step == 6


def test_repeating_one_batch_six_times_differs_from_fresh_batches():
    results = []
    for indices in ([0, 0, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5]):
        model = toy("ca_gan")
        parts = [batch(i) for i in indices]
        _one(model, {k: np.stack([b[k] for b in parts]) for k in parts[0]})
        results.append(model.judge.trainable_variables[0].numpy())
    assert np.abs(results[0] - results[1]).max() > 0


def _with_terms(terms):
    names, recipe = RECIPES["fmodr"]
    stage = {**recipe["stages"][1]}
    stage["updates"] = [{**stage["updates"][0], "terms": {**stage["updates"][0]["terms"], **terms}}]
    return Recipe.from_dict({**recipe, "stages": [recipe["stages"][0], stage]})


@pytest.mark.parametrize(("terms", "expected"), [({"perceptual": 0}, {"refine"}), ({"rec_refine": 0}, {"sca"})])
def test_a_routed_term_reaches_only_its_parts(terms, expected):
    model = toy("fmodr")
    model.compile(_with_terms(terms), stage="refine")
    before = snapshot(model)
    _one(model, step_batches(model))
    assert moved(before, snapshot(model)) == expected


def test_a_closed_gate_moves_neither_weights_nor_slots():
    model = toy("fmodr", "refine")
    before = [v.numpy() for v in [*model.variables, *model.optimizer.variables]]
    _one(model, batch(gate=[0.0, 0.05, 0.09, 0.0]))
    after = [v.numpy() for v in [*model.variables, *model.optimizer.variables]]
    names = [v.path for v in [*model.variables, *model.optimizer.variables]]
    changed = [n for n, b, a in zip(names, before, after, strict=True) if (a != b).any()]
    assert all("stage_step" in n or "seed" in n or "moving" in n for n in changed), changed


def test_a_gated_batch_trains_as_its_open_samples_alone():
    both = toy("fmodr", "refine")
    both.dropout.rate = 0.0
    alone = toy("fmodr", "refine")
    alone.dropout.rate = 0.0
    full = batch(count=2, gate=[0.05, 0.2])
    _one(both, full)
    _one(alone, {k: v[1:] for k, v in full.items()})
    for a, b in zip(snapshot(both)["refine"], snapshot(alone)["refine"], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_hooks_run_inside_the_step():
    model = toy("can_dfe", "contrast")
    twin = [v.numpy() for v in model.twin.trainable_variables]
    judge = [v.numpy() for v in model.judge.trainable_variables]
    data = batch()
    _one(model, data)
    for old, fast, new in zip(twin, judge, model.twin.trainable_variables, strict=True):
        np.testing.assert_allclose(new.numpy(), 0.9 * old + 0.1 * fast, atol=1e-6)
    np.testing.assert_allclose(model.queue.numpy()[2:, :3], data["image"].mean((1, 2)), atol=1e-5)


def test_rates_of_a_step_schedule_fall_by_its_factor_each_epoch():
    model = toy("c2fdan", "joint")
    model.begin("joint", length=4, steps_per_epoch=2)
    rates = []
    for i in range(4):
        _one(model, step_batches(model, i))
        rates.append(float(model.optimizer.by_part["fine"].learning_rate))
    np.testing.assert_allclose(rates, [1e-3, 1e-3, 1e-4, 1e-4], rtol=1e-5)


def test_a_part_with_two_optimizers_keeps_both():
    assert set(toy("can_dfe").optimizer.by_part) == {"encoder/0", "encoder/1", "decoder"}


@pytest.mark.parametrize("recipe", [PAPER, SMALL, *(Recipe.from_dict(r) for _, r in RECIPES.values())])
def test_a_recipe_survives_its_own_dictionary(recipe):
    assert Recipe.from_dict(recipe.to_dict()).to_dict() == recipe.to_dict()


def test_the_small_recipe_has_the_papers_stages_in_the_papers_order():
    assert [s.name for s in SMALL.stages] == [s.name for s in PAPER.stages]
    assert [s.frozen for s in SMALL.stages] == [s.frozen for s in PAPER.stages]


def test_scaling_multiplies_steps_and_rates():
    scaled = PAPER.scaled(steps=0.01, rates=10, batch=16)
    assert [s.length["steps"] for s in scaled.stages] == [100, 100, 10, 240, 100, 10, 200, 800]
    assert scaled.stages[0].updates[0].parts["detector"] == pytest.approx(1.5e-4)
    assert {s.batch for s in scaled.stages} == {16}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stages": []}, "at least one stage"),
        ({"colour": 1}, "colour"),
        ({"stages": [{"name": "a"}]}, "incomplete"),
        ({"stages": [{"name": "a", "length": {}, "batch": 1, "updates": [{"player": "G"}]}]}, "incomplete"),
    ],
)
def test_a_wrong_recipe_is_refused_in_a_sentence(change, words):
    with pytest.raises(RecipeError, match=words):
        Recipe.from_dict({**RECIPES["fmodr"][1], **change})


def test_an_unknown_stage_part_or_term_is_named():
    model = toy("fmodr")
    with pytest.raises(RecipeError, match="coarse_joint, refine"):
        model.begin("finish")
    for key, value, word in (("parts", {"nose": 1.0}, "nose"), ("terms", {"beauty": 1.0}, "beauty")):
        recipe = {**RECIPES["fmodr"][1]}
        stage = {**recipe["stages"][0]}
        stage["updates"] = [{**stage["updates"][0], key: value}]
        with pytest.raises(RecipeError, match=word):
            model.compile(Recipe.from_dict({**recipe, "stages": [stage]}))


def test_epochs_without_their_length_are_refused():
    with pytest.raises(RecipeError, match="steps_per_epoch"):
        Recipe.from_dict(RECIPES["c2fdan"][1]).stage("joint").steps()


def test_fit_before_compile_says_what_to_do():
    with pytest.raises(RecipeError, match="compile"):
        type(toy("fmodr"))(RECIPES["fmodr"][0]).fit([batch()])


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_steps_are_finite(policy):
    old = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = toy("fmodr", "coarse_joint")
        for i in range(3):
            logs = _one(model, batch(i))
        assert all(np.isfinite(v).all() for v in logs.values())
        assert model.loss_scaling == (policy == "mixed_float16")
    finally:
        keras.config.set_dtype_policy(old)
