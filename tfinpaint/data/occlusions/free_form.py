"""Free-form brush strokes."""

import math

import tensorflow as tf

from tfinpaint.data.occlusions.arguments import Colour, Interval, colour_argument, draw_flat_colour, interval
from tfinpaint.data.occlusions.base import Occlusion
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.errors import InputError

_RASTER = 64  # distances are smooth: larger pictures are drawn from a raster of about so many points a side


class FreeForm(Occlusion):
    """Zigzag strokes of a thick round brush, as people rub something out.

    Each stroke starts anywhere in the picture and goes from vertex to vertex, alternately up and down at about the
    same angle; a vertex beyond the picture is moved to its border. Half of the samples are mirrored, half are turned
    upside down.

    Args:
        strokes: how many, a whole number or two (least, greatest) between 1 and 8.
        segments: of a stroke, a whole number or two between 1 and 20.
        angle: mean angle of segments to the horizontal, radians.
        angle_range: how much angles of a sample may differ from the mean to either side at most, radians.
        length: mean length of a segment as a share of the picture's side; the deviation is half of it, and lengths
            lie between 0 and twice the mean.
        width: of the brush as a share of the picture's side, one for each stroke.
        colour: one grey or RGB value in [-1, 1], or `None` for a random colour per sample.

    Reference: Yu et al., "Free-form image inpainting with gated convolution" (DeepFill v2), 2019, algorithm 1 of its
    supplement. The defaults are those of the authors' code: 1 to 3 strokes of 4 to 11 segments, angles of 2 pi / 5
    give or take 2 pi / 15, lengths of an eighth of the diagonal, widths of 12 to 40 of 256 pixels. The smooth edges
    are ours.
    """

    def __init__(
        self,
        *,
        strokes: int | tuple[int, int] = (1, 3),
        segments: int | tuple[int, int] = (4, 11),
        angle: float = 2 * math.pi / 5,
        angle_range: float = 2 * math.pi / 15,
        length: float = math.sqrt(2) / 8,
        width: Interval = (12 / 256, 40 / 256),
        colour: Colour = None,
    ) -> None:
        self.strokes = _whole("strokes", interval("strokes", strokes, 1, 8))
        self.segments = _whole("segments", interval("segments", segments, 1, 20))
        self.angle, _ = interval("angle", angle, 0.0, math.pi)
        self.angle_range, _ = interval("angle_range", angle_range, 0.0, math.pi)
        self.length, _ = interval("length", length, 0.01, 1.0)
        self.width = interval("width", width, 0.005, 0.5)
        self.colour = colour_argument(colour)

    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One colour over the strokes, with edges one pixel soft."""
        draw, size = Draws(seeds), images.shape[1]
        start, end, radius, there = self._strokes(draw)
        points = max(min(size, _RASTER), size // 4)
        distance = stroke_distance(start * size - 0.5, end * size - 0.5, radius * size, there, size, points)
        if points != size:
            distance = tf.image.resize(distance[..., None], (size, size))[..., 0]
        alpha = tf.clip_by_value(0.5 - distance, 0.0, 1.0)[..., None]
        return draw_flat_colour(draw, self.colour, images), alpha

    def _strokes(self, draw: Draws) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Ends `(batch, n, 2)` of all segments, radii and whether a segment is drawn, `(batch, n)`, in sides."""
        strokes, segments = self.strokes[1], self.segments[1]
        shape = (strokes, segments)
        spread = draw.uniform(0.0, self.angle_range, shape=(2, strokes, 1))
        angle = draw.uniform(self.angle - spread[:, 0], self.angle + spread[:, 1], shape=shape)
        angle *= tf.constant([(-1.0, 1.0)[i % 2] for i in range(segments)])
        length = tf.clip_by_value(1 + 0.5 * draw.gaussian(*shape), 0.0, 2.0) * self.length
        steps = tf.stack([length * tf.cos(angle), length * tf.sin(angle)], -1)
        vertices = [draw.uniform(shape=(strokes, 2))]
        for step in tf.unstack(steps, axis=2):
            vertices.append(tf.clip_by_value(vertices[-1] + step, 0.0, 1.0))
        path = tf.stack(vertices, 2)
        mirrored = draw.chance(0.5, shape=(1, 1, 2))
        path = path + mirrored * (1 - 2 * path)
        there = _ranks(draw, self.strokes)[:, :, None] * _ranks(draw, self.segments, strokes)
        radius = draw.uniform(self.width[0] / 2, self.width[1] / 2, shape=(strokes, 1)) * tf.ones(shape)
        flat = (-1, strokes * segments)
        start, end = (tf.reshape(points, (*flat, 2)) for points in (path[:, :, :-1], path[:, :, 1:]))
        return start, end, tf.reshape(radius, flat), tf.reshape(there, flat) > 0


def stroke_distance(
    start: tf.Tensor, end: tf.Tensor, radius: tf.Tensor, there: tf.Tensor, size: int, points: int
) -> tf.Tensor:
    """Distance in pixels to the edge of the nearest of a sample's thick segments, negative inside.

    Args:
        start: `(batch, n, 2)`, pixels (x, y); also `end`.
        end: see `start`.
        radius: `(batch, n)`, half the width of each segment, pixels.
        there: bool `(batch, n)`; at least one of a sample's segments must be.
        size: side of the picture.
        points: result is `(batch, points, points)`, sampled at the middles of so many equal cells a side.
    """
    rows = tf.cast(tf.where(there)[:, 0], tf.int32)
    start, end, radius = (tf.boolean_mask(value, there) for value in (start, end, radius))
    middle, half = (start + end) / 2, (end - start) / 2
    length = tf.norm(half, axis=1, keepdims=True)
    along = tf.where(length > 1e-6, half / tf.maximum(length, 1e-6), [[1.0, 0.0]])
    line = (tf.range(points, dtype=tf.float32) + 0.5) * (size / points) - 0.5
    x, y = (line[None] - middle[:, i, None] for i in (0, 1))
    cos, sin = along[:, :1], along[:, 1:]
    forwards = (x * cos)[:, None, :] + (y * sin)[:, :, None]
    sideways = (y * cos)[:, :, None] - (x * sin)[:, None, :]
    beyond = tf.nn.relu(tf.abs(forwards) - length[:, :, None])
    distance = tf.sqrt(tf.square(beyond) + tf.square(sideways)) - radius[:, None, None]
    return tf.math.segment_min(distance, rows)


def _ranks(draw: Draws, bounds: tuple[int, int], *shape: int) -> tf.Tensor:
    """1.0 for the first k of the greatest number, else 0.0, `(batch, *shape, greatest)`; k uniform in the bounds."""
    least, greatest = bounds
    count = least + tf.floor(draw.uniform(shape=(*shape, 1)) * (greatest - least + 1))
    return tf.cast(tf.range(greatest, dtype=tf.float32) < count, tf.float32)


def _whole(name: str, bounds: tuple[float, float]) -> tuple[int, int]:
    if any(bound % 1 for bound in bounds):
        raise InputError(f"`{name}` must be whole numbers. Received: {bounds}.")
    return int(bounds[0]), int(bounds[1])
