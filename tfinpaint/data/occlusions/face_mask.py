"""A worn face mask, drawn."""

from collections.abc import Sequence

import tensorflow as tf

from tfinpaint.data.occlusions.base import Occlusion
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.occlusions.face_coordinates import FaceCoordinates
from tfinpaint.data.occlusions.mask_materials import draw_albedo, draw_colour, draw_relief, draw_valve
from tfinpaint.data.occlusions.mask_shapes import STYLES, MaskShape, draw_shape, draw_straps, slopes
from tfinpaint.errors import InputError

_SHARES = {"surgical": 0.4, "cup": 0.17, "cloth": 0.22, "sport": 0.12, "gaiter": 0.04, "low": 0.05}
_LUMA = (0.299, 0.587, 0.114)


class FaceMask(Occlusion):
    """A worn mask over nose, mouth and chin that turns with the head, drawn anew for each sample.

    The five landmarks say how the head is turned; outline, straps, cloth, print, pleats, creases and light are drawn
    at random on a chart of the head, and brightness is matched to the photo. The drawings need no asset files.

    Args:
        styles: the cuts to draw, of `surgical`, `cup` (FFP2, KN95), `cloth`, `sport`, `gaiter` and `low` (worn under
            the nose); all by default, in shares set by eye on photos of worn masks.
        patterns: print stripes, checks, dots, plaid, zigzag, camouflage or spots on some masks.
        straps: share of masks with visible straps.
        shadow: largest opacity of the shadow that a mask throws on the skin around it.
    """

    def __init__(
        self,
        *,
        styles: Sequence[str] | None = None,
        patterns: bool = True,
        straps: float = 0.7,
        shadow: float = 0.5,
    ):
        styles = tuple(STYLES) if styles is None else tuple(styles)
        if not styles or set(styles) - set(STYLES):
            raise InputError(f"`styles` must be some of {', '.join(STYLES)}. Received: {styles!r}.")
        for name, value in (("straps", straps), ("shadow", shadow)):
            if not 0 <= value <= 1:
                raise InputError(f"`{name}` must lie in [0, 1]. Received: {value}.")
        self.styles = styles
        self.patterns = patterns
        self.straps = straps
        self.shadow = shadow

    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The mask, its straps and its shadow as one colour and one opacity."""
        draw = Draws(seeds)
        face = FaceCoordinates.of(landmarks, images.shape[1])
        style = draw.choose([_SHARES[name] if name in self.styles else 0.0 for name in STYLES])
        shape = draw_shape(draw, style, face)
        colour = self._cloth(draw, style, images, face, shape)
        softness = draw.uniform(0.7, 1.8)
        cloth = _coverage(shape.distance, softness)
        strap = _coverage(draw_straps(draw, face, shape), softness) * draw.chance(self.straps)
        strap_colour = draw_colour(draw, _is(style, "surgical", "cup")) * draw.uniform(0.7, 1.0)[..., None]
        strap_colour *= _white_level(images, face)
        depth = draw.uniform(0.0, self.shadow) * draw.chance(0.7)
        shade = depth * tf.clip_by_value(1 + shape.distance / draw.uniform(1.0, 2.5), 0.0, 1.0)
        return _stack([(colour, cloth), (strap_colour, strap), (tf.constant(0.03), shade)])

    def _cloth(
        self, draw: Draws, style: tf.Tensor, images: tf.Tensor, face: FaceCoordinates, shape: MaskShape
    ) -> tf.Tensor:
        """Colour of the lit cloth with rim, valve and grain, in [0, 1]."""
        medical = _is(style, "surgical", "cup", "low")
        albedo = draw_albedo(draw, medical, face, self.patterns)
        rim_width = draw.uniform(0.02, 0.1) * face.unit
        rim = tf.clip_by_value(rim_width - shape.distance, 0.0, 1.0) * draw.chance(0.4) * draw.uniform(0.3, 1.0)
        rim_colour = tf.where(draw.chance(0.5)[..., None] > 0, draw_colour(draw, medical), albedo * 0.8)
        albedo += (rim_colour - albedo) * rim[..., None]
        folds = draw.chance(tf.gather([0.9, 0.05, 0.2, 0.0, 0.0, 0.9], style)[:, None, None])
        seam = draw.chance(tf.gather([0.0, 0.6, 0.5, 0.6, 0.1, 0.0], style)[:, None, None])
        relief = draw_relief(draw, folds, seam, face, shape)
        valve = tf.gather([0.0, 0.3, 0.05, 0.5, 0.0, 0.0], style)[:, None, None]
        valve_colour, valve_alpha = draw_valve(draw, valve, face, shape)
        albedo += (valve_colour - albedo) * valve_alpha
        lit = albedo * _light(draw, images, face, shape, relief)[..., None]
        lit *= _white_level(images, face) * draw.uniform(0.85, 1.12)[..., None]
        size = images.shape[1]
        lit = lit + (_blurred(lit) - lit) * draw.uniform(0.0, 1.0)[..., None]
        grain = draw.gaussian(size, size) * draw.uniform(0.0, 0.03) * tf.reduce_mean(lit + 0.2, -1)
        return tf.clip_by_value(lit + grain[..., None], 0.0, 1.0)


def _is(style: tf.Tensor, *names: str) -> tf.Tensor:
    return tf.gather([float(name in names) for name in STYLES], style)


def _coverage(distance: tf.Tensor, softness: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(distance / softness + 0.5, 0.0, 1.0)


def _stack(layers: list[tuple[tf.Tensor, tf.Tensor]]) -> tuple[tf.Tensor, tf.Tensor]:
    """Layers of colour in [0, 1] and opacity, topmost first, as one colour in [-1, 1] and one opacity."""
    total, alpha = 0.0, 0.0
    for colour, opacity in layers:
        share = (1 - alpha) * opacity[..., None]
        total, alpha = total + share * colour, alpha + share
    return 2 * total / tf.maximum(alpha, 1e-6) - 1, alpha


def _light(draw: Draws, images: tf.Tensor, face: FaceCoordinates, shape: MaskShape, relief: tf.Tensor) -> tf.Tensor:
    """How bright the cloth is lit, about 1: head, relief and folds under one light that comes from the photo's side."""
    dy, dx = slopes(relief * face.unit)
    normal_x = 0.8 * tf.sin(face.angle + tf.asin(face.turn)) - dx
    normal_y = 0.7 * (shape.along - 0.4) + face.nod - dy
    inverse = tf.math.rsqrt(1 + tf.square(normal_x) + tf.square(normal_y))
    luma = tf.reduce_sum(images * _LUMA, -1)
    cheeks = tf.exp(-tf.square(face.level / 0.6)) * tf.exp(-tf.square(face.u))
    lean = tf.reduce_sum(luma * cheeks * tf.tanh(2 * face.u), (1, 2), keepdims=True)
    lean /= tf.reduce_sum(cheeks, (1, 2), keepdims=True) + 1e-6
    light_x = tf.clip_by_value(4 * lean + draw.uniform(-0.25, 0.25), -0.8, 0.8)
    light_y = draw.uniform(-0.8, 0.1)
    facing = (light_x * normal_x + light_y * normal_y + 1) * inverse
    facing *= tf.math.rsqrt(1 + tf.square(light_x) + tf.square(light_y))
    diffuse = draw.uniform(0.25, 0.75)
    rim_shade = 1 - draw.uniform(0.0, 0.3) * tf.exp(-tf.nn.relu(shape.distance) / (0.1 * face.unit))
    return (1 - diffuse + diffuse * 1.1 * tf.nn.relu(facing)) * rim_shade


def _white_level(images: tf.Tensor, face: FaceCoordinates) -> tf.Tensor:
    """The photo's rendering of white, `(batch, 1, 1, 3)`: dark photos have dark masks, warm ones warm masks."""
    near = tf.exp(-tf.square(face.u / 1.2) - tf.square((face.v - 0.6) / 1.5))[..., None]
    near /= tf.reduce_sum(near, (1, 2), keepdims=True) + 1e-6
    pixels = (images + 1) / 2
    mean = tf.reduce_sum(pixels * near, (1, 2), keepdims=True)
    spread = tf.sqrt(tf.reduce_sum(tf.square(pixels - mean) * near, (1, 2), keepdims=True) + 1e-6)
    luma = tf.reduce_sum((mean + 1.3 * spread) * _LUMA, -1, keepdims=True)
    # A third of the cast: most of what makes a face reddish is its skin, not the light.
    cast = (mean / (tf.reduce_sum(mean * _LUMA, -1, keepdims=True) + 1e-3)) ** 0.3
    return tf.clip_by_value(luma * 1.15, 0.3, 1.0) * cast


def _blurred(picture: tf.Tensor) -> tf.Tensor:
    padded = tf.pad(picture, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    rows = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    return (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 4
