"""What a model computes for its losses: what is wanted, once a step, with gradients where the recipe lets them."""

from collections import Counter
from dataclasses import replace

import keras
import numpy as np
import pytest

from tests.models import run_stages
from tests.models.tiny import batch, make
from tfinpaint.errors import InputError, RecipeError
from tfinpaint.models.fmodr.recipe import SMALL
from tfinpaint.training.declared import output
from tfinpaint.training.recipe import Recipe, Stage, Update


def tensors(data):
    return {key: keras.ops.convert_to_tensor(value) for key, value in data.items()}


def counted(model):
    """How often each network of FMODR runs from now on."""
    runs = Counter()
    for name in ("detector", "coarse_generator", "refine_generator", "critic"):
        network = getattr(model, name)

        def call(inputs, training=False, name=name, network=network):
            runs[name] += 1
            return network(inputs, training=training)

        object.__setattr__(model, name, call)
    return runs


@pytest.mark.parametrize(
    ("wanted", "networks"),
    [
        (["mask_probability"], {"detector"}),
        (["coarse"], {"detector", "coarse_generator"}),
        (["real_logit"], {"detector", "critic"}),
        (["refined"], {"detector", "coarse_generator", "refine_generator"}),
    ],
)
def test_forward_runs_only_what_is_wanted_each_network_once(wanted, networks):
    model = make("fmodr")
    runs = counted(model)
    found = model.forward(tensors(batch()), wanted)
    assert set(wanted) <= set(found) and runs == dict.fromkeys(networks, 1)


def test_what_is_known_is_not_computed_again():
    model, data = make("fmodr"), tensors(batch())
    coarse = model.forward(data, ["coarse"])
    runs = counted(model)
    found = model.forward(data, ["refined"], known=coarse)
    assert runs == {"refine_generator": 1} and found["coarse"] is coarse["coarse"]


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("coarse_joint", {"detector": 1, "coarse_generator": 1, "critic": 3}),
        ("refine_joint", {"detector": 1, "coarse_generator": 1, "refine_generator": 1, "critic": 3}),
    ],
)
def test_a_step_paints_once_for_painter_and_critic(stage, expected):
    model = make("fmodr")
    model.compile("small", stage, features=run_stages.features(), run_eagerly=True)
    runs = counted(model)
    model.train_on_batch(batch())
    assert runs == expected


def test_a_painter_that_moves_after_its_critic_paints_anew():
    critic, painter = Update({"critic": 1e-3}, {"adv_d_coarse": 1.0}), Update({"coarse": 1e-3}, {"adv_g_coarse": 1.0})
    model = make("fmodr")
    stage = Stage("both", {"steps": 1}, 2, (critic, painter), picture="coarse")
    model.compile(Recipe((stage,)), run_eagerly=True)
    runs = counted(model)
    model.train_on_batch(batch())
    assert runs["coarse_generator"] == 2 and runs["detector"] == 1


def test_detached_outputs_pass_no_gradient_to_others():
    moved = {}
    for detach in ((), ("coarse",)):
        update = Update({"coarse": 1.0, "refine": 1.0}, {"rec_coarse": 1.0, "rec_refine": 1.0}, detach=detach)
        model = make("fmodr")
        recipe = Recipe((Stage("all", {"steps": 1}, 2, (update,)),), optimizer={"name": "sgd"})
        model.compile(recipe, run_eagerly=True)
        logs = model.train_on_batch(batch(), return_dict=True)
        moved[detach] = logs["coarse_gradient"], logs["refine_gradient"]
    alone = make("fmodr")
    update = Update({"coarse": 1.0}, {"rec_coarse": 1.0})
    alone.compile(Recipe((Stage("all", {"steps": 1}, 2, (update,)),), optimizer={"name": "sgd"}), run_eagerly=True)
    own = alone.train_on_batch(batch(), return_dict=True)["coarse_gradient"]
    assert moved[("coarse",)][0] == pytest.approx(own, rel=1e-5)
    assert moved[()][0] != pytest.approx(own, rel=1e-2)
    assert moved[()][1] == pytest.approx(moved[("coarse",)][1], rel=1e-5)


def test_no_stage_with_a_critic_is_judged_by_an_error_of_pixels():
    for name in ("fmodr", "c2fdan"):
        model = make(name)
        for recipe in model.recipes.values():
            for stage in recipe.stages:
                plays = any(model.terms[t].against for u in stage.updates for t in u.terms)
                assert not plays or stage.monitor[0] not in ("val_hole_l1", "val_mask_iou"), (name, stage.name)


def test_a_side_that_the_networks_cannot_have_is_refused():
    with pytest.raises(InputError, match="multiple of"):
        make("fmodr").resized(70)


def test_layers_that_a_model_froze_itself_stay_frozen_when_their_part_thaws():
    model = make("fmodr")
    kept = model.coarse_generator.get_layer("encode_0_a")
    kept.trainable = False
    model.finish()
    model.freeze(["coarse"])
    assert not model.coarse_generator.get_layer("encode_0_b").trainable
    model.freeze([])
    assert model.coarse_generator.get_layer("encode_0_b").trainable and not kept.trainable
    assert not {id(v) for v in kept.weights} & {id(v) for v in model.part_variables["coarse"]}


def test_parts_that_share_a_weight_are_refused():
    class Sharing(type(make("fmodr"))):
        def parts(self):
            return {**super().parts(), "again": [self.detector]}

    with pytest.raises(RecipeError, match="parts of a model must be disjoint.*'detector' and 'again'"):
        Sharing(**make("fmodr").get_config()).compile(SMALL)


def test_an_output_of_a_subclass_takes_the_place_of_its_parents():
    class Grey(type(make("fmodr"))):
        @output("mask")
        def coarse(self, batch, given, training):
            return batch["occluded"] * (1 - given["mask"])

    assert set(Grey.produces) == set(type(make("fmodr")).produces)
    assert "coarse" not in Grey(**make("fmodr").get_config()).painted_by(["coarse"])
    assert "coarse" in make("fmodr").painted_by(["coarse"])


def test_an_unknown_detached_output_is_refused():
    stage = SMALL.stage("refine")
    wrong = replace(stage, updates=(replace(stage.updates[0], detach=("nose",)),))
    with pytest.raises(RecipeError, match="A detached output in stage 'refine' must be one of .* Received: 'nose'"):
        make("fmodr").compile(replace(SMALL, stages=(wrong,)))


def test_the_attention_of_c2fdan_tells_its_entropy():
    model, data = make("c2fdan"), tensors(batch())
    entropy = np.asarray(model.forward(data, model.entropies)["attention_entropy"])
    assert entropy.shape == (2,) and (entropy > 0).all() and (entropy <= 1).all()
    attention = model.fine_network.get_layer("self_attention")
    for weights in attention.trainable_variables:
        weights.assign(weights * 1e3)
    peaked = np.asarray(model.forward(data, model.entropies)["attention_entropy"])
    assert (peaked < entropy).all()


def test_validation_measures_the_mask_that_is_given_not_the_one_that_trains():
    model, data = make("c2fdan"), batch()
    values = {}
    for measures in (("mask_iou",), ("hole_l1", "mask_iou")):
        stage = replace(model.recipes["small"].stage("pixels"), measures=measures, monitor=("val_mask_iou", "max"))
        model.compile(replace(model.recipes["small"], stages=(stage,)), run_eagerly=True)
        values[measures] = model.test_on_batch(data, return_dict=True)["mask_iou"]
    found = np.asarray(model(data["occluded"])["mask"])
    expected = (found * data["mask"]).sum((1, 2, 3)) / np.maximum(found, data["mask"]).sum((1, 2, 3))
    assert list(values.values()) == pytest.approx([expected.mean()] * 2, rel=1e-5)
