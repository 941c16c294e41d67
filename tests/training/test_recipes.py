"""What a recipe says is what a step does: routes, gates, fresh batches, frozen parts, hooks, schedules, optimizers."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.models.run_stages import at_stage
from tests.models.tiny import MODELS, batch_of, class_of, step_batch
from tests.toys.can_dfe import KEYS
from tests.toys.fsg_gan import FSGGAN
from tfinpaint.errors import InputError, RecipeError
from tfinpaint.models.fmodr.recipe import PAPER
from tfinpaint.training.recipe import Gate, Recipe, Stage, Update

PAINTERS = {"coarse": 1e-3, "refine": 1e-3}


def weights(model, *parts):
    return [v.numpy() for part in parts for v in model.part_variables[part]]


def statistics(model, *parts):
    return [v.numpy() for part in parts for v in model.part_statistics[part]]


def same(before, after):
    return all((a == b).all() for a, b in zip(before, after, strict=True))


def moved(before, after):
    return not any((a == b).all() for a, b in zip(before, after, strict=True))


def with_update(name, gates=None, **changes):
    """The model with a recipe of one stage, the first of its own, whose first update is changed."""
    small = class_of(name).recipes["small"]
    stage = small.stages[0]
    stage = replace(stage, updates=(replace(stage.updates[0], **changes),))
    return at_stage(name, recipe=replace(small, stages=(stage,), gates=gates or {}))


# ---- frozen parts ----------------------------------------------------------------------------------------------------


def test_a_frozen_part_keeps_its_weights_and_batch_statistics_though_others_look_through_it():
    """FSG-GAN's critic looks through the encoder, with batch normalisation, at photos and paintings."""
    model = at_stage("toy_fsg_gan", "structure")
    before = weights(model, "vae"), statistics(model, "vae")
    model.train_on_batch(step_batch(model))
    trained = weights(model, "vae"), statistics(model, "vae")
    assert moved(before[0], trained[0]) and moved(before[1], trained[1])
    model.begin("synthesis")
    seen = statistics(model, "generator", "heads")
    model.train_on_batch(step_batch(model))
    assert same(trained[0], weights(model, "vae")) and same(trained[1], statistics(model, "vae"))
    assert moved(seen, statistics(model, "generator", "heads"))
    assert len(trained[1]) > 6


def test_thawing_gives_back_what_a_model_froze_itself():
    class HalfFrozen(FSGGAN):
        def finish(self):
            self.generator.get_layer("half").trainable = False
            super().finish()

    model = HalfFrozen()
    frozen = replace(class_of("toy_fsg_gan").recipes["small"].stages[0], name="again", frozen=("generator",))
    recipe = class_of("toy_fsg_gan").recipes["small"]
    model.compile(replace(recipe, stages=(frozen, recipe.stages[1])), "again", run_eagerly=True)
    layers = [layer for layer in model.generator.layers if layer.weights]
    assert not any(layer.trainable for layer in layers)
    model.begin("synthesis")
    assert [layer.name for layer in layers if not layer.trainable] == ["half"]
    kernel, others = model.generator.get_layer("half").kernel.numpy(), weights(model, "generator")
    model.train_on_batch(step_batch(model))
    np.testing.assert_array_equal(kernel, model.generator.get_layer("half").kernel.numpy())
    assert moved(others, weights(model, "generator"))


# ---- what reaches whom -----------------------------------------------------------------------------------------------


def test_a_routed_term_reaches_only_its_parts():
    """The coarse painter moves as if the term that is sent past it did not exist, and otherwise it does not."""
    terms, after = {"rec_coarse": 1.2, "wgan_g": 1.0}, {}
    cases = {
        "alone": {"parts": {"coarse": 1e-3}, "terms": {"rec_coarse": 1.2}},
        "routed": {"parts": PAINTERS, "terms": terms, "route": {"wgan_g": ("refine",)}},
        "free": {"parts": PAINTERS, "terms": terms},
    }
    for case, changes in cases.items():
        model = with_update("toy_ca_gan", detach=(), **changes)
        before = weights(model, "refine")
        model.train_on_batch(step_batch(model))
        after[case] = weights(model, "coarse")
        assert same(before, weights(model, "refine")) == (case == "alone")
    assert same(after["alone"], after["routed"])
    assert not same(after["alone"], after["free"])


def test_fmodr_trains_end_to_end_in_one_stage_that_no_paper_has():
    """Detector, coarse, refine and attention by one update, the critic of both pictures by another; all of it moves."""
    pixels = {"mask_mse": 1.0, "rec_coarse": 1.0, "rec_refine": 1.0, "perceptual": 1.0}
    painters = dict.fromkeys(("detector", "coarse", "refine", "sca"), 1e-3)
    paints = Update(painters, {**pixels, "adv_g_coarse": 0.1, "adv_g_refine": 0.1})
    judges = Update({"critic": 1e-3}, {"adv_d_coarse": 1.0, "adv_d_refine": 1.0})
    model = at_stage("fmodr", recipe=Recipe((Stage("all", {"steps": 2}, 2, (paints, judges)),)))
    parts = [part for part in model.part_variables if part != "patch_critic"]
    before = weights(model, *parts)
    for i in range(2):
        logs = model.train_on_batch(step_batch(model, i), return_dict=True)
    assert all(np.isfinite(v) for v in logs.values())
    assert moved(before, weights(model, *parts))


def test_a_term_of_weight_0_is_not_computed():
    model = with_update("toy_can_dfe", parts={"decoder": 1e-3}, terms={"rec": 1.0, "uv": 0.0}, optimizer=None)
    assert model.batch_keys() == {"occluded2"}  # of the hook and the measure; not `uv`
    logs = model.train_on_batch(step_batch(model), return_dict=True)
    assert set(logs) == {"rec", "decoder_gradient"}


def test_a_measures_keys_are_asked_of_what_is_validated_alone():
    small = class_of("toy_can_dfe").recipes["small"]
    model = at_stage("toy_can_dfe", recipe=Recipe((replace(small.stages[1], measures=("hole_l1", "contrast_top1")),)))
    assert model.batch_keys() == {"mask2", "uv", "uv_valid", "occluded2"}
    data = step_batch(model)
    single = {key: value for key, value in data.items() if key != "occluded2"}
    model.train_on_batch(single)
    with pytest.raises(InputError, match="Stage 'completion' reads `occluded2` of a batch"):
        model.test_on_batch(single)
    assert 0 <= model.test_on_batch(data, return_dict=True)["contrast_top1"] <= 1


def test_a_closed_gate_moves_neither_weights_nor_slots():
    model = with_update("toy_ca_gan", gates={"wide": Gate("hole_share", 0.5)}, gate="wide")
    variables = [*model.variables, *model.optimizer.variables]
    before = [v.numpy() for v in variables]
    logs = model.train_on_batch(step_batch(model), return_dict=True)
    assert logs["wide_share"] == 0
    changed = [v.path for v, old in zip(variables, before, strict=True) if (old != v.numpy()).any()]
    assert changed == [model.stage_step.path]


def test_a_gated_batch_trains_as_its_open_samples_alone():
    both, alone = (with_update("toy_ca_gan", gates={"wide": Gate("hole_share", 0.01)}, gate="wide") for _ in range(2))
    data = step_batch(both, count=3)
    data["mask"][1] = 0
    logs = both.train_on_batch(data, return_dict=True)
    assert logs["wide_share"] == pytest.approx(2 / 3)
    alone.train_on_batch({k: v[[0, 2]] for k, v in data.items()})
    for a, b in zip(weights(both, "coarse", "refine"), weights(alone, "coarse", "refine"), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)  # a step moves a weight by 1e-3


# ---- batches of a step -----------------------------------------------------------------------------------------------


def test_a_critic_steps_five_times_on_five_batches_and_the_painter_on_a_sixth():
    """Each of the six batches counts, and in its place: another one there gives another step."""
    usual = at_stage("toy_ca_gan", "adversarial")
    data = step_batch(usual)
    usual.train_on_batch(data)
    iterations = {key: int(optimizer.iterations) for key, optimizer in usual.optimizer.by_part.items()}
    assert iterations == {"coarse": 1, "refine": 1, "critics": 5}
    assert usual.stage.batches_per_step == 6
    for place in range(6):
        model = at_stage("toy_ca_gan", "adversarial")
        other = batch_of(model, 99)
        changed = {k: v.copy() for k, v in data.items()}
        for key, value in changed.items():
            value[place] = other[key]
        model.train_on_batch(changed)
        assert not same(weights(usual, "refine"), weights(model, "refine"))
        assert same(weights(usual, "critics"), weights(model, "critics")) == (place == 5), place


def test_fit_stacks_the_batches_of_a_step():
    import tensorflow as tf

    fitted, stepped = (at_stage("toy_ca_gan", "adversarial") for _ in range(2))
    data = step_batch(fitted)
    fitted.fit(tf.data.Dataset.from_tensor_slices(data), verbose=0)
    stepped.train_on_batch(data)
    assert same(weights(fitted, *PAINTERS, "critics"), weights(stepped, *PAINTERS, "critics"))


def test_hooks_run_inside_the_compiled_step_and_see_its_own_outputs():
    model = at_stage("toy_can_dfe", "contrast", run_eagerly=False, jit_compile=False)
    slow, fast = (
        [v.numpy() for v in vs] for vs in (model.hooks["momentum_update"].moves(model), weights_of_query(model))
    )
    queue, count = model.queue.numpy(), KEYS // 2 + 1
    steps = [step_batch(model, i, count) for i in range(2)]
    model.train_on_batch(steps[0])
    for old, new, now in zip(slow, fast, model.hooks["momentum_update"].moves(model), strict=True):
        np.testing.assert_allclose(now.numpy(), 0.9 * old + 0.1 * new, atol=1e-6)
    np.testing.assert_allclose(model.queue.numpy()[:count], keys_of(model, steps[0]), atol=1e-5)
    np.testing.assert_array_equal(model.queue.numpy()[count:], queue[count:])
    model.train_on_batch(steps[1])
    keys = keys_of(model, steps[1])  # the queue is a ring
    np.testing.assert_allclose(model.queue.numpy()[count:], keys[: KEYS - count], atol=1e-5)
    np.testing.assert_allclose(model.queue.numpy()[: 2 * count - KEYS], keys[KEYS - count :], atol=1e-5)
    assert int(model.pointer) == 2 * count - KEYS


def weights_of_query(model):
    return [*model.encoder.trainable_variables, *model.head.trainable_variables]


def keys_of(model, data):
    return np.asarray(model.forward(data, ["keys"])["keys"])


# ---- rates and optimizers --------------------------------------------------------------------------------------------


def test_an_epoch_is_a_pass_over_the_faces_and_a_step_schedule_falls_with_it():
    schedule = {"name": "step", "every_epochs": 1, "factor": 0.1}
    usual = class_of("toy_can_dfe").recipes["small"].stages[1]
    stage = replace(usual, length={"epochs": 2}, batch=2, schedule=schedule)
    assert stage.steps(faces=5) == 2 * 3
    fresh = replace(class_of("toy_ca_gan").recipes["small"].stages[1], length={"epochs": 2})
    assert fresh.steps(faces=25) == 2 * 3  # of 2 faces, six times a step
    model = at_stage("toy_can_dfe", "completion", recipe=Recipe((stage,)))
    model.begin("completion", length=6, faces_per_epoch=5)
    rates = []
    for i in range(4):
        model.train_on_batch(step_batch(model, i))
        rates.append(float(model.optimizer.by_part["decoder"].learning_rate))
    np.testing.assert_allclose(rates, [1e-3, 1e-3, 1e-3, 1e-4], rtol=1e-5)
    with pytest.raises(RecipeError, match="counts its length in epochs, .* so `faces_per_epoch` must be given"):
        stage.steps()


SCHEDULES = [{"name": "step", "every_epochs": 1, "factor": 0.1}, {"name": "cosine"}]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=["step", "cosine"])
def test_where_no_one_says_how_many_faces_there_are_a_schedule_of_epochs_does_not_fall(schedule):
    """`compile` and `fit` alone, without `fit_recipe`; told the number, it falls by the end of the stage."""
    stage = replace(class_of("toy_can_dfe").recipes["paper"].stages[1], length={"epochs": 2}, schedule=schedule)
    model = at_stage("toy_can_dfe", recipe=Recipe((stage,)))
    for faces, falls in ((None, False), (2, True)):
        model.begin(stage.name, faces_per_epoch=faces)
        for i in range(3):
            model.train_on_batch(step_batch(model, i))
        rate = float(model.optimizer.by_part["decoder"].learning_rate)
        assert rate < 1.1e-5 if falls else rate == pytest.approx(1e-3)


def test_a_part_that_two_stages_train_with_different_optimizers_has_both():
    model = at_stage("toy_can_dfe", "contrast")
    assert set(model.optimizer.by_part) == {"encoder/0", "encoder/1", "head", "decoder"}
    first, second = (model.optimizer.by_part[f"encoder/{i}"] for i in range(2))
    slots = [v.numpy() for v in second.variables]
    model.train_on_batch(step_batch(model))
    assert (type(first).__name__, int(first.iterations)) == ("SGD", 1)
    assert same(slots, [v.numpy() for v in second.variables])
    slots = [v.numpy() for v in first.variables if "learning_rate" not in v.path]
    model.begin("completion")
    model.train_on_batch(step_batch(model))
    assert (type(second).__name__, int(second.iterations)) == ("Adam", 1)
    assert same(slots, [v.numpy() for v in first.variables if "learning_rate" not in v.path])


# ---- recipes as data -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "recipe"), [(n, r) for n in MODELS for r in class_of(n).recipes])
def test_a_recipe_survives_json(name, recipe):
    recipe = class_of(name).recipes[recipe]
    written = json.loads(json.dumps(recipe.to_dict()))
    assert json.loads(json.dumps(Recipe.from_dict(written).to_dict())) == written


@pytest.mark.parametrize(("name", "recipe"), [(n, r) for n in MODELS for r in class_of(n).recipes])
def test_every_recipe_of_a_model_suits_it(name, recipe):
    model = at_stage(name, recipe=recipe)
    for stage in model.recipe.stages:
        assert model.begin(stage.name, faces_per_epoch=100) == stage


def test_scaling_multiplies_steps_and_rates():
    scaled = PAPER.scaled(steps=0.01, rates=10, batch=16)
    assert [s.length["steps"] for s in scaled.stages] == [100, 100, 10, 240, 100, 10, 200, 800]
    assert scaled.stages[0].updates[0].parts["detector"] == pytest.approx(1.5e-4)
    assert {s.batch for s in scaled.stages} == {16}
    assert class_of("toy_fsg_gan").recipes["paper"].scaled(steps=0.5).stages[0].length == {"epochs": 250}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stages": []}, "at least one stage"),
        ({"colour": 1}, "may have only the keys .* Received: colour"),
        ({"stages": [{"name": "a"}]}, "stage is incomplete"),
        ({"stages": [{"name": "a", "length": {}, "batch": 1, "updates": [{"parts": {}}]}]}, "update is incomplete"),
        ({"stages": [{"name": "a", "length": {}, "batch": 1, "updates": [{"player": "G"}]}]}, "Received: player"),
        ({"gates": {"a": {"value": "x"}}}, "gate is incomplete"),
    ],
)
def test_a_dictionary_that_is_no_recipe_is_refused_in_a_sentence(change, words):
    with pytest.raises(RecipeError, match=words):
        Recipe.from_dict({**PAPER.to_dict(), **change})


_DECODER = Update({"decoder": 1e-3}, {"rec": 1.0})


def _stage(**changes):
    return Recipe((replace(Stage("completion", {"steps": 1}, 2, (_DECODER,)), **changes),))


def _update(**changes):
    return _stage(updates=(replace(_DECODER, **changes),))


CONTRADICTIONS = {
    "A recipe must have at least one stage": Recipe(()),
    "Stages must have names of their own. Received: 'completion' twice": Recipe(_stage().stages * 2),
    "The value of gate 'shut' must be one of none. Received: 'beauty'": replace(
        _stage(), gates={"shut": Gate("beauty", 1)}
    ),
    "A length must be": _stage(length={"steps": 0}),
    "A length must be .* Received: {'years': 1} in stage 'completion'": _stage(length={"years": 1}),
    "`batch` must be at least 1": _stage(batch=0),
    "A stage must have at least one update": _stage(updates=()),
    "What is frozen .* must be one of decoder, encoder, head. Received: 'nose'": _stage(frozen=("nose",)),
    "A stage may not freeze a part that it trains. Received: 'decoder'": _stage(frozen=("decoder",)),
    "The time of hooks .* must be one of after, before. Received: 'between'": _stage(hooks={"between": ()}),
    "A hook .* must be one of enqueue, momentum_update. Received: 'sing'": _stage(hooks={"after": [{"hook": "sing"}]}),
    "The hook 'enqueue' must get the arguments that it takes": _stage(hooks={"after": [{"hook": "enqueue", "m": 1}]}),
    "The hook 'momentum_update' must get": _stage(hooks={"after": [{"hook": "momentum_update"}]}),
    "The schedule's name .* must be one of cosine, step. Received: 'line'": _stage(schedule={"name": "line"}),
    "An entry of the schedule .* must be one of to, warmup. Received: 'pace'": _stage(
        schedule={"name": "cosine", "pace": 1}
    ),
    "A schedule of steps must have a factor": _stage(schedule={"name": "step", "every_steps": 1}),
    "A schedule of steps must .* `every_steps` or `every_epochs`": _stage(schedule={"name": "step", "factor": 1}),
    "The picture .* must be one of alpha, field, image. Received: 'coarse'": _stage(picture="coarse"),
    "A measure .* Received: 'charm'": _stage(measures=("charm",)),
    "A monitor must be": _stage(monitor=("val_hole_l1", "best")),
    "A monitor must be .*Received: None": _stage(monitor=None),
    "The monitor .* must be one of rec, val_hole_l1, val_mask_iou. Received: 'val_contrast_top1'": _stage(
        monitor=("val_contrast_top1", "max")
    ),
    "An update must have parts": _update(parts={}),
    "An update must .* be made at least once": _update(times=0),
    "A part .* must be one of decoder, encoder, head. Received: 'twin'": _update(parts={"twin": 1e-3}),
    "A term .* Received: 'beauty'": _update(terms={"beauty": 1.0}),
    "A term with a route .* must be one of rec. Received: 'uv'": _update(route={"uv": ("decoder",)}),
    "A part on the route of 'rec' .* must be one of decoder. Received: 'head'": _update(route={"rec": ("head",)}),
    "A detached output .* Received: 'coarse'": _update(detach=("coarse",)),
    "A gate .* must be one of none. Received: 'wide'": _update(gate="wide"),
    "Every part of an update must be reached by a term. Received: 'head' with the terms rec": _update(
        parts={"decoder": 1e-3, "head": 1e-3}
    ),
    "Every part .* Received: 'decoder' with the terms none": _update(terms={"rec": 0.0}),
    "Every part .* Received: 'encoder'": _update(parts={"decoder": 1, "encoder": 1}, route={"rec": ("decoder",)}),
}


@pytest.fixture(scope="module")
def can_dfe():
    return class_of("toy_can_dfe")()


@pytest.mark.parametrize("sentence", CONTRADICTIONS)
def test_a_recipe_that_contradicts_itself_or_the_model_is_refused_in_a_sentence(sentence, can_dfe):
    with pytest.raises(RecipeError, match=sentence):
        can_dfe.compile(CONTRADICTIONS[sentence])


def test_parts_that_share_a_weight_are_refused():
    class Shared(FSGGAN):
        def parts(self):
            return {**super().parts(), "heads": [self.heads, self.trunk]}

    with pytest.raises(RecipeError, match="parts of a model must be disjoint. Received: .* in 'vae' and 'heads'"):
        Shared().compile("small")


def test_an_unknown_stage_or_recipe_is_named():
    model = at_stage("toy_fsg_gan")
    with pytest.raises(RecipeError, match="`stage` must be one of structure, synthesis. Received: stage='finish'"):
        model.begin("finish")
    with pytest.raises(RecipeError, match="`recipe` must be a Recipe or one of paper, small. Received: recipe='large'"):
        model.compile("large")


def test_fit_before_compile_says_what_to_do():
    with pytest.raises(RecipeError, match=r"must be compiled before fit. Call `model.compile\(\)` first"):
        class_of("toy_can_dfe")().fit([batch_of("toy_can_dfe")])
