"""A square at a random place of the lower face."""

import tensorflow as tf

from tfinpaint.data.occlusions.base import Occlusion, pixel_grid
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.errors import InputError


class LowerFaceRectangle(Occlusion):
    """A square of one colour whose centre lies on the lower face, the "Rec" of S-CelebA.

    The centre is uniform between the nose and the chin and between the mouth's corners, widened by a third; the
    square is moved inside the picture where it would stick out.

    Args:
        side: side of the square as a share of the picture's; 64 of 256 pixels in the paper.
        colour: one grey or RGB value in [-1, 1], or `None` for a random colour per sample.

    Reference: FMODR, section of experiments: a random 64 x 64 rectangle on the lower face of 256 x 256 CelebA images.
    """

    def __init__(self, *, side: float = 0.25, colour: float | tuple[float, float, float] | None = None):
        if not 0 < side <= 1:
            raise InputError(f"`side` must be a share of the picture's side in (0, 1]. Received: {side}.")
        self.side = side
        self.colour = colour

    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One colour over the square, with hard edges."""
        draw, size = Draws(seeds), images.shape[1]
        width = round(self.side * size)
        nose, left, right = (landmarks[:, i, None, :] for i in (2, 3, 4))
        mouth = (left + right) / 2
        along = draw.uniform(0.0, 1.6, shape=(1, 1))  # the chin lies about as far below the mouth as the nose above
        across = draw.uniform(-0.67, 0.67, shape=(1, 1))
        centre = nose + along * (mouth - nose) + across * (right - left)
        corner = tf.clip_by_value(tf.round(centre - (width - 1) / 2), 0.0, float(size - width))
        x, y = pixel_grid(size)
        x, y = x - corner[..., :1], y - corner[..., 1:]
        alpha = tf.cast((x >= 0) & (x < width) & (y >= 0) & (y < width), tf.float32)[..., None]
        colour = draw.uniform(-1.0, 1.0, shape=(1, 1, 3)) if self.colour is None else self.colour
        return tf.zeros_like(images) + colour, alpha
