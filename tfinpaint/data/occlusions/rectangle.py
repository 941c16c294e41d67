"""A rectangle of one colour."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfinpaint.data.occlusions.arguments import Colour, Interval, colour_argument, draw_flat_colour, interval, names
from tfinpaint.data.occlusions.base import Occlusion, pixel_grid
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.occlusions.places import PLACES, draw_corner


class Rectangle(Occlusion):
    """An upright rectangle of one colour on a part of the face, beside the face or anywhere in the picture.

    The area is uniform in its interval. The aspect is uniform on the scale of its logarithm (the paper does not say
    which), so that tall rectangles are as frequent as wide ones. Sides are whole pixels, chosen so that area and
    aspect stay in their intervals, unless no pair of whole numbers does. The rectangle lies inside the picture.

    Args:
        area: share of the picture, a number or an interval in (0, 1].
        aspect: width / height, a number or an interval in [0.1, 10].
        at: where, one or several of `mouth`, `nose`, `eyes`, `outside` (beside the five points) and `anywhere`; of
            several one per sample, equally often. See `places.draw_corner`.
        colour: one grey or RGB value in [-1, 1], or `None` for a random colour per sample.
        turn: degrees by which it is turned about its middle, clockwise, a number or an interval in [-180, 180]: what is
            upright in a photo leans in the crop of a head that leans. A turned corner may leave the picture.
        edge: pixels over which its edge fades, a number or an interval in [0, 8]: photos are resized.

    Reference: C2FDAN, section III-A: aspect in [0.5, 2], one colour, the four places; section IV-A: area in
    [0.01, 0.15], random colour and place. It is tested in three sizes, which the text does not name.
    """

    def __init__(
        self,
        *,
        area: Interval = (0.01, 0.15),
        aspect: Interval = (0.5, 2.0),
        at: str | Sequence[str] = "anywhere",
        colour: Colour = None,
        turn: Interval = 0.0,
        edge: Interval = 0.0,
    ) -> None:
        self.area = interval("area", area, 1e-4, 1.0)
        self.aspect = interval("aspect", aspect, 0.1, 10.0)
        self.at = names("at", at, PLACES)
        self.colour = colour_argument(colour)
        self.turn = interval("turn", turn, -180.0, 180.0)
        self.edge = interval("edge", edge, 0.0, 8.0)

    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One colour over the rectangle."""
        draw, size = Draws(seeds), images.shape[1]
        width, height = self._sides(draw, size)
        corner = draw_corner(draw, self.at, landmarks, width, height, size)
        half = tf.stack([width, height], 1) / 2
        x, y = pixel_grid(size)
        x, y = (line - middle for line, middle in zip((x, y), _columns(corner + half - 0.5), strict=True))
        if any(self.turn):
            angle = draw.uniform(*np.deg2rad(self.turn))
            x, y = tf.cos(angle) * x + tf.sin(angle) * y, tf.cos(angle) * y - tf.sin(angle) * x
        half_width, half_height = _columns(half)
        depth = tf.minimum(half_width - tf.abs(x), half_height - tf.abs(y))  # in pixels, negative outside
        edge = tf.maximum(draw.uniform(*self.edge), 1e-3) if any(self.edge) else 1e-3
        alpha = tf.clip_by_value(0.5 + depth / edge, 0.0, 1.0)
        return draw_flat_colour(draw, self.colour, images), alpha[..., None]

    def _sides(self, draw: Draws, size: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Width and height in pixels, `(batch,)`, whole numbers."""
        area = draw.uniform(*self.area, shape=()) * size**2
        width = tf.sqrt(area * tf.exp(draw.uniform(*np.log(self.aspect), shape=())))
        nearest, low, high = (tf.constant(table) for table in _whole_sides(size, self.area, self.aspect))
        width = tf.gather(nearest, tf.cast(tf.clip_by_value(tf.round(width), 1.0, float(size)), tf.int32))
        column = tf.cast(width, tf.int32)
        return width, tf.clip_by_value(tf.round(area / width), tf.gather(low, column), tf.gather(high, column))


def _columns(pairs: tf.Tensor) -> list[tf.Tensor]:
    """`(batch, 2)` -> two of `(batch, 1, 1)`."""
    return tf.unstack(pairs[:, :, None, None], axis=1)


def _whole_sides(
    size: int, area: tuple[float, float], aspect: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each width 0 ... size: the nearest width that can be kept, and the least and greatest height beside it."""
    widths = np.maximum(np.arange(size + 1), 1)
    least = np.maximum(area[0] * size**2 / widths, widths / aspect[1])
    greatest = np.minimum(area[1] * size**2 / widths, widths / aspect[0])
    low, high = np.ceil(least - 1e-6), np.minimum(np.floor(greatest + 1e-6), size)
    kept = np.flatnonzero((low <= high) & (np.arange(size + 1) > 0))
    if not len(kept):  # a single area, say: no whole numbers have it exactly
        kept, low, high = widths, np.ones(size + 1), np.full(size + 1, size)
    nearest = kept[np.abs(widths[:, None] - kept).argmin(1)]
    return tuple(table.astype(np.float32) for table in (nearest, low, high))
