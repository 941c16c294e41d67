"""An independent judge of likeness: dlib's face recogniser, which no loss of the zoo looks through."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tfinpaint.errors import WeightsError
from tfinpaint.features.face_crop import DLIB, FaceCrop, framing
from tfinpaint.features.weights import assign, read_weights

_MEAN_RGB = np.array([122.782, 117.001, 104.298], np.float32)
# Names of the residual blocks in the file; True where a block halves the picture.
_BLOCKS = {
    "conv32_1": False, "conv32_2": False, "conv32_3": False,
    "conv64_down": True, "conv64_1": False, "conv64_2": False, "conv64_3": False,
    "conv128_down": True, "conv128_1": False, "conv128_2": False,
    "conv256_down": True, "conv256_1": False, "conv256_2": False, "conv256_down_out": True,
}  # fmt: skip


def build_face_judge(weights: str | Path) -> keras.Model:
    """Makes the network: aligned faces `(batch, s, s, 3)` in [-1, 1] -> `(batch, 128)`.

    It computes in float32, whatever the global policy. Embeddings are compared by their Euclidean distance: below 0.6
    two faces are one person, says its author.

    Args:
        weights: an `.npz` file with `<block>|conv1|conv|filters`, `|conv|bias`, `|scale|weights`, `|scale|biases` and
            so on, and `fc`.

    Raises:
        WeightsError: the file cannot be read or is of another network.

    Reference: King, "High Quality Face Recognition with Deep Metric Learning" (dlib_face_recognition_resnet_model_v1).
    """
    units = _Units(read_weights(weights))
    inputs = layers.Input((None, None, 3), dtype="float32", name="face")
    x = FaceCrop(*framing(DLIB), 150, dtype="float32", name="crop")(inputs)
    x = (x * 127.5 + (127.5 - _MEAN_RGB)) / 256.0
    x = ops.relu(units.conv(x, "conv32_down", 32, kernel_size=7, strides=2))
    x = layers.MaxPooling2D(3, 2, dtype="float32", name="conv32_pool")(x)
    for name, halves in _BLOCKS.items():
        x = _half_block(units, x, name) if halves else _block(units, x, name)
    x = ops.matmul(ops.mean(x, axis=(1, 2)), units.array("fc"))
    return keras.Model(inputs, x, name="face_judge")


def _block(units: "_Units", x: Any, name: str) -> Any:
    channels = x.shape[-1]
    y = ops.relu(units.conv(x, f"{name}|conv1", channels))
    return ops.relu(units.conv(y, f"{name}|conv2", channels) + x)


def _half_block(units: "_Units", x: Any, name: str) -> Any:
    """The shortcut is a 2x2 mean; whichever of both is smaller is filled up with zeros."""
    channels = int(name.removeprefix("conv").split("_")[0])
    y = ops.relu(units.conv(x, f"{name}|conv1", channels, strides=2))
    y = units.conv(y, f"{name}|conv2", channels)
    shortcut = layers.AveragePooling2D(2, dtype="float32", name=f"{name}_pool")(x)
    height, width = (shortcut.shape[i] - y.shape[i] for i in (1, 2))
    y = ops.pad(y, ((0, 0), (0, height), (0, width), (0, 0)))
    shortcut = ops.pad(shortcut, ((0, 0), (0, 0), (0, 0), (0, channels - shortcut.shape[-1])))
    return ops.relu(y + shortcut)


class _Units:
    """Convolutions whose affine normalisation is folded into their kernels; strided ones are not padded."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self._arrays = arrays

    def conv(self, x: Any, name: str, filters: int, kernel_size: int = 3, strides: int = 1) -> Any:
        padding = "same" if strides == 1 else "valid"
        layer = layers.Conv2D(filters, kernel_size, strides, padding, dtype="float32", name=name.replace("|", "_"))
        y = layer(x)
        kernel, bias, scale, offset = (
            self.array(f"{name}|{part}") for part in ("conv|filters", "conv|bias", "scale|weights", "scale|biases")
        )
        assign(layer, kernel * scale, bias * scale + offset)
        return y

    def array(self, name: str) -> np.ndarray:
        if name not in self._arrays:
            raise WeightsError(f"The weights of the face judge must hold {name!r}; give the file of this network.")
        return self._arrays[name]
