"""A picture of where an attention copied from: colour for direction, strength for distance."""

import cv2
import numpy as np

_GAP = 8  # pixels between picture and wheel


def coloured_offsets(pixels: np.ndarray, offsets: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The picture in grey, its painted places coloured by where they were copied from; beside it the colour wheel.

    The hue is the direction as seen on the wheel, from its middle outwards: what is copied from the right has the
    colour on the right. Colours are full at the longest way in the picture, which is the wheel's radius.

    Args:
        pixels: `(height, width, 3)` uint8.
        offsets: `(height, width, 2)`, how many pixels lower and farther right the source lies.
        mask: `(height, width)` bool, where it was painted.

    Returns:
        `(height, width + wheel, 3)` uint8, RGB.

    Reference: the wheel is that of optical flow, Baker et al., "A Database and Evaluation Methodology for Optical
    Flow", 2007, which J. Yu et al., CVPR 2018, use for contextual attention; here with the hues of HSV.
    """
    height, width = mask.shape
    longest = max(float(np.hypot(*np.moveaxis(offsets, -1, 0))[mask].max(initial=0.0)), 1.0)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None].repeat(3, axis=-1) // 2 + 96
    picture = np.where(mask[..., None], _colours(offsets / longest), grey)
    side = max(min(height, width) // 4, 32)
    at = (np.mgrid[:side, :side] - (side - 1) / 2) / (side / 2)
    wheel = np.where(np.hypot(*at)[..., None] <= 1, _colours(np.moveaxis(at, 0, -1)), 255)
    sheet = np.full((max(height, side), width + _GAP + side, 3), 255, np.uint8)
    sheet[:height, :width], sheet[:side, width + _GAP :] = picture, wheel
    return sheet


def _colours(offsets: np.ndarray) -> np.ndarray:
    """`(h, w, 3)` uint8 of offsets whose longest is 1: hue 0 (red) to the right, then counted downwards."""
    angle = np.degrees(np.arctan2(offsets[..., 0], offsets[..., 1])) % 360
    strength = np.clip(np.hypot(offsets[..., 0], offsets[..., 1]), 0, 1)
    hsv = np.stack([angle, strength, np.ones_like(angle)], axis=-1).astype(np.float32)
    return np.rint(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * 255).astype(np.uint8)
