"""What worn face masks are made of: colours, prints and relief on the chart of a face."""

import math

import tensorflow as tf

from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.occlusions.face_coordinates import HEAD_RADIUS, FaceCoordinates
from tfinpaint.data.occlusions.mask_shapes import MaskShape
from tfinpaint.data.occlusions.paint import WHITE, Paint

# RGB in [0, 1] under white light, and how often each is taken for medical and for other masks.
_COLOURS = (
    ((0.97, 0.97, 0.97), 44, 8),  # white
    ((0.64, 0.84, 0.96), 18, 2),  # light blue
    ((0.40, 0.68, 0.90), 10, 2),  # blue
    ((0.66, 0.90, 0.84), 10, 2),  # green
    ((0.95, 0.80, 0.82), 4, 4),  # pink
    ((0.09, 0.09, 0.10), 14, 34),  # black
    ((0.30, 0.31, 0.33), 3, 8),  # dark grey
    ((0.62, 0.63, 0.65), 3, 7),  # grey
    ((0.10, 0.14, 0.30), 1, 8),  # navy
    ((0.80, 0.66, 0.54), 1, 4),  # skin, beige
    ((0.45, 0.28, 0.18), 0, 3),  # brown
    ((0.72, 0.10, 0.12), 0, 5),  # red
    ((0.92, 0.74, 0.16), 0, 3),  # yellow
    ((0.20, 0.40, 0.26), 0, 4),  # green
    ((0.45, 0.20, 0.50), 0, 3),  # purple
    ((0.90, 0.25, 0.50), 0, 3),  # magenta
)
PATTERNS = ("plain", "stripes", "checks", "dots", "plaid", "zigzag", "camouflage", "print")


def draw_colour(draw: Draws, medical: tf.Tensor) -> tf.Tensor:
    """A fabric's colour `(batch, 1, 1, 3)` in [0, 1]; `medical` `(batch,)` is 1.0 or 0.0."""
    colours, *weights = (tf.constant([row[i] for row in _COLOURS], tf.float32) for i in range(3))
    weights = tf.where(medical[:, None] > 0, weights[0], weights[1])
    listed = tf.gather(colours, draw.choose(weights))
    listed += draw.uniform(-0.06, 0.06, shape=(1,)) + draw.uniform(-0.03, 0.03, shape=(3,))
    free = draw.uniform(shape=(3,))
    chosen = tf.where((1 - medical[:, None]) * draw.chance(0.3, shape=(1,)) > 0, free, listed)
    return tf.clip_by_value(chosen, 0.02, 0.98)[:, None, None]


def draw_albedo(
    draw: Draws, base: tf.Tensor, medical: tf.Tensor, face: FaceCoordinates, shape: MaskShape, patterns: bool
) -> Paint:
    """The cloth's own colour at each pixel, in [0, 1], mostly `base` `(batch, 1, 1, 3)`."""
    albedo = Paint(base)
    second, third = (_contrasting(draw, base, draw_colour(draw, medical)) for _ in range(2))
    # Panels: other cloth at the sides or along the top.
    side = tf.abs(shape.across) + 0.15 * (shape.along - 0.5)
    panel = tf.where(draw.chance(0.6) > 0, side - draw.uniform(0.4, 0.8), draw.uniform(0.1, 0.3) - shape.along)
    ink = _edge(panel * 20) * draw.chance(0.15 - 0.11 * medical[:, None, None])
    albedo.cover(second, ink)
    if not patterns:
        return albedo
    size = face.v.shape[1]
    weights = tf.where(medical[:, None] > 0, [[94.0, 1, 1, 1, 0, 0, 1, 2]], [[44.0, 8, 7, 8, 6, 5, 10, 12]])
    kind = tf.one_hot(draw.choose(weights), len(PATTERNS))[:, :, None, None]
    turn = draw.uniform(0.0, math.pi) * draw.chance(0.5)
    period = tf.exp(draw.uniform(math.log(0.09), math.log(0.5)))
    s, t = face.angle * HEAD_RADIUS / period, face.level / period
    x, y = s * tf.cos(turn) - t * tf.sin(turn), s * tf.sin(turn) + t * tf.cos(turn)
    wave_x, wave_y = tf.sin(2 * math.pi * x), tf.sin(2 * math.pi * y)
    lumps = _mixed_noise(draw, size)
    level = draw.uniform(-0.6, 0.6)
    fields = [
        wave_x + level,
        wave_x * wave_y,
        wave_x + wave_y - 1 + level,
        0.15 * (tf.sign(wave_x) + tf.sign(wave_y)),
        tf.sin(2 * math.pi * (x + 0.15 * tf.abs(wave_y))) + level,
        lumps[..., 0] + level,
        lumps[..., 1] + level,
    ]
    ink = _edge(2.5 * sum(kind[:, i + 1] * field for i, field in enumerate(fields))) * (1 - kind[:, 0])
    albedo.cover(second, ink)
    # Spots of a third colour on prints; a badge, which is such spots in one place, on any mask.
    place = tf.square((face.angle - draw.uniform(-0.8, 0.8)) / draw.uniform(0.1, 0.3))
    place += tf.square((face.level - draw.uniform(0.9, 1.5)) / draw.uniform(0.07, 0.25))
    badge = draw.chance(0.2 - 0.14 * medical[:, None, None]) * (1 - kind[:, 6] - kind[:, 7])
    spots = _edge(4 * (lumps[..., 2] - 0.5)) * (kind[:, 6] + kind[:, 7])
    spots += _edge(4 * (lumps[..., 2] + 0.4)) * _edge(3 * (1 - place)) * badge
    albedo.cover(third, spots)
    return albedo


def draw_relief(draw: Draws, folds: tf.Tensor, seam: tf.Tensor, face: FaceCoordinates, shape: MaskShape) -> tf.Tensor:
    """Height of the cloth above the head's cylinder, in eye distances, `(batch, height, width)`.

    `folds` and `seam` `(batch, 1, 1)` are 1.0 where the mask is pleated or sewn together along the midline.
    """
    size = face.v.shape[1]
    side = tf.abs(shape.across)
    relief = draw.uniform(0.05, 0.3) * (1 - tf.square(tf.minimum(side, 1.2))) * _bell(shape.along, 0.45, 0.5)
    relief += draw.uniform(0.04, 0.2) * _bell(shape.across, 0.0, 0.22) * _bell(face.level, 0.55, 0.35)  # nose
    # Pleats: a slow rise, then a step down that throws a shadow.
    count, start = draw.uniform(2.0, 4.6), draw.uniform()
    phase = shape.along * count + start + 0.12 * tf.square(shape.across) * draw.uniform(-1.0, 1.0)
    saw = phase - tf.floor(phase)
    pleats = tf.minimum(saw, (1 - saw) * draw.uniform(2.0, 5.0)) * draw.uniform(0.015, 0.08)
    relief += folds * pleats * tf.clip_by_value(4 * shape.along * (1.1 - shape.along), 0.0, 1.0)
    relief += seam * draw.uniform(0.03, 0.22) * tf.exp(-side * draw.uniform(2.0, 5.0))
    # Creases: waves bent by smooth noise, strong in some places only.
    noise = draw.smooth_noise(4, size, 3)
    turn, period = draw.uniform(-0.8, 0.8), draw.uniform(0.15, 0.45)
    s, t = face.angle * HEAD_RADIUS, face.level
    bent = (s * tf.sin(turn) + t * tf.cos(turn)) / period + 0.35 * noise[..., 0]
    crease = 1 - tf.abs(tf.sin(math.pi * bent))
    relief += draw.uniform(0.0, 0.055) * tf.square(crease) * tf.nn.relu(noise[..., 1] + 0.3)
    return relief + draw.uniform(0.0, 0.03) * noise[..., 2]


def lay_valve(draw: Draws, albedo: Paint, face: FaceCoordinates, valved: tf.Tensor) -> None:
    """Lays an exhalation valve on the masks where `valved` `(batch, 1, 1)` is 1."""
    radius = draw.uniform(0.12, 0.26)
    place = draw.uniform(-0.8, 0.8) * draw.chance(0.7)
    across = (face.angle - place) * HEAD_RADIUS
    down = face.level - draw.uniform(0.9, 1.4)
    radial = tf.sqrt(tf.square(across) + tf.square(down) + 1e-6) / radius
    rings = 0.85 + 0.15 * tf.cos(radial * draw.uniform(3.0, 12.0))
    slits = 1 - 0.5 * draw.chance(0.5) * tf.cast(tf.sin(down / radius * 9) > 0.3, tf.float32) * _bell(radial, 0.0, 0.6)
    grey = tf.where(draw.chance(0.5) > 0, draw.uniform(0.03, 0.2), draw.uniform(0.55, 0.95))
    alpha = tf.clip_by_value((1 - radial) * radius * face.unit + 0.5, 0.0, 1.0) * valved
    albedo.cover(draw.uniform(-0.04, 0.04, shape=(1, 1, 3)), alpha)
    albedo.add(WHITE, alpha * grey * rings * slits)


def _contrasting(draw: Draws, base: tf.Tensor, colour: tf.Tensor) -> tf.Tensor:
    """`colour`, on most masks moved away from `base`: a print that cannot be seen is none."""
    far = tf.where(tf.reduce_mean(base, -1, keepdims=True) > 0.5, 0.4 * colour, 0.6 + 0.4 * colour)
    return colour + (far - colour) * draw.chance(0.7)[..., None]


def _mixed_noise(draw: Draws, size: int) -> tf.Tensor:
    """Three smooth fields `(batch, size, size, 3)`, coarse for some samples and fine for others."""
    fine = draw.chance(0.5)[..., None]
    return fine * draw.smooth_noise(28, size, 3) + (1 - fine) * draw.smooth_noise(12, size, 3)


def _edge(field: tf.Tensor) -> tf.Tensor:
    """0 far below a field's zero, 1 far above it."""
    return tf.clip_by_value(0.5 + field, 0.0, 1.0)


def _bell(x: tf.Tensor, centre: float, width: float) -> tf.Tensor:
    return tf.exp(-tf.square((x - centre) / width))
