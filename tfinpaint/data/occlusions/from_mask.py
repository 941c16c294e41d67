"""Hides what given masks hide."""

import os
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf

from tfinpaint.data.occlusions.arguments import Colour, colour_argument, draw_flat_colour
from tfinpaint.data.occlusions.base import Occlusion
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.errors import InputError
from tfinpaint.images.masks import read_mask
from tfinpaint.images.reader import read

_SUFFIXES = (".png", ".bmp", ".webp", ".jpg", ".jpeg", ".tif", ".tiff")


class FromMask(Occlusion):
    """Masks that are at hand instead of drawn ones, one per sample, as large as the picture.

    A mask is resized to the picture by its nearest pixels, also where its height and width differ. What counts as
    hidden is told by `tfinpaint.images.masks.read_mask`: values above half of their range.

    Args:
        masks: a folder of pictures, taken in order of name; or masks `(n, height, width)` of bool, uint8 or float; or
            one mask `(height, width)`, the same for every sample.
        fill: what is seen instead: `"noise"`, a colour of its own at each pixel; `"blur"`, the picture itself with
            nothing left but large patches; one grey or RGB value in [-1, 1]; or `None` for a random colour per sample.

    Raises:
        InputError: no masks, or arrays of another shape or type.
        ImageFileError: a mask cannot be read.
    """

    def __init__(self, masks: str | os.PathLike | np.ndarray, *, fill: str | Colour = None) -> None:
        if isinstance(fill, str) and fill not in ("noise", "blur"):
            raise InputError(f"`fill` must be 'noise', 'blur', a colour or None. Received: {fill!r}.")
        self.fill = fill if isinstance(fill, str) else colour_argument(fill)
        bank = _from_folder(Path(masks)) if isinstance(masks, str | os.PathLike) else _from_array(masks)
        self._masks = tf.constant(bank.astype(np.uint8))

    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The fill where the sample's mask hides, opaque."""
        draw, side = Draws(seeds), images.shape[1:3]
        index = tf.cast(draw.uniform(shape=()) * len(self._masks), tf.int32)
        alpha = tf.image.resize(tf.gather(self._masks, index)[..., None], side, "nearest")
        if self.fill == "noise":
            colour = draw.bits(*images.shape[1:])
            colour = tf.cast(tf.bitwise.right_shift(colour, tf.constant(8, tf.uint32)), tf.float32) * 2.0**-23 - 1
        elif self.fill == "blur":
            colour = _blurred(images)
        else:
            colour = draw_flat_colour(draw, self.fill, images)
        return colour, tf.cast(alpha, tf.float32)


def _from_array(masks: np.ndarray) -> np.ndarray:
    masks = np.asarray(masks)
    masks = masks[None] if masks.ndim == 2 else masks
    if masks.ndim != 3 or not masks.size:
        raise InputError(
            f"`masks` must be a folder, masks (n, height, width) or one (height, width). Received: shape {masks.shape}."
        )
    return np.stack([read_mask(mask, mask.shape) for mask in masks])


def _from_folder(folder: Path) -> np.ndarray:
    """All masks of a folder; where sizes differ, all are brought to the greatest height and width."""
    files = sorted(file for file in folder.glob("*") if file.suffix.lower() in _SUFFIXES)
    if not files:
        raise InputError(
            f"`masks` must be a folder with {', '.join(_SUFFIXES)} files. Received: {str(folder)!r}, with none."
        )
    masks = [read_mask(file, read(file).pixels.shape[:2]).astype(np.uint8) for file in files]
    height, width = (max(mask.shape[axis] for mask in masks) for axis in (0, 1))
    return np.stack([cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT) for mask in masks])


def _blurred(images: tf.Tensor) -> tf.Tensor:
    """Smooth patches of an eighth of the picture's side."""
    side = images.shape[1]
    small = tf.image.resize(images, (8, 8), "area")
    return tf.clip_by_value(tf.image.resize(small, (side, side), "bicubic"), -1.0, 1.0)
