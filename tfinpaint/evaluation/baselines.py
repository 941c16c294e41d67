"""What needs no model: OpenCV's two inpainting methods and a mean face, given the true mask."""

from typing import Any

import cv2
import numpy as np

RADIUS = 3  # pixels, as in OpenCV's examples; 20 gains Telea 0.8 dB over holes of worn masks at 128 px


def telea(pictures: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Fills the holes by fast marching.

    Args:
        pictures: `(n, height, width, 3)` uint8.
        masks: `(n, height, width, 1)`, above 0.5 where hidden.

    Reference: Telea, "An Image Inpainting Technique Based on the Fast Marching Method", 2004.
    """
    return _inpaint(pictures, masks, cv2.INPAINT_TELEA)


def navier_stokes(pictures: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Fills the holes by fluid dynamics; arguments as in `telea`.

    Reference: Bertalmio, Bertozzi and Sapiro, "Navier-Stokes, Fluid Dynamics, and Image and Video Inpainting", 2001.
    """
    return _inpaint(pictures, masks, cv2.INPAINT_NS)


def mean_face(pictures: np.ndarray, masks: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Pastes the mean of other aligned faces into the holes; what a model must beat to know more than "a face".

    Args:
        pictures: `(n, height, width, 3)` uint8.
        masks: `(n, height, width, 1)`, above 0.5 where hidden.
        mean: `(n, height, width, 3)` or `(height, width, 3)` in [0, 255]; see `mean_of_others`.
    """
    return np.where(masks > 0.5, np.rint(mean), pictures).astype(np.uint8)


def mean_of_others(pictures: np.ndarray, valid: np.ndarray, which: Any) -> np.ndarray:
    """For each picture of `which` the mean of all other pictures, `(k, height, width, 3)` float32.

    Args:
        pictures: `(n, height, width, 3)` uint8, aligned; two or more.
        valid: `(n, height, width, 1)`, 0 where a pixel is made up and does not count.
        which: the pictures that want a mean: indices or a slice.
    """
    total, count = np.zeros(pictures.shape[1:]), np.zeros(valid.shape[1:])
    for picture, there in zip(pictures, valid, strict=True):
        total += picture * there
        count += there
    others = total - pictures[which].astype(np.float64) * valid[which]
    return (others / np.maximum(count - valid[which], 1)).astype(np.float32)


def _inpaint(pictures: np.ndarray, masks: np.ndarray, method: int) -> np.ndarray:
    holes = (masks[..., 0] > 0.5).astype(np.uint8)
    pairs = zip(np.ascontiguousarray(pictures), holes, strict=True)
    return np.stack([cv2.inpaint(picture, hole, RADIUS, method) for picture, hole in pairs])
