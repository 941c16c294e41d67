"""ResNet50-v2 with a bottleneck: an aligned face -> 256 numbers, and features on the way there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tfinpaint.errors import InputError, WeightsError
from tfinpaint.features.face_crop import FaceCrop, framing
from tfinpaint.features.weights import check_taps, load_arrays, load_h5, randomise, read_weights, tapped
from tfinpaint.framing import ARCFACE

KERAS_FILE = "resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5"
KERAS_FILE_MD5 = "fac2f116257151a9d068a22e544a4917"

# Names as in the paper: the outputs of the first and the third of the four groups of residual units.
TAPS = {"block1": "conv2_block3_out", "block3": "conv4_block6_out", "embedding": "bottleneck"}


def build_resnet50_v2(
    weights: str | Path | None = None,
    *,
    size: int = 112,
    dimension: int = 256,
    taps: Sequence[str] | None = None,
    dtype: str | None = None,
    seed: int = 0,
) -> keras.Model:
    """Makes the frozen network: aligned faces `(batch, s, s, 3)` in [-1, 1] -> `(batch, dimension)` of length 1.

    The faces are framed as `tfinpaint.faces` aligns them, at any s; the usual 112-pixel crop of face recognition is
    cut inside. 24,089,088 weights.

    Args:
        weights: an `.npz` or `.weights.h5` file of this network; `"imagenet"` for the trunk of `keras.applications`
            under a random bottleneck, to train from; None for random weights.
        size: side of the crop in pixels, at least 32.
        dimension: of the embedding.
        taps: which features come out, as a dict by name: `block1` (256 channels, an eighth of the side), `block3`
            (1024 channels, 1/32) and `embedding`, here not brought to length 1. None: the embedding of length 1 alone.
        dtype: policy in which it computes; None for the global policy.
        seed: of random weights.

    Raises:
        InputError: an unknown tap, or too small a size.
        WeightsError: the weights cannot be found or do not fit.

    Reference: He et al., "Identity Mappings in Deep Residual Networks", 2016; with this bottleneck as the feature
    network of C2FDAN (Hörmann et al., 2021, section III-B.3).
    """
    check_taps(taps, TAPS)
    if size < 32:
        raise InputError(f"`size` must be at least 32. Received: {size}.")
    inputs = layers.Input((None, None, 3), dtype="float32", name="face")
    trunk = _trunk(FaceCrop(*framing(ARCFACE), size, dtype="float32", name="crop")(inputs), dtype)
    features = {tap: trunk.get_layer(name).output for tap, name in TAPS.items() if tap != "embedding"}
    x = layers.Dense(dimension, use_bias=False, dtype=dtype, name=TAPS["embedding"])(trunk.output)
    features["embedding"] = ops.cast(x, "float32")
    whole = keras.Model(inputs, features["embedding"], name="resnet50_v2")  # what files hold, whatever the taps
    _fill(whole, weights, seed)
    return tapped(inputs, features, taps, name="resnet50_v2")


def _trunk(crop: Any, dtype: str | None) -> keras.Model:
    """The network of `keras.applications`, whose layers know no policy but the global one."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype or before)
    try:
        return keras.applications.ResNet50V2(include_top=False, weights=None, input_tensor=crop, pooling="avg")
    finally:
        keras.config.set_dtype_policy(before)


def _fill(model: keras.Model, weights: str | Path | None, seed: int) -> None:
    if weights is not None and str(weights).endswith(".h5"):
        return load_h5(model, weights)
    if weights is not None and weights != "imagenet":
        return load_arrays(model, read_weights(weights))
    randomise(model, seed)
    if weights == "imagenet":
        _fetch(model)
    kernel = model.get_layer(TAPS["embedding"]).kernel
    kernel.assign(np.random.default_rng(seed).normal(0, np.sqrt(1 / kernel.shape[0]), kernel.shape))


def _fetch(model: keras.Model) -> None:
    """Gives the trunk the ImageNet weights of `keras.applications`."""
    try:
        source = keras.applications.ResNet50V2(include_top=False, weights="imagenet", pooling="avg")
    except Exception as error:  # whatever the download raises: the answer is the same
        raise WeightsError(
            f"The ImageNet weights of ResNet50V2 could not be fetched ({type(error).__name__}): put {KERAS_FILE} "
            f"(MD5 {KERAS_FILE_MD5}) into ~/.keras/models, or give the path of an .npz or .weights.h5 file."
        ) from error
    known = {layer.name for layer in source.layers}
    for layer in model.layers:
        if layer.weights and layer.name in known:
            layer.set_weights(source.get_layer(layer.name).get_weights())
