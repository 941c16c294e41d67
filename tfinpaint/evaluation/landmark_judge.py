"""Where the parts of a restored face stand: a small network of 68 landmarks."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tfinpaint.errors import WeightsError
from tfinpaint.features.face_crop import FaceCrop
from tfinpaint.features.weights import assign, read_weights

# The square that a face detector would give, in units of the side of an aligned face (left, top, side): the mean box
# of YuNet on FFHQ faces, made square.
_BOX = (0.107, 0.080, 0.790)
_MEAN_RGB = np.array([122.782, 117.001, 104.298], np.float32)


def build_landmark_judge(weights: str | Path) -> keras.Model:
    """Makes the network: aligned faces `(batch, s, s, 3)` in [-1, 1] -> `(batch, 68, 2)`, (x, y) in units of the side.

    The points are in the order of iBUG 300-W: jaw, brows, nose, eyes, mouth. It computes in float32, whatever the
    global policy.

    Args:
        weights: an `.npz` file with `dense0|conv0|filters`, `dense0|conv1|depthwise_filter` and so on, `fc|weights`.

    Raises:
        WeightsError: the file cannot be read or is of another network.

    Reference: face-api.js, `FaceLandmark68Net` (four densely connected blocks of separable convolutions).
    """
    units = _Units(read_weights(weights))
    inputs = layers.Input((None, None, 3), dtype="float32", name="face")
    x = FaceCrop(*_BOX, 112, dtype="float32", name="crop")(inputs)
    x = (x * 127.5 + (127.5 - _MEAN_RGB)) / 255.0
    x = _block(units, x, "dense0", 32, units.conv)
    for index, channels in enumerate((64, 128, 256), 1):
        x = _block(units, x, f"dense{index}", channels, units.separable)
    x = ops.mean(x, axis=(1, 2))
    x = ops.matmul(x, units.array("fc|weights")) + units.array("fc|bias")
    points = ops.reshape(x, (-1, 68, 2)) * _BOX[2] + np.array(_BOX[:2], np.float32)
    return keras.Model(inputs, points, name="landmark_judge")


def _block(units: "_Units", x: Any, name: str, channels: int, first: Any) -> Any:
    total = ops.relu(first(x, f"{name}|conv0", channels, strides=2))
    y = total
    for index in (1, 2, 3):
        y = units.separable(y, f"{name}|conv{index}", channels)
        total = total + y
        y = ops.relu(total)
    return y


class _Units:
    """Convolutions with the weights of the file."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self._arrays = arrays

    def conv(self, x: Any, name: str, filters: int, strides: int = 1) -> Any:
        layer = layers.Conv2D(filters, 3, strides, "same", dtype="float32", name=name.replace("|", "_"))
        y = layer(x)
        assign(layer, self.array(f"{name}|filters"), self.array(f"{name}|bias"))
        return y

    def separable(self, x: Any, name: str, filters: int, strides: int = 1) -> Any:
        layer = layers.SeparableConv2D(filters, 3, strides, "same", dtype="float32", name=name.replace("|", "_"))
        y = layer(x)
        parts = ("depthwise_filter", "pointwise_filter", "bias")
        assign(layer, *(self.array(f"{name}|{part}") for part in parts))
        return y

    def array(self, name: str) -> np.ndarray:
        if name not in self._arrays:
            raise WeightsError(f"The weights of the landmark judge must hold {name!r}; give the file of this network.")
        return self._arrays[name]
