"""What zoo/can_dfe/ledger.csv says of CAN-DFE's losses, recipes and presets, shown row by row."""

import inspect

import keras
import numpy as np
import pytest

from tests.models.run_stages import at_stage
from tests.models.tiny import batch_of, make
from tfinpaint import zoo
from tfinpaint.models import CANDFE
from tfinpaint.models.can_dfe.recipe import PAPER, SMALL

SIDES = (32, 16, 8, 4)
DEEP = {"encoder_widths": (4, 4, 4, 4), "decoder_widths": (4, 4, 4, 4), "scales": 4}  # one level more than are textured


@pytest.fixture(scope="module")
def deep():
    """A tiny model of four scales."""
    return make("can_dfe", **DEEP)


def reduced(x, times):
    n, side, _, channels = x.shape
    return x.reshape(n, side // times, times, side // times, times, channels).mean((2, 4))


def restored(seed=0):
    """Pictures and fields of four scales, made up."""
    rng = np.random.default_rng(seed)
    found = {f"picture_{k}": rng.uniform(-1, 1, (2, s, s, 3)) for k, s in enumerate(SIDES, 1)}
    found |= {f"field_{k}": rng.uniform(0, 1, (2, s, s, 2)) for k, s in enumerate(SIDES, 1)}
    return {name: value.astype("float32") for name, value in found.items()}


def value(model, term, data, **outputs):
    return np.asarray(model.terms[term](model, data, outputs))


# ---- losses ----------------------------------------------------------------------------------------------------------


def test_reconstruction_is_the_sum_over_all_scales_against_the_reduced_clean_picture(deep):
    data, found = batch_of("can_dfe"), restored()
    clean = [reduced(data["image"], 32 // s) for s in SIDES]
    each = [np.abs(found[f"picture_{k}"] - c).mean((1, 2, 3)) for k, c in enumerate(clean, 1)]
    np.testing.assert_allclose(value(deep, "rec", data, restored=found), sum(each), rtol=1e-5)
    half = {**data, "valid": np.where(np.arange(32)[None, None, :, None] < 16, 0, data["valid"]).astype("float32")}
    errors = [np.abs(found[f"picture_{k}"] - c) for k, c in enumerate(clean, 1)]
    each = [e[:, :, e.shape[2] // 2 :].mean((1, 2, 3)) / 2 for e in errors]
    np.testing.assert_allclose(value(deep, "rec", half, restored=found), sum(each), rtol=1e-5)


def test_the_fields_error_is_the_sum_over_all_scales_of_means_over_what_is_defined(deep):
    data, found = batch_of("can_dfe"), restored()
    valid = data["uv_valid"]
    total = 0
    for k, s in enumerate(SIDES, 1):
        share = reduced(valid, 32 // s)
        target = reduced(data["uv"] * valid, 32 // s) / np.maximum(share, 1e-6)
        total += (np.abs(found[f"field_{k}"] - target) * share).sum((1, 2, 3)) / (2 * share.sum((1, 2, 3)))
    np.testing.assert_allclose(value(deep, "uv", data, restored=found), total, rtol=1e-5)


def test_a_field_where_none_is_defined_counts_for_nothing(deep):
    data, found = batch_of("can_dfe"), restored()
    before = value(deep, "uv", data, restored=found)
    assert (data["uv_valid"] == 0).any()
    elsewhere = {**found, "field_1": np.where(data["uv_valid"] == 0, 7, found["field_1"]).astype("float32")}
    np.testing.assert_array_equal(value(deep, "uv", data, restored=elsewhere), before)
    inside = {**found, "field_1": np.where(data["uv_valid"] == 1, 7, found["field_1"]).astype("float32")}
    assert (value(deep, "uv", data, restored=inside) > before + 1).all()
    made_up = {**data, "valid": data["valid"] * 0}  # nothing comes from a photo
    np.testing.assert_array_equal(value(deep, "uv", made_up, restored=found), [0, 0])


def test_a_loss_of_texture_looks_at_the_three_outermost_pictures_and_at_no_field():
    model, data = at_stage("can_dfe", "completion", changes=DEEP), batch_of("can_dfe")
    seen = []

    def look(picture):
        seen.append(np.asarray(picture))
        return {"low": picture, "embedding": keras.ops.mean(picture, axis=(1, 2))}

    for slot, output in (("style", "style_levels"), ("recogniser", "recognised_levels")):
        model.feature_networks._loaded[slot] = look
        seen.clear()
        found = restored()
        model.forward(data, [output], known={"restored": found})
        for k, (painted, real) in enumerate(zip(seen[::2], seen[1::2], strict=True), 1):
            np.testing.assert_array_equal(painted, found[f"picture_{k}"])
            np.testing.assert_allclose(real, reduced(data["image"], 2 ** (k - 1)), atol=1e-6)
        assert len(seen) == 6


def test_style_is_the_mean_difference_of_gram_matrices_of_every_middle_map(deep):
    rng = np.random.default_rng(0)

    def taps():
        maps = {f"pool{i}": rng.normal(size=(2, s, s, 3)).astype("float32") for i, s in ((1, 4), (2, 2))}
        return {**maps, "embedding": rng.normal(size=(2, 5)).astype("float32")}

    pairs = [(taps(), taps()) for _ in range(3)]

    def gram(x):
        flat = x.reshape(2, -1, 3)
        return np.einsum("npc,npd->ncd", flat, flat) / flat[0].size

    total = sum(np.abs(gram(a[t]) - gram(b[t])).mean((1, 2)) for a, b in pairs for t in ("pool1", "pool2"))
    for term, output in (("style", "style_levels"), ("style_recognised", "recognised_levels")):
        np.testing.assert_allclose(value(deep, term, {}, **{output: pairs}), total, rtol=1e-5)


def test_identity_is_the_mean_squared_difference_of_embeddings_as_they_are_made(deep):
    rng = np.random.default_rng(0)
    pairs = [tuple({"embedding": rng.normal(size=(2, 5)).astype("float32")} for _ in range(2)) for _ in range(3)]
    expected = sum(((a["embedding"] - b["embedding"]) ** 2).mean(1) for a, b in pairs)
    np.testing.assert_allclose(value(deep, "id_mse", {}, recognised_levels=pairs), expected, rtol=1e-5)
    doubled = [tuple({"embedding": 2 * x["embedding"]} for x in pair) for pair in pairs]  # no length of 1 is made
    np.testing.assert_allclose(value(deep, "id_mse", {}, recognised_levels=doubled), 4 * expected, rtol=1e-5)


def test_what_is_finished_is_the_outermost_picture_as_the_network_blends_it():
    model, data = at_stage("can_dfe"), batch_of("can_dfe")
    known = model.decoder.get_layer("fusion_1").known
    known.kernel.assign(2 * known.kernel)
    found = model.forward({"occluded": keras.ops.convert_to_tensor(data["occluded"])}, ["finished", "restored"])
    np.testing.assert_array_equal(found["finished"], found["restored"]["picture_1"])
    finished = keras.ops.convert_to_numpy(found["finished"])
    assert np.abs(finished).max() > 1  # the losses see what `raw` cuts off, so its gradient is not lost
    np.testing.assert_allclose(np.clip(finished, -1, 1), model(data["occluded"])["raw"], atol=1e-6)


@pytest.mark.parametrize("term", ["hole", "ssim", "chroma"])
def test_the_small_recipes_own_terms_compare_the_outermost_picture_with_the_clean_one(term):
    model, data = make("can_dfe"), batch_of("can_dfe")
    outputs = {"finishing_hole": data["mask"]}
    same = value(model, term, data, finished=data["image"], **outputs)
    np.testing.assert_allclose(same, [0, 0], atol=1e-5)
    tinted = data["image"] * np.float32([0.8, 1, 1])
    assert (value(model, term, data, finished=tinted, **outputs) > 1e-3).all()
    kept = np.where(data["mask"] > 0, data["image"], 0)  # right where the face was hidden
    wrong = value(model, term, data, finished=kept, **outputs)
    assert (wrong > 1e-3).all() if term == "ssim" else np.allclose(wrong, 0, atol=1e-6)


def test_alpha_is_right_where_it_is_the_mask():
    model, data = make("can_dfe"), batch_of("can_dfe")
    alpha = np.repeat(data["mask"], 3, axis=-1)
    np.testing.assert_array_equal(value(model, "alpha", data, restored={"alpha_1": alpha}), [0, 0])
    np.testing.assert_allclose(value(model, "alpha", data, restored={"alpha_1": 1 - alpha}), [1, 1])
    assert all(SMALL.stage(name).updates[0].terms["alpha"] for name in ("completion", "finish"))


# ---- training --------------------------------------------------------------------------------------------------------


def test_the_recipe_is_the_papers():
    contrast, completion = PAPER.stages
    assert (contrast.name, dict(contrast.length), contrast.batch) == ("contrast", {"epochs": 200}, 256)
    (update,) = contrast.updates
    assert (update.parts, update.terms) == ({"encoder": 0.015, "head": 0.015}, {"info_nce": 1.0})
    assert update.optimizer == {"name": "sgd", "momentum": 0.9, "weight_decay": 1e-4}
    assert contrast.hooks == {
        "before": ({"hook": "momentum_update", "m": 0.9},),
        "after": ({"hook": "enqueue"},),
    }
    assert (completion.name, dict(completion.length), completion.batch) == ("completion", {"epochs": 100}, 16)
    (update,) = completion.updates
    assert update.parts == {"encoder": 1e-4, "decoder": 1e-4, "fusions": 1e-4, "fields": 1e-4}
    weighted = {term: weight for term, weight in update.terms.items() if weight}
    assert weighted == {"rec": 6.0, "uv": 0.1, "style": 240.0, "id_mse": 0.1}
    assert {term for term, weight in update.terms.items() if not weight} == {"perceptual", "adv_g"}
    assert update.optimizer is None and PAPER.optimizer == {"name": "adam"}
    assert completion.frozen == ("style", "recogniser") and not completion.hooks
    for stage in PAPER.stages:
        assert stage.schedule is None
        for update in stage.updates:
            assert not (update.route or update.detach or update.gate or update.governor or update.fresh)


def test_temperature_and_length_of_the_queue_are_the_papers():
    defaults = {name: p.default for name, p in inspect.signature(CANDFE.__init__).parameters.items()}
    assert (defaults["temperature"], defaults["queue"], defaults["dimension"]) == (0.07, 65_536, 128)
    assert "temperature" not in zoo.preset("can_dfe_128").arguments


def test_losses_look_through_the_papers_networks():
    style, recogniser = (CANDFE.feature_slots[slot] for slot in ("style", "recogniser"))
    assert (style.network, style.default) == ("vgg16", "imagenet")
    assert style.options["vgg16"]["taps"] == ("pool1", "pool2", "pool3")
    assert (recogniser.network, recogniser.default) == ("light_cnn", "compact")
    assert "embedding" in recogniser.options["light_cnn"]["taps"]


def test_projection_twins_and_queue_are_dropped_after_training():
    model = make("can_dfe")
    kept = {id(v) for v in model.painters.weights}
    assert kept == {id(v) for network in (model.finder, model.encoder, model.decoder) for v in network.weights}


SMALL_STAGES = {
    "contrast": (6_000, 64, {"encoder": 0.015, "head": 0.015}, {"info_nce": 1.0}),
    "completion": (
        24_000,
        16,
        {"encoder": 5e-4, "decoder": 5e-4, "fusions": 1e-3, "fields": 1e-3},
        {
            "rec": 6.0,
            "uv": 0.1,
            "hole": 2.0,
            "ssim": 2.0,
            "chroma": 1.0,
            "alpha": 0.5,
            "style_recognised": 5.0,
            "id_mse": 0.02,
        },  # fmt: skip
    ),
}


@pytest.mark.parametrize("name", SMALL_STAGES)
def test_the_small_recipe_is_as_the_ledger_says(name):
    steps, batch, parts, terms = SMALL_STAGES[name]
    stage = SMALL.stage(name)
    assert (dict(stage.length), stage.batch) == ({"steps": steps}, batch)
    assert [(u.parts, u.terms) for u in stage.updates] == [(parts, terms)]
    assert stage.hooks == PAPER.stage(name).hooks
    assert stage.updates[0].optimizer == PAPER.stage(name).updates[0].optimizer
    assert stage.schedule == {"name": "cosine", "to": 0.05, "warmup": 100}
    assert [s.name for s in SMALL.stages] == ["finder", "contrast", "scales", "completion", "fields", "finish"]
    assert SMALL.optimizer == {"name": "adam", "beta_1": 0.9, "beta_2": 0.99}


def test_what_a_decoder_shows_learns_first_while_all_that_it_sees_stands_still():
    scales, completion = SMALL.stage("scales"), SMALL.stage("completion")
    assert [u.parts for u in scales.updates] == [{"fusions": 3e-3, "fields": 1e-3}]
    assert scales.updates[0].terms == completion.updates[0].terms
    assert set(scales.frozen) == {"finder", "encoder", "decoder", "recogniser"}
    parts = make("can_dfe").parts()
    names = {part: {layer.name for layer in parts[part] if layer.weights} for part in ("decoder", "fusions", "fields")}
    assert names["fusions"] == {f"fusion_{k}" for k in (1, 2, 3)}
    assert names["fields"] == {f"field_{k}" for k in (1, 2, 3)}
    with_weights = {layer.name for layer in make("can_dfe").decoder.layers if layer.weights}
    assert names["decoder"] == with_weights - names["fusions"] - names["fields"]


def test_the_field_is_read_off_of_features_that_stand_still():
    (update,) = SMALL.stage("fields").updates
    assert update.parts == {"fields": 1e-3} and update.terms == {"uv": 1.0}
    assert set(SMALL.stage("fields").frozen) == {"finder", "encoder", "decoder", "fusions"}


def test_the_small_recipe_needs_no_network_that_does_not_come_with_the_package():
    weighted = {t for stage in SMALL.stages for update in stage.updates for t, w in update.terms.items() if w}
    slots = {CANDFE.terms[term].features for term in weighted}
    assert slots == {None, "recogniser"}


def test_the_last_stage_trains_encoder_and_decoder_at_all_scales():
    finish = SMALL.stages[-1]
    painter, critic = finish.updates
    assert set(painter.parts) == {"encoder", "decoder", "fusions", "fields"} and set(critic.parts) == {"patch_critic"}
    assert {t: w for t, w in painter.terms.items() if not t.startswith("finish_")} == {
        "rec": 1.0, "uv": 0.1, "alpha": 0.5,
    }  # fmt: skip
    assert painter.terms["finish_adversary"] == 0.06
    assert (dict(finish.length), finish.batch) == ({"steps": 16_000}, 16)
    assert finish.frozen == ("finder", "head", "recogniser")


def test_the_small_preset_is_built_as_the_ledger_says():
    small = zoo.preset("can_dfe_128")
    assert small.arguments == {
        "image_size": 128,
        "encoder_widths": [24, 48, 96, 192, 256],
        "decoder_widths": [192, 96, 48, 24, 12],
        "shared": True,
        "limit": 40.0,
        "ratio": 8,
        "fusion_width": 16,
        "queue": 1024,
    }
    assert sum(small.parameters[part] for part in ("finder", "encoder", "decoder")) == 3_559_616
    model = make("can_dfe")  # the same form, tiny
    kinds = {type(layer) for network in (model.encoder, model.decoder) for layer in network.layers}
    assert not kinds & {keras.layers.BatchNormalization, keras.layers.Conv2DTranspose}


def test_the_model_is_trained_on_worn_masks():
    assert CANDFE.contract.occlusion == "worn_masks"


def test_without_a_flag_a_paper_size_model_takes_the_papers_recipe_and_one_of_shared_networks_the_small():
    assert make("can_dfe").default_recipe == "small" and make("can_dfe", shared=False).default_recipe == "paper"
