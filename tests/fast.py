"""What makes a few steps of tiny models fast on TensorFlow, at the cost of many steps of large ones.

Adam in one kernel a variable, where Keras takes some sixty operations: a third to a half of a step, run eagerly or
traced; `tests/test_fast.py` holds one against the other. And graphs that run as they were traced, because to optimize
one takes longer than to trace it. Only who imports `tests.models.run_stages` has this: not the command line in a
process of its own.
"""

from collections.abc import Sequence
from typing import Any

import keras

Adam = keras.optimizers.Adam
update_step, update_all = Adam.update_step, Adam._backend_update_step  # Keras's


def install() -> None:
    """For the whole process, where Keras runs on TensorFlow."""
    if keras.backend.backend() == "tensorflow":
        Adam.update_step, Adam._backend_update_step = _update_step, _update_all
        optimize_graphs(False)


def optimize_graphs(yes: bool) -> None:
    """Whether TensorFlow optimizes the graphs that are run first from now on, as it does for users."""
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": not yes})


def _update_step(self: Adam, gradient: Any, variable: Any, learning_rate: Any) -> None:
    """Moves a variable and its moments."""
    _apply(self, gradient, variable, _numbers(self, learning_rate))


def _update_all(self: Adam, grads: Sequence[Any], variables: Sequence[Any], learning_rate: Any) -> None:
    """Moves all variables of the optimizer, with numbers that are computed once."""
    import tensorflow as tf

    if tf.distribute.get_strategy().num_replicas_in_sync > 1:  # Keras then calls `update_step` on each device
        update_all(self, grads, variables, learning_rate)
        return
    numbers = _numbers(self, learning_rate)
    for gradient, variable in zip(grads, variables, strict=True):
        _apply(self, gradient, variable.value, numbers)


def _numbers(adam: Adam, learning_rate: Any) -> dict[str, Any]:
    import tensorflow as tf

    if adam.amsgrad:
        raise NotImplementedError("The kernel knows no `amsgrad`: let such a test take Keras's own update.")
    step = tf.cast(adam.iterations.value + 1, "float32")
    return {
        "beta1_power": tf.pow(adam.beta_1, step),
        "beta2_power": tf.pow(adam.beta_2, step),
        "lr": tf.cast(learning_rate, "float32"),
        "beta1": adam.beta_1,
        "beta2": adam.beta_2,
        "epsilon": adam.epsilon,
    }


def _apply(adam: Adam, gradient: Any, variable: Any, numbers: dict[str, Any]) -> None:
    import tensorflow as tf

    index = adam._get_variable_index(variable)
    m, v = adam._momentums[index].value, adam._velocities[index].value
    gradient = tf.cast(gradient, "float32")
    tf.raw_ops.ResourceApplyAdam(var=variable.handle, m=m.handle, v=v.handle, grad=gradient, **numbers)
