"""What zoo/c2fdan/ledger.csv says of C2FDAN's networks, recipes and published weights, shown row by row."""

import csv
import math

import keras
import numpy as np
import pytest

from tests.goldens.stored import read_input
from tests.models import run_stages
from tests.models.tiny import batch, make
from tfinpaint import zoo
from tfinpaint.layers import DMFB
from tfinpaint.models.c2fdan import networks
from tfinpaint.models.c2fdan.critics import CRITICS
from tfinpaint.models.c2fdan.recipe import PAPER, SMALL


def tensors(data):
    return {key: keras.ops.convert_to_tensor(value) for key, value in data.items()}


def with_features(recipe="small", stage=None, **changes):
    model = make("c2fdan", **changes)
    model.compile(recipe, stage, features=run_stages.features(["identity_maps"]), run_eagerly=True)
    return model


# ---- networks --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def paper():
    return networks.coarse_network(112), networks.fine_network(112)


def test_blocks_take_the_activation_of_their_network(paper):
    found = [{layer.name: layer.activation for layer in n.layers if isinstance(layer, DMFB)} for n in paper]
    assert found == [{"dmfb": "leaky_relu"}, {"cross_dmfb": "elu", "self_dmfb": "elu", "fused_dmfb": "elu"}]


def test_the_self_attention_comes_back_to_half_size_by_one_convolution_without_a_skip(paper):
    fine = paper[1]
    names = {}  # layer -> the layers that it is called on
    for layer in fine.layers:
        for node in layer._inbound_nodes:
            names[layer.name] = [tensor._keras_history.operation.name for tensor in node.input_tensors]
    assert names["three_branches"] == ["half_1", "cross", "self_half"]
    assert (names["self_half"], names["up_half"]) == (["up_half"], ["self"])
    assert (names["skip_full"], names["decode_0"]) == (["up_full", "full_1"], ["skip_full"])
    assert (names["head"], names["decode_2"]) == (["decode_2"], ["decode_1"])


def test_the_published_presets_are_built_as_the_ledger_says():
    small, paper = (zoo.preset(name).arguments for name in ("c2fdan_128_small", "c2fdan_112"))
    assert paper == {"framing": "arcface"}
    assert small == {
        "image_size": 128,
        "coarse_widths": [32, 64, 160],
        "mask_widths": [16, 32],
        "fine_widths": [16, 48, 128],
        "attention_width": 32,
        "gradient": "straight_through",
        "residual": True,
        "near": True,
        "mirrored": True,
        "critic_widths": [16, 32, 64],
        "identity_window": 0,
        "looks_at": ["refined"],
        "stem": 2,
        "normalize": True,
    }


# ---- equations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("probability", "hidden"), [(0.45, 0.0), (0.55, 1.0)])
def test_when_restoring_a_pixel_is_hidden_above_a_half(probability, hidden):
    model, data = make("c2fdan"), batch()
    head = model.coarse_network.get_layer("mask_head")
    logit = math.log(probability / (1 - probability))
    head.set_weights([np.zeros(head.kernel.shape), np.full(head.bias.shape, logit)])
    found = model(data["occluded"])
    np.testing.assert_allclose(found["mask_probability"], np.full_like(data["mask"], probability), rtol=1e-5)
    np.testing.assert_array_equal(found["mask"], np.full_like(data["mask"], hidden))
    given = model({"image": data["occluded"], "mask": np.full_like(data["mask"], probability)})
    np.testing.assert_array_equal(given["mask"], np.full_like(data["mask"], hidden))


@pytest.mark.parametrize(("term", "looks_at"), [("ssim_coarse", "coarse"), ("ssim_fine", "refined")])
def test_similarity_looks_at_its_own_composed_picture(term, looks_at):
    model, data = make("c2fdan"), batch()
    clean = data["image"]
    others = {"coarse": -clean, "refined": -clean, "raw": -clean, "painted": -clean}
    same = model.terms[term](model, data, {**others, looks_at: clean})
    np.testing.assert_allclose(same, [0, 0], atol=1e-5)
    grown = [np.asarray(model.terms[term](model, data, {**others, looks_at: clean * f})) for f in (0.8, 0.5)]
    assert (grown[0] > 1e-3).all() and (grown[1] > grown[0]).all()


# ---- training --------------------------------------------------------------------------------------------------------


def test_the_recipe_is_the_papers_to_the_last_number():
    coarse, joint = PAPER.stages
    assert (coarse.name, dict(coarse.length), coarse.batch, coarse.frozen) == ("coarse", {"epochs": 1}, 8, ())
    assert [(u.parts, u.terms) for u in coarse.updates] == [
        ({"coarse": 2e-4}, {"mask_bce": 1.0, "occ_l1": 3.0, "nocc_l1": 1.0})
    ]
    assert coarse.schedule is None
    assert (joint.name, dict(joint.length), joint.batch) == ("joint", {"epochs": 5}, 8)
    assert joint.frozen == ("identity_maps",)
    assert [(u.parts, u.terms) for u in joint.updates] == [
        (
            {"coarse": 5e-5, "fine": 1e-4},
            {
                "mask_bce": 10.0,
                "occ_l1": 3.0,
                "nocc_l1": 1.0,
                "id_perceptual": 0.1,
                "id_style": 240.0,
                "adv_g": 1.0,
            },
        ),
        ({"critics": 1e-4}, {"adv_d": 1.0}),
    ]
    assert joint.schedule == {"name": "step", "every_epochs": 1, "factor": 0.1}
    assert PAPER.optimizer == {"name": "adam", "beta_1": 0.5, "beta_2": 0.999} and not PAPER.gates
    for stage in PAPER.stages:
        assert not stage.hooks and stage.optimizer is None
        for update in stage.updates:
            assert not (update.route or update.detach or update.gate or update.optimizer or update.fresh)
            assert update.times == 1


def test_an_epoch_is_one_pass_over_the_faces():
    assert [s.steps(faces=3_100_000) for s in PAPER.stages] == [387_500, 5 * 387_500]


COARSE = {"mask_bce": 1.0, "occ_l1": 3.0, "nocc_l1": 1.0}
BOTH = {"mask_bce": 10.0, "occ_l1": 3.0, "nocc_l1": 1.0, "occ_l1_fine": 2.0, "ssim_fine": 10.0}
IN_THE_END = {"ssim_coarse": 3.0, "chroma_l1_fine": 3.0, "id_perceptual": 0.5, "id_style": 5.0, "adv_g": 0.4}
SMALL_STAGES = {
    "coarse": ([({"coarse": 6e-4}, {**COARSE, "ssim_coarse": 6.0})], 0.05),
    "pixels": ([({"coarse": 3e-4, "fine": 6e-4}, BOTH)], 0.3),
    "joint": ([({"coarse": 2e-4, "fine": 4e-4}, {**BOTH, **IN_THE_END}), ({"critics": 4e-4}, {"adv_d": 1.0})], 0.05),
}


@pytest.mark.parametrize("name", SMALL_STAGES)
def test_the_small_recipe_is_as_the_ledger_says(name):
    stage, (updates, to) = SMALL.stage(name), SMALL_STAGES[name]
    assert [(u.parts, u.terms) for u in stage.updates] == updates
    assert (dict(stage.length), stage.batch) == ({"steps": 8_000}, 16)
    assert stage.schedule == {"name": "cosine", "to": to, "warmup": 100}
    assert [s.name for s in SMALL.stages] == [*SMALL_STAGES, "finish"]
    assert SMALL.optimizer == {"name": "adam", "beta_1": 0.9, "beta_2": 0.99}


def test_the_last_stage_trains_both_painters_and_the_mask():
    finish = SMALL.stages[-1]
    painter, critic = finish.updates
    assert set(painter.parts) == {"coarse", "fine"} and set(critic.parts) == {"patch_critic"}
    assert critic.governor.term == "finish_critic" and "critics" in finish.frozen
    assert {t for t in painter.terms if not t.startswith("finish_")} == {"mask_bce", "occ_l1", "nocc_l1"}


def test_between_the_papers_two_steps_nobody_judges_or_recognises():
    model = make("c2fdan")
    (update,) = SMALL.stage("pixels").updates
    asked = {output for term in update.terms for output in model.terms[term].needs}
    assert not asked & {"fake_logits", "real_logits", "identity_maps"}
    assert not [term for term in update.terms if model.terms[term].features]


def test_a_step_paints_once_and_its_critics_judge_that_picture():
    model, runs, judged = with_features("small", "joint"), [], []
    for name in ("coarse_network", "fine_network", "critics"):
        network = getattr(model, name)

        def call(inputs, training=False, name=name, network=network):
            runs.append(name)
            if name == "critics":
                judged.append(np.asarray(inputs[0]))
            return network(inputs, training=training)

        object.__setattr__(model, name, call)
    data = batch()
    model.train_on_batch(tensors(data))
    assert sorted(runs) == ["coarse_network", *3 * ["critics"], "fine_network"]
    painters, *critics = judged  # the critics step second: of the photo and of what the painters stepped on
    photo, painted = sorted(critics, key=lambda picture: np.abs(picture - data["image"]).max())
    np.testing.assert_array_equal(photo, data["image"])
    np.testing.assert_array_equal(painted, painters)


# ---- published weights -----------------------------------------------------------------------------------------------


def test_what_the_published_weights_went_through_is_on_record():
    training = zoo.preset("c2fdan_128_small").training
    runs, finishing = training["runs"][:8], training["runs"][8:]
    assert all("--average 0.999" in run for run in runs[1:]) and "--average" not in runs[0]
    assert all("--jitter 0.07" in run and "--colour-jitter" in run for run in runs)
    assert [run[0] for run in runs if "lean" in run] == ["7"] and runs[-1].startswith("8: ")
    assert [run.split(":")[0] for run in finishing] == ["9", "10"] and "normalize=True" in finishing[0]
    assert "mobile_face_net" in finishing[0] and "coarse network and the critics of run 8 frozen" in finishing[0]
    assert [run[0] for run in runs if "parts of the face" in run] == ["5"]
    files = " ".join(training["feature files"])
    assert "light_cnn_compact.npz (runs 5 to 8)" in files and "resnet" not in files


def test_to_the_end_the_published_critics_stayed_at_chance():
    with (zoo.folder("c2fdan") / "training.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["adv_d"]]
    chance = make("c2fdan").terms["adv_d"].chance
    assert round(chance, 3) == 1.386 == round(2 * math.log(2), 3)
    assert round(float(rows[-1]["adv_d"]), 3) == 1.364 and (rows[-1]["run"], rows[-1]["step"]) == ("8", "10000")
    assert len(CRITICS) == 7


def test_the_published_self_attention_looks_around():
    model = zoo.load("c2fdan_128_small")
    attention = model.fine_network.get_layer("self_attention")
    assert attention.normalize
    pictures = np.stack([read_input(f"c2fdan_128_small_face_{i}") for i in range(2)]) / np.float32(127.5) - 1
    data = tensors({"image": pictures, "occluded": pictures, "mask": pictures[..., :1]})
    entropy = np.asarray(model.forward(data, ["attention_entropy"])["attention_entropy"])
    assert 0.5 < entropy.min() and entropy.max() < 0.7, "Change its row in zoo/c2fdan/ledger.csv."
