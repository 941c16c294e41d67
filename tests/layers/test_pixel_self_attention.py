"""Self-attention of pixels against a loop, and its claims (PAPERS: C2FDAN)."""

import numpy as np
import pytest
import tensorflow as tf

from tfinpaint.errors import InputError
from tfinpaint.layers import PixelSelfAttention

rng = np.random.default_rng(0)


def test_it_equals_a_loop():
    layer, x = PixelSelfAttention(2, 2, return_attention=True), rng.normal(size=(1, 4, 6, 4)).astype("float32")
    result, attention = (np.asarray(y)[0] for y in layer(x))
    weights = {n: [w.numpy().squeeze() for w in getattr(layer, n).weights] for n in ("query", "key", "value", "out")}
    query, key, value = (x[0] @ weights[n][0] + weights[n][1] for n in ("query", "key", "value"))
    halves = [
        [part[r : r + 2, c : c + 2].max((0, 1)) for r in range(0, 4, 2) for c in range(0, 6, 2)]
        for part in (key, value)
    ]
    for pixel, q in enumerate(query.reshape(-1, 2)):
        likeness = np.exp([q @ k for k in halves[0]])
        likeness /= likeness.sum()
        np.testing.assert_allclose(attention[pixel], likeness, rtol=1e-5)
        gathered = likeness @ np.array(halves[1]) @ weights["out"][0] + weights["out"][1]
        np.testing.assert_allclose(result.reshape(-1, 4)[pixel], x[0].reshape(-1, 4)[pixel] + gathered, atol=1e-5)


def test_at_paper_size_784_pixels_look_at_196_cells():
    layer, x = PixelSelfAttention(return_attention=True), rng.normal(size=(1, 28, 28, 256)).astype("float32")
    result, attention = layer(x)
    assert (result.shape, attention.shape) == ((1, 28, 28, 256), (1, 784, 196))
    np.testing.assert_allclose(np.asarray(attention).sum(-1), 1, rtol=1e-5)
    assert layer.count_params() == 82_368


def test_one_pixel_hears_from_the_whole_map():
    layer, x = PixelSelfAttention(2, 2), tf.constant(rng.normal(size=(1, 8, 8, 8)).astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(x)
        one = tf.reduce_sum(layer(x)[0, 1, 2])
    heard = np.abs(tape.gradient(one, x))[0].max(-1)
    heard = heard.reshape(4, 2, 4, 2).max((1, 3))  # of each 2x2 cell only the maxima are heard
    assert (heard > 0).all()


def test_with_a_last_convolution_of_zeros_nothing_changes():
    layer, x = PixelSelfAttention(2), rng.normal(size=(2, 4, 4, 4)).astype("float32")
    layer.build(x.shape)
    layer.out.set_weights([np.zeros_like(w) for w in layer.out.get_weights()])
    np.testing.assert_array_equal(np.asarray(layer(x)), x)


@pytest.mark.parametrize(
    ("arguments", "shape", "words"),
    [
        ({"key_ratio": 0}, (1, 4, 4, 8), "`key_ratio` must be a whole number"),
        ({}, (1, 4, 4, 4), "not above the channels"),
        ({}, (1, 3, 4, 8), "known and even"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(arguments, shape, words):
    with pytest.raises(InputError, match=words):
        PixelSelfAttention(**arguments)(np.zeros(shape, "float32"))
