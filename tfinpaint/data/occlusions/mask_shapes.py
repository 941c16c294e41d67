"""Outlines of worn face masks and their straps on the chart of a face."""

from dataclasses import dataclass

import tensorflow as tf

from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.occlusions.face_coordinates import FaceCoordinates

_NAMES = ("top", "top_side", "top_power", "bump", "bottom", "bottom_side", "bottom_power", "width")
# (low, high) of each parameter above: levels in eye distances below the eyes, on the midline and at the sides; the
# curves' powers; the half width as an angle in radians. Set by eye on photos of worn masks.
STYLES = {
    "surgical": ((0.18, 0.5), (0.4, 0.8), (1.2, 2.4), (0.0, 0.14), (1.75, 2.2), (1.1, 1.65), (1.8, 4.0), (1.0, 1.4)),
    "cup": ((0.08, 0.4), (0.6, 0.95), (0.8, 1.4), (0.0, 0.1), (1.8, 2.2), (1.0, 1.45), (1.3, 2.2), (0.95, 1.35)),
    "cloth": ((0.1, 0.45), (0.35, 0.75), (1.0, 2.5), (0.0, 0.15), (1.85, 2.35), (1.0, 1.6), (1.4, 3.0), (1.1, 1.5)),
    "sport": ((0.12, 0.4), (0.55, 0.85), (0.9, 1.6), (0.0, 0.08), (1.8, 2.15), (0.9, 1.3), (1.4, 2.4), (1.0, 1.4)),
    "gaiter": ((0.15, 0.5), (0.3, 0.65), (1.2, 2.5), (0.0, 0.1), (2.6, 3.4), (2.6, 3.4), (2.0, 3.0), (1.45, 1.57)),
    # Worn wrongly: below the nose, above the chin, around the chin.
    "low": ((0.68, 0.85), (0.65, 0.95), (1.0, 2.0), (0.0, 0.02), (1.8, 2.3), (1.2, 1.65), (1.8, 4.0), (1.0, 1.4)),
    "high": ((0.18, 0.45), (0.4, 0.8), (1.2, 2.4), (0.0, 0.14), (1.35, 1.6), (1.0, 1.4), (1.8, 4.0), (1.0, 1.4)),
    "chin": ((1.22, 1.5), (0.95, 1.35), (1.0, 2.2), (0.0, 0.03), (1.95, 2.4), (1.35, 1.75), (1.6, 3.5), (1.0, 1.4)),
}


@dataclass(frozen=True)
class MaskShape:
    """A drawn outline, fields of `(batch, height, width)`.

    Attributes:
        distance: to the nearest edge in pixels, positive inside.
        across: -1 at the left side edge, 0 on the midline, 1 at the right one.
        along: 0 at the top edge, 1 at the bottom edge.
        corners: seen (u, v) of the four corners, `(batch, 1, 1)` each, by side and edge, such as `(-1, "top")`.
    """

    distance: tf.Tensor
    across: tf.Tensor
    along: tf.Tensor
    corners: dict[tuple[int, str], tuple[tf.Tensor, tf.Tensor]]


def draw_shape(draw: Draws, style: tf.Tensor, face: FaceCoordinates) -> MaskShape:
    """The outline of one mask per sample; `style` `(batch,)` indexes `STYLES`."""
    ranges = tf.gather(tf.constant(list(STYLES.values())), style)
    drawn = draw.uniform(ranges[..., 0], ranges[..., 1], shape=(len(_NAMES),))
    p = {name: drawn[:, i, None, None] for i, name in enumerate(_NAMES)}
    tilt, shift = draw.uniform(-0.06, 0.06), draw.uniform(-0.05, 0.05)  # nobody wears it straight
    wave = [draw.uniform(-0.03, 0.03) for _ in range(4)]

    across = (face.angle - shift) / p["width"]
    side = tf.abs(across) + 1e-3
    top = p["top"] + (p["top_side"] - p["top"]) * _power(side, p["top_power"]) + tilt * face.angle
    top += p["bump"] * (tf.exp(-tf.square((side - 0.45) / 0.25)) - tf.exp(-tf.square(across / 0.3)))  # over the nose
    top += wave[0] * tf.sin(5 * across) + wave[1] * tf.cos(7 * across)
    bottom = p["bottom"] - (p["bottom"] - p["bottom_side"]) * _power(side, p["bottom_power"]) + tilt * face.angle
    bottom += wave[2] * tf.sin(5 * across) + wave[3] * tf.cos(7 * across)

    ends = {sign: face.seen(sign * p["width"] + shift) for sign in (-1, 1)}
    neck = 0.3 * tf.sigmoid((face.level - 1.75) * 6)  # only a gaiter hangs that low
    sides = (tf.minimum(ends[1] - face.u, face.u - ends[-1]) - neck) * face.unit
    edges = [_in_pixels(face.level - top, face.unit), _in_pixels(bottom - face.level, face.unit), sides]
    return MaskShape(
        distance=_rounded_minimum(edges, 0.1 * face.unit),
        across=across,
        along=(face.level - top) / tf.maximum(bottom - top, 0.2),
        corners={
            (sign, edge): (end, face.seen_level(p[f"{edge}_side"] + sign * tilt * p["width"], sign * p["width"]))
            for sign, end in ends.items()
            for edge in ("top", "bottom")
        },
    )


def draw_straps(draw: Draws, face: FaceCoordinates, shape: MaskShape, banded: float = 0.2) -> tf.Tensor:
    """Distance in pixels to the nearest edge of the straps, positive on them, `(batch, height, width)`.

    Ear loops run from a mask's corners to the ear; bands run around the head. On the side that is turned away the
    mask's edge is the silhouette, and a strap is hidden behind it. `banded` is the share of masks with bands.
    """
    bands = draw.chance(banded)
    wide = draw.chance(0.2) * (1 - bands)
    thickness = draw.uniform(0.025, 0.055) + bands * draw.uniform(0.0, 0.04) + wide * draw.uniform(0.02, 0.12)
    reach = draw.uniform(-0.05, 0.15) + bands * draw.uniform(0.05, 0.2)
    rise, fall = draw.uniform(0.1, 0.4), draw.uniform(0.45, 0.85)
    rise += bands * (draw.uniform(-0.5, 0.2) - rise)
    fall += bands * (draw.uniform(0.9, 1.5) - fall)
    distances = []
    for sign in (-1, 1):
        ear = face.seen(tf.constant(sign * 3.0)) + sign * reach
        for edge, level in (("top", rise), ("bottom", fall)):
            hidden = 9.0 * tf.cast(sign * face.turn > 0.35, tf.float32)
            distances.append(_segment_distance(face, shape.corners[sign, edge], (ear, level)) + hidden)
    return (thickness / 2 - tf.reduce_min(tf.stack(distances), 0)) * face.unit


def _segment_distance(face: FaceCoordinates, start: tuple, end: tuple) -> tf.Tensor:
    """Distance to the segment between two points of the chart, in eye distances."""
    du, dv = end[0] - start[0], end[1] - start[1]
    u, v = face.u - start[0], face.v - start[1]
    share = tf.clip_by_value((u * du + v * dv) / (du * du + dv * dv + 1e-6), 0.0, 1.0)
    return tf.sqrt(tf.square(u - share * du) + tf.square(v - share * dv))


def _in_pixels(field: tf.Tensor, unit: tf.Tensor) -> tf.Tensor:
    """A field with an edge at 0 as a distance to that edge in pixels, whatever the field's slope."""
    dy, dx = slopes(field)
    return field / tf.sqrt(tf.maximum(tf.square(dx) + tf.square(dy), tf.square(0.5 / unit)))


def slopes(field: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Differences of a field `(batch, height, width)` to the pixel above and to the left; 0 on the first ones."""
    dy = tf.pad(field[:, 1:] - field[:, :-1], [[0, 0], [1, 0], [0, 0]])
    dx = tf.pad(field[:, :, 1:] - field[:, :, :-1], [[0, 0], [0, 0], [1, 0]])
    return dy, dx


def _rounded_minimum(fields: list[tf.Tensor], radius: tf.Tensor) -> tf.Tensor:
    """The smallest of the fields, with corners rounded off."""
    result = fields[0]
    for field in fields[1:]:
        overlap = tf.nn.relu(radius - tf.abs(result - field)) / radius
        result = tf.minimum(result, field) - tf.square(overlap) * radius * 0.25
    return result


def _power(base: tf.Tensor, exponent: tf.Tensor) -> tf.Tensor:
    """`base ** exponent` of positive numbers; TensorFlow's own takes ten times as long."""
    return tf.exp(exponent * tf.math.log(base))
