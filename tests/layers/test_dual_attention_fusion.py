"""Channel attention and fusion: counts, what the gates know, and what each end of alpha gives."""

import numpy as np
import pytest

from tests.harness import weights_for
from tfinpaint.errors import InputError
from tfinpaint.layers import ChannelAttention, DualAttentionFusion

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(2, 4, 4, 8)).astype("float32")
PICTURE = RNG.uniform(-1, 1, (2, 16, 16, 3)).astype("float32")
REDUCED = PICTURE.reshape(2, 4, 4, 4, 4, 3).mean((2, 4))  # means of 4 x 4 pixels


def fusion(force=None, trained=False, **arguments):
    """A layer on the features and picture above; perhaps with its alpha forced to 0 or 1."""
    layer = DualAttentionFusion(ratio=2, filters=5, return_parts=True, **arguments)
    layer.build([FEATURES.shape, PICTURE.shape])
    if trained:
        layer.set_weights(weights_for(layer))
    if force is not None:
        last = layer.alphas[-1]
        last.set_weights([np.zeros(last.kernel.shape), np.full(3, 200.0 * (2 * force - 1))])
    return layer


@pytest.mark.parametrize(
    ("channels", "count"), [(512, 46_735), (256, 21_119), (128, 14_455), (64, 12_659), (32, 12_275)]
)
def test_a_fusion_at_any_width_has_the_specified_parameters(channels, count):
    layer = DualAttentionFusion()
    layer.build([(None, 8, 8, channels), (None, 32, 32, 3)])
    assert layer.count_params() == count


def test_the_gates_know_the_means_of_the_channels_and_not_their_places():
    layer = ChannelAttention(ratio=2)
    layer.build(FEATURES.shape)
    layer.set_weights(weights_for(layer))
    shuffled = FEATURES.reshape(2, 16, 8)[:, RNG.permutation(16)].reshape(FEATURES.shape)
    gates = np.asarray(layer.gates(FEATURES))
    np.testing.assert_allclose(layer.gates(shuffled), gates, atol=1e-6)
    assert gates.shape == (2, 1, 1, 8) and (gates > 0).all() and (gates < 1).all() and np.ptp(gates) > 0.01
    np.testing.assert_allclose(layer(FEATURES), FEATURES * gates, rtol=1e-6)


def test_channel_attention_by_hand():
    layer = ChannelAttention(ratio=16)  # eight channels: four values in the middle, not none
    layer.build(FEATURES.shape)
    down, bias_down, up, bias_up = (w.reshape(w.shape[-2:]) if w.ndim == 4 else w for w in weights_for(layer))
    layer.set_weights(weights_for(layer))
    assert down.shape == (8, 4)
    middle = np.maximum(FEATURES.mean((1, 2)) @ down + bias_down, 0)
    expected = 1 / (1 + np.exp(-(middle @ up + bias_up)))
    np.testing.assert_allclose(np.asarray(layer.gates(FEATURES))[:, 0, 0], expected, rtol=1e-5)


@pytest.mark.parametrize("trained", [False, True])
def test_where_alpha_is_0_the_reduced_picture_comes_through_w_c_exactly(trained):
    layer = fusion(force=0, trained=trained)
    blended, _, alpha = layer([FEATURES, PICTURE])
    np.testing.assert_array_equal(alpha, np.zeros((2, 4, 4, 3)))
    known = np.asarray(layer.known(REDUCED.astype("float32")))
    np.testing.assert_allclose(blended, known, atol=1e-6)
    np.testing.assert_allclose(known, REDUCED @ layer.known.kernel.numpy()[0, 0], atol=1e-6)
    assert np.allclose(known, REDUCED, atol=1e-6) == (not trained)  # a new layer changes no colour


def test_at_full_size_a_new_layer_that_restores_nothing_keeps_every_bit():
    layer = DualAttentionFusion(ratio=2, filters=5)
    layer.build([FEATURES.shape, (2, 4, 4, 3)])
    layer.alphas[-1].set_weights([np.zeros(layer.alphas[-1].kernel.shape), np.full(3, -200.0)])
    np.testing.assert_array_equal(layer([FEATURES, PICTURE[:, :4, :4]]), PICTURE[:, :4, :4])


def test_where_alpha_is_1_all_is_restored_from_the_rescaled_features():
    layer = fusion(force=1, trained=True)
    blended, restored, _ = layer([FEATURES, PICTURE])
    np.testing.assert_array_equal(blended, restored)
    np.testing.assert_allclose(restored, layer.restore(layer.attention(FEATURES)), atol=1e-6)
    assert np.abs(np.asarray(layer.restore(FEATURES)) - np.asarray(restored)).max() > 1e-3


def test_a_logit_of_what_is_hidden_is_reduced_by_means_and_added_to_that_of_alpha():
    layer, logit = fusion(trained=True), RNG.normal(size=(2, 16, 16, 1)).astype("float32")
    alone, told = (np.asarray(layer(inputs)[2]) for inputs in ([FEATURES, PICTURE], [FEATURES, PICTURE, logit]))
    added = logit.reshape(2, 4, 4, 4, 4, 1).mean((2, 4))
    np.testing.assert_allclose(told, 1 / (1 + (1 / alone - 1) * np.exp(-added)), rtol=1e-4)


def test_in_between_it_blends_and_alpha_lies_between_0_and_1():
    layer = fusion(trained=True)
    blended, restored, alpha = (np.asarray(x) for x in layer([FEATURES, PICTURE]))
    assert (alpha >= 0).all() and (alpha <= 1).all() and np.ptp(alpha) > 0.05 and np.abs(restored).max() <= 1
    known = np.asarray(layer.known(REDUCED.astype("float32")))
    np.testing.assert_allclose(blended, alpha * restored + (1 - alpha) * known, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"ratio": 0}, "`ratio` must be a whole number from 1. Received: ratio=0"),
        ({"filters": 1.5}, "`filters` must be a whole number from 1. Received: filters=1.5"),
    ],
)
def test_impossible_arguments_are_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        DualAttentionFusion(**arguments)


@pytest.mark.parametrize("picture", [(2, 6, 6, 3), (2, 16, 8, 3), (2, None, None, 3)])
def test_a_picture_that_is_no_multiple_of_the_features_is_refused(picture):
    with pytest.raises(InputError, match="`picture` must be a whole number of times as high and as wide"):
        DualAttentionFusion().build([(2, 4, 4, 8), picture])
