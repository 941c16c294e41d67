"""SqueezeNet 1.1 of ImageNet: small and quick, as a judge of how alike pictures look or as a classifier."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tfinpaint.errors import InputError
from tfinpaint.features.weights import assign, randomise, read_weights, take

# Channels of the squeeze of each fire module; each of its two expansions has four times as many.
_SQUEEZED = {
    "fire2": 16, "fire3": 16, "fire4": 32, "fire5": 32, "fire6": 48, "fire7": 48, "fire8": 64, "fire9": 64,
}  # fmt: skip
_NAMES = ("relu1", *_SQUEEZED, "logits")
_POOLED = ("relu1", "fire3", "fire5")  # what a maximum pooling follows
_MEAN_RGB = np.array([123.0, 117.0, 104.0], np.float32)


def build_squeeze_net(
    weights: str | Path | None = None,
    *,
    taps: Sequence[str] = ("relu1", "fire3", "fire5", "fire6", "fire7", "fire8", "fire9"),
    dtype: str | None = None,
    seed: int = 0,
) -> keras.Model:
    """Makes the frozen network: pictures `(batch, height, width, 3)` in [-1, 1], RGB -> dict of features by name.

    The normalisation (0-255 minus the training mean) is inside. The network ends at its deepest tap. The default taps
    are those of LPIPS; its learned weights belong to another training of this network, so a distance over them is the
    "SqueezeNet feature distance".

    Args:
        weights: an `.npz` file with `conv1|w` (height, width, in, out; input channels in BGR order), `conv1|b`,
            `fire2|squeeze1x1|w`, `fire2|expand1x1|w`, `fire2|expand3x3|w`, ..., `conv10|w`; None for seeded random
            ones.
        taps: which features come out: `relu1`, `fire2` to `fire9`, or `logits` `(batch, 1000)`.
        dtype: policy in which the convolutions compute; None for the global policy.
        seed: of random weights.

    Raises:
        InputError: an unknown tap.
        WeightsError: the file cannot be read or is of another network.

    Reference: Iandola et al., "SqueezeNet: AlexNet-Level Accuracy with 50x Fewer Parameters and <0.5MB Model Size",
    2016; version 1.1 of the authors' repository.
    """
    unknown = [t for t in taps if t not in _NAMES]
    if unknown or not taps:
        raise InputError(f"`taps` must name some of {', '.join(_NAMES)}. Received: {tuple(taps)!r}.")
    names = _NAMES[: 1 + max(map(_NAMES.index, taps))]

    graph = _Graph(dtype)
    inputs = layers.Input((None, None, 3), dtype="float32", name="image")
    x = inputs * 127.5 + (127.5 - _MEAN_RGB)
    features = {}
    for name in names:
        if name == "relu1":
            x = graph.conv(x, "conv1", 64, kernel_size=3, strides=2, padding="valid")
        elif name == "logits":
            x = ops.mean(ops.cast(graph.conv(x, "conv10", 1000), "float32"), axis=(1, 2))
        else:
            x = graph.fire(x, name, _SQUEEZED[name])
        features[name] = x
        x = graph.pool(x, name) if name in _POOLED else x
    model = keras.Model(inputs, {t: features[t] for t in taps}, name="squeeze_net")
    model.trainable = False
    if weights is None:
        randomise(model, seed)
    else:
        graph.load(read_weights(weights))
    return model


class _Graph:
    """Adds named operations: a convolution with ReLU, a fire module, a pooling."""

    def __init__(self, dtype: str | None) -> None:
        self._dtype = dtype
        self._convolutions: dict[str, layers.Layer] = {}

    def conv(
        self, x: Any, name: str, filters: int, kernel_size: int = 1, strides: int = 1, padding: str = "same"
    ) -> Any:
        self._convolutions[name] = layers.Conv2D(
            filters,
            kernel_size,
            strides,
            padding,
            activation="relu",
            dtype=self._dtype,
            name=name.replace("|", "_"),
        )
        return self._convolutions[name](x)

    def fire(self, x: Any, name: str, squeezed: int) -> Any:
        x = self.conv(x, f"{name}|squeeze1x1", squeezed)
        near = self.conv(x, f"{name}|expand1x1", 4 * squeezed)
        wide = self.conv(x, f"{name}|expand3x3", 4 * squeezed, kernel_size=3)
        return layers.Concatenate(dtype=self._dtype, name=name)([near, wide])

    def pool(self, x: Any, name: str) -> Any:
        """3x3 with stride 2 where windows may hang over (Caffe's rounding up): one more row and column do it.

        An odd side never reaches them, and after a ReLU their zeros never win.
        """
        x = layers.ZeroPadding2D(((0, 1), (0, 1)), dtype=self._dtype, name=f"{name}_pad")(x)
        return layers.MaxPooling2D(3, 2, dtype=self._dtype, name=f"{name}_pool")(x)

    def load(self, arrays: dict[str, np.ndarray]) -> None:
        for name, layer in self._convolutions.items():
            kernel, bias = take(arrays, name, "wb")
            if name == "conv1" and kernel is not None:
                kernel = kernel[:, :, ::-1]  # stored for BGR pictures; ours are RGB
            assign(layer, kernel, bias)
