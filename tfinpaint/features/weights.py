"""Weights of frozen networks: `.npz` archives of plain arrays, or seeded random ones."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from tfinpaint.errors import WeightsError


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


def randomise(model: keras.Model, seed: int) -> None:
    """Gives kernels He-normal values, the same on every backend; other weights keep their initial ones."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        shape = tuple(variable.shape)
        if len(shape) == 4:
            fan_in = shape[0] * shape[1] * (1 if "depthwise" in variable.path else shape[2])
            variable.assign(rng.normal(0, np.sqrt(2 / fan_in), shape))
