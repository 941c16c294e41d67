"""A square in the middle of the picture."""

import tensorflow as tf

from tfinpaint.data.occlusions.arguments import Colour, colour_argument, draw_flat_colour, interval
from tfinpaint.data.occlusions.base import Occlusion, pixel_grid
from tfinpaint.data.occlusions.draws import Draws


class CenterSquare(Occlusion):
    """A square of one colour in the middle of the picture: the same pixels in every sample.

    Args:
        share: side of the square as a share of the picture's, rounded to whole pixels; 128 of 256 in the paper. Where
            the border left cannot be halved, the square lies half a pixel up and left of the middle.
        colour: one grey or RGB value in [-1, 1], white in the paper, or `None` for a random colour per sample.

    Reference: CA-GAN, section of experiments.
    """

    def __init__(self, *, share: float = 0.5, colour: Colour = 1.0) -> None:
        self.share, _ = interval("share", share, 1e-4, 1.0)
        self.colour = colour_argument(colour)

    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One colour over the square, with hard edges."""
        size = images.shape[1]
        width = max(round(self.share * size), 1)
        first = (size - width) // 2
        x, y = pixel_grid(size)
        inside = (x >= first) & (x < first + width) & (y >= first) & (y < first + width)
        alpha = tf.cast(inside, tf.float32)[..., None] * tf.ones_like(images[..., :1])
        return draw_flat_colour(Draws(seeds), self.colour, images), alpha
