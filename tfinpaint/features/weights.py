"""Weights and outputs of frozen networks: `.npz` archives, the zoo's published files, seeded random values."""

import json
import zipfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from tfinpaint.errors import InputError, WeightsError
from tfinpaint.files import checked_weights, whole, zoo_folder

PUBLISHED = {("light_cnn", "compact"): ("light_cnn", "light_cnn_compact")}  # what builders call it -> folder, preset


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


def weights_file(network: str, weights: str | Path | None) -> Path | None:
    """The file behind the `weights` that a builder of `tfinpaint.features` takes: the zoo's or one's own; or None.

    Raises:
        WeightsError: see `published`.
    """
    if (network, str(weights)) in PUBLISHED:
        return published(*PUBLISHED[network, str(weights)])
    path = Path(weights) if weights is not None else None
    return path if path is not None and path.is_file() else None


def published(folder: str, name: str) -> Path:
    """The file of the preset `name` in the zoo's `folder`, inside the package or beside it in a checkout.

    Raises:
        WeightsError: it is missing, or its hash is not the one in the folder's `config.json`.
    """
    root = zoo_folder(folder)
    record = json.loads((root / "config.json").read_text(encoding="utf-8"))["presets"][name]
    return checked_weights(root / record["file"], record["sha256"], name)


def check_taps(taps: Sequence[str] | None, known: Collection[str]) -> None:
    """Raises an `InputError` unless `taps` is None or names one or more of `known`."""
    if taps is not None and (not taps or not set(taps) <= set(known)):
        raise InputError(f"`taps` must name some of {', '.join(known)}. Received: {tuple(taps)!r}.")


def tapped(inputs: Any, features: Mapping[str, Any], taps: Sequence[str] | None, name: str) -> keras.Model:
    """The frozen network from `inputs` to the features that `taps` names, or to the embedding of length 1 for None."""
    outputs = ops.normalize(features["embedding"], axis=-1) if taps is None else {t: features[t] for t in taps}
    model = keras.Model(inputs, outputs, name=name)
    model.trainable = False
    return model


def _weights_of(model: keras.Model) -> list[tuple[keras.layers.Layer, keras.Variable]]:
    return [(layer, variable) for layer in model.layers for variable in layer.weights]
