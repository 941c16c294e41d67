"""Gradients and compiled steps on TensorFlow."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from keras import ops


def values_and_grads(
    fn: Callable[[], tuple[list, Any]], groups: Sequence[list], state: Sequence[Any]
) -> tuple[Any, list[list]]:
    """One forward pass, one backward pass for each group of variables.

    Args:
        fn: takes nothing, returns `(totals, aux)`: one scalar for each group, and anything else.
        groups: lists of Keras variables; the gradient of `totals[i]` is taken for `groups[i]`.
        state: every variable that `fn` may read or assign (unused here).

    Returns:
        `aux` and, for each group, a list of gradients (zeros where a variable is not reached).
    """
    del state
    values = [[v.value for v in group] for group in groups]
    with tf.GradientTape(persistent=len(groups) > 1, watch_accessed_variables=False) as tape:
        tape.watch([v for group in values for v in group])
        totals, aux = fn()
    zero = tf.UnconnectedGradients.ZERO
    grads = [tape.gradient(t, vs, unconnected_gradients=zero) for t, vs in zip(totals, values, strict=True)]
    return aux, grads


def apply_grads(optimizer: Any, grads: Sequence[Any], variables: Sequence[Any], is_open: Any = None) -> None:
    """Moves the variables; where `is_open` is false neither they nor the optimizer's slots change."""
    if is_open is None:
        optimizer.apply(grads, variables)
        return

    def move() -> Any:
        optimizer.apply(grads, variables)
        return tf.constant(True)

    tf.cond(is_open, move, lambda: tf.constant(False))


def input_grad(fn: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of the sum of `fn(x)` with respect to `x`; what `fn` assigns meanwhile counts as undefined."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        total = ops.sum(fn(x))
    return tape.gradient(total, x)


def compile_inference(model: Any) -> Callable[[Any], Any]:
    """`model(inputs, training=False)` as a compiled function of the inputs."""
    return tf.function(lambda inputs: model(inputs, training=False), reduce_retracing=True)


class StepAdapter:
    """Gives a model with `step(batch)` and `validation_step(batch)` the methods that `fit` calls."""

    def train_step(self, data: Any) -> dict[str, Any]:
        return self.step(data)

    def test_step(self, data: Any) -> dict[str, Any]:
        return self.validation_step(data)

    def _maybe_symbolic_build(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: models are built when they are made."""

    def _symbolic_build(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: models are built when they are made."""
