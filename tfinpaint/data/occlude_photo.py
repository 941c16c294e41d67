"""Hides faces of whole photos: drawn on a crop around each, laid on the photo in its own resolution."""

from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np

from tfinpaint.data.occlusions.base import Occlusion
from tfinpaint.errors import InputError
from tfinpaint.faces.align import alignment_matrix, widened
from tfinpaint.faces.resample import resample

_SIDES = (64, 512)  # of the crop; between, a pixel of the crop is about one of the photo
_FAINT = 1 / 255


class OccludedPhoto(NamedTuple):
    """A photo with hidden faces.

    Attributes:
        pixels: `(height, width, 3)` uint8.
        mask: `(height, width)` bool, True exactly where an occlusion lies.
    """

    pixels: np.ndarray
    mask: np.ndarray


def occlude_photo(
    pixels: np.ndarray, landmarks: Iterable[np.ndarray], occlusion: Occlusion, *, seed: tuple[int, int] = (0, 0)
) -> OccludedPhoto:
    """Draws an occlusion on every face given, one after the other; all other pixels keep their bytes.

    What a kind says in shares of the picture (areas, heights) is a share of the aligned crop around the face. A kind
    that follows the landmarks gets a wider crop (`Occlusion.context` times), so that straps and arms are not cut.

    Args:
        pixels: the photo, `(height, width, 3)`, uint8, RGB.
        landmarks: five points `(5, 2)` in the photo for each face.
        occlusion: what is drawn.
        seed: of the drawings; face k of the photo draws from `(seed[0], seed[1] + k 2^32)`.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise InputError(
            f"`pixels` must be a uint8 RGB photo (height, width, 3). Received: {pixels.dtype} {pixels.shape}."
        )
    result, hidden = pixels, np.zeros(pixels.shape[:2], bool)
    for k, points in enumerate(landmarks):
        colour, alpha = _drawn(result, np.asarray(points, np.float64), occlusion, (seed[0], seed[1] + (k << 32)))
        mixed = np.rint((1 - alpha) * result + alpha * colour).clip(0, 255).astype(np.uint8)
        covered = alpha[..., 0] > 0
        result, hidden = np.where(covered[..., None], mixed, result), hidden | covered
    return OccludedPhoto(result, hidden)


def _drawn(
    pixels: np.ndarray, points: np.ndarray, occlusion: Occlusion, seed: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Colour in 0 to 255 and opacity of one face's occlusion, in the size of the photo."""
    unit = alignment_matrix(points, 1)
    wanted = occlusion.context / np.sqrt(abs(np.linalg.det(unit[:, :2])))
    side = int(np.clip(np.ceil(wanted / 16) * 16, *_SIDES))  # few sides, so that few graphs are traced
    matrix = widened(alignment_matrix(points, side), side, occlusion.context)
    crop = resample(pixels, matrix, (side, side)).astype(np.float32)[None] / 127.5 - 1
    inside = (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)[None]
    colour, alpha = (value.numpy()[0] for value in occlusion.layer(*_tensors(crop, inside, np.array([seed]))))
    layer = np.concatenate([(colour + 1) * 127.5 * alpha, alpha], axis=-1).astype(np.float32)
    back = cv2.invertAffineTransform(matrix)
    extent = pixels.shape[1::-1]
    layer = resample(layer, back, extent, border=cv2.BORDER_CONSTANT, interpolation=cv2.INTER_LINEAR)
    opacity = layer[..., 3:]
    opacity = np.where(opacity < _FAINT, 0, opacity.clip(0, 1))
    return layer[..., :3] / np.maximum(layer[..., 3:], _FAINT), opacity


def _tensors(*arrays: np.ndarray) -> tuple:
    import tensorflow as tf

    return tuple(tf.constant(array) for array in arrays)
