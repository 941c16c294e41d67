"""The clip that lets the gradient through."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tfinpaint.errors import InputError
from tfinpaint.layers import StraightThroughClip

VALUES = np.array([-3e38, -7.0, -1.0000001, -1.0, -0.3, -0.0, 0.1, 1.0, 1.0000001, 5.0, np.inf], "float32")
WEIGHTS = np.arange(len(VALUES), dtype="float32")


def clipped_and_gradient(compiled: bool) -> list[np.ndarray]:
    """What the layer makes of `VALUES`, and the gradient of its sum times `WEIGHTS`, on this process's backend."""
    layer = StraightThroughClip()
    if keras.backend.backend() == "jax":
        import jax

        def loss(x):
            y = layer(x)
            return (y * WEIGHTS).sum(), y

        run = jax.value_and_grad(loss, has_aux=True)
        (_, y), gradient = (jax.jit(run) if compiled else run)(VALUES)
        return [np.asarray(y), np.asarray(gradient)]

    import tensorflow as tf

    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            loss = tf.reduce_sum(y * WEIGHTS)
        return y, tape.gradient(loss, x)

    return [x.numpy() for x in (tf.function(run, jit_compile=True) if compiled else run)(tf.constant(VALUES))]


def assert_exact(y: np.ndarray, gradient: np.ndarray) -> None:
    assert y.tobytes() == np.clip(VALUES, np.float32(-1), np.float32(1)).tobytes()
    np.testing.assert_array_equal(gradient, WEIGHTS)


@pytest.mark.parametrize("compiled", [False, True])
def test_values_are_clipped_bit_for_bit_and_the_gradient_is_1_everywhere(compiled):
    assert_exact(*clipped_and_gradient(compiled))


def test_so_they_are_on_jax():
    pytest.importorskip("jax")
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    root = Path(__file__).resolve().parents[2]
    subprocess.run(
        [sys.executable, "-m", "tests.layers.test_straight_through_clip"], cwd=root, env=environment, check=True
    )


def test_behind_what_compilers_like_to_contract_values_stay_exact():
    tf = pytest.importorskip("tensorflow")
    a, b, c = np.random.default_rng(0).normal(size=(3, 4096)).astype("float32")

    @tf.function(jit_compile=True)
    def run(a, b, c):
        x = a * b + c
        return StraightThroughClip()(x), tf.clip_by_value(x, -1.0, 1.0)

    np.testing.assert_array_equal(*run(*(tf.constant(v) for v in (a, b, c))))


def test_a_range_that_is_none_is_refused():
    with pytest.raises(InputError, match="`low` must be below `high`. Received: low=1, high=1"):
        StraightThroughClip(1, 1)


if __name__ == "__main__":
    for compiled in (False, True):
        assert_exact(*clipped_and_gradient(compiled))
