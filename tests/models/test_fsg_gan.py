"""FSG-GAN against its paper: counts, fields of view, what is drawn, what is pasted; terms and stages: the claims."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.test_ca_gan import heard
from tests.models.tiny import batch, make, with_weights
from tfinpaint import zoo
from tfinpaint.errors import InputError
from tfinpaint.models import CAGAN, FSGGAN, WhatHides
from tfinpaint.models.blocks import shrink
from tfinpaint.models.fsg_gan import networks
from tfinpaint.models.paste_mask import THRESHOLD
from tfinpaint.models.u_net import take_over, u_net

rng = np.random.default_rng(0)


def tensors(**changes):
    return {key: tf.constant(value) for key, value in batch(**changes).items()}


def trainable(network):
    return sum(int(np.prod(v.shape)) for v in network.trainable_variables)


def fields(network, layers, inputs):
    """How many pixels of the first input the middle of each layer's map sees: the extent of a gradient."""
    seen = keras.Model(network.inputs, [network.get_layer(name).output for name in layers])
    inputs = [tf.constant(x) for x in inputs]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs[0])
        maps = seen(inputs if len(inputs) > 1 else inputs[0])
        middles = [tf.reduce_sum(x[0, x.shape[1] // 2, x.shape[2] // 2]) for x in maps]
    extents = []
    for middle in middles:
        rows, columns = np.nonzero(np.abs(tape.gradient(middle, inputs[0]))[0].max(-1))
        assert np.ptp(rows) == np.ptp(columns)
        extents.append(int(np.ptp(rows)) + 1)
    return extents


# ---- sizes -----------------------------------------------------------------------------------------------------------


def test_paper_size_networks_have_the_specified_parameters_and_maps():
    encoder, generator = networks.encoder(128), networks.generator(128)
    decoder, heads = networks.decoder(128), networks.heads(encoder.output[:3])
    counts = [network.count_params() for network in (encoder, decoder, generator, heads)]
    assert counts == [2_017_088, 3_333_315, 3_509_059, 315_907]
    assert trainable(encoder) + trainable(decoder) == 5_345_603
    assert (trainable(generator), trainable(heads)) == (3_503_427, 314_371)
    assert [x.shape[1:] for x in encoder.output[:3]] == [(32, 32, 64), (8, 8, 128), (2, 2, 256)]
    assert [x.shape[1:] for x in encoder.output[3:]] == [(1, 1, 512)] * 2
    assert [x.shape[1:] for x in heads.output] == [(16, 16, 1), (4, 4, 1), (1, 1, 1)]
    blocks = [generator.get_layer(f"residual_{i}_swish").output.shape[1:] for i in range(3)]
    assert blocks == [(64, 64, 64), (32, 32, 128), (16, 16, 256)]
    assert decoder.output.shape[1:] == generator.output.shape[1:] == (128, 128, 3)


def test_without_hybrid_dilated_convolutions_it_has_692608_parameters_less():
    assert networks.generator(128, dilations=()).count_params() == 2_816_451 == 3_509_059 - 692_608


def test_heads_as_the_text_has_them_see_every_place_of_a_map_and_normalise_nothing():
    maps = [keras.Input(shape) for shape in ((32, 32, 64), (8, 8, 128), (2, 2, 256))]
    heads = networks.heads(maps, plain=True)
    assert [x.shape[1:] for x in heads.output] == [(32, 32, 1), (8, 8, 1), (2, 2, 1)]
    assert heads.count_params() == trainable(heads) == 116_227
    assert len(make("fsg_gan", norm=True, plain_heads=True).heads.non_trainable_variables) == 0


@pytest.mark.parametrize(
    ("options", "extents"),
    [
        ({}, [33, 93, 213]),
        ({"arrangement": "chained"}, [45, 129, 297]),
        ({"dilations": ()}, [13, 33, 73]),
        ({"full_width": 0}, [34, 94, 214]),
        ({"full_width": 0, "dilations": ()}, [14, 34, 74]),
    ],
    ids=["parallel", "chained", "without", "folded", "folded_without"],
)
def test_with_dilation_the_three_blocks_see_at_least_a_quarter_a_half_and_all_of_128_pixels(options, extents):
    size = 320  # the whole of the widest field is seen
    generator = networks.generator(size, (4, 4, 4), **{"full_width": 4, "norm": False, **options})
    pictures = rng.normal(size=(2, 1, size, size, 3)).astype("float32")
    found = fields(generator, [f"residual_{i}_swish" for i in range(3)], pictures)
    assert found == extents
    enough = [extent >= least for extent, least in zip(found, (32, 64, 128), strict=True)]
    assert all(enough) if options.get("dilations", (1, 2, 5)) else not any(enough)


def test_the_heads_look_through_three_fields_of_view():
    encoder = networks.encoder(448, (2,) * 6, 2, norm=False)
    pictures = rng.normal(size=(1, 1, 448, 448, 3)).astype("float32")
    assert fields(encoder, [f"depth_{i}_swish" for i in range(3)], pictures) == [15, 71, 295]


@pytest.mark.parametrize(("full_width", "joined"), [(5, [5, 6, 7]), (0, [6, 7])])
def test_the_decoder_sees_every_block_of_its_own_size(full_width, joined):
    generator = networks.generator(32, (6, 7, 8), full_width, dilations=(), norm=False)
    blocks = ["full_swish"] * bool(full_width) + ["residual_0_swish", "residual_1_swish"]
    skips = [layer for layer in generator.layers if layer.name.startswith("skip_")]
    for skip, block, width in zip(reversed(skips), blocks, joined, strict=True):
        assert skip.input[1] is generator.get_layer(block).output and skip.input[0].shape == skip.input[1].shape
        assert skip.input[1].shape[-1] == width


@pytest.mark.parametrize("beside", [("structure",), ("mask", "structure", "seen")])
def test_a_shared_generator_begins_as_the_u_net_of_a_painter_that_is_told_a_mask(beside):
    """Picture weights and all deeper layers are taken over; the structure is not seen yet, nor what HDC would add."""
    options = {"size": 64, "widths": (4, 8, 8, 8), "stem": 2, "limit": 40.0}
    told, led = u_net(**options), u_net(**options, beside=beside, dilations=(1, 2, 5), name="generator")
    take_over([led], told)
    picture, structure, seen = rng.uniform(-1, 1, size=(3, 1, 64, 64, 3)).astype("float32")
    mask = rng.uniform(size=(1, 64, 64, 1)).astype("float32") * ("mask" in beside)
    expected = np.asarray(told([picture, mask]))
    known = {"mask": mask, "structure": structure, "seen": seen}
    led_by = [picture, *(known[name] for name in beside)]
    np.testing.assert_allclose(led(led_by), expected, atol=1e-5)
    led.get_layer("hdc_2").convs["fuse"].bias.assign(led.get_layer("hdc_2").convs["fuse"].bias + 1)
    assert np.abs(np.asarray(led(led_by)) - expected).max() > 1e-3


@pytest.mark.parametrize("other", [{"widths": (4, 8, 8, 9)}, {"widths": (4, 8, 8)}, {"stem": 1}])
def test_a_u_net_does_not_begin_as_one_of_another_form(other):
    options = {"size": 64, "widths": (4, 8, 8, 8), "stem": 2}
    network = u_net(**options, beside=("structure",), name="generator")
    before = network.get_weights()
    with pytest.raises(InputError, match="same widths and folding. Received: 'generator' and 'coarse_generator'"):
        take_over([network], u_net(**options | other))
    assert all((a == b).all() for a, b in zip(before, network.get_weights(), strict=True))  # nothing half-done


def test_a_network_of_another_kind_does_not_begin_as_a_u_net():
    network = networks.generator(64, (4, 4, 4), 0, norm=False)
    with pytest.raises(InputError, match="same widths and folding. Received: 'generator' and 'coarse_generator'"):
        take_over([network], u_net(64, (4, 8, 8), 2))


def test_a_model_begins_as_another_one_where_both_have_the_shared_u_net():
    widths = {"image_size": 64, "coarse_widths": (8, 8, 8)}
    painter = with_weights(CAGAN(**widths, coarse_dilations=(), stem=2, coarse_limit=40, residual=True))
    model = make("fsg_gan", generator_widths=(8, 8, 8), seed=1)
    model.begin_as(painter)
    mine, theirs = (np.asarray(m.get_layer("head").kernel) for m in (model.generator, painter.coarse_generator))
    np.testing.assert_array_equal(mine, theirs)
    with pytest.raises(InputError, match="both paint with the shared U-Net .* Received: 'fsg_gan' and 'c2fdan'"):
        model.begin_as(make("c2fdan"))


def test_a_shared_generators_three_highest_resolutions_have_hybrid_dilated_convolutions():
    model = FSGGAN(shared=True, limit=40.0, norm=False, generator_widths=(8, 8, 8, 8))
    sides = {layer.name: layer.output.shape[1] for layer in model.generator.layers if layer.name.startswith("hdc")}
    assert {k: v for k, v in sides.items() if "add" not in k} == {"hdc_0": 64, "hdc_1": 32, "hdc_2": 16}
    names = [(x.name, x.shape[-1]) for x in model.generator.inputs]
    assert names == [("visible", 3), ("mask", 1), ("structure", 3), ("seen", 3)]
    assert (model.default_recipe, FSGGAN().default_recipe) == ("small", "paper")


# ---- what is drawn ---------------------------------------------------------------------------------------------------


def test_a_structure_is_drawn_of_few_numbers():
    assert networks.decoder(128).input.shape == (None, 1, 1, 512)  # 512 for 49,152
    assert make("fsg_gan").contract.noise == {"noise": (1, 1, 8)}


def test_a_draw_is_the_mean_and_the_noise_times_the_deviation():
    model, data = make("fsg_gan"), batch()
    noise = rng.normal(size=(2, 1, 1, 8)).astype("float32")
    given = heard(model, "decoder")
    found = model.forward({**data, "noise": noise}, ["moments", "drawn"], training=True)
    mean, log_variance = (np.asarray(x) for x in found["moments"])
    np.testing.assert_allclose(given[0], mean + np.exp(log_variance / 2) * noise, rtol=1e-5, atol=1e-6)
    model({"image": data["occluded"], "noise": noise})
    np.testing.assert_allclose(given[1], given[0], rtol=1e-5, atol=1e-6)


def test_without_a_seed_the_likeliest_structure_leads_and_training_draws_anew_each_time():
    model, data = make("fsg_gan"), batch()
    given = heard(model, "decoder")
    out = model(data["occluded"])
    mean = np.asarray(model.forward(data, ["moments"])["moments"][0])
    np.testing.assert_array_equal(given[0], mean)
    first, second = (np.asarray(model.forward(data, ["drawn"], training=True)["drawn"]) for _ in range(2))
    assert np.abs(first - second).max() > 1e-4
    assert np.abs(first - np.asarray(out["structure"])).max() > 1e-4
    again = make("fsg_gan")  # draws as the first one did
    np.testing.assert_array_equal(first, again.forward(data, ["drawn"], training=True)["drawn"])


def test_the_papers_generator_sees_picture_and_likeliest_structure():
    model, data = plain(), tensors()
    given = heard(model, "generator")
    found = model.forward(data, ["structure", "restored"], training=True)
    np.testing.assert_array_equal(given[0][0], data["occluded"])
    np.testing.assert_array_equal(given[0][1], found["structure"])
    assert len(given[0]) == 2


def test_the_structure_that_leads_knows_gathered_statistics_only():
    """Though the step trains: by the batch's own ones each sample would depend on the others."""
    model, data = make("fsg_gan", norm=True), batch(count=3)
    alone = {key: value[:1] for key, value in data.items()}
    whole, single = (np.asarray(model.forward(d, ["structure"], training=True)["structure"]) for d in (data, alone))
    np.testing.assert_allclose(whole[:1], single, atol=1e-5)
    data["noise"], alone["noise"] = (np.zeros((n, 1, 1, 8), "float32") for n in (3, 1))
    whole, single = (np.asarray(model.forward(d, ["drawn"], training=True)["drawn"]) for d in (data, alone))
    assert np.abs(whole[:1] - single).max() > 1e-3


@pytest.mark.parametrize("extreme", [-1e4, 1e4])
def test_an_extreme_log_variance_is_bounded_and_learns_to_come_back(extreme):
    model, data = make("fsg_gan"), tensors()
    moments = model.encoder.get_layer("moments")
    moments.bias.assign(np.repeat([0.0, extreme], 8))
    with tf.GradientTape() as tape:
        found = model.forward(data, ["moments", "drawn"], training=True)
        kl = model.terms["vae_kl"](model, data, found)
    assert np.isfinite(kl).all() and np.isfinite(found["drawn"]).all()
    np.testing.assert_array_equal(found["moments"][1], np.full((2, 1, 1, 8), np.clip(extreme, -12, 12)))
    slope = np.asarray(tape.gradient(kl, moments.bias.value))[8:]
    assert np.isfinite(slope).all() and (np.sign(slope) == np.sign(extreme)).all()


# ---- what is pasted --------------------------------------------------------------------------------------------------


def paints(model, colour):
    """Lets a plain model paint one colour everywhere."""
    head = model.generator.get_layer("head")
    head.set_weights([np.zeros(head.kernel.shape), np.full(head.bias.shape, np.arctanh(colour))])


def plain(**options):
    """The tiny model as the paper has it, without finder and alpha."""
    sizes = {"shared": False, "generator_widths": (4, 4, 4), "full_width": 0}
    return make("fsg_gan", **{**sizes, "threshold": THRESHOLD, **options})


def test_it_is_pasted_where_it_differs_from_what_was_seen_and_nowhere_else():
    model, picture = plain(), np.full((1, 64, 64, 3), 0.25, "float32")
    paints(model, 0.25)
    picture[:, 20:40, 24:44] = (0.25, 0.9, 0.25)  # one colour of it
    out = {key: np.asarray(value) for key, value in model.answer({"image": picture}).items()}
    found = out["mask"][0, ..., 0] > 0
    assert found[20:40, 24:44].all() and found[17:43, 21:47].sum() == found.sum()
    np.testing.assert_allclose(out["image"][0][found], 0.25, atol=1e-6)
    np.testing.assert_array_equal(out["image"][0][~found], picture[0][~found])
    assert set(model.contract.extras) == {"structure", "raw"} and model.contract.mask == "whole"


def sets(model, *, colour, found):
    """Lets a shared model paint one colour, and find something everywhere as likely as a logit says."""
    head = model.generator.get_layer("head")
    head.set_weights([np.zeros(head.kernel.shape), np.full(head.bias.shape, colour)])
    last = model.finder.get_layer("head")  # of 4x4 folded pixels each has five families, the first of them: nothing
    families = np.float32([0.0, *[found - np.log(4.0)] * 4])
    last.set_weights([np.zeros(last.kernel.shape), np.tile(families, 16)])


def test_the_losses_see_what_alpha_leaves_and_what_is_painted_is_pasted_where_alpha_says():
    model, data = make("fsg_gan"), batch()
    for found, alpha in ((-40.0, 0.0), (0.0, 0.5), (2.0, 1 / (1 + np.exp(-2))), (40.0, 1.0)):
        sets(model, colour=0.3, found=found)
        out = {key: np.asarray(value) for key, value in model.answer({"image": data["occluded"]}).items()}
        np.testing.assert_allclose(out["alpha"], alpha, atol=1e-6)
        np.testing.assert_allclose(out["raw"], 0.3, atol=1e-6)
        np.testing.assert_allclose(out["image"], np.where(out["alpha"] > 0.5, 0.3, data["occluded"]), atol=1e-6)
        seen = np.asarray(model.forward(tensors(), ["restored"])["restored"])
        np.testing.assert_allclose(seen, alpha * 0.3 + (1 - alpha) * data["occluded"], atol=1e-6)
    assert set(model.contract.extras) == {"structure", "raw", "alpha"}
    alpha = np.linspace(0, 1, 64, dtype="float32").reshape(1, 1, 64, 1).repeat(64, 1)
    for threshold in (0.5, 0.8):
        mask = make("fsg_gan", threshold=threshold).paste_mask(data["occluded"], {"alpha": alpha})
        np.testing.assert_array_equal(mask, alpha > threshold)


def test_a_small_generator_is_told_what_the_finder_sees_and_does_not_change_it():
    model, data = make("fsg_gan"), tensors()
    sets(model, colour=0.3, found=1.0)
    given = heard(model, "generator")
    found = model.forward(data, ["found", "structure", "painted"], training=True)
    np.testing.assert_allclose(found["found"][0], 1.0, rtol=1e-5)
    seen, hidden = data["occluded"], 1 / (1 + np.exp(-1.0))
    for known, expected in zip(given[0], (seen + hidden * (1 - seen), hidden, found["structure"], seen), strict=True):
        np.testing.assert_allclose(known, np.broadcast_to(expected, known.shape), atol=1e-6)
    bias = model.finder.get_layer("head").bias
    with tf.GradientTape(persistent=True) as tape:
        found = model.forward(data, ["painted", "found"], training=True)
        picture, logit = tf.reduce_sum(found["painted"]), tf.reduce_sum(found["found"][0])
    assert tape.gradient(picture, bias.value) is None and np.abs(tape.gradient(logit, bias.value)).max() > 0


def test_its_finder_begins_as_what_hides_and_finds_the_same():
    model, other = make("fsg_gan", finder_widths=(4, 6, 8)), with_weights(WhatHides(64, (4, 6, 8)), seed=3)
    before = [v.numpy() for v in model.generator.weights]
    model.begin_as(other)
    data = batch()
    likely = np.asarray(other(data["occluded"])["families"])[..., :1]
    np.testing.assert_allclose(np.asarray(model(data["occluded"])["alpha"]), 1 - likely, atol=1e-5)
    assert all((old == v.numpy()).all() for old, v in zip(before, model.generator.weights, strict=True))
    for refuses in (make("fsg_gan"), plain()):  # other widths; none
        with pytest.raises(InputError, match="Received: 'fsg_gan' and 'what_hides'"):
            refuses.begin_as(other)


def test_the_threshold_of_what_is_pasted_is_the_models_own():
    seen = np.full((1, 64, 64, 3), 0.25, "float32")
    for threshold, pasted in ((0.2, 1.0), (0.3, 0.0)):
        model = plain(threshold=threshold)
        assert np.asarray(model.paste_mask(seen, {"raw": seen + 0.25})).mean() == pasted
        assert model.from_config(model.get_config()).threshold == threshold


def test_a_callers_mask_says_what_is_pasted():
    model, data = plain(), batch()
    paints(model, -0.5)
    out = model.answer({"image": data["occluded"], "mask": data["mask"]})
    expected = data["occluded"] * (1 - data["mask"]) - 0.5 * data["mask"]
    np.testing.assert_allclose(np.asarray(out["image"]), expected, atol=1e-6)


def test_what_is_finished_is_pasted_where_something_truly_lies():
    model, data = plain(), batch()
    paints(model, -0.5)
    found = model.forward({key: tf.constant(value) for key, value in data.items()}, ["finished"])["finished"]
    expected = data["occluded"] * (1 - data["mask"]) - 0.5 * data["mask"]
    np.testing.assert_allclose(np.asarray(found), expected, atol=1e-6)


# ---- other sizes -----------------------------------------------------------------------------------------------------


def test_a_larger_picture_is_reduced_for_structure_and_heads_and_the_structure_enlarged():
    model, data = make("fsg_gan", image_size=128), tensors(size=128)
    encoder, trunk, decoder = (heard(model, name) for name in ("encoder", "trunk", "decoder"))
    generator = heard(model, "generator")
    found = model.forward(data, ["structure", "restored", "real_maps", "fake_maps"])
    np.testing.assert_allclose(encoder[0], shrink(data["occluded"], 2), atol=1e-6)
    np.testing.assert_allclose(trunk[0], shrink(data["image"], 2), atol=1e-6)
    np.testing.assert_allclose(trunk[1], shrink(found["restored"], 2), atol=1e-6)
    assert [x.shape for x in generator[0]] == [(2, 128, 128, n) for n in (3, 1, 3, 3)]
    small = np.asarray(model.decoder(decoder[0]))
    np.testing.assert_allclose(shrink(np.asarray(found["structure"]), 2), small, atol=0.1)


def test_the_256_px_preset_has_the_networks_of_the_128_px_one():
    small, large = (zoo.preset(f"fsg_gan_{name}") for name in ("128", "256_small"))
    assert small.parameters == large.parameters
    changed = {"image_size": 256, "structure_size": 128}
    assert dict(large.arguments) == {**small.arguments, **changed}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"structure_size": 32}, "`structure_size` must be a multiple of 64. Received: structure_size=32"),
        ({"image_size": 96}, "`image_size` must be a multiple of `structure_size`, 128. Received: image_size=96"),
        ({"image_size": 64}, "`image_size` must be a multiple of `structure_size`, 128. Received: image_size=64"),
    ],
)
def test_impossible_sizes_are_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        FSGGAN(**arguments)
