"""MobileFaceNet: an aligned face -> a vector that says who it is, and features on the way there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tfinpaint.features.face_crop import FaceCrop, framing
from tfinpaint.features.weights import assign, check_taps, randomise, read_weights, take, tapped
from tfinpaint.framing import ARCFACE

# (expanded channels, channels, stride of the first, how many): Chen et al. 2018, table 1; the first linear
# convolution has 64 channels and the embedding 192, as in the widespread TensorFlow weights.
_BLOCKS = ((128, 64, 2, 5), (256, 128, 2, 7), (512, 128, 2, 1), (256, 128, 1, 2))
_SMALL = ((32, 16, 2, 2), (32, 16, 2, 1))


def build_mobile_face_net(
    weights: str | Path | None = None, *, taps: Sequence[str] | None = None, dtype: str | None = None, seed: int = 0
) -> keras.Model:
    """Makes the frozen network: aligned faces `(batch, s, s, 3)` in [-1, 1] -> `(batch, 192)` of length 1, float32.

    The faces are framed as `tfinpaint.faces` aligns them, at any s; the crop that the network wants is cut inside, so
    gradients reach the whole of it. Compare embeddings by their cosine.

    Args:
        weights: an `.npz` file with `01|w`, `01|b`, `01|a` and so on (kernel, bias, slope of PReLU), numbered in the
            order of the graph, additions included; None for a small random network with the same interface.
        taps: which features come out, as a dict by name: `blocks1` to `blocks4` (the random network has two), what each
            row of bottlenecks makes, `(batch, height, width, channels)`, at a quarter, an eighth and twice a sixteenth
            of the crop; and `embedding`, not brought to length 1. None: the embedding of length 1 alone.
        dtype: policy in which the convolutions compute; None for the global policy.
        seed: of the random network.

    Raises:
        InputError: an unknown tap.
        WeightsError: the file cannot be read or is of another network.

    Reference: Chen et al., "MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification on Mobile
    Devices", 2018.
    """
    arrays = None if weights is None else read_weights(weights)
    size, channels, blocks = (28, 16, _SMALL) if arrays is None else (112, 64, _BLOCKS)
    features: dict[str, Any] = {f"blocks{i + 1}": None for i in range(len(blocks))}
    check_taps(taps, [*features, "embedding"])
    graph = _Graph(dtype)
    inputs = layers.Input((None, None, 3), dtype="float32", name="face")
    x = FaceCrop(*framing(ARCFACE), size, dtype="float32", name="crop")(inputs) * np.float32(127.5 / 128)
    x = graph.conv(x, channels, kernel_size=3, strides=2)
    x = graph.depthwise(x)
    x = graph.conv(x, channels, prelu=False)
    for name, (expanded, channels, stride, count) in zip(features, blocks, strict=True):
        for index in range(count):
            shortcut = x
            x = graph.conv(x, expanded)
            x = graph.depthwise(x, strides=stride if index == 0 else 1)
            x = graph.conv(x, channels, prelu=False)
            if stride == 1 or index > 0:
                x = graph.add(x, shortcut)
        features[name] = x
    x = graph.conv(x, 512)
    x = graph.depthwise(x, kernel_size=x.shape[1], last=True)
    x = graph.conv(x, 512, prelu=False)
    x = graph.conv(x, 192, prelu=False)
    features["embedding"] = ops.cast(ops.reshape(x, (-1, 192)), "float32")
    if arrays is None:
        randomise(keras.Model(inputs, features["embedding"]), seed)  # all of it, whatever the taps
    else:
        graph.load(arrays)
    return tapped(inputs, features, taps, "mobile_face_net")


class _Graph:
    """Adds numbered operations: a convolution, a depthwise one (both perhaps with a PReLU), an addition."""

    def __init__(self, dtype: str | None) -> None:
        self._dtype, self._count = dtype, 0
        self._layers: list[tuple[str, list[layers.Layer]]] = []

    def conv(self, x: Any, filters: int, kernel_size: int = 1, strides: int = 1, prelu: bool = True) -> Any:
        number = self._next()
        layer = layers.Conv2D(
            filters,
            kernel_size,
            strides,
            padding="same",
            dtype=self._dtype,
            name=f"{number}_conv",
        )
        return self._apply(number, layer, x, prelu)

    def depthwise(self, x: Any, kernel_size: int = 3, strides: int = 1, last: bool = False) -> Any:
        number = self._next()
        layer = layers.DepthwiseConv2D(
            kernel_size,
            strides,
            padding="valid" if last else "same",
            dtype=self._dtype if strides == 1 else "float32",  # on a CPU, bfloat16 with a stride is 8 times slower
            name=f"{number}_depthwise",
        )
        return self._apply(number, layer, x, prelu=not last)

    def add(self, x: Any, y: Any) -> Any:
        number = self._next()
        return layers.Add(dtype=self._dtype, name=f"{number}_add")([x, y])

    def load(self, arrays: dict[str, np.ndarray]) -> None:
        for number, (convolution, *slope) in self._layers:
            assign(convolution, *take(arrays, number, "wb"))
            for layer in slope:
                assign(layer, *take(arrays, number, "a"))

    def _next(self) -> str:
        self._count += 1
        return f"{self._count:02d}"

    def _apply(self, number: str, convolution: layers.Layer, x: Any, prelu: bool) -> Any:
        slope = [_PReLU(dtype=self._dtype, name=f"{number}_prelu")] if prelu else []
        for layer in (convolution, *slope):
            x = layer(x)
        self._layers.append((number, [convolution, *slope]))
        return x


class _PReLU(layers.Layer):
    """PReLU with a slope for each channel, as one sum: half the time of the usual difference of two ReLUs."""

    def build(self, input_shape: tuple) -> None:
        self.alpha = self.add_weight(
            shape=(input_shape[-1],), initializer=keras.initializers.Constant(0.25), name="alpha"
        )

    def call(self, x: Any) -> Any:
        return self.alpha * x + (1.0 - self.alpha) * ops.relu(x)
