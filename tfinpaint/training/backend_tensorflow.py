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
        `aux` and, for each group, a list of gradients (zeros where a variable is not reached), summed over
        all replicas.
    """
    del state
    values = [[v.value for v in group] for group in groups]
    with tf.GradientTape(persistent=len(groups) > 1, watch_accessed_variables=False) as tape:
        tape.watch([v for group in values for v in group])
        totals, aux = fn()
    zero = tf.UnconnectedGradients.ZERO
    grads = [tape.gradient(t, vs, unconnected_gradients=zero) for t, vs in zip(totals, values, strict=True)]
    return aux, [sum_over_replicas(group) for group in grads]


def apply_grads(optimizer: Any, grads: Sequence[Any], variables: Sequence[Any], is_open: Any = None) -> None:
    """Moves the variables; where `is_open` is false neither they nor the optimizer's slots change.

    Args:
        optimizer: a Keras optimizer.
        grads: of all replicas together, as `values_and_grads` gives them.
        variables: as many.
        is_open: scalar boolean tensor, the same on every replica.
    """
    if _replicas() > 1:  # the optimizer adds them up over the replicas once more
        grads = [g / _replicas() for g in grads]
    if is_open is None:
        optimizer.apply(grads, variables)
        return

    # A branch that talks to the other replicas must be chosen outside of them, once for all.
    def decide(strategy: tf.distribute.Strategy, is_open: Any, grads: Sequence[Any]) -> None:
        def move() -> Any:
            strategy.extended.call_for_each_replica(optimizer.apply, args=(grads, variables))
            return tf.constant(True)

        tf.cond(strategy.experimental_local_results(is_open)[0], move, lambda: tf.constant(False))

    tf.distribute.get_replica_context().merge_call(decide, args=(is_open, grads))


def only_if(is_open: Any, function: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """`function()` where a scalar boolean tensor is true, else `otherwise()`, of the same structure.

    With several replicas it always runs `function`, because what talks to the others may not stand in a branch; so what
    is made with the result must be decided by `is_open`, too.
    """
    return function() if _replicas() > 1 else tf.cond(is_open, function, otherwise)


def sum_over_replicas(values: Any) -> Any:
    """The sums over all replicas of a `tf.distribute` strategy of a tensor, or of each in a structure of tensors."""
    if _replicas() == 1:
        return values
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)


def real_samples(batch: dict) -> tuple[dict, Any]:
    """A batch that a network can run on, and which of its samples are real.

    The last batch of an epoch may leave a replica without samples; it then gets one of zeros, which must not count.

    Returns:
        The batch and, where there are several replicas, `(batch,)` float32: 1 for real samples, 0 for filling.
    """
    if _replicas() == 1:
        return batch, None
    count = tf.shape(next(iter(batch.values())))[0]
    missing = tf.maximum(1 - count, 0)
    filled = {k: tf.pad(v, [[0, missing], *[[0, 0]] * (v.shape.rank - 1)]) for k, v in batch.items()}
    return filled, tf.concat([tf.ones(count), tf.zeros(missing)], axis=0)


def gather_samples(values: dict, real: Any) -> dict:
    """The real samples of all replicas, on every replica, for each entry `(batch, ...)` of a dict."""
    if real is None:
        return values
    context = tf.distribute.get_replica_context()
    return {k: context.all_gather(tf.boolean_mask(v, real > 0), axis=0) for k, v in values.items()}


def _replicas() -> int:
    return tf.distribute.get_strategy().num_replicas_in_sync


def input_grad(fn: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of the sum of `fn(x)` with respect to `x`; what `fn` assigns meanwhile counts as undefined."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        total = ops.sum(fn(x))
    return tape.gradient(total, x)


def compile_inference(model: Any, method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A model's method, such as `model.answer`, as a compiled function of its inputs, a dict."""
    return tf.function(method, reduce_retracing=True)


class StepAdapter:
    """Gives a model with `step(batch)` and `validation_step(batch)` the methods that `fit` calls."""

    @property
    def splits_batches(self) -> bool:
        """Whether several devices share the samples of each batch."""
        return self.distribute_strategy.num_replicas_in_sync > 1

    def train_step(self, data: Any) -> dict[str, Any]:
        # Counters wait for the data: else they move once more when these run out.
        with tf.control_dependencies([v for v in tf.nest.flatten(data) if v is not None]):
            return self.step(data)

    def test_step(self, data: Any) -> dict[str, Any]:
        return self.validation_step(data)

    def _maybe_symbolic_build(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: models are built when they are made."""

    def _symbolic_build(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: models are built when they are made."""
