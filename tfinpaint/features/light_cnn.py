"""LightCNN-9: an aligned face -> a vector that says who it is, and features on the way there."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tfinpaint.errors import InputError, WeightsError
from tfinpaint.features.face_crop import FaceCrop
from tfinpaint.features.weights import check_taps, load_arrays, load_h5, randomise, read_weights, tapped, weights_file
from tfinpaint.framing import EYE_LEVEL, TEMPLATE

CHANNELS = (48, 96, 192, 128, 128)
TAPS = ("mfm1", "pool1", "mfm2", "pool2", "mfm3", "pool3", "mfm4", "mfm5", "pool4", "embedding")
_GREY = np.array([0.30, 0.59, 0.11], np.float32)
# Wu et al. 2018, section 4: in a square of 128 the eyes are 40 from the top and the mouth is 48 below them.
_SIDE = float(TEMPLATE[3, 1] - EYE_LEVEL) * 128 / 48
SQUARE = 0.5 - _SIDE / 2, EYE_LEVEL - 40 / 128 * _SIDE, _SIDE
_SMALL = {"channels": (8, 16, 32, 21, 21), "size": 32, "dimension": 32}
_FULL = {"channels": CHANNELS, "size": 128, "dimension": 256}


def build_light_cnn(
    weights: str | Path | None = None,
    *,
    width: float | None = None,
    size: int | None = None,
    dimension: int | None = None,
    taps: Sequence[str] | None = None,
    dtype: str | None = None,
    seed: int = 0,
) -> keras.Model:
    """Makes the frozen network: aligned faces `(batch, s, s, 3)` in [-1, 1] -> `(batch, dimension)` of length 1.

    The faces are framed as `tfinpaint.faces` aligns them, at any s. Inside, they become grey (0.30 R + 0.59 G +
    0.11 B) in [0, 1] and the square from brow to chin is cut out. Compare embeddings by their cosine.

    Args:
        weights: `"compact"` for the small network of the zoo, an `.npz` file (`conv1|kernel`, `conv1|bias`, ...), a
            `.weights.h5` file, or None for random weights.
        width: multiplies the channels; 1 is the paper's. None takes what the file holds; without a file, 1/6.
        size: side of the square in pixels, a multiple of 16. None: that of the file; without a file, 32.
        dimension: of the embedding. None: that of the file; without a file, 32. With `width=1` or a `.weights.h5`
            file, what is left out is the paper's: 128 and 256.
        taps: which features come out, as a dict by name: `mfm1`, `pool1`, `mfm2`, `pool2`, `mfm3`, `pool3`, `mfm4`,
            `mfm5`, `pool4` (`(batch, height, width, channels)`) and `embedding`, here as the network makes it, not
            brought to length 1. None: the embedding of length 1 alone.
        dtype: policy in which the convolutions compute; None for the global policy.
        seed: of random weights.

    Raises:
        InputError: an unknown tap or a size that cannot be halved four times.
        WeightsError: the weights cannot be found or do not fit.

    Reference: Wu et al., "A Light CNN for Deep Face Representation with Noisy Labels", 2018, table 2 (LightCNN-9).
    """
    if (width is not None and width <= 0) or (dimension is not None and dimension < 1):
        raise InputError(f"`width` and `dimension` must be above 0. Received: {width} and {dimension}.")
    if size is not None and (size < 16 or size % 16):
        raise InputError(f"`size` must be a multiple of 16. Received: {size}.")
    check_taps(taps, TAPS)
    weights = weights_file("light_cnn", weights) or weights
    h5 = weights is not None and str(weights).endswith(".h5")
    arrays = None if weights is None or h5 else read_weights(weights)
    shape = dict(_shape_of(arrays) if arrays is not None else _FULL if h5 or width == 1 else _SMALL)
    given = {"channels": width and _channels(width), "size": size, "dimension": dimension}
    inputs, features = _graph(**shape | {k: v for k, v in given.items() if v is not None}, dtype=dtype)
    whole = keras.Model(inputs, features["embedding"], name="light_cnn")  # what files hold, whatever the taps
    if h5:
        load_h5(whole, weights)
    elif arrays is not None:
        load_arrays(whole, arrays)
    else:
        randomise(whole, seed, gain=1.0)  # the larger of two numbers has the power of one of them
    return tapped(inputs, features, taps, name="light_cnn")


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


def _channels(width: float) -> tuple[int, ...]:
    return tuple(max(1, round(c * width)) for c in CHANNELS)


def _graph(channels: Sequence[int], size: int, dimension: int, dtype: str | None) -> tuple[Any, dict[str, Any]]:
    """The input, and all features by name."""
    features: dict[str, Any] = {}

    def convolve(x: Any, filters: int, kernel_size: int, name: str, padding: str = "same") -> Any:
        x = layers.Conv2D(2 * filters, kernel_size, padding=padding, dtype=dtype, name=f"conv{name}")(x)
        features[f"mfm{name}"] = x = MaxFeatureMap(dtype=dtype, name=f"mfm{name}")(x)
        return x

    def pool(x: Any, name: str) -> Any:
        features[name] = x = layers.MaxPooling2D(2, dtype=dtype, name=name)(x)
        return x

    inputs = layers.Input((None, None, 3), dtype="float32", name="face")
    grey = ops.sum(inputs * (0.5 * _GREY), axis=-1, keepdims=True) + 0.5
    x = FaceCrop(*SQUARE, size, dtype="float32", name="crop")(grey)
    x = pool(convolve(x, channels[0], 5, "1"), "pool1")
    for number, (before, after) in enumerate(zip(channels, channels[1:], strict=False), start=2):
        x = convolve(x, before, 1, f"{number}a")
        x = convolve(x, after, 3, f"{number}")
        if number != 4:
            x = pool(x, f"pool{min(number, 4)}")
    x = convolve(x, dimension, size // 16, "_embedding", padding="valid")  # a dense layer over the whole map
    features["embedding"] = ops.cast(ops.reshape(x, (-1, dimension)), "float32")
    return inputs, features


def _shape_of(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Channels, size and dimension of the network that the arrays belong to."""
    try:
        channels = tuple(arrays[f"conv{i}|kernel"].shape[-1] // 2 for i in range(1, len(CHANNELS) + 1))
        last = arrays["conv_embedding|kernel"].shape
        return {"channels": channels, "size": 16 * last[0], "dimension": last[-1] // 2}
    except (KeyError, IndexError):
        raise WeightsError(
            "The weights must be those of a LightCNN, with conv1|kernel and conv_embedding|kernel. "
            f"Received: an archive with {', '.join(list(arrays)[:3]) or 'no arrays'}; give the file of this network."
        ) from None
