"""The dense multi-scale fusion block: its reach and its sums."""

import numpy as np
import pytest
import tensorflow as tf

from tfinpaint.errors import InputError
from tfinpaint.layers import DMFB


def test_at_paper_size_it_has_the_specified_parameters():
    layer = DMFB()
    layer.build((None, 28, 28, 256))
    assert layer.count_params() == 471_808


def test_the_four_scales_see_5_9_13_and_21_pixels():
    layer, x = DMFB("elu"), tf.constant(np.random.default_rng(0).normal(size=(1, 41, 41, 8)).astype("float32"))
    layer.build(x.shape)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        middles = [tf.reduce_sum(y[0, 20, 20]) for y in layer.scales(x)]
    for middle, extent in zip(middles, (5, 9, 13, 21), strict=True):
        rows, columns = np.nonzero(np.abs(tape.gradient(middle, x))[0].max(-1))
        assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (extent, extent)


def test_with_kernels_that_only_copy_the_scales_add_up():
    layer, x = DMFB(), np.random.default_rng(0).uniform(size=(1, 5, 5, 4)).astype("float32")
    layer.build(x.shape)
    for conv in (layer.reduce, *layer.dilated, *layer.add):
        kernel = np.zeros(conv.kernel.shape, "float32")
        kernel[1, 1, 0, 0] = 1
        conv.set_weights([kernel, np.zeros(1)])
    layer.fuse.set_weights([np.full((1, 1, 4, 4), 0.1, "float32"), np.zeros(4)])
    for i, scale in enumerate(layer.scales(x)):
        np.testing.assert_allclose(np.asarray(scale), (i + 1) * x[..., :1], rtol=1e-5)
    np.testing.assert_allclose(np.asarray(layer(x)), x + (1 + 2 + 3 + 4) * 0.1 * x[..., :1], rtol=1e-5)


@pytest.mark.parametrize(
    ("activation", "of_minus_1"), [("relu", 0.0), ("leaky_relu", -0.2), ("elu", np.exp(-1) - 1)], ids=lambda x: str(x)
)
def test_its_activation_is_the_one_that_is_named(activation, of_minus_1):
    layer, x = DMFB(activation), np.zeros((1, 3, 3, 4), "float32")
    layer.build(x.shape)
    for conv in (layer.reduce, *layer.dilated, *layer.add, layer.fuse):
        conv.set_weights([np.zeros(w.shape) for w in conv.get_weights()])
    first = layer.dilated[0]
    first.set_weights([np.zeros(first.kernel.shape), np.full(1, -1.0)])  # y_1 is -1, and so is what fuse gets of it
    layer.fuse.set_weights([np.eye(4)[None, None], np.zeros(4)])
    np.testing.assert_allclose(np.asarray(layer(x))[..., 0], of_minus_1, rtol=1e-6)
    first.set_weights([np.zeros(first.kernel.shape), np.zeros(1)])
    kernel = np.zeros(first.kernel.shape, "float32")
    kernel[1, 1] = 1
    layer.reduce.set_weights([np.zeros(layer.reduce.kernel.shape), np.full(1, -1.0)])  # h is act(-1)
    first.set_weights([kernel, np.ones(1)])
    np.testing.assert_allclose(np.asarray(layer(x))[..., 0], 1 + of_minus_1, rtol=1e-6)


def test_other_channels_are_refused():
    with pytest.raises(InputError, match="divisible by 4"):
        DMFB()(np.zeros((1, 4, 4, 6), "float32"))
