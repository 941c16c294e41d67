"""How alike two pictures look to a frozen network."""

from typing import Any

import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.evaluation.judging import in_batches

_EPSILON = 1e-10


def feature_distance(network: Any, pictures: np.ndarray, references: np.ndarray, *, batch_size: int = 32) -> np.ndarray:
    """Distances `(n,)` of the features of two pictures; 0 where they are equal.

    At each tap the features are scaled to length 1 over the channels; the squared differences are summed over the
    channels, averaged over the pixels and summed over the taps. This is the form of LPIPS without its learned weights:
    call it "VGG16 feature distance" or "SqueezeNet feature distance" after the network, never LPIPS, whose weights
    belong to other networks than those of `tfinpaint.features`.

    Args:
        network: pictures in [-1, 1], RGB -> a dict of features `(n, height, width, c)`, such as `build_vgg16` or
            `build_squeeze_net` makes.
        pictures: `(n, height, width, 3)`, uint8.
        references: the same shape.
        batch_size: pictures at a time; the last batch is padded, so the network sees one shape.

    Raises:
        InputError: pictures of another form, or a network that gives no dict of feature maps.

    Reference: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", 2018, eq. 1.
    """
    if pictures.shape != references.shape:
        raise InputError(
            f"`pictures` and `references` must have one shape. Received: {pictures.shape} and {references.shape}."
        )
    batches = (in_batches(network, images, batch_size) for images in (pictures, references))
    return np.concatenate([_distance(ours, theirs) for ours, theirs in zip(*batches, strict=True)])


def _distance(ours: Any, theirs: Any) -> np.ndarray:
    if not isinstance(ours, dict) or any(np.ndim(f) != 4 for f in ours.values()):
        raise InputError(
            "`network` must give a dict of feature maps (n, height, width, c). "
            f"Received: {type(ours).__name__}; build one with `taps`, such as build_vgg16."
        )
    differences = (np.square(_unit(ours[tap]) - _unit(theirs[tap])) for tap in ours)
    return np.sum([d.sum(-1).mean((1, 2), dtype=np.float64) for d in differences], axis=0)


def _unit(features: np.ndarray) -> np.ndarray:
    features = np.asarray(features, np.float32)
    return features / (np.sqrt(np.square(features).sum(-1, keepdims=True)) + _EPSILON)
