"""Max-feature-map: the larger of two halves of the channels."""

from typing import Any

import keras
from keras import ops

from tfinpaint.errors import InputError


@keras.saving.register_keras_serializable("tfinpaint")
class MaxFeatureMap(keras.layers.Layer):
    """Maps `(batch, ..., 2c)` to `(batch, ..., c)`: channel i is the maximum of channels i and c + i.

    Raises:
        InputError: the number of channels is odd or unknown.

    Reference: Wu et al., "A Light CNN for Deep Face Representation with Noisy Labels", 2018, eq. 1.
    """

    def call(self, inputs: Any) -> Any:
        half = self.compute_output_shape(inputs.shape)[-1]
        return ops.maximum(inputs[..., :half], inputs[..., half:])

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        channels = input_shape[-1]
        if not channels or channels % 2:
            raise InputError(f"Max-feature-map needs an even number of channels. Received: {channels}.")
        return (*input_shape[:-1], channels // 2)
