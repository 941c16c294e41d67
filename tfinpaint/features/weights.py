"""Weights of frozen networks: `.npz` archives of plain arrays, or seeded random ones."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from tfinpaint.errors import WeightsError
from tfinpaint.files import whole


def read_weights(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of an `.npz` file as float32.

    An array `name` that is accompanied by `name#` = (scale, minimum) was stored as whole numbers and is stretched
    back. Entries that hold raw bytes are left out.

    Raises:
        WeightsError: the file is missing or is no archive of arrays.
    """
    try:
        with np.load(path) as archive:
            stored = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else "is not an .npz archive of arrays"
        raise WeightsError(f"The weights file {str(path)!r} {reason}; give the path of a whole .npz file.") from error
    arrays = {}
    for name, array in stored.items():
        raw_bytes = array.dtype == np.uint8 and name + "#" not in stored
        if name.endswith("#") or raw_bytes:
            continue
        scale, minimum = stored.get(name + "#", (1.0, 0.0))
        arrays[name] = array.astype(np.float32) * np.float32(scale) + np.float32(minimum)
    return arrays


def assign(layer: keras.layers.Layer, *arrays: np.ndarray | None) -> None:
    """Gives `layer` its weights, in the layer's own order.

    Raises:
        WeightsError: an array is missing or has another shape than the layer's variable.
    """
    expected = [tuple(v.shape) for v in layer.weights]
    received = [None if a is None else a.shape for a in arrays]
    if expected != received:
        raise WeightsError(
            f"The weights do not fit the layer {layer.name!r}: it needs arrays of shape {expected}. "
            f"Received: {received}; give the file of this network."
        )
    layer.set_weights(list(arrays))


def take(arrays: Mapping[str, np.ndarray], name: str, suffixes: str) -> list[np.ndarray | None]:
    """The arrays `name|suffix`, one for each letter of `suffixes`; None where there is none."""
    return [arrays.get(f"{name}|{suffix}") for suffix in suffixes]


def randomise(model: keras.Model, seed: int, gain: float = 2.0) -> None:
    """Gives kernels of convolutions normal values, the same on every backend; other weights keep their initial ones.

    Args:
        model: its weights change.
        seed: of the values.
        gain: their variance times the number of inputs; 2 is He's, for ReLU.
    """
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        shape = tuple(variable.shape)
        if len(shape) == 4:
            fan_in = shape[0] * shape[1] * (1 if "depthwise" in variable.path else shape[2])
            variable.assign(rng.normal(0, np.sqrt(gain / fan_in), shape))


def save_arrays(model: keras.Model, path: str | Path) -> Path:
    """Writes a network's weights as `layer|weight` into an `.npz` file, which appears whole or not at all.

    Kernels are stored as float16; biases and statistics, which are few, as float32.
    """
    path = Path(path)
    arrays = {f"{layer.name}|{v.name}": np.asarray(keras.ops.convert_to_numpy(v)) for layer, v in _weights_of(model)}
    arrays = {k: a.astype(np.float16 if a.ndim > 1 else np.float32) for k, a in arrays.items()}
    with whole(path) as part, open(part, "wb") as file:
        np.savez_compressed(file, **arrays)
    return path


def load_arrays(model: keras.Model, arrays: Mapping[str, np.ndarray]) -> None:
    """Gives a network the weights that `save_arrays` wrote and `read_weights` read.

    Raises:
        WeightsError: an array that the network needs is missing or has another shape.
    """
    for layer in dict.fromkeys(layer for layer, _ in _weights_of(model)):
        assign(layer, *(arrays.get(f"{layer.name}|{v.name}") for v in layer.weights))


def load_h5(model: keras.Model, path: str | Path) -> None:
    """Gives a network the weights of a `.weights.h5` file of Keras.

    Raises:
        WeightsError: the file is missing or of another network.
    """
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(f"The weights file {str(path)!r} must fit {model.name!r}. Received: {reason}") from None


def _weights_of(model: keras.Model) -> list[tuple[keras.layers.Layer, keras.Variable]]:
    return [(layer, variable) for layer in model.layers for variable in layer.weights]
