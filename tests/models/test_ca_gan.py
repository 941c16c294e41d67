"""CA-GAN against its paper: counts, maps, what its networks see; terms and stages are in test_ca_gan_claims.py."""

import keras
import numpy as np
import pytest

from tests.models.tiny import batch, make, with_weights
from tfinpaint import zoo
from tfinpaint.errors import InputError
from tfinpaint.models import CAGAN, FMODR
from tfinpaint.models.ca_gan import networks
from tfinpaint.models.two_branches import refine_generator


def plain_refine(size, *widths_and_dilations):
    return refine_generator(size, *widths_and_dilations, attention="contextual", return_attention=True)


def heard(model, name):
    """What the network of that name is given from now on."""
    network, given = getattr(model, name), []

    def call(inputs, training=False):
        given.append([np.asarray(x) for x in inputs] if isinstance(inputs, list) else np.asarray(inputs))
        return network(inputs, training=training)

    object.__setattr__(model, name, call)
    return given


def inputs(data):
    return {"image": data["occluded"], "mask": data["mask"]}


# ---- counts and maps -------------------------------------------------------------------------------------------------


def test_paper_size_painters_have_3_6_million_parameters():
    coarse, refine = networks.coarse_generator(256), plain_refine(256)
    assert (coarse.count_params(), refine.count_params()) == (1_448_227, 2_153_315)
    assert coarse.get_layer("latent_1").output.shape == (None, 64, 64, 128)
    assert refine.get_layer("attention").output[0].shape == (None, 64, 64, 128)
    assert refine.get_layer("attention").output[1].shape == (None, 1024, 1024)  # a grid of 32 x 32
    assert [x.shape[-1] for x in (*coarse.inputs, *refine.inputs)] == [3, 1, 3, 1]
    assert coarse.get_layer("visible_ones_mask").output.shape[-1] == 5


@pytest.mark.parametrize(
    ("side", "widths", "count", "grid"),
    [(128, (64, 128, 256, 512), 4_339_329, 8), (256, (64, 128, 256, 256), 2_733_441, 16)],
    ids=["local", "global"],
)
def test_paper_size_critics_end_in_a_map_and_one_score(side, widths, count, grid):
    critic = networks.critic(side, widths)
    assert critic.count_params() == count - 1  # without the last bias, which only shifts all scores alike
    assert critic.get_layer("critic_3").output.shape == (None, grid, grid, widths[-1])
    assert critic.output.shape == (None, 1)


def test_the_u_net_of_the_small_presets_begins_with_fmodrs_picture():
    """A hole that is white for one and grey for the other: the mask's kernel takes the difference."""
    sizes = {"image_size": 32, "coarse_widths": (4, 6), "stem": 2}
    ours = with_weights(CAGAN(**sizes, coarse_dilations=(), coarse_limit=40, residual=True))
    theirs = with_weights(FMODR(**sizes, coarse_limit=40, refine_widths=()))
    for a, b in zip(ours.coarse_generator.weights, theirs.coarse_generator.weights, strict=True):
        a.assign(b)
    kernel = ours.coarse_generator.get_layer("encode_0_a").kernel
    blocks = kernel.numpy().reshape(3, 3, 4, 4, -1)  # row, column, pixel of the block, red green blue mask, width
    blocks[:, :, :, 3] -= blocks[:, :, :, :3].sum(3)
    kernel.assign(blocks.reshape(kernel.shape))
    ours.refine_generator.get_layer("head").kernel.assign(0 * ours.refine_generator.get_layer("head").kernel)
    ours.refine_generator.get_layer("head").bias.assign(0 * ours.refine_generator.get_layer("head").bias)
    data = inputs(batch(size=32))
    one, other = (model(data, training=False) for model in (ours, theirs))
    np.testing.assert_allclose(one["coarse"], other["coarse"], atol=1e-5)
    np.testing.assert_array_equal(one["image"], one["coarse"])  # the refine network adds nothing yet


def test_activations_are_elu_but_for_what_is_compared():
    for network in (networks.coarse_generator(32), plain_refine(32)):
        kinds = {x.name: x.activation.__name__ for x in network.layers if isinstance(x, keras.layers.Conv2D)}
        assert {name for name, kind in kinds.items() if kind != "elu"} == {"head"} | ({"copy_1"} & set(kinds))
        assert kinds["head"] == "linear" and kinds.get("copy_1", "relu") == "relu"


def test_dilated_convolutions_look_2_4_8_and_16_pixels_apart():
    for network, name in ((networks.coarse_generator(32), "dilated"), (plain_refine(32), "far_dilated")):
        rates = [network.get_layer(f"{name}_{rate}").dilation_rate for rate in (2, 4, 8, 16)]
        assert rates == [(2, 2), (4, 4), (8, 8), (16, 16)]


def test_attention_is_fully_convolutional_and_so_are_both_painters():
    """No weights in it, and those of the others fit pictures of any size."""
    widths = ((4, 4, 8), (2,))
    assert plain_refine(32, *widths).get_layer("attention").count_params() == 0
    for build in (networks.coarse_generator, plain_refine):
        small = build(32, *widths)
        for size in (48, 80):
            other = build(size, *widths)
            other.set_weights(small.get_weights())
            data = batch(count=1, size=size)
            found = other([data["image"], data["mask"]])
            found = found[0] if isinstance(found, list | tuple) else found
            assert found.shape == (1, size, size, 3) and np.isfinite(found).all()


def test_critics_are_float32_under_every_policy():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = make("ca_gan")
    finally:
        keras.config.set_dtype_policy(before)
    assert model.refine_generator.get_layer("half_0").compute_dtype == "bfloat16"
    for critic in (model.local_critic, model.global_critic):
        assert {layer.compute_dtype for layer in critic.layers[1:]} == {"float32"}


# ---- what the networks see -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1, 2])
def test_what_lies_in_the_hole_reaches_no_network(scale):
    """Each sample has a mask of its own; with a reduced coarse network its border cuts blocks of pixels."""
    model, data = make("ca_gan", coarse_scale=scale), batch()
    data["mask"][1] = 0
    data["mask"][1, 11:52, 3:40] = 1
    other = {**data, "occluded": np.where(data["mask"] > 0, np.float32(-0.3), data["occluded"])}
    assert (other["occluded"] != data["occluded"]).any((1, 2, 3)).all()
    ours, theirs = (model(inputs(x)) for x in (data, other))
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)


def test_the_hole_is_white_and_the_rest_as_it_is():
    model, data = make("ca_gan"), batch()
    given = heard(model, "coarse_generator")
    model(inputs({**data, "occluded": data["image"]}))  # the hole shows the face
    picture, mask = given[0]
    np.testing.assert_array_equal(mask, data["mask"])
    np.testing.assert_array_equal(picture, np.where(data["mask"] > 0, np.float32(1), data["image"]))


def test_a_reduced_coarse_network_sees_white_wherever_anything_is_hidden():
    model, data = make("ca_gan", coarse_scale=2), batch()
    data["mask"][:] = 0
    data["mask"][:, 21:40, 17:30] = 1
    given = heard(model, "coarse_generator")
    model(inputs(data))
    picture, mask = given[0]
    assert mask.shape == (2, 32, 32, 1)
    assert mask[:, 10:20, 8:15].all() and mask.sum() == 2 * 10 * 7
    assert (picture[:, 10:20, 8:15] == 1).all()
    np.testing.assert_allclose(picture[0, 0, 0], data["image"][0, :2, :2].mean((0, 1)), atol=1e-6)


def test_the_refine_network_sees_the_coarse_picture_in_the_hole_and_the_given_one_around_it():
    model, data = make("ca_gan"), batch()
    given = heard(model, "refine_generator")
    found = model(inputs(data))
    picture, mask = given[0]
    np.testing.assert_array_equal(mask, data["mask"])
    np.testing.assert_array_equal(picture, found["coarse"])
    kept = np.broadcast_to(data["mask"] == 0, picture.shape)
    np.testing.assert_array_equal(picture[kept], data["occluded"][kept])
    assert (picture[~kept] != 1).mean() > 0.95  # no longer white


def test_attention_copies_from_what_is_visible_only():
    """In the model, at every place: the compared patches of 3 x 3 places of the grid must see no hidden pixel."""
    model, data = make("ca_gan"), batch()
    _, attention = model.forward(inputs_as_batch(data), ["rebuilt"])["rebuilt"]
    grid = keras.ops.max_pool(data["mask"], 4, 4)[:, ::2, ::2]  # at a quarter, then every second
    touches = np.asarray(keras.ops.max_pool(grid, 3, 1, padding="same")).reshape(2, -1) > 0
    assert touches.any(1).all() and not touches.all(1).any()
    attention = np.asarray(attention)
    for i in range(2):
        assert (attention[i][:, touches[i]] == 0).all()
    np.testing.assert_allclose(attention.sum(-1), 1, rtol=1e-5)


def inputs_as_batch(data):
    return {key: keras.ops.convert_to_tensor(data[key]) for key in ("occluded", "mask")}


def test_offsets_say_from_how_far_off_is_copied():
    model, data = make("ca_gan"), batch()
    found = model.forward(inputs_as_batch(data), ["rebuilt", "offsets"])
    offsets, best = np.asarray(found["offsets"]), np.asarray(found["rebuilt"][1]).argmax(-1)
    assert offsets.shape == (2, 64, 64, 2)
    np.testing.assert_array_equal(offsets[np.broadcast_to(data["mask"] == 0, offsets.shape)], 0)
    for i in range(2):
        for y, x in np.argwhere(data["mask"][i, ..., 0] > 0)[::37]:
            row, column = divmod(int(best[i][y // 8 * 8 + x // 8]), 8)
            assert tuple(offsets[i, y, x]) == (8 * (row - y // 8), 8 * (column - x // 8))


def test_a_mask_over_everything_gives_a_finite_picture_and_copies_nothing():
    model, data = make("ca_gan"), batch()
    data["mask"][0] = 1
    found = {k: np.asarray(v) for k, v in model(inputs(data)).items()}
    assert all(np.isfinite(v).all() for v in found.values())
    assert not found["offsets"][0].any() and found["offsets"][1].any()
    assert np.ptp(found["image"][0]) > 0


def test_a_model_with_a_reduced_coarse_network_begins_with_the_weights_of_one_of_half_its_side(tmp_path):
    """As ca_gan_256_small does with those of ca_gan_128."""
    small, large = make("ca_gan"), make("ca_gan", seed=1, image_size=128, coarse_scale=2)
    zoo.load_weights(large, zoo.save_weights(small, tmp_path / "small.weights.h5"))
    for ours, theirs in zip(small.painters.weights, large.painters.weights, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-3, atol=1e-6)
    one, other = (zoo.preset(name).arguments for name in ("ca_gan_128", "ca_gan_256_small"))
    assert {**one, "image_size": 256, "coarse_scale": 2} == other


# ---- bad input -------------------------------------------------------------------------------------------------------


def test_without_a_mask_it_says_what_it_needs():
    model, picture = make("ca_gan"), np.zeros((64, 64, 3), np.uint8)
    with pytest.raises(InputError, match="`inputs` must say what is hidden. Received: no mask"):
        model(batch()["occluded"])
    with pytest.raises(InputError, match="`masks` must say what is hidden"):
        model.restore(picture)


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(InputError, match="one mask for each picture"):
        make("ca_gan").restore(np.zeros((64, 64, 3), np.uint8), np.zeros((32, 32)))


def test_pictures_smaller_than_the_model_are_restored_and_an_empty_mask_changes_nothing():
    model, rng = make("ca_gan"), np.random.default_rng(0)
    for side in (2, 7):
        picture = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
        np.testing.assert_array_equal(model.restore(picture, np.zeros((side, side))).images[0], picture)
        assert model.restore(picture, np.ones((side, side))).images.shape == (1, side, side, 3)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image_size": 60}, "`image_size` must be a multiple of 8. Received: image_size=60"),
        ({"image_size": 72, "coarse_scale": 2}, "`image_size` must be a multiple of 16"),
        ({"image_size": 8}, "`image_size` must be .* Received: image_size=8"),
        ({"coarse_scale": 3}, "`coarse_scale` must be 1 or 2. Received: coarse_scale=3"),
        ({"stem": 4}, "`stem` must be 1 or 2. Received: stem=4"),
        ({"discount": "steep"}, "`discount` must be one of power, literal, none. Received: discount='steep'"),
    ],
)
def test_arguments_out_of_range_are_refused(changes, words):
    with pytest.raises(InputError, match=words):
        make("ca_gan", **changes)
