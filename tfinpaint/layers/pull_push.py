"""Pull-push: what is visible spreads into what is hidden."""

from typing import Any

import keras
from keras import ops

from tfinpaint.errors import InputError
from tfinpaint.layers._inputs import features_and_mask


@keras.saving.register_keras_serializable("tfinpaint")
class PullPush(keras.layers.Layer):
    """Fills what is hidden with smooth colours of what is visible around it; what is visible stays, bit for bit.

    Pull: the picture is halved again and again, each time to the means of its visible pixels; a pixel of a smaller
    picture counts as visible as far as one of its four is. Push: from the smallest picture back, what is not visible
    takes the colour of the picture above it. Nothing is learned. With everything hidden the fill is 0.

    Call arguments:
        inputs: `[features, mask]`: `(batch, height, width, channels)` with known sides, halved as long as both are
            even, and `(batch, height, width, 1)` in [0, 1], 1 = hidden.

    Returns:
        `(batch, height, width, channels)`.

    Raises:
        InputError: the shapes do not fit.

    Reference: Gortler et al., "The Lumigraph", 1996, section 3.4.
    """

    def build(self, input_shape: list[tuple]) -> None:
        self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: list[tuple]) -> tuple:
        features, _ = features_and_mask(input_shape)
        if None in features[1:]:
            raise InputError(f"The features' sides and channels must be known. Received: {features}.")
        return features

    def call(self, inputs: Any) -> Any:
        colour, mask = inputs
        return _spread(colour, 1.0 - ops.cast(mask, colour.dtype))


def _spread(colour: Any, visible: Any) -> Any:
    """`visible * colour`, and for the rest what the smaller picture, filled in its turn, has there."""
    _, height, width, _ = colour.shape
    if height % 2 or width % 2:
        weight = ops.mean(visible, axis=(1, 2), keepdims=True)
        above = ops.mean(visible * colour, axis=(1, 2), keepdims=True) / (weight + 1e-6)
    else:
        weight = ops.average_pool(visible, 2, 2)
        pulled = ops.average_pool(visible * colour, 2, 2) / (weight + 1e-6)
        pushed = _spread(pulled, ops.minimum(4.0 * weight, 1.0))
        above = ops.image.resize(pushed, (height, width), interpolation="bilinear", data_format="channels_last")
    return visible * colour + (1.0 - visible) * above
