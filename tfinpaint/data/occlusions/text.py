"""A word of one colour."""

import math
from collections.abc import Sequence

import tensorflow as tf

from tfinpaint.data.occlusions.arguments import Colour, Interval, colour_argument, draw_flat_colour, interval, names
from tfinpaint.data.occlusions.base import Occlusion
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.occlusions.places import PLACES, draw_corner
from tfinpaint.data.occlusions.word_bank import word_bank
from tfinpaint.data.occlusions.words import WORDS


class Text(Occlusion):
    """An English word of one colour on a part of the face, beside the face or anywhere in the picture.

    One of 2048 words, each in one of twenty typefaces. `height` is that of the word as drawn, from the top of its
    highest letter to the bottom of its deepest; it is kept. So a word at half the picture's height is wider than the
    picture and is cut at its border (`fit=True` makes it smaller instead). A word that is narrower than the picture
    lies inside it. The bank of drawn words (100 MB) is made at the first call, once for all.

    Args:
        height: of the word as a share of the picture's side, a number or an interval in (0, 1].
        at: where, one or several of `mouth`, `nose`, `eyes`, `outside` (beside the five points) and `anywhere`; of
            several one per sample, equally often. See `places.draw_corner`.
        colour: one grey or RGB value in [-1, 1], or `None` for a random colour per sample.
        turn: words are turned by at most so many degrees, to either side; 0 in the paper.
        fit: make words smaller that are wider than the picture.

    Reference: C2FDAN, section III-A: one of 2048 English words, one colour, the four places; section IV-A: height
    ratio in [0.05, 0.5], random colour and place. It is tested in three sizes, which the text does not name. The list
    of words and the typefaces are ours.
    """

    def __init__(
        self,
        *,
        height: Interval = (0.05, 0.5),
        at: str | Sequence[str] = "anywhere",
        colour: Colour = None,
        turn: float = 0.0,
        fit: bool = False,
    ) -> None:
        self.height = interval("height", height, 0.01, 1.0)
        self.at = names("at", at, PLACES)
        self.colour = colour_argument(colour)
        self.turn, _ = interval("turn", turn, 0.0, 180.0)
        self.fit = fit

    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One colour with the opacity of a word, its edges smooth."""
        draw, size, bank = Draws(seeds), images.shape[1], word_bank()
        index = tf.cast(draw.uniform(shape=()) * len(WORDS), tf.int32)
        extent = tf.gather(bank.extent, index)
        scale = draw.uniform(*self.height, shape=()) * size / extent[:, 1]
        turn = draw.uniform(-1.0, 1.0, shape=()) * math.radians(self.turn)
        cos, sin = tf.abs(tf.cos(turn))[:, None], tf.abs(tf.sin(turn))[:, None]
        box = extent * cos + extent[:, ::-1] * sin  # of the turned word
        if self.fit:
            scale = tf.minimum(scale, (size - 2) / tf.reduce_max(box, 1))
        box = tf.math.ceil(box * scale[:, None]) + 2  # with its smooth edges
        corner = draw_corner(draw, self.at, landmarks, box[:, 0], box[:, 1], size)
        alpha = bank.lay(index, corner + (box - 1) / 2, scale, turn, size)
        return draw_flat_colour(draw, self.colour, images), alpha
