"""Self-attention of pixels against a loop, and its claims (PAPERS: C2FDAN)."""

import numpy as np
import pytest
import tensorflow as tf

from tfinpaint.errors import InputError
from tfinpaint.layers import PixelSelfAttention

rng = np.random.default_rng(0)


@pytest.mark.parametrize("normalize", [False, True])
def test_it_equals_a_loop(normalize):
    layer = PixelSelfAttention(2, 2, normalize=normalize, return_attention=True)
    x = rng.normal(size=(1, 4, 6, 4)).astype("float32")
    layer.build(x.shape)
    if normalize:
        assert layer.scale.numpy() == 10
        layer.scale.assign(3.0)
    result, attention = (np.asarray(y)[0] for y in layer(x))
    weights = {n: [w.numpy().squeeze() for w in getattr(layer, n).weights] for n in ("query", "key", "value", "out")}
    query, key, value = (x[0] @ weights[n][0] + weights[n][1] for n in ("query", "key", "value"))
    halves = [
        [part[r : r + 2, c : c + 2].max((0, 1)) for r in range(0, 4, 2) for c in range(0, 6, 2)]
        for part in (key, value)
    ]
    for pixel, q in enumerate(query.reshape(-1, 2)):
        cosine = [3 / np.linalg.norm(q) / np.linalg.norm(k) if normalize else 1.0 for k in halves[0]]
        likeness = np.exp([c * (q @ k) for c, k in zip(cosine, halves[0], strict=True)])
        likeness /= likeness.sum()
        np.testing.assert_allclose(attention[pixel], likeness, rtol=1e-4)
        gathered = likeness @ np.array(halves[1]) @ weights["out"][0] + weights["out"][1]
        np.testing.assert_allclose(result.reshape(-1, 4)[pixel], x[0].reshape(-1, 4)[pixel] + gathered, atol=1e-5)


def _of_growing_features(normalize, grown=1000.0):
    """Gradients of the query's kernel for features as they begin and as they may become."""
    layer = PixelSelfAttention(2, 2, normalize=normalize)
    x = np.random.default_rng(3).normal(size=(1, 8, 8, 8)).astype("float32")
    layer.build(x.shape)
    lengths = []
    for factor in (1.0, grown):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(factor * x) * x)
        lengths.append(float(tf.norm(tape.gradient(loss, layer.query.kernel.value))))
    return layer, x, lengths


def test_features_that_grow_freeze_the_choice_unless_it_is_by_cosine():
    layer, x, (begins, grown) = _of_growing_features(normalize=False)
    # Queries, keys and values are each 1000 times as large, and so would be the gradient for each. What is left is
    # rounding: some processors' softmax gives 1 - 6e-8 for a 1.
    assert begins > 0.01 and grown < 1e-5 * 1000**3 * begins
    assert layer.entropy(1000 * x) < 1e-5 < 0.1 < layer.entropy(x)
    layer, x, (begins, grown) = _of_growing_features(normalize=True)
    assert begins > 0.01 and grown > 0.5 * begins
    np.testing.assert_allclose(layer.entropy(1000 * x), layer.entropy(x), rtol=1e-3)


@pytest.mark.parametrize("normalize", [False, True])
def test_entropy_is_1_where_all_cells_count_alike_and_0_where_one_counts(normalize):
    layer, x = PixelSelfAttention(2, 2, normalize=normalize), np.zeros((2, 4, 4, 4), "float32")
    x[1, 0, 0] = 1  # the first sample is empty, the second has one cell that all pixels look at
    np.testing.assert_allclose(layer.entropy(x[:1]), [1.0], rtol=1e-6)  # builds the layer, too
    for conv in (layer.query, layer.key):
        conv.set_weights([np.zeros(w.shape) for w in conv.get_weights()])
    np.testing.assert_allclose(layer.entropy(x), [1.0, 1.0], rtol=1e-6)
    layer.query.set_weights([np.zeros((1, 1, 4, 2)), np.full(2, 100.0)])
    layer.key.set_weights([np.full((1, 1, 4, 2), 20.0), np.full(2, -10.0 if normalize else 0.0)])
    if normalize:  # cosines lie in [-1, 1], so it takes a large scale
        layer.scale.assign(1000.0)
    np.testing.assert_allclose(layer.entropy(x), [1.0, 0.0], atol=1e-6)
    assert layer.entropy(x).dtype == "float32"


def test_entropy_is_that_of_the_rows_by_hand():
    layer, x = PixelSelfAttention(2, 2, return_attention=True), rng.normal(size=(3, 4, 6, 4)).astype("float32")
    rows = np.asarray(layer(x)[1], "float64")
    by_hand = -(rows * np.log(rows)).sum(-1).mean(-1) / np.log(6)
    assert 0.05 < by_hand.min() and by_hand.max() < 0.99
    np.testing.assert_allclose(layer.entropy(x), by_hand, rtol=1e-5)
    compiled = tf.function(layer.entropy, jit_compile=True)
    np.testing.assert_allclose(compiled(tf.constant(x)), by_hand, rtol=1e-5)


def test_entropy_of_half_precision_features_is_float32_and_finite():
    layer = PixelSelfAttention(2, 2, normalize=True, return_attention=True, dtype="mixed_float16")
    x = 1000 * rng.normal(size=(2, 4, 4, 4)).astype("float16")
    layer(x)
    entropy = np.asarray(layer.entropy(x))
    assert entropy.dtype == np.float32 and np.isfinite(entropy).all() and (0 < entropy).all() and (entropy < 1).all()
    layer.scale.assign(70_000.0)  # more than float16 holds: the scale is not cast down
    assert all(np.isfinite(y).all() for y in layer(x))


def test_entropy_of_a_single_cell_is_0():
    np.testing.assert_array_equal(PixelSelfAttention(2, 2).entropy(np.ones((2, 2, 2, 4), "float32")), [0, 0])


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
