"""How far a face is from the true one by what networks see: landmarks and features."""

from typing import Any

import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.evaluation.judging import in_batches

_OUTER_EYE_CORNERS = (36, 45)  # of the 68 points of iBUG 300-W, counted from 0
_EPSILON = 1e-10


def inter_ocular_error(points: np.ndarray, true_points: np.ndarray) -> np.ndarray:
    """Normalised mean error (NME) `(n,)`: the mean distance over the points, in units of the inter-ocular distance.

    The inter-ocular distance is that of the true outer eye corners, as 300-W defines it.

    Args:
        points: `(n, 68, 2)` as found, in any unit.
        true_points: `(n, 68, 2)` in the same unit.

    Raises:
        InputError: other shapes, or true eye corners that coincide.

    Reference: Sagonas et al., "300 Faces in-the-Wild Challenge: The First Facial Landmark Localization Challenge",
    2013, eq. 1.
    """
    points, true_points = np.asarray(points, np.float64), np.asarray(true_points, np.float64)
    if points.shape != true_points.shape or points.shape[1:] != (68, 2):
        raise InputError(
            "`points` and `true_points` must have the shape (n, 68, 2). "
            f"Received: {points.shape} and {true_points.shape}."
        )
    left, right = (true_points[:, corner] for corner in _OUTER_EYE_CORNERS)
    between = np.linalg.norm(left - right, axis=-1)
    if not (between > 0).all():
        flat = int((~(between > 0)).sum())
        raise InputError(
            f"The outer eye corners of `true_points` must be apart. Received: {flat} faces where they are not; "
            "leave those out."
        )
    return np.linalg.norm(points - true_points, axis=-1).mean(-1) / between


def landmark_failures(error: np.ndarray, *, above: float = 0.1) -> np.ndarray:
    """Which faces failed, `(n,)`: 1 where the normalised mean error is above `above`, NaN where it is undefined.

    The mean is the failure rate; 0.1 is its usual limit, as for COFW (Burgos-Artizzu et al., "Robust Face Landmark
    Estimation under Occlusion", 2013) and, with the outer eye corners, WFLW (Wu et al., "Look at Boundary", 2018).

    Args:
        error: `(n,)` of `inter_ocular_error`.
        above: the limit, in units of the inter-ocular distance.
    """
    error = np.asarray(error, np.float64)
    return np.where(np.isnan(error), np.nan, (error > above).astype(np.float64))


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
