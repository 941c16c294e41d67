"""What zoo/fmodr/ledger.csv says of FMODR's terms, stages and published weights, shown row by row."""

import csv
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.stored import read_input
from tests.models import run_stages
from tests.models.tiny import batch, make
from tfinpaint import zoo
from tfinpaint.framing import TEMPLATE, template_points
from tfinpaint.models import FMODR
from tfinpaint.models.fmodr.recipe import PAPER, SMALL, SMALL_COARSE
from tfinpaint.models.two_branches import refine_generator
from tfinpaint.training.recipe import Recipe

rng = np.random.default_rng(0)


def tensors(data):
    return {key: keras.ops.convert_to_tensor(value) for key, value in data.items()}


def with_features(recipe="small", stage=None, **changes):
    model = make("fmodr", **changes)
    model.compile(recipe, stage, features=run_stages.features(), run_eagerly=True)
    return model


def value(model, term, data, **outputs):
    return np.asarray(model.terms[term](model, tensors(data), tensors(outputs)))


# ---- networks --------------------------------------------------------------------------------------------------------


def test_the_towers_have_weights_of_their_own():
    critic, data = make("fmodr").critic, batch()
    towers = [critic.get_layer(f"{tower}_features").output for tower in ("global", "region")]
    features = keras.Model(critic.inputs, towers)
    before = [np.asarray(y) for y in features([data["image"], data["mask"]])]
    for layer in critic.layers:
        if layer.name.startswith("global_") and layer.weights:
            layer.set_weights([w + 0.1 for w in layer.get_weights()])
    after = [np.asarray(y) for y in features([data["image"], data["mask"]])]
    assert np.abs(before[0] - after[0]).max() > 0.01
    np.testing.assert_array_equal(before[1], after[1])


def test_one_logit_speaks_for_both_towers():
    critic, data = make("fmodr").critic, batch()
    hidden = data["image"] + 0.5 * data["mask"]
    visible = data["image"] + 0.5 * (1 - data["mask"])
    logits = [np.asarray(critic([image, data["mask"]])) for image in (data["image"], hidden, visible)]
    assert {logit.shape for logit in logits} == {(2, 1)}
    assert np.abs(logits[0] - logits[1]).min() > 1e-4 and np.abs(logits[0] - logits[2]).min() > 1e-4


def test_the_refine_network_sees_picture_ones_and_mask():
    network, data = make("fmodr").refine_generator, batch()
    seen = keras.Model(network.inputs, network.get_layer("filled_ones_mask").output)
    seen = np.asarray(seen([data["image"], data["mask"]]))
    np.testing.assert_array_equal(seen, np.concatenate([data["image"], data["mask"] * 0 + 1, data["mask"]], axis=-1))


def test_its_attention_compares_by_cosine_and_keeps_the_best():
    attention = make("fmodr").refine_generator.get_layer("attention")
    assert (attention.select, attention.normalize, attention.rate) == ("argmax", "both", 2)


@pytest.mark.parametrize(("bias", "hidden"), [(-0.2, 0.0), (0.2, 1.0)])
def test_a_pixel_is_hidden_where_the_detector_says_more_than_a_half(bias, hidden):
    model, data = make("fmodr"), batch()
    head = model.detector.get_layer("head")
    head.set_weights([np.zeros(head.kernel.shape), np.full(head.bias.shape, bias)])
    np.testing.assert_array_equal(np.asarray(model(data["occluded"])["mask"]), np.full_like(data["mask"], hidden))


def test_the_mask_is_0_or_1_and_what_was_painted_does_not_teach_the_detector():
    model, data = make("fmodr"), tensors(batch())
    variables = [v.value for v in model.part_variables["detector"]]
    with tf.GradientTape() as tape:
        outputs = model.forward(data, ["mask", "refined"], training=True)
        loss = tf.reduce_mean(outputs["refined"])
    assert set(np.unique(outputs["mask"])) == {0.0, 1.0}
    assert tape.gradient(loss, variables) == [None] * len(variables)


def test_restoring_and_validating_leave_every_weight_as_it_was():
    model, data = with_features(), batch()
    before = [v.numpy() for v in model.weights]
    model.restore(np.rint((data["occluded"] + 1) * 127.5).astype(np.uint8))
    model.test_on_batch(data)
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, new.numpy(), err_msg=new.path)


def test_the_eyes_of_an_aligned_face_stand_0_27_of_its_side_apart():
    eyes = template_points(256)[:2]
    np.testing.assert_allclose((eyes + 0.5) / 256, [[0.365, 0.38], [0.635, 0.38]], atol=1e-6)


# ---- equations -------------------------------------------------------------------------------------------------------


def test_eq_1_is_a_mean_over_pixels():
    data = batch()
    off = data["mask"] * 0.75 + 0.125
    expected = ((off - data["mask"]) ** 2).mean((1, 2, 3))
    np.testing.assert_allclose(value(make("fmodr"), "mask_mse", data, mask_probability=off), expected, rtol=1e-5)


@pytest.mark.parametrize(("term", "looks_at"), [("rec_coarse", "coarse"), ("rec_refine", "refined")])
def test_eq_2_looks_at_its_own_composed_picture(term, looks_at):
    model, data = make("fmodr"), batch()
    data["valid"][:, :8] = 0
    others = {"coarse": data["image"] + 0.7, "refined": data["image"] + 0.9}
    off = np.abs(rng.normal(size=data["image"].shape)).astype("float32")
    found = value(model, term, data, **{**others, looks_at: data["image"] + off})
    np.testing.assert_allclose(found, (off * data["valid"]).mean((1, 2, 3)), rtol=1e-4)
    # Composed: what is not hidden is copied, so a perfect mask leaves no error there.
    picture = model.forward(tensors(data), [looks_at, "mask"])
    kept = np.broadcast_to(np.asarray(picture["mask"]) == 0, data["image"].shape)
    np.testing.assert_array_equal(np.asarray(picture[looks_at])[kept], data["occluded"][kept])
    assert kept.any() and not kept.all()


@pytest.mark.parametrize(("term", "looks_at"), [("perceptual", "refined"), ("perceptual_coarse", "coarse")])
def test_eq_3_is_the_squared_difference_of_relu3_3_on_a_square_of_the_lower_face(term, looks_at):
    model, data = with_features(), batch()
    top, left, side = 28, 14, 36  # of 64
    assert model.perceptual_window == (top, left, side)
    others = {"coarse": data["image"] + 0.7, "refined": data["image"] + 0.9}
    painted = data["image"] + rng.normal(size=data["image"].shape).astype("float32")
    look = run_stages.features(["perceptual"])["perceptual"]
    window = (slice(None), slice(top, top + side), slice(left, left + side))
    ours, clean = (np.asarray(look(picture[window])["relu3_3"]) for picture in (painted, data["image"]))
    found = value(model, term, data, **{**others, looks_at: painted})
    np.testing.assert_allclose(found, ((ours - clean) ** 2).mean((1, 2, 3)), rtol=1e-4)


def test_the_window_holds_nose_mouth_and_chin_and_the_paper_has_the_whole_picture():
    top, left, side = (x / 64 for x in make("fmodr").perceptual_window)
    for x, y in [*TEMPLATE[2:], (0.5, 0.9)]:  # nose, corners of the mouth, chin
        assert left + 0.05 < x < left + side - 0.05 and top + 0.05 < y < top + side - 0.05
    assert (TEMPLATE[:2, 1] < top).all()  # the eyes are above it
    assert FMODR.perceptual_window.fget(SimpleNamespace(image_size=256)) == (0, 0, 256)
    slot = FMODR.feature_slots["perceptual"]
    assert (slot.network, slot.default) == ("vgg16", "imagenet")


@pytest.mark.parametrize("picture", ["coarse", "refine"])
def test_eq_5_on_the_fused_logit_by_hand(picture):
    model, data = make("fmodr"), batch()
    real, fake, other = (np.float32(x).reshape(2, 1) for x in ([1.5, -0.5], [-2.0, 0.7], [9.0, 9.0]))
    logits = {"coarse_logit": other, "refined_logit": other, "real_logit": real}
    logits["coarse_logit" if picture == "coarse" else "refined_logit"] = fake

    def log_sigmoid(x):
        return -np.log1p(np.exp(-x.astype(float)))[:, 0]

    expected = -log_sigmoid(real) - log_sigmoid(-fake)
    np.testing.assert_allclose(value(model, f"adv_d_{picture}", data, **logits), expected, rtol=1e-5)
    np.testing.assert_allclose(value(model, f"adv_g_{picture}", data, **logits), -log_sigmoid(fake), rtol=1e-5)


# ---- stages ----------------------------------------------------------------------------------------------------------

SCA = {"perceptual": ("sca",)}
JUDGE = ({"critic": 1.5e-5}, {"adv_d_refine": 1.0}, {}, None)
# Name, steps, what is frozen; of each update its parts with rates, terms with weights, routes and gate.
STAGES = [
    ("detector", 10_000, (), [({"detector": 1.5e-5}, {"mask_mse": 1.0}, {}, None)]),
    ("coarse", 10_000, ("detector",), [({"coarse": 1.5e-5}, {"rec_coarse": 1.0}, {}, None)]),
    ("coarse_critic", 1_000, ("detector", "coarse"), [({"critic": 1.5e-5}, {"adv_d_coarse": 1.0}, {}, None)]),
    (
        "coarse_joint",
        24_000,
        ("detector",),
        [
            ({"coarse": 1.5e-5}, {"rec_coarse": 1.0, "adv_g_coarse": 0.05}, {}, None),
            ({"critic": 1.5e-5}, {"adv_d_coarse": 1.0}, {}, None),
        ],
    ),
    (
        "refine",
        10_000,
        ("detector", "coarse", "perceptual"),
        [
            (
                {"refine": 1.5e-5, "sca": 1.5e-5},
                {"rec_refine": 1.0, "perceptual": 1.0},
                {"rec_refine": ("refine",), **SCA},
                "unsolved",
            )
        ],
    ),
    ("refine_critic", 1_000, ("detector", "coarse", "refine", "sca"), [JUDGE]),
    (
        "refine_joint",
        20_000,
        ("detector", "coarse", "perceptual"),
        [
            (
                {"refine": 1.5e-5, "sca": 1.5e-5},
                {"rec_refine": 0.5, "adv_g_refine": 0.1, "perceptual": 1.0},
                {"rec_refine": ("refine",), "adv_g_refine": ("refine",), **SCA},
                "unsolved",
            ),
            JUDGE,
        ],
    ),
    (
        "refine_perceptual",
        80_000,
        ("detector", "coarse", "perceptual"),
        [
            (
                {"refine": 1.5e-5, "sca": 1.5e-5},
                {"perceptual": 1.0, "adv_g_refine": 0.1},
                {"adv_g_refine": ("refine",)},
                "unsolved",
            ),
            JUDGE,
        ],
    ),
]


@pytest.mark.parametrize("index", range(8), ids=lambda i: STAGES[i][0])
def test_stage_by_stage_the_recipe_is_the_papers(index):
    stage, (name, steps, frozen, updates) = PAPER.stages[index], STAGES[index]
    assert (stage.name, dict(stage.length), stage.batch, stage.frozen) == (name, {"steps": steps}, 4, frozen)
    assert [(u.parts, u.terms, u.route, u.gate) for u in stage.updates] == updates
    assert not [u for u in stage.updates if u.times != 1 or u.fresh or u.detach or u.optimizer]
    assert stage.schedule is None and not stage.hooks and stage.optimizer is None
    assert len(PAPER.stages) == 8 and PAPER.optimizer == {"name": "adam"}


def test_the_skip_rule_is_a_threshold_of_a_tenth():
    assert set(PAPER.gates) == set(SMALL.gates) == {"unsolved"}
    for recipe in (PAPER, SMALL):
        gate = recipe.gates["unsolved"]
        assert (gate.value, gate.at_least) == ("coarse_hole_l1", 0.1)
        paints = [u for s in recipe.stages for u in s.updates if "refine" in u.parts and s.name != "finish"]
        assert len(paints) == 3 and {u.gate for u in paints} == {"unsolved"}


# Steps and rates; of the painter's update the terms with weights.
SMALL_STAGES = {
    "detector": (4_000, {"detector": 1e-3}, {"mask_mse": 1.0}),
    "coarse": (9_000, {"coarse": 5e-4}, {"rec_coarse": 1.0, "ssim_coarse": 0.6}),
    "coarse_critic": (200, {"critic": 1e-4}, {"adv_d_coarse": 1.0}),
    "coarse_joint": (
        3_400,
        {"coarse": 3e-4},
        {
            "rec_coarse": 1.0,
            "ssim_coarse": 1.0,
            "perceptual_coarse": 3.3e-4,
            "identity_coarse": 0.02,
            "adv_g_coarse": 1e-3,
        },
    ),
    "refine": (600, {"refine": 4e-4, "sca": 4e-4}, {"rec_refine": 1.0, "ssim_refine": 0.6, "perceptual": 1.0}),
    "refine_critic": (200, {"critic": 1e-4}, {"adv_d_refine": 1.0}),
    "refine_joint": (
        700,
        {"refine": 2e-4, "sca": 2e-4},
        {"rec_refine": 1.0, "ssim_refine": 1.0, "identity": 0.02, "adv_g_refine": 1e-3, "perceptual": 1.0},
    ),
    "refine_perceptual": (
        700,
        {"refine": 2e-4, "sca": 2e-4},
        {"rec_refine": 0.5, "ssim_refine": 1.0, "identity": 0.02, "adv_g_refine": 1e-3, "perceptual": 3.3e-4},
    ),
}


@pytest.mark.parametrize("name", SMALL_STAGES)
def test_the_small_recipe_is_as_the_ledger_says(name):
    stage, paper, (steps, parts, terms) = SMALL.stage(name), PAPER.stage(name), SMALL_STAGES[name]
    update, *critics = stage.updates
    assert (dict(stage.length), stage.batch, update.parts, update.terms) == ({"steps": steps}, 16, parts, terms)
    assert [(u.parts, len(u.terms)) for u in critics] == [({"critic": 1e-4}, 1)] * (len(paper.updates) - 1)
    decay = None if name.endswith("critic") else {"name": "cosine", "to": 0.05, "warmup": 100}
    assert stage.schedule == decay and stage.frozen == paper.frozen and update.gate == paper.updates[0].gate
    everywhere = set(terms) - {"perceptual"} if "sca" in parts else set()
    routes = {term: ("refine",) for term in everywhere}
    assert update.route == (routes | SCA if name in ("refine", "refine_joint") else routes)


def test_the_small_recipe_takes_18800_steps_with_another_beta_2():
    *papers, finish = SMALL.stages
    assert sum(s.length["steps"] for s in papers) == 18_800
    assert [s.name for s in papers] == [s.name for s in PAPER.stages] and finish.name == "finish"
    assert SMALL.optimizer == {"name": "adam", "beta_1": 0.9, "beta_2": 0.99}


def test_the_last_stage_trains_both_painters_behind_the_detector():
    finish = SMALL.stages[-1]
    painter, critic = finish.updates
    assert set(painter.parts) == {"coarse", "refine", "sca"} and painter.gate is None and not painter.detach
    assert set(critic.parts) == {"patch_critic"} and critic.governor.term == "finish_critic"
    assert {"detector", "critic", "recogniser"} <= set(finish.frozen)
    assert {t for t in painter.terms if not t.startswith("finish_")} == {"hole_coarse"}


@pytest.mark.parametrize("recipe", [PAPER, SMALL], ids=["paper", "small"])
@pytest.mark.parametrize("stage", ["refine", "refine_joint", "refine_perceptual"])
def test_the_kernels_learn_from_the_perceptual_term_and_from_no_other(recipe, stage):
    model, norms = make("fmodr"), []
    for of_perceptual, of_others in ((1e6, 1e3), (5e6, 3e3)):
        changed = recipe.scaled(rates=1e-20).to_dict()  # the weights stay, so gradients can be compared
        update = next(s for s in changed["stages"] if s["name"] == stage)["updates"][0]
        update["terms"] = {
            t: w * (of_perceptual if t == "perceptual" else of_others) for t, w in update["terms"].items()
        }
        model.compile(Recipe.from_dict(changed), stage, features=run_stages.features(), run_eagerly=True)
        logs = model.train_on_batch(batch(), return_dict=True)
        assert logs["unsolved_share"] == 1
        norms.append((logs["refine_gradient"], logs["sca_gradient"]))
    (refine, kernels), (refine_after, kernels_after) = norms
    assert kernels_after == pytest.approx(5 * kernels, rel=1e-3) and kernels > 1e-4
    only_others = refine_after == pytest.approx(3 * refine, rel=1e-3)
    assert only_others == (stage != "refine_perceptual")  # until the last stage the perceptual term goes nowhere else


# ---- published weights -----------------------------------------------------------------------------------------------


def test_the_small_preset_is_built_as_the_ledger_says():
    arguments = zoo.preset("fmodr_128").arguments
    assert {k: v for k, v in arguments.items() if "widths" not in k} == {
        "image_size": 128,
        "detector_dilations": [2, 4],
        "detector_skips": True,
        "coarse_limit": 40,
        "critic_dense": 128,
        "stem": 2,
    }
    assert arguments["critic_widths"] == [16, 32, 64, 96, 96, 96]
    assert arguments["refine_widths"] == []


def test_a_residual_refine_network_begins_at_the_coarse_picture_and_folds_pixels():
    network, data = refine_generator(32, (4, 4, 8), (2,), stem=2, residual=True), batch(size=32)
    kinds = {type(layer).__name__ for layer in network.layers}
    assert {"SpaceToDepth", "DepthToSpace"} <= kinds and "half_low" in {layer.name for layer in network.layers}
    head = network.get_layer("head")
    head.set_weights([w * 0 for w in head.get_weights()])
    np.testing.assert_allclose(network([data["image"], data["mask"]]), data["image"], atol=1e-6)


def test_no_network_refines_what_the_published_weights_paint():
    model = zoo.load("fmodr_128")
    assert model.painter_names == ("detector", "coarse_generator") and not {"refine", "sca"} & set(model.parts())
    outputs = model(read_input("fmodr_128_face_0")[None] / np.float32(127.5) - 1)
    np.testing.assert_array_equal(outputs["image"], outputs["coarse"])


def test_without_a_refine_network_the_small_recipe_has_the_other_stages():
    *papers, finish = SMALL_COARSE.stages
    assert papers == [SMALL.stage(name) for name in ("detector", "coarse", "coarse_critic", "coarse_joint")]
    ours, theirs = finish.updates[0], SMALL.stages[-1].updates[0]
    assert finish.name == "finish" and finish.updates[1] == SMALL.stages[-1].updates[1]
    assert ours.parts == {"coarse": theirs.parts["coarse"]}
    assert ours.terms == {name: weight for name, weight in theirs.terms.items() if name.startswith("finish_")}


def test_what_the_published_weights_went_through_is_on_record():
    runs = zoo.preset("fmodr_128").training["runs"]
    stages = [run.split("--stages ")[1].split(" --")[0].split() for run in runs if "--stages " in run]
    ran = {name for names in stages for name in names}
    assert {"detector", "coarse", "coarse_critic", "coarse_joint"} <= ran
    assert "halfway (share 0.5)" in runs[11] and "the blend of runs 5 and 8" in runs[11]
    assert "`finish`" in runs[12]
    assert "published coarse network" in runs[-1] and "detector is that of run 10" in runs[-1]
    with (zoo.folder("fmodr") / "training.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    finished = [row for row in rows if row["stage"] == "finish"]
    assert finished[-1] == rows[-1] and all(row["finish_critic"] and row["val_hole_detail"] for row in finished)
