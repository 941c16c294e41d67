"""Small pictures with opacity, laid on batches of images by a homography each."""

import numpy as np
import tensorflow as tf

from tfinpaint.errors import InputError

_LEVELS = 4  # each has half the resolution of the one before: what is laid small does not alias
_FAINT = 1.5 / 255  # opacity below this is a rounding error of the interpolation


class Sprites:
    """A set of pictures with opacity and the warp that lays them on images.

    Args:
        pictures: uint8 `(n, height, width, 4)`, red, green, blue, opacity (not multiplied). What is drawn should keep
            two pixels of distance from the border, where pictures are cut.
    """

    def __init__(self, pictures: np.ndarray) -> None:
        if pictures.ndim != 4 or pictures.shape[3] != 4 or pictures.dtype != np.uint8 or not len(pictures):
            raise InputError(
                "`pictures` must be at least one uint8 picture with opacity, (n, height, width, 4). "
                f"Received: {pictures.dtype} {pictures.shape}."
            )
        self.count, self.height, self.width = pictures.shape[:3]
        self._pyramid = tf.constant(np.concatenate([_level(pictures, k) for k in range(_LEVELS)]))

    def lay(self, index: tf.Tensor, matrices: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Colour `(batch, size, size, 3)` in [0, 1] and opacity `(batch, size, size, 1)` of one sprite per sample.

        Args:
            index: integers `(batch,)`, which sprite.
            matrices: float32 `(batch, 3, 3)`, homographies from pixels (x, y, 1) of the sprite to pixels of the image.
            size: side of the images.
        """
        # Pixels of the image to one of the sprite at its centre: the root of the homography's Jacobian there.
        middle = tf.constant([(self.width - 1) / 2, (self.height - 1) / 2, 1.0])
        depth = tf.maximum(tf.abs(tf.reduce_sum(matrices[:, 2] * middle, 1)), 1e-6)
        stretch = tf.sqrt(tf.abs(tf.linalg.det(matrices)) / depth**3)
        level = tf.clip_by_value(tf.floor(-tf.math.log(tf.maximum(stretch, 1e-6)) / np.log(2.0) + 0.4), 0, _LEVELS - 1)
        pictures = tf.gather(self._pyramid, tf.cast(index, tf.int32) + self.count * tf.cast(level, tf.int32))
        step = (2.0**level)[:, None, None]
        shrink = tf.eye(3) * tf.constant([1.0, 1.0, 0.0]) / step + _corner(0.5 / step - 0.5)
        shrunk = matrices @ tf.linalg.inv(shrink)
        return warp(pictures, shrunk, size)


def warp(
    pictures: tf.Tensor, matrices: tf.Tensor, size: int, fill_mode: str = "CONSTANT"
) -> tuple[tf.Tensor, tf.Tensor]:
    """Colour `(batch, size, size, 3)` and opacity `(batch, size, size, 1)` in [0, 1] of pictures moved by homographies.

    Args:
        pictures: `(batch, height, width, 4)` in [0, 255], the opacity multiplied in.
        matrices: float32 `(batch, 3, 3)`, from pixels (x, y, 1) of the picture to those of the image.
        size: side of the images.
        fill_mode: what lies beyond the picture: `"CONSTANT"`, nothing, or `"NEAREST"`, its border.
    """
    inverse = tf.linalg.inv(matrices)
    inverse /= tf.where(tf.abs(inverse[:, 2:, 2:]) < 1e-9, 1e-9, inverse[:, 2:, 2:])
    warped = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(pictures, tf.float32) * (1 / 255),
        transforms=tf.reshape(inverse, (-1, 9))[:, :8],
        output_shape=(size, size),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode=fill_mode,
    )
    alpha = warped[..., 3:]
    alpha = tf.where(alpha < _FAINT, 0.0, tf.minimum(alpha, 1.0))
    return tf.minimum(warped[..., :3] * (1 / tf.maximum(alpha, _FAINT)), 1.0), alpha


def similarity(centre: tf.Tensor, scale: tf.Tensor, turn: tf.Tensor, anchor: tuple[float, float]) -> tf.Tensor:
    """Homographies `(batch, 3, 3)` that lay the sprites' pixel `anchor` on `centre`, turned and scaled.

    Args:
        centre: `(batch, 2)`, pixels (x, y) of the image.
        scale: `(batch,)` or `(batch, 2)` (across, down), pixels of the image to one of the sprite.
        turn: `(batch,)`, clockwise on the screen, radians.
        anchor: pixel (x, y) of the sprite.
    """
    scale = tf.broadcast_to(tf.reshape(scale, (tf.shape(centre)[0], -1)), (tf.shape(centre)[0], 2))
    cos, sin = tf.cos(turn), tf.sin(turn)
    a, b, c, d = cos * scale[:, 0], -sin * scale[:, 1], sin * scale[:, 0], cos * scale[:, 1]
    x = centre[:, 0] - a * anchor[0] - b * anchor[1]
    y = centre[:, 1] - c * anchor[0] - d * anchor[1]
    zero, one = tf.zeros_like(x), tf.ones_like(x)
    return tf.reshape(tf.stack([a, b, x, c, d, y, zero, zero, one], axis=1), (-1, 3, 3))


def _corner(shift: tf.Tensor) -> tf.Tensor:
    """Moves by `shift` `(batch, 1, 1)` in both directions, and the 1 of a homography."""
    zero = tf.zeros_like(shift)
    rows = [tf.concat([zero, zero, shift], 2)] * 2 + [tf.concat([zero, zero, tf.ones_like(shift)], 2)]
    return tf.concat(rows, 1)


def _level(pictures: np.ndarray, level: int) -> np.ndarray:
    """The pictures, opacity multiplied in, averaged over blocks of 2^level pixels, in the upper left of their frame."""
    step = 2**level
    n, height, width, _ = pictures.shape
    rows, columns = height // step, width // step
    result = np.zeros_like(pictures)
    for picture, out in zip(pictures, result, strict=True):  # one by one: a set may be large
        values = picture[: rows * step, : columns * step].astype(np.float32)
        values[..., :3] *= values[..., 3:] / 255
        out[:rows, :columns] = np.rint(values.reshape(rows, step, columns, step, 4).mean((1, 3)))
    return result
