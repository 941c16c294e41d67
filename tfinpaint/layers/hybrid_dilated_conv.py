"""Hybrid dilated convolution: near and far at once, without a smaller map."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from tfinpaint.errors import InputError


@keras.saving.register_keras_serializable("tfinpaint")
class HybridDilatedConv(layers.Layer):
    """Joins what a 1x1 convolution and dilated 3x3 convolutions of several rates see.

    Each branch has m = filters / (1 + number of rates) channels; a 1x1 convolution to `filters` channels joins them.
    Every convolution is followed by batch normalisation, unless told otherwise, and swish. With the rates 1, 2 and 5
    parallel branches see 11 pixels of the input across, chained ones 17.

    Args:
        filters: channels of the result, divisible by the number of branches.
        dilations: rates of the 3x3 convolutions.
        arrangement: `"parallel"`: every branch sees the input; `"chained"`: each 3x3 convolution sees what the one
            before it gave, the first one the input. All are joined either way.
        norm: normalise batches. Without it kernels start as He et al. propose, with it as Glorot and Bengio do.
        global_pool: another branch, a 1x1 convolution of the input's mean over all pixels.
        **kwargs: `name`, `dtype` and the other arguments of `keras.layers.Layer`.

    Call arguments:
        x: `(batch, height, width, channels)`.
        training: whether to normalise by the batch's own statistics, and to gather them.

    Returns:
        `(batch, height, width, filters)`.

    Raises:
        InputError: an argument is out of range, or `x` is no map of features.

    Reference: Cheung et al., "Facial Structure Guided GAN", 2021, section 3.3.1 and figure 4 (parallel); Wang et al.,
    "Understanding convolution for semantic segmentation", 2018 (rates in series). `global_pool` is that of the first
    paper's code.
    """

    def __init__(
        self,
        filters: int,
        dilations: Sequence[int] = (1, 2, 5),
        arrangement: str = "parallel",
        norm: bool = True,
        global_pool: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not dilations or min(dilations) < 1 or len(set(dilations)) < len(dilations):
            raise InputError(f"`dilations` must be different rates of at least 1. Received: dilations={dilations!r}.")
        if filters < 1 or filters % (1 + len(dilations)):
            raise InputError(
                f"`filters` must be a multiple of {1 + len(dilations)}, the number of branches. "
                f"Received: filters={filters!r}."
            )
        if arrangement not in ("parallel", "chained"):
            raise InputError(f"`arrangement` must be 'parallel' or 'chained'. Received: arrangement={arrangement!r}.")
        self.filters, self.dilations, self.arrangement = filters, tuple(dilations), arrangement
        self.norm, self.global_pool = norm, global_pool

    def build(self, input_shape: tuple) -> None:
        inputs, width = self._channels(input_shape), self.filters // (1 + len(self.dilations))
        start = "glorot_uniform" if self.norm else "he_normal"
        self.convs: dict[str, layers.Layer] = {}
        self.norms: dict[str, layers.Layer] = {}

        def branch(name: str, channels: int, filters: int, size: int = 1, rate: int = 1) -> None:
            options = {"padding": "same", "kernel_initializer": start, "dtype": self.dtype_policy}
            self.convs[name] = layers.Conv2D(filters, size, dilation_rate=rate, name=name, **options)
            self.convs[name].build((*input_shape[:-1], channels))
            if self.norm:
                self.norms[name] = layers.BatchNormalization(name=f"{name}_norm", dtype=self.dtype_policy)
                self.norms[name].build((*input_shape[:-1], filters))

        branch("point", inputs, width)
        for i, rate in enumerate(self.dilations):
            branch(f"rate_{rate}", width if i and self.arrangement == "chained" else inputs, width, 3, rate)
        if self.global_pool:
            branch("pool", inputs, width)
        branch("fuse", len(self.convs) * width, self.filters)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        self._channels(input_shape)
        return (*input_shape[:-1], self.filters)

    def call(self, x: Any, training: bool | None = None) -> Any:
        seen, found = x, [self._branch("point", x, training)]
        for rate in self.dilations:
            found.append(self._branch(f"rate_{rate}", seen, training))
            seen = found[-1] if self.arrangement == "chained" else x
        if self.global_pool:
            mean = self._branch("pool", ops.mean(x, axis=(1, 2), keepdims=True), training)
            found.append(mean + ops.zeros_like(found[0]))
        return self._branch("fuse", ops.concatenate(found, axis=-1), training)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "dilations": list(self.dilations),
            "arrangement": self.arrangement,
            "norm": self.norm,
            "global_pool": self.global_pool,
        }

    def _branch(self, name: str, x: Any, training: bool | None) -> Any:
        x = self.convs[name](x)
        return ops.silu(self.norms[name](x, training=training) if self.norm else x)

    def _channels(self, input_shape: tuple) -> int:
        if len(input_shape) != 4 or not input_shape[-1]:
            raise InputError(
                "`x` must have the shape (batch, height, width, channels), with known channels. "
                f"Received: {tuple(input_shape)}."
            )
        return input_shape[-1]
