"""Cuts faces out of photos in the framing that a network knows."""

import cv2
import numpy as np

from tfinpaint.faces.resample import resample
from tfinpaint.framing import similarity, template_points

# Under a mask a detector guesses nose and mouth; the guesses steady the scale of turned heads, whose eyes draw near.
_WEIGHTS = np.array([1.0, 1.0, 0.5, 0.5, 0.5])
# A guess further than this from where the eyes expect it, in eye distances, is no guess.
_TOLERANCE = 0.6


def alignment_matrix(landmarks: np.ndarray, size: int, framing: str = "wide") -> np.ndarray:
    """The `(2, 3)` similarity from photo to the `size` x `size` crop, robust against wrong nose and mouth points.

    Args:
        landmarks: `(5, 2)` points in the photo.
        size: side of the crop.
        framing: a name in `tfinpaint.framing.FRAMINGS`.
    """
    target = template_points(size, framing)
    by_eyes = similarity(landmarks[:2], target[:2])
    aside = np.linalg.norm(landmarks @ by_eyes[:, :2].T + by_eyes[:, 2] - target, axis=1)
    aside /= np.linalg.norm(target[1] - target[0])
    return similarity(landmarks, target, _WEIGHTS * (aside < _TOLERANCE))


def align(pixels: np.ndarray, landmarks: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The aligned crop `(size, size, 3)`, uint8, and the `(2, 3)` matrix that maps the photo's points to it.

    Beyond the photo's border the picture is mirrored; a face that is larger than the crop is averaged, not sampled.
    """
    matrix = alignment_matrix(np.asarray(landmarks, np.float64), size)
    return resample(pixels, matrix, (size, size)), matrix


def widened(matrix: np.ndarray, size: int, factor: float) -> np.ndarray:
    """The `(2, 3)` map to a crop of the same size that shows `factor` times as much, about the same middle."""
    middle = (size - 1) / 2
    wide = np.asarray(matrix, np.float64) / factor
    wide[:, 2] += middle * (1 - 1 / factor)
    return wide


def whole_picture_matrix(pixels: np.ndarray, size: int) -> np.ndarray:
    """The `(2, 3)` map of a picture that is itself an aligned crop to the network's square."""
    height, width = pixels.shape[:2]
    x, y = size / width, size / height
    return np.array([[x, 0, 0.5 * x - 0.5], [0, y, 0.5 * y - 0.5]], np.float32)


def align_mask(mask: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """A photo's bool mask in the crop, `(size, size)` bool: True wherever any hidden pixel of the photo shows."""
    hidden = resample(
        mask.astype(np.float32), matrix, (size, size), border=cv2.BORDER_CONSTANT, interpolation=cv2.INTER_LINEAR
    )
    return hidden > 1e-3
