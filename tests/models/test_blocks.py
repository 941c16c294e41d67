"""What networks are built of, and the options that networks of several models share."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.tiny import batch
from tfinpaint.errors import InputError
from tfinpaint.models import blocks
from tfinpaint.models.c2fdan import networks as c2fdan
from tfinpaint.models.fmodr import networks as fmodr
from tfinpaint.models.two_branches import refine_generator
from tfinpaint.models.u_net import u_net

PAINTERS = {
    "fmodr coarse": lambda: u_net(64, (4, 8, 8, 8), 2),
    "fmodr refine": lambda: refine_generator(64, (4, 4, 8), (2,), 2, True),
    "c2fdan coarse": lambda: c2fdan.coarse_network(64, (4, 8, 8), stem=2),
    "c2fdan fine": lambda: c2fdan.fine_network(64, (4, 8, 8), 4, residual=True, stem=2),
}


def picture_of(network, inputs):
    outputs = network(inputs)
    return outputs["painted"] if isinstance(outputs, dict) else outputs


@pytest.mark.parametrize("name", PAINTERS)
def test_a_pixel_that_was_painted_too_bright_learns_to_be_darker(name):
    network, data = PAINTERS[name](), batch()
    inputs = [data["image"], data["mask"]] if len(network.inputs) == 2 else data["image"]
    head = next(network.get_layer(n) for n in ("head", "face_head") if n in {layer.name for layer in network.layers})
    head.set_weights([np.zeros(head.kernel.shape), np.full(head.bias.shape, 5.0)])
    with tf.GradientTape() as tape:
        painted = picture_of(network, inputs)
        error = tf.reduce_mean(tf.abs(painted - data["image"]))
    np.testing.assert_array_equal(painted, np.ones_like(data["image"]))
    slopes = tape.gradient(error, head.bias.value).numpy()
    assert (slopes > 0).all() and slopes.sum() == pytest.approx(1, rel=1e-4)  # of a mean over all values


def test_heads_are_float32_and_come_back_to_full_size_under_any_policy():
    x = keras.Input((4, 6, 5))
    for block, names in ((1, ["head"]), (2, ["head", "unfold"])):
        y = blocks.head(x, 3, block)
        assert (y.shape[1:], y.dtype) == ((4 * block, 6 * block, 3), "float32")
        assert [layer.name for layer in keras.Model(x, y).layers[1:]] == names
    old = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = keras.Model(x, blocks.head(blocks.conv(x, 4, "relu", "before"), 3, 2))
        assert [layer.compute_dtype for layer in network.layers[1:]] == ["bfloat16", "float32", "float32"]
        assert blocks.clip(blocks.conv(x, 4, "relu", "other")).dtype == "float32"
    finally:
        keras.config.set_dtype_policy(old)


def test_folding_by_1_is_nothing_and_convolutions_are_numbered():
    x = keras.Input((4, 6, 5))
    assert blocks.fold_pixels(x, 1, "fold") is x
    assert blocks.fold_pixels(x, 2, "fold").shape[1:] == (2, 3, 20)
    network = keras.Model(x, blocks.convs(x, 7, 2, "elu", "far"))
    assert [layer.name for layer in network.layers[1:]] == ["far_0", "far_1"]
    assert {layer.activation.__name__ for layer in network.layers[1:]} == {"elu"}


# ---- options of networks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attention", "layer", "count"),
    [("contextual", "ContextualAttention", 2_153_315), ("self_adaptive", "SelfAdaptiveContextualAttention", 2_153_333)],
)
def test_the_refine_network_takes_either_contextual_attention(attention, layer, count):
    network = refine_generator(256, attention=attention)
    assert network.count_params() == count
    assert type(network.get_layer("attention")).__name__ == layer
    assert network.get_layer("attention").output.shape == (None, 64, 64, 128)


def test_unless_told_otherwise_the_refine_network_learns_its_propagation():
    assert refine_generator(64, (4, 4, 8), (2,), 2).get_layer("attention").count_params() == 18


def test_an_unknown_attention_is_refused():
    with pytest.raises(InputError, match="`attention` must be one of self_adaptive, contextual. Received:.*'soft'"):
        refine_generator(64, attention="soft")


def test_the_critics_features_are_activated_before_they_are_fused():
    critic, data = fmodr.critic(64, (4, 8, 8), 8), batch()
    outputs = [critic.get_layer(n).output for n in ("global_features", "region_features", "fused")]
    *features, fused = (np.asarray(y) for y in keras.Model(critic.inputs, outputs)([data["image"], data["mask"]]))
    features = np.concatenate(features, axis=-1)
    assert (features < 0).any()
    np.testing.assert_allclose(fused, np.where(features > 0, features, 0.2 * features), rtol=1e-6)


def test_the_fine_network_hands_on_whether_its_self_attention_compares_by_cosine():
    plain, cosine = (c2fdan.fine_network(64, (4, 8, 8), 4, normalize=n) for n in (False, True))
    assert [n.get_layer("self_attention").normalize for n in (plain, cosine)] == [False, True]
    assert cosine.count_params() == plain.count_params() + 1
    assert not c2fdan.fine_network(64, (4, 8, 8), 4).get_layer("self_attention").normalize
