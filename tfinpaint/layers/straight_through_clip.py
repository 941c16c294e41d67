"""A clip that lets the gradient through."""

from typing import Any

import keras
from keras import ops

from tfinpaint.errors import InputError


@keras.saving.register_keras_serializable("tfinpaint")
class StraightThroughClip(keras.layers.Layer):
    """`clip(x, low, high)`, exactly, with the gradient of `x` itself: 1 everywhere.

    A plain clip has no gradient beyond its range, so a pixel that was painted too bright never learns to be darker.

    Args:
        low: least value that comes out.
        high: greatest value that comes out, above `low`.
        **kwargs: `name`, `dtype` and the other arguments of `keras.layers.Layer`.

    Call arguments:
        x: a float tensor of any shape.

    Returns:
        The same shape, in [low, high].

    Raises:
        InputError: `low` is not below `high`.

    Reference: Bengio et al., "Estimating or Propagating Gradients Through Stochastic Neurons for Conditional
    Computation", 2013, "straight-through estimator".
    """

    def __init__(self, low: float = -1.0, high: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not low < high:
            raise InputError(f"`low` must be below `high`. Received: low={low!r}, high={high!r}.")
        self.low, self.high = float(low), float(high)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return tuple(input_shape)

    # `clip(x) + (x - stop_gradient(x))` would do the same as long as no compiler contracts the difference with what
    # made `x`, and costs two more passes over the picture.
    def call(self, x: Any) -> Any:
        return ops.custom_gradient(lambda x: (ops.clip(x, self.low, self.high), _as_it_comes))(x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "low": self.low, "high": self.high}


def _as_it_comes(*gradient: Any, upstream: Any = None) -> Any:
    """Keras hands over the gradient by place on some backends, by name on others."""
    return gradient[0] if upstream is None else upstream
