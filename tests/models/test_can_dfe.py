"""CAN-DFE against its paper: counts, scales, momentum contrast; terms and stages are in test_can_dfe_claims.py."""

import inspect

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.run_stages import at_stage
from tests.models.test_ca_gan import heard
from tests.models.tiny import batch_of, make, step_batch, with_weights
from tfinpaint import zoo
from tfinpaint.errors import InputError
from tfinpaint.models import CANDFE, FMODR, WhatHides
from tfinpaint.models.can_dfe import networks
from tfinpaint.models.can_dfe.contrast import enqueue, momentum_update, twins
from tfinpaint.training import load_checkpoint, save_checkpoint

PAPER_COUNTS = {"encoder": 15_348_288, "head": 65_664, "decoder": 26_731_206}
CUT = 11_378_179  # parameters of the generator of Park et al., 2020, with nine residual blocks


@pytest.fixture(scope="module")
def paper():
    """The networks of the paper's size."""
    return {"encoder": networks.encoder(256), "head": networks.head(512), "decoder": networks.decoder(256)}


@pytest.fixture(scope="module")
def contrast():
    """A tiny model in the stage of that name; tests put back what they move."""
    return at_stage("can_dfe", "contrast")


def values(variables):
    return [np.array(v.numpy()) for v in variables]


# ---- networks --------------------------------------------------------------------------------------------------------


def test_paper_size_networks_have_the_specified_parameters(paper):
    counts = {name: network.count_params() for name, network in paper.items()}
    assert counts == PAPER_COUNTS and sum(counts.values()) == 42_145_158
    recorded = zoo.preset("can_dfe_256").parameters
    assert {name: recorded[name] for name in counts} == counts


def test_cut_has_a_quarter_of_the_parameters(paper):
    assert 0.22 <= CUT / sum(network.count_params() for network in paper.values()) <= 0.30


def test_the_form_without_transposed_convolutions_is_the_smaller_one(paper):
    nearest = networks.decoder(256, transposed=False).count_params()
    assert nearest + paper["encoder"].count_params() + paper["head"].count_params() == 30_532_998


def sides(decoder, kind):
    shapes = [decoder.output[f"{kind}_{level}"].shape[1:] for level in range(1, 7)]
    assert all(height == width for height, width, _ in shapes)
    return [(height, channels) for height, _, channels in shapes]


def test_six_pictures_and_six_fields_come_out_each_half_as_large_as_the_one_before(paper):
    small = zoo.preset("can_dfe_128").arguments
    shared = networks.shared_decoder(128, small["encoder_widths"], small["decoder_widths"])
    for decoder, side in ((paper["decoder"], 256), (shared, 128)):
        halved = [side >> level for level in range(6)]
        assert sides(decoder, "picture") == sides(decoder, "alpha") == [(s, 3) for s in halved]
        assert sides(decoder, "field") == [(s, 2) for s in halved]
        assert len(decoder.output) == 18


def test_what_a_level_shows_is_made_before_the_encoders_map_joins_it(paper):
    """Of the deepest picture, only the deepest map and the picture itself decide."""
    rng = np.random.default_rng(0)
    model = make("can_dfe", shared=False, norm=False, decoder_widths=(8, 6, 4))
    picture = rng.uniform(-1, 1, (1, 32, 32, 3)).astype("float32")
    maps = [rng.normal(size=(1, *m.shape[1:])).astype("float32") for m in model.encoder.output]
    before = model.decoder([picture, *maps])
    after = model.decoder([picture, maps[0], 2 * maps[1], maps[2]])
    np.testing.assert_array_equal(before["picture_3"], after["picture_3"])
    assert np.abs(np.asarray(before["picture_2"] - after["picture_2"])).max() > 1e-4


def test_in_the_small_form_a_level_shows_what_it_sees_with_the_encoders_map_and_the_deepest_map_shows_too():
    model = make("can_dfe", scales=4)
    *known, first, second, third = (rng_map(1, *x.shape[1:]) for x in model.decoder.inputs)
    maps = [first, second, third]
    before = model.decoder([*known, *maps])
    assert [before[f"picture_{k}"].shape[1] for k in (1, 2, 3, 4)] == [32, 16, 8, 4]
    for level, at in ((3, 1), (2, 0)):
        after = model.decoder([*known, *(2 * m if i == at else m for i, m in enumerate(maps))])
        moved = {k: np.abs(np.asarray(before[f"picture_{k}"] - after[f"picture_{k}"])).max() for k in (1, 2, 3, 4)}
        assert {k for k, most in moved.items() if most > 1e-5} == set(range(1, level + 1))


def test_in_the_small_form_a_level_adds_to_the_field_below_it():
    """Levels whose own convolution says nothing show what the level below says, enlarged."""
    decoder = make("can_dfe").decoder
    inputs = [rng_map(1, *x.shape[1:]) for x in decoder.inputs]
    logits = {k: logit(decoder(inputs)[f"field_{k}"]) for k in (1, 2, 3)}
    for level in (1, 2):
        layer = decoder.get_layer(f"field_{level}")
        layer.set_weights([0 * w for w in layer.get_weights()])
    for level in (2, 1):
        below, side = logit(decoder(inputs)[f"field_{level + 1}"]), 64 >> level
        found, enlarged = logit(decoder(inputs)[f"field_{level}"]), cv2.resize(below, (side, side))
        np.testing.assert_allclose(found, enlarged, atol=1e-4)
        assert np.abs(found - logits[level]).max() > 0.01


def logit(field):
    field = np.asarray(field)[0].astype(np.float64)
    return np.log(field / (1 - field))


def rng_map(*shape):
    return np.random.default_rng(sum(shape)).uniform(-1, 1, shape).astype("float32")


def test_small_networks_begin_as_a_painter_that_is_told_a_mask():
    """Full-size features hold its colours, the outermost picture shows them where all is restored, the twin follows."""
    painter = with_weights(FMODR(image_size=32, coarse_widths=(4, 6, 8), stem=2, coarse_limit=40, refine_widths=()))
    model = make("can_dfe", seed=1, decoder_widths=(6, 4, 4))
    model.begin_as(painter)
    picture, mask, seen, logit = rng_map(2, 32, 32, 3), *(rng_map(2, 32, 32, n) for n in (1, 3, 1))
    painted = np.asarray(painter.coarse_generator([picture, mask]))
    features = keras.Model(model.decoder.inputs, model.decoder.get_layer("unfold").output)
    found = np.asarray(features([picture, logit, *map(np.asarray, model.encoder([picture, mask, seen]))]))
    assert found.shape == (2, 32, 32, 4)
    np.testing.assert_allclose(np.clip(found[..., :3], -1, 1), painted, atol=1e-5)
    kernel = model.decoder.get_layer("fusion_1").restore.kernel
    np.testing.assert_array_equal(kernel[0, 0], 2 * np.eye(4, 3))
    for ours, theirs in zip(values(model.twin.weights), values(model.encoder.weights), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for other in (make("c2fdan"), make("can_dfe")):
        with pytest.raises(InputError, match=f"shared U-Net .* Received: 'can_dfe' and '{other.name}'"):
            model.begin_as(other)
    with pytest.raises(InputError, match="shared U-Net"):
        make("can_dfe", shared=False, decoder_widths=(8, 6, 4)).begin_as(painter)


def test_the_encoders_are_told_what_the_finder_sees_and_each_alpha_begins_from_it():
    model, data = make("can_dfe"), {k: tf.constant(v) for k, v in batch_of("can_dfe").items()}
    last = model.finder.get_layer("head")  # of 4x4 folded pixels each has five families, the first of them: nothing
    told = {name: heard(model, name) for name in ("encoder", "twin", "decoder")}
    for logit in (-30.0, 1.0, 30.0):
        last.set_weights([np.zeros(last.kernel.shape), np.tile(np.float32([0, *[logit - np.log(4.0)] * 4]), 16)])
        found = model.forward(data, ["found", "restored", "keys"], training=True)
        hidden = 1 / (1 + np.exp(-logit))
        for name, seen in (("encoder", data["occluded"]), ("twin", data["occluded2"])):
            for known, expected in zip(told[name][-1], ((1 - hidden) * seen, hidden, seen), strict=True):
                np.testing.assert_allclose(known, np.broadcast_to(expected, known.shape), atol=1e-6)
        np.testing.assert_allclose(found["found"][0], logit, rtol=1e-5)
        np.testing.assert_allclose(told["decoder"][-1][1], logit, rtol=1e-5)
        alphas = [np.asarray(found["restored"][f"alpha_{level}"]) for level in (1, 2, 3)]
        assert all(abs(logit) < 30 or np.abs(alpha - hidden).max() < 1e-6 for alpha in alphas)


def test_its_finder_begins_as_what_hides_and_the_rest_stays():
    model, other = make("can_dfe", finder_widths=(4, 6, 8)), with_weights(WhatHides(32, (4, 6, 8)), seed=3)
    before = values(model.encoder.weights)
    model.begin_as(other)
    for ours, theirs in zip(model.finder.get_weights(), other.finder.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert all((a == b).all() for a, b in zip(before, values(model.encoder.weights), strict=True))
    for refuses in (make("can_dfe"), make("can_dfe", shared=False, decoder_widths=(8, 6, 4))):  # other widths; none
        with pytest.raises(InputError, match="Received: 'can_dfe' and 'what_hides'"):
            refuses.begin_as(other)


def test_the_model_is_blind():
    model, data = make("can_dfe"), batch_of("can_dfe")
    assert "mask" not in inspect.signature(model.call).parameters
    told = model({"image": data["occluded"], "mask": data["mask"]})
    for name, found in model(data["occluded"]).items():
        np.testing.assert_array_equal(found, told[name])
    assert model.contract.finds_mask and not model.contract.needs_mask


def test_what_is_pasted_is_where_the_mean_of_alpha_is_above_the_threshold():
    model, data = make("can_dfe"), batch_of("can_dfe")
    alpha = np.tile(np.float32([0.9, 0.9, 0.0]), (2, 32, 32, 1))  # mean 0.6
    alpha[1] = [0.4, 0.5, 0.55]
    mask = np.asarray(model.paste_mask(data["occluded"], {"alpha": alpha}))
    assert mask.shape == (2, 32, 32, 1) and (mask[0] == 1).all() and (mask[1] == 0).all()
    answer = {k: np.asarray(v) for k, v in model.answer({"image": data["occluded"]}).items()}
    hidden = answer["alpha"].mean(-1, keepdims=True) > 0.5
    np.testing.assert_array_equal(answer["image"], np.where(hidden, answer["raw"], data["occluded"]))
    assert hidden.any() and not hidden.all()


def test_under_half_precision_what_is_not_restored_is_exact():
    """The known picture goes around the half-precision layers: no grey level is lost."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = make("can_dfe")
    finally:
        keras.config.set_dtype_policy("float32")
    last = model.decoder.get_layer("fusion_1").alphas[-1]
    last.set_weights([np.zeros(last.kernel.shape), np.full(3, -200.0)])
    model.decoder.get_layer("fusion_1").known.set_weights([np.eye(3).reshape(1, 1, 3, 3)])
    data = batch_of("can_dfe")
    given = {"occluded": keras.ops.convert_to_tensor(data["occluded"])}
    raw = model.forward(given, ["restored"])["restored"]["picture_1"]
    assert raw.dtype == "float32"
    np.testing.assert_array_equal(raw, data["occluded"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image_size": 36}, "`image_size` must be a multiple of 8. Received: image_size=36"),
        ({"decoder_widths": (8, 6)}, "`decoder_widths` must be as many as `encoder_widths`.* 2 decoder_widths"),
        ({"scales": 5}, "`scales` from 1 to 4. Received: .*scales=5"),
        ({"scales": 4, "shared": False}, "`scales` from 1 to 3. Received: .*scales=4"),
        ({"queue": 0}, "`queue` must be at least 1. Received: queue=0"),
    ],
)
def test_a_size_that_does_not_fit_is_refused(changes, words):
    with pytest.raises(InputError, match=words):
        make("can_dfe", **changes)


# ---- momentum contrast -----------------------------------------------------------------------------------------------


def test_a_new_twin_is_the_encoder():
    model = CANDFE(**make("can_dfe").get_config())
    for slow, fast in ((model.twin, model.encoder), (model.twin_head, model.head)):
        for ours, theirs in zip(slow.weights, fast.weights, strict=True):
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    lengths = np.linalg.norm(model.queue.numpy(), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-6)


def fill(model, *batches):
    for keys in batches:
        enqueue(model, {}, {"keys": keras.ops.convert_to_tensor(np.asarray(keys, "float32"))})


def test_the_queue_is_first_in_first_out_and_wraps():
    model = make("can_dfe", queue=8, dimension=1)
    fill(model, *([[n], [n]] for n in range(5)))
    assert model.queue.numpy()[:, 0].tolist() == [4, 4, 1, 1, 2, 2, 3, 3] and int(model.pointer) == 2
    fill(model, [[5], [6], [7]])  # of a number that does not divide its size
    assert model.queue.numpy()[:, 0].tolist() == [4, 4, 5, 6, 7, 2, 3, 3] and int(model.pointer) == 5


def test_of_a_batch_larger_than_the_queue_the_last_keys_stay():
    model = make("can_dfe", queue=4, dimension=1)
    fill(model, [[n] for n in range(3)], [[n] for n in range(10, 17)])
    assert sorted(model.queue.numpy()[:, 0].tolist()) == [13, 14, 15, 16]
    assert int(model.pointer) == (3 + 7) % 4
    fill(model, [[20]])  # in place of the oldest
    assert sorted(model.queue.numpy()[:, 0].tolist()) == [14, 15, 16, 20]


def test_the_twin_follows_the_encoder_by_the_momentum_and_stands_at_1():
    model = make("can_dfe")
    fast = [*model.encoder.trainable_variables, *model.head.trainable_variables]
    for m in (0.9, 0.999, 1.0):
        before = values(twins(model))
        momentum_update(model, {}, {}, m=m)
        for old, new, now in zip(before, values(fast), values(twins(model)), strict=True):
            np.testing.assert_allclose(now, np.float32(m) * old + np.float32(1 - m) * new, rtol=1e-6, atol=1e-8)
            assert m < 1 or (now == old).all()


def test_no_gradient_reaches_the_twin(contrast):
    data = {k: tf.constant(v) for k, v in batch_of(contrast).items()}
    with tf.GradientTape() as tape:
        loss = contrast.terms["info_nce"](contrast, data, contrast.forward(data, ["logits"], training=True))
    watched = [v.value for v in [*twins(contrast), *contrast.encoder.trainable_variables]]
    gradients = tape.gradient(loss, watched)
    count = len(twins(contrast))
    assert all(g is None for g in gradients[:count]) and all(np.any(g) for g in gradients[count:])
    assert not {id(v) for v in twins(contrast)} & {id(v) for vs in contrast.part_variables.values() for v in vs}


def test_a_step_contrasts_with_earlier_keys_only_and_then_remembers_its_own():
    """The loss by hand from the queue before the step and the twin that has followed once."""
    model, other = at_stage("can_dfe", "contrast"), at_stage("can_dfe", "contrast")
    data = step_batch(model, count=4)
    momentum_update(other, {}, {}, m=0.9)
    given = {k: np.asarray(v) for k, v in other.forward(data, ["query", "keys"], training=True).items() if k != "maps"}
    queue = model.queue.numpy()
    own = (given["query"] * given["keys"]).sum(1, keepdims=True)
    logits = np.concatenate([own, given["query"] @ queue.T], axis=1) / model.temperature
    expected = np.log(np.exp(logits).sum(1)) - logits[:, 0]
    logged = model.train_on_batch(data, return_dict=True)["info_nce"]
    assert logged == pytest.approx(expected.mean(), rel=1e-5)
    np.testing.assert_allclose(model.queue.numpy()[:4], given["keys"], atol=1e-6)
    np.testing.assert_array_equal(model.queue.numpy()[4:], queue[4:])
    assert int(model.pointer) == 4


def test_a_run_that_is_resumed_where_the_queue_wraps_goes_on_with_the_same_bits(tmp_path):
    straight, resumed = at_stage("can_dfe", "contrast"), at_stage("can_dfe", "contrast", seed=3)
    for i in range(2):
        straight.train_on_batch(step_batch(straight, i, count=4))
    save_checkpoint(straight, tmp_path / "c.npz")
    load_checkpoint(resumed, tmp_path / "c.npz")
    before = values([*twins(straight), *straight.encoder.trainable_variables, *straight.head.trainable_variables])
    for model in (straight, resumed):
        model.train_on_batch(step_batch(straight, 2, count=4))
        assert int(model.pointer) == 12 % 10
    slow, fast = before[: len(twins(straight))], before[len(twins(straight)) :]
    for old, new, ours, theirs in zip(slow, fast, values(twins(straight)), values(twins(resumed)), strict=True):
        np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_allclose(ours, np.float32(0.9) * old + np.float32(0.1) * new, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(straight.queue.numpy(), resumed.queue.numpy())


def test_with_normalisation_the_twin_gathers_statistics_of_its_own():
    changes = {"shared": False, "decoder_widths": (8, 6, 4), "norm": True}
    model = at_stage("can_dfe", "contrast", changes=changes, recipe="paper")
    kept = {name: [v for v in getattr(model, name).non_trainable_variables] for name in ("encoder", "twin", "decoder")}
    before = {name: values(vs) for name, vs in kept.items()}
    model.train_on_batch(step_batch(model))
    moved = {name: [np.any(a != b) for a, b in zip(before[name], values(vs), strict=True)] for name, vs in kept.items()}
    assert all(moved["encoder"]) and all(moved["twin"]) and not any(moved["decoder"])
    assert any(np.any(a != b) for a, b in zip(values(kept["encoder"]), values(kept["twin"]), strict=True))


def test_a_queue_larger_than_the_data_is_refused_in_a_sentence():
    model = at_stage("can_dfe", "completion")
    for faces in (9, 10):
        with pytest.raises(InputError, match=f"`queue` must be below the number of faces.*queue=10, {faces} faces"):
            model.begin("contrast", faces_per_epoch=faces)
    assert model.begin("contrast", faces_per_epoch=11).name == "contrast"
    assert model.begin("completion", faces_per_epoch=2).name == "completion"  # it fills no queue


def test_a_batch_without_the_second_view_is_refused_in_a_sentence(contrast):
    data = {k: v for k, v in step_batch(contrast).items() if k != "occluded2"}
    with pytest.raises(InputError, match="Stage 'contrast' reads `occluded2` of a batch"):
        contrast.train_on_batch(data)


def test_fields_of_another_size_are_refused_in_a_sentence():
    model = at_stage("can_dfe", "completion")
    data = step_batch(model)
    with pytest.raises(InputError, match=r"`uv` of a batch must have the shape \(batch, 32, 32, 2\)"):
        model.train_on_batch({**data, "uv": data["uv"][:, ::2, ::2]})


def test_each_stage_reads_its_own_keys_and_no_others(contrast):
    assert contrast.batch_keys("contrast") == {"occluded2"}
    assert contrast.batch_keys("completion") == contrast.batch_keys("finish") == {"uv", "uv_valid"}


def test_how_often_a_face_finds_its_own_key_is_measured(contrast):
    measure = contrast.measures["contrast_top1"]
    logits = np.float32([[3, 2, 1], [0, 1, 0]])
    np.testing.assert_array_equal(measure(contrast, {}, {"logits": logits}), [1, 0])
    assert set(contrast.test_on_batch(batch_of(contrast), return_dict=True)) == {"contrast_top1"}
