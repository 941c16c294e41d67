"""Hybrid dilated convolution: what each branch sees, and how they are joined."""

import numpy as np
import pytest
import tensorflow as tf

from tfinpaint.errors import InputError
from tfinpaint.layers import HybridDilatedConv

rng = np.random.default_rng(0)


def built(shape=(1, 33, 33, 4), filters=8, **arguments):
    layer = HybridDilatedConv(filters, **arguments)
    layer.build(shape)
    return layer, rng.normal(size=shape).astype("float32")


def silence(layer, *but):
    """Sets the kernels of all branches to 0, but those named."""
    for name, conv in layer.convs.items():
        if name not in (*but, "fuse"):
            conv.kernel.assign(0 * conv.kernel)


def swish(x):
    return x / (1 + np.exp(-x))


@pytest.mark.parametrize(("channels", "count"), [(64, 33_408), (128, 132_352), (256, 526_848)])
def test_at_paper_size_it_has_the_specified_parameters(channels, count):
    layer, _ = built((1, 16, 16, channels), channels)
    assert layer.count_params() == count


@pytest.mark.parametrize(("arrangement", "extent"), [("parallel", 11), ("chained", 17)])
def test_it_sees_11_pixels_across_in_parallel_and_17_in_a_chain_and_keeps_the_size(arrangement, extent):
    layer, x = built(arrangement=arrangement, norm=False)
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
        middle = tf.reduce_sum(y[0, 16, 16])
    assert y.shape == (1, 33, 33, 8)
    rows, columns = np.nonzero(np.abs(tape.gradient(middle, x))[0].max(-1))
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (extent, extent)


@pytest.mark.parametrize("rate", [1, 2, 5])
def test_a_branch_alone_answers_an_impulse_with_a_grid_of_its_rate(rate):
    layer, x = built(norm=False)
    silence(layer, f"rate_{rate}")
    impulse = 0 * x
    impulse[0, 16, 16] = 1
    answer = np.abs(np.asarray(layer(impulse)) - np.asarray(layer(0 * x)))[0].max(-1)
    expected = {(16 + i * rate, 16 + j * rate) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    assert {(int(r), int(c)) for r, c in zip(*np.nonzero(answer), strict=True)} == expected


def test_in_parallel_a_silent_branch_silences_no_other_and_in_a_chain_all_that_follow():
    for arrangement, extent in (("parallel", 11), ("chained", 1)):
        layer, x = built(arrangement=arrangement, norm=False)
        silence(layer, "point", "rate_2", "rate_5")
        changed = x.copy()
        changed[0, 16, 16] += 1
        rows, _ = np.nonzero(np.abs(np.asarray(layer(changed)) - np.asarray(layer(x)))[0].max(-1))
        assert np.ptp(rows) + 1 == extent


def test_with_kernels_that_only_copy_it_joins_the_swish_of_each_branch():
    layer, x = built((1, 5, 5, 4), 4, norm=False)
    for conv in layer.convs.values():
        kernel = np.zeros(conv.kernel.shape, "float32")
        kernel[kernel.shape[0] // 2, kernel.shape[1] // 2, 0, 0] = 1
        conv.set_weights([kernel, np.zeros(kernel.shape[-1])])
    layer.convs["fuse"].set_weights([np.full((1, 1, 4, 4), 0.25, "float32"), np.full(4, 0.5)])
    expected = np.repeat(swish(swish(x[..., :1]) + 0.5), 4, axis=-1)
    np.testing.assert_allclose(np.asarray(layer(x)), expected, rtol=1e-5, atol=1e-6)


def test_the_fifth_branch_sees_the_mean_of_the_picture():
    layer, x = built((2, 9, 9, 4), global_pool=True, norm=False)
    silence(layer, "pool")
    shuffled = x.reshape(2, 81, 4)[:, rng.permutation(81)].reshape(x.shape)
    np.testing.assert_allclose(np.asarray(layer(x)), np.asarray(layer(shuffled)), atol=1e-5)
    assert np.abs(np.asarray(layer(x)) - np.asarray(layer(2 * x))).max() > 1e-3
    assert not any("pool" in w.path for w in built()[0].weights)


def test_statistics_are_the_batchs_in_training_and_gathered_ones_else():
    layer, x = built((4, 6, 6, 4))
    before = [w.numpy() for w in layer.non_trainable_weights]
    still = np.asarray(layer(x, training=False))
    assert all((a == w.numpy()).all() for a, w in zip(before, layer.non_trainable_weights, strict=True))
    trained = np.asarray(layer(x, training=True))
    assert len(before) == 10 and not any(
        (a == w.numpy()).all() for a, w in zip(before, layer.non_trainable_weights, strict=True)
    )
    assert np.abs(trained - still).max() > 0.1
    np.testing.assert_allclose(
        trained, np.asarray(layer(3 * x, training=True)), atol=0.05
    )  # a scale is normalised away
    assert not built(norm=False)[0].non_trainable_weights


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"filters": 6}, "`filters` must be a multiple of 4.*Received: filters=6"),
        ({"filters": 8, "dilations": ()}, "`dilations` must be different rates"),
        ({"filters": 8, "dilations": (1, 0)}, "`dilations` must be different rates"),
        ({"filters": 8, "arrangement": "serial"}, "'parallel' or 'chained'. Received: arrangement='serial'"),
    ],
)
def test_impossible_arguments_are_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        HybridDilatedConv(**arguments)


def test_what_is_no_map_of_features_is_refused():
    with pytest.raises(InputError, match="`x` must have the shape"):
        HybridDilatedConv(8)(np.zeros((1, 4, 4), "float32"))
