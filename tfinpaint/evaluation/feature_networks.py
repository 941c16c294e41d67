"""Networks whose features stand for whole pictures, for distances between sets of them."""

import hashlib
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from tfinpaint.errors import InputError, WeightsError
from tfinpaint.evaluation.judging import in_batches
from tfinpaint.features.weights import randomise

INCEPTION_SIDE = 299
INCEPTION_FILE = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
INCEPTION_MD5 = "bcbd6486424b2319ff4ef7d526e38f63"

_TITLES = {"vgg16": "VGG16", "squeeze_net": "SqueezeNet", "inception_v3": "Inception v3"}


def pooled_features(network: Any, pictures: np.ndarray, *, tap: str | None = None, batch_size: int = 32) -> np.ndarray:
    """One vector a picture: `(n, d)`, float32, the features of `network` averaged over the pixels.

    Args:
        network: pictures in [-1, 1], RGB -> vectors, a map of features, or a dict of such.
        pictures: `(n, height, width, 3)`, uint8.
        tap: which entry of a dict is taken; it may be left out where there is only one.
        batch_size: pictures at a time; the last batch is padded, so the network sees one shape.

    Raises:
        InputError: pictures of another form, or a tap that is missing or unknown.
    """
    return np.concatenate([_pooled(_tapped(seen, tap)) for seen in in_batches(network, pictures, batch_size)])


def build_inception(weights: str | Path | None = "imagenet", *, seed: int = 0) -> keras.Model:
    """Makes Inception v3: pictures `(batch, height, width, 3)` in [-1, 1], RGB -> `(batch, 2048)`, float32.

    Pictures are resized to 299 pixels inside (bilinear, smoothed where they shrink). The published FID is measured with
    other weights (those of the TensorFlow model of 2015), so the Fréchet distance on this network is called
    `FID (Keras Inception v3)`: compare it only with itself.

    Args:
        weights: the file of Keras's weights without the classifier, or `"imagenet"` to let Keras fetch it; its MD5 is
            checked. None for seeded random ones.
        seed: of random weights.

    Raises:
        WeightsError: the weights cannot be found or are others.

    Reference: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2016.
    """
    if weights not in (None, "imagenet"):
        _check_file(Path(weights))
    shape = (INCEPTION_SIDE, INCEPTION_SIDE, 3)
    try:
        core = keras.applications.InceptionV3(include_top=False, weights=weights, input_shape=shape, pooling="avg")
    except Exception as error:  # whatever the download raises: the answer is the same
        raise WeightsError(
            f"The ImageNet weights of Inception v3 could not be fetched ({type(error).__name__}): put {INCEPTION_FILE} "
            f"(MD5 {INCEPTION_MD5}) into ~/.keras/models, or give its path."
        ) from error
    if weights is None:
        randomise(core, seed)
    inputs = layers.Input((None, None, 3), dtype="float32", name="image")
    x = layers.Resizing(INCEPTION_SIDE, INCEPTION_SIDE, "bilinear", antialias=True, dtype="float32")(inputs)
    model = keras.Model(inputs, layers.Activation("linear", dtype="float32")(core(x)), name="inception_v3")
    model.trainable = False
    return model


def frechet_name(network: Any) -> str:
    """What the Fréchet distance on the features of `network` is called in tables and texts."""
    title = _title(network)
    return f"FID (Keras {title})" if title == _TITLES["inception_v3"] else f"Fréchet distance on {title}"


def feature_distance_name(network: Any) -> str:
    """What `feature_distance` over `network` is called in tables and texts: never LPIPS."""
    return f"{_title(network)} feature distance"


def _title(network: Any) -> str:
    name = getattr(network, "name", type(network).__name__)
    return _TITLES.get(name, name)


def _tapped(seen: Any, tap: str | None) -> np.ndarray:
    if not isinstance(seen, dict):
        if tap is not None:
            raise InputError(f"`tap` must be None for a network with one output. Received: {tap!r}.")
        return seen
    if tap is None and len(seen) == 1:
        return next(iter(seen.values()))
    if tap not in seen:
        raise InputError(f"`tap` must be one of {', '.join(sorted(seen))}. Received: {tap!r}.")
    return seen[tap]


def _pooled(seen: np.ndarray) -> np.ndarray:
    if np.ndim(seen) not in (2, 4):
        raise InputError(
            "`network` must give vectors (n, d) or maps of features (n, height, width, d). "
            f"Received: shape {np.shape(seen)}."
        )
    seen = np.asarray(seen, np.float32)
    return seen if seen.ndim == 2 else seen.mean((1, 2))


def _check_file(path: Path) -> None:
    expected = f"give the path of {INCEPTION_FILE} (MD5 {INCEPTION_MD5})"
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "md5").hexdigest()
    except OSError as error:
        raise WeightsError(f"The weights file {str(path)!r} cannot be read; {expected}.") from error
    if found != INCEPTION_MD5:
        raise WeightsError(f"The weights file {str(path)!r} is another one (MD5 {found}); {expected}.")
