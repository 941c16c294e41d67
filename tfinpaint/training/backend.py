"""The few operations that Keras does not offer on every backend, behind one door.

`StepAdapter` turns a model's imperative `step(batch)` into the backend's `train_step`; the functions are what such a
step and `restore` need. The rest of the library never asks which backend runs.
"""

import keras

if keras.backend.backend() == "tensorflow":
    from tfinpaint.training.backend_tensorflow import (
        StepAdapter,
        apply_grads,
        compile_inference,
        gather_samples,
        input_grad,
        only_if,
        real_samples,
        sum_over_replicas,
        values_and_grads,
    )
elif keras.backend.backend() == "jax":
    from tfinpaint.training.backend_jax import (
        StepAdapter,
        apply_grads,
        compile_inference,
        gather_samples,
        input_grad,
        only_if,
        real_samples,
        sum_over_replicas,
        values_and_grads,
    )
else:
    raise ImportError(
        f"tfinpaint trains on the Keras backends 'tensorflow' and 'jax'. Received: {keras.backend.backend()!r}. "
        "Set the environment variable KERAS_BACKEND to one of them before Keras is imported."
    )

__all__ = [
    "StepAdapter",
    "apply_grads",
    "compile_inference",
    "gather_samples",
    "input_grad",
    "only_if",
    "real_samples",
    "sum_over_replicas",
    "values_and_grads",
]
