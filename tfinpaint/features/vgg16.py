"""VGG16 of ImageNet, as the picture-to-features function of perceptual losses."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers

from tfinpaint.errors import InputError, WeightsError
from tfinpaint.features.weights import assign, randomise, read_weights, take

ENVIRONMENT = "TFINPAINT_VGG16"
KERAS_FILE = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
KERAS_FILE_MD5 = "6d6bbae143d832006294945121d1f1fc"

_CHANNELS = (64, 128, 256, 512, 512)
_DEPTHS = (2, 2, 3, 3, 3)
_MEAN_RGB = np.array([123.68, 116.779, 103.939], np.float32)
DIVISOR = 57.6  # 255 x 0.226, the mean spread of colours by which PyTorch's networks divide their pictures


def build_vgg16(
    weights: str | Path | None = "imagenet",
    *,
    taps: Sequence[str] = ("relu1_2", "relu2_2", "relu3_3"),
    divisor: float = DIVISOR,
    dtype: str | None = None,
    seed: int = 0,
) -> keras.Model:
    """Makes the frozen network: pictures `(batch, height, width, 3)` in [-1, 1], RGB -> dict of features by name.

    The normalisation (0-255 minus the training mean) is inside. The network ends at its deepest tap. The features that
    come out are divided by `divisor`: as the network was trained they are some hundreds large, so that a squared
    difference (FMODR eq. 3) would leave nothing of the other terms beside it, and papers that weigh such a term with 1
    name no scale.

    Args:
        weights: an `.npz` file with `conv1_1|w` (height, width, in, out; input channels in BGR order), `conv1_1|b`,
            ...; `"imagenet"` for the file that the environment variable `TFINPAINT_VGG16` names, else the weights of
            `keras.applications`; None for seeded random ones.
        taps: which features come out, `relu<block>_<convolution>` or `pool<block>`.
        divisor: of the features; 57.6 gives about the size that they have in networks that see pictures of unit spread,
            1 those of this network as it was trained.
        dtype: policy in which the convolutions compute, such as `"bfloat16"`; None for the global policy.
        seed: of random weights.

    Raises:
        InputError: an unknown tap, or a divisor that is not above 0.
        WeightsError: the weights cannot be found or do not fit.

    Reference: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015.
    """
    names = _feature_names()
    unknown = [t for t in taps if t not in names]
    if unknown or not taps:
        raise InputError(f"`taps` must name some of {', '.join(names)}. Received: {tuple(taps)!r}.")
    if not divisor > 0:
        raise InputError(f"`divisor` must be above 0. Received: divisor={divisor!r}.")
    names = names[: 1 + max(map(names.index, taps))]

    inputs = layers.Input((None, None, 3), dtype="float32", name="image")
    x = inputs * 127.5 + (127.5 - _MEAN_RGB)
    features = {}
    for name in names:
        block = int(name[4])
        if name.startswith("pool"):
            x = layers.MaxPooling2D(2, name=name, dtype=dtype)(x)
        else:
            x = layers.Conv2D(
                _CHANNELS[block - 1],
                3,
                padding="same",
                activation="relu",
                dtype=dtype,
                name=name.replace("relu", "conv"),
            )(x)
        features[name] = x
    model = keras.Model(inputs, {t: features[t] / divisor for t in taps}, name="vgg16")
    model.trainable = False
    if weights is None:
        randomise(model, seed)
    else:
        _load(model, weights)
    return model


def _feature_names() -> list[str]:
    return [n for b, depth in enumerate(_DEPTHS, 1) for n in (*(f"relu{b}_{c + 1}" for c in range(depth)), f"pool{b}")]


def _load(model: keras.Model, weights: str | Path) -> None:
    path = os.environ.get(ENVIRONMENT) if weights == "imagenet" else weights
    find = _from_keras() if path is None else _from_npz(path)
    for layer in model.layers:
        if layer.weights:
            kernel, bias = find(layer.name)
            if layer.name == "conv1_1" and kernel is not None:
                kernel = kernel[:, :, ::-1]  # stored for BGR pictures; ours are RGB
            assign(layer, kernel, bias)


def _from_npz(path: str | Path) -> Callable[[str], list]:
    arrays = read_weights(path)
    return lambda name: take(arrays, name, "wb")


def _from_keras() -> Callable[[str], list]:
    try:
        network = keras.applications.VGG16(include_top=False, weights="imagenet")
    except Exception as error:  # whatever the download raises: the answer is the same
        raise WeightsError(
            f"The ImageNet weights of VGG16 could not be fetched ({type(error).__name__}): put {KERAS_FILE} "
            f"(MD5 {KERAS_FILE_MD5}) into ~/.keras/models, or let {ENVIRONMENT} name an .npz file with the arrays "
            "conv1_1|w, conv1_1|b and so on."
        ) from error
    return lambda name: network.get_layer(f"block{name[4]}_conv{name[6]}").get_weights()
