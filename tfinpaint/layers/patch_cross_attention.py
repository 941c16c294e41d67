"""Patch-wise cross-attention."""

from typing import Any

import keras
from keras import ops

from tfinpaint.errors import InputError
from tfinpaint.layers._inputs import features_and_mask
from tfinpaint.layers.patches import depth_to_space, extract_patches, space_to_depth

_HIDDEN = -1e4  # added to the similarity of a patch that must not be copied
_SHARPNESS = 10.0  # of the softmax that stands in for the choice in the backward pass


@keras.saving.register_keras_serializable("tfinpaint")
class PatchCrossAttention(keras.layers.Layer):
    """Fills what is hidden with the most similar visible 2x2 patches of the same map; what is visible stays.

    Q, K and V are 1x1 convolutions of the features, K is 0 where hidden. All overlapping 2x2 patches of K, scaled to
    length 1, are compared with the cells of 2x2 pixels of Q, whose pixels have length 1. Each cell takes the patch of V
    at the place of the best patch of K (the first of several): `(1 - mask) V + mask V'`.

    A patch with a pixel whose mask is above 0.5 is never taken; if that leaves none, all may be.

    Args:
        filters: channels of Q, K and V.
        gradient: "hard" as in the paper: the choice of a patch has no gradient, so Q and K cannot learn and their
            weights are not trainable; "straight_through" gives the same values, and the gradient of a softmax with
            ten times the similarity to Q and K.
        **kwargs: `name`, `dtype` and the other arguments of `keras.layers.Layer`.

    Q and K begin with the same weights, so that at first (and with "hard" for ever) the patches are compared by
    likeness, not by a random form.

    Call arguments:
        inputs: `[features, mask]`: `(batch, height, width, channels)`, sides known and even, and
            `(batch, height, width, 1)` in [0, 1], 1 = hidden.

    Returns:
        `(batch, height, width, filters)`.

    Raises:
        InputError: an argument is out of range, or the shapes do not fit.

    Reference: C2FDAN, section III-B.1 "Patch-wise Cross-Attention".
    """

    def __init__(self, filters: int, gradient: str = "hard", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(filters, int) or filters < 1:
            raise InputError(f"`filters` must be a whole number from 1. Received: filters={filters!r}.")
        if gradient not in ("hard", "straight_through"):
            raise InputError(f"`gradient` must be 'hard' or 'straight_through'. Received: gradient={gradient!r}.")
        self.filters, self.gradient = filters, gradient

    def build(self, input_shape: list[tuple]) -> None:
        self.compute_output_shape(input_shape)
        alike = keras.initializers.GlorotUniform()  # one object gives the same values each time
        for name in ("query", "key", "value"):
            trains = name == "value" or self.gradient != "hard"
            shape = (1, 1, input_shape[0][-1], self.filters)
            start = "glorot_uniform" if name == "value" else alike
            kernel = self.add_weight(shape=shape, initializer=start, trainable=trains, name=f"{name}_kernel")
            bias = self.add_weight(shape=shape[-1:], initializer="zeros", trainable=trains, name=f"{name}_bias")
            setattr(self, f"{name}_kernel", kernel), setattr(self, f"{name}_bias", bias)

    def compute_output_shape(self, input_shape: list[tuple]) -> tuple:
        features, _ = features_and_mask(input_shape)
        if None in features[1:] or features[1] % 2 or features[2] % 2:
            raise InputError(f"The features' sides must be known and even. Received: {features}. Pad the picture.")
        return (*features[:3], self.filters)

    def call(self, inputs: Any) -> Any:
        features, mask = inputs
        value, mask = self._project("value", features), ops.cast(mask, features.dtype)
        scores = self.similarity(features, mask)
        filled = _paste(value, ops.top_k(scores, 1)[1][..., 0])  # TFLite has no builtin for Keras's argmax
        if self.gradient == "straight_through":
            soft = self._blend(ops.softmax(_SHARPNESS * scores, axis=-1), ops.stop_gradient(value))
            filled = filled + (soft - ops.stop_gradient(soft))  # + 0: the values stay exactly the same
        return (1.0 - mask) * value + mask * filled

    def similarity(self, features: Any, mask: Any) -> Any:
        """Of each cell of Q (axis 1) with each patch of K (axis 2), float32, both in row-major order.

        `(batch, height * width / 4, (height - 1) * (width - 1))`; `_HIDDEN` lower for patches that must not be copied.
        """
        features = ops.stop_gradient(features) if self.gradient == "hard" else features
        query, key, mask = (
            ops.cast(x, "float32") for x in (self._project("query", features), self._project("key", features), mask)
        )
        queries = _rows(space_to_depth(_unit_length(query), 2))
        keys = _unit_length(_rows(extract_patches(key * (1.0 - mask), 2, padding="valid")))
        covered = ops.max(_rows(extract_patches(mask, 2, padding="valid")), axis=-1) > 0.5
        hidden = ops.cast(covered, "float32")[:, None]
        return ops.matmul(queries, ops.transpose(keys, (0, 2, 1))) + _HIDDEN * hidden

    def _project(self, name: str, features: Any) -> Any:
        kernel, bias = getattr(self, f"{name}_kernel"), getattr(self, f"{name}_bias")
        return ops.conv(features, kernel) + bias

    def _blend(self, attention: Any, value: Any) -> Any:
        """What a soft choice would paste, `(batch, height, width, filters)`."""
        _, height, width, _ = value.shape
        pasted = ops.matmul(ops.cast(attention, value.dtype), _rows(extract_patches(value, 2, padding="valid")))
        return depth_to_space(ops.reshape(pasted, (-1, height // 2, width // 2, 4 * self.filters)), 2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "gradient": self.gradient}


def _paste(value: Any, index: Any) -> Any:
    """The 2x2 patches of `value` with the numbers `index` `(batch, cells)`, laid side by side into a map."""
    batch, (_, height, width, filters) = ops.shape(value)[0], value.shape
    index = ops.cast(index, "int32")
    corner = index + index // (width - 1)  # number of the patch -> number of its upper left pixel
    pixels = corner[..., None] + ops.convert_to_tensor([0, 1, width, width + 1], "int32")
    pixels = pixels + ops.reshape(ops.arange(batch, dtype="int32") * (height * width), (-1, 1, 1))
    patches = ops.take(ops.reshape(value, (-1, filters)), pixels, axis=0)  # (batch, cells, 4, filters)
    return depth_to_space(ops.reshape(patches, (-1, height // 2, width // 2, 4 * filters)), 2)


def _rows(x: Any) -> Any:
    """`(batch, rows, columns, values)` -> `(batch, rows * columns, values)`."""
    return ops.reshape(x, (-1, x.shape[1] * x.shape[2], x.shape[3]))


def _unit_length(x: Any) -> Any:
    return x * ops.rsqrt(ops.sum(ops.square(x), axis=-1, keepdims=True) + 1e-8)
