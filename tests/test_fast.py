"""The tests' Adam makes Keras's steps, eager, traced, and in a branch that may be closed."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import fast
from tfinpaint.training.backend_tensorflow import apply_grads

SHAPES = ((3, 3, 4, 8), (8,), (), (5, 2))


def walk(traced, scaled):
    """Variables and slots after seven steps with a falling rate; the third finds its gate closed."""
    draw = np.random.default_rng(0)
    variables = [keras.Variable(draw.normal(size=shape).astype("float32")) for shape in SHAPES]
    optimizer = inner = keras.optimizers.Adam(beta_1=0.5, beta_2=0.99, epsilon=1e-5)
    if scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(inner)
    optimizer.build(variables)

    def step(grads, is_open):
        apply_grads(optimizer, grads, variables, is_open)

    step = tf.function(step) if traced else step
    for n in range(7):
        inner.learning_rate = 0.1 / (n + 1)
        grads = [tf.constant(draw.normal(size=v.shape) * 10.0 ** draw.integers(-6, 3), "float32") for v in variables]
        step(grads, tf.constant(n != 2))
    return [v.numpy() for v in [*variables, *optimizer.variables, *inner.variables]]


@pytest.mark.parametrize("scaled", [False, True])
def test_the_fused_kernel_makes_the_steps_of_keras(monkeypatch, scaled):
    monkeypatch.setattr(fast.Adam, "update_step", fast.update_step)
    monkeypatch.setattr(fast.Adam, "_backend_update_step", fast.update_all)
    wanted = walk(False, scaled)
    fast.install()
    for traced in (False, True):
        for ours, theirs in zip(walk(traced, scaled), wanted, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    assert fast.Adam.update_step is not fast.update_step
