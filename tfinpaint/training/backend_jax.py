"""Gradients and compiled steps on JAX.

The whole imperative step runs inside one `StatelessScope` that maps every variable to its traced value, so the same
code as on TensorFlow may assign variables, update statistics and draw random numbers.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import keras
from keras import ops

from tfinpaint.errors import InputError


def values_and_grads(
    fn: Callable[[], tuple[list, Any]], groups: Sequence[list], state: Sequence[Any]
) -> tuple[Any, list[list]]:
    """One forward pass, one backward pass for each group of variables; see the TensorFlow twin.

    Scopes do not inherit from each other: all other variables are handed in, and their new values handed out.
    """
    flat = [v for group in groups for v in group]
    moving = {id(v) for v in flat}
    rest = [v for v in state if id(v) not in moving]

    def pure(values: list, rest_values: list) -> tuple[list, Any]:
        mapping = [*zip(flat, values, strict=True), *zip(rest, rest_values, strict=True)]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            totals, aux = fn()
        return totals, (aux, [scope.get_current_value(v) for v in rest])

    values, rest_values = [v.value for v in flat], [v.value for v in rest]
    totals, linear, (aux, new) = jax.linearize(lambda values: pure(values, rest_values), values, has_aux=True)
    for variable, value in zip(rest, new, strict=True):
        variable.assign(value)
    grads, start = [], 0
    for i, group in enumerate(groups):
        # Backward from this total alone: zeros for the others would be computed, and 0 times what overflowed is NaN.
        backward = jax.linear_transpose(lambda values, i=i: linear(values)[i], values)
        grads.append(backward(ops.ones_like(totals[i]))[0][start : start + len(group)])
        start += len(group)
    return aux, grads


def apply_grads(optimizer: Any, grads: Sequence[Any], variables: Sequence[Any], is_open: Any = None) -> None:
    """Moves the variables; where `is_open` is false neither they nor the optimizer's slots change.

    The functional form, because `LossScaleOptimizer.apply` leaks tracers inside a jitted step.
    """
    owned = [*variables, *optimizer.variables]
    old = [v.value for v in owned]
    new = optimizer.stateless_apply(old[len(variables) :], list(grads), old[: len(variables)])
    for variable, before, after in zip(owned, old, [*new[0], *new[1]], strict=True):
        variable.assign(after if is_open is None else ops.where(is_open, after, before))


def only_if(is_open: Any, function: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """`function()`, always: what it assigns could not leave a branch; see the TensorFlow twin."""
    return function()


def sum_over_replicas(values: Any) -> Any:
    """The values themselves: a program on JAX sees the whole batch, however many devices share it."""
    return values


def real_samples(batch: dict) -> tuple[dict, None]:
    """The batch itself: see `sum_over_replicas`."""
    return batch, None


def gather_samples(values: dict, real: None) -> dict:
    """The values themselves: see `sum_over_replicas`."""
    return values


def input_grad(fn: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of the sum of `fn(x)` with respect to `x`; what `fn` assigns meanwhile is dropped."""
    # Keras offers no public way to read the scope that is open; this import has a test of its own.
    from keras.src.backend.common.stateless_scope import get_stateless_scope

    outer = get_stateless_scope()

    def pure(x: Any) -> Any:
        with keras.StatelessScope() as scope:
            if outer is not None:
                scope.state_mapping = dict(outer.state_mapping)
            return ops.sum(fn(x))

    return jax.grad(pure)(x)


def compile_inference(model: Any, method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A model's method, such as `model.answer`, as a compiled function of its inputs, with the weights of now."""

    # All variables in one list: which of them are trainable may change after this was compiled.
    def pure(values: list, inputs: Any) -> Any:
        with keras.StatelessScope(state_mapping=list(zip(model.variables, values, strict=True))):
            return method(inputs)

    compiled = jax.jit(pure)
    return lambda inputs: compiled([v.value for v in model.variables], inputs)


class StepAdapter:
    """Gives a model with `step(batch)` and `validation_step(batch)` the methods that `fit` calls."""

    @property
    def splits_batches(self) -> bool:
        """Whether several devices share the samples of each batch."""
        return keras.distribution.distribution() is not None

    def make_train_function(self, force: bool = False) -> Any:
        """Keras's, of versions that can train in several processes where there are some."""
        if jax.process_count() > 1 and _version(keras.__version__) < (3, 10):
            raise InputError(
                "Training in several processes on JAX needs Keras 3.10 or newer. "
                f"Received: Keras {keras.__version__} and {jax.process_count()} processes; pip install 'keras>=3.10'."
            )
        return super().make_train_function(force)

    def train_step(self, state: tuple, data: Any) -> tuple[dict[str, Any], tuple]:
        groups = [
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        ]
        return _stateless(self.step, groups, state, data)

    def test_step(self, state: tuple, data: Any) -> tuple[dict[str, Any], tuple]:
        groups = [self.trainable_variables, self.non_trainable_variables, self.metrics_variables]
        return _stateless(self.validation_step, groups, state, data)

    def _symbolic_build(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: models are built when they are made."""


def _version(words: str) -> tuple[int, ...]:
    return tuple(int(word) for word in words.split(".")[:2])


def _stateless(step: Callable[[Any], Any], groups: list[list], state: tuple, data: Any) -> tuple[Any, tuple]:
    mapping = [pair for vs, values in zip(groups, state, strict=True) for pair in zip(vs, values, strict=True)]
    with keras.StatelessScope(state_mapping=mapping) as scope:
        logs = step(data)
    return logs, tuple([scope.get_current_value(v) for v in vs] for vs in groups)
