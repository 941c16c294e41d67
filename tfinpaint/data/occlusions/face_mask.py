"""A worn face mask, drawn."""

from collections.abc import Sequence

import tensorflow as tf

from tfinpaint.data.occlusions.base import Occlusion
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.occlusions.face_coordinates import FaceCoordinates
from tfinpaint.data.occlusions.mask_materials import draw_albedo, draw_colour, draw_relief, lay_valve
from tfinpaint.data.occlusions.mask_shapes import STYLES, MaskShape, draw_shape, draw_straps, slopes
from tfinpaint.data.occlusions.paint import WHITE, Paint
from tfinpaint.data.occlusions.photo_match import LUMA, white_level
from tfinpaint.errors import InputError

# Style -> shares: of all masks, and of masks of that style with pleats, with a seam along the midline, with a valve.
_SHARES = {
    "surgical": (0.37, 0.9, 0.0, 0.0),
    "cup": (0.17, 0.05, 0.6, 0.3),
    "cloth": (0.21, 0.2, 0.5, 0.05),
    "sport": (0.11, 0.0, 0.6, 0.5),
    "gaiter": (0.04, 0.0, 0.1, 0.0),
    "low": (0.05, 0.9, 0.0, 0.0),
    "high": (0.03, 0.7, 0.1, 0.0),
    "chin": (0.02, 0.8, 0.1, 0.0),
}
_MEDICAL = ("surgical", "cup", "low", "high", "chin")
# Paper 003's nine kinds.
NAMED: dict[str, dict] = {
    "cloth_dark_grey": {"styles": ("cloth",), "colour": (0.22, 0.22, 0.24)},
    "cloth_grey": {"styles": ("cloth",), "colour": (0.45, 0.45, 0.47)},
    "cloth_pale_grey": {"styles": ("cloth",), "colour": (0.7, 0.7, 0.72)},
    "cloth_light": {"styles": ("cloth",), "colour": (0.9, 0.88, 0.84)},
    "kn95": {"styles": ("cup",), "colour": (0.96, 0.96, 0.96), "bands": 0.0},
    "n95": {"styles": ("cup",), "colour": (0.93, 0.92, 0.88), "bands": 1.0},
    "surgical": {"styles": ("surgical",), "colour": (0.96, 0.97, 0.98), "bands": 0.0},
    "surgical_blue": {"styles": ("surgical",), "colour": (0.5, 0.75, 0.93), "bands": 0.0},
    "surgical_green": {"styles": ("surgical",), "colour": (0.6, 0.87, 0.78), "bands": 0.0},
}


class FaceMask(Occlusion):
    """A worn mask over nose, mouth and chin that turns with the head, drawn anew for each sample.

    The five landmarks say how the head is turned; outline, straps, cloth, print, pleats, creases and light are drawn
    at random on a chart of the head, and brightness is matched to the photo. The drawings need no asset files.

    Args:
        styles: the cuts to draw, of `surgical`, `cup` (FFP2, KN95), `cloth`, `sport`, `gaiter`, and worn wrongly: `low`
            (below the nose), `high` (above the chin), `chin` (around it); all by default, in shares set by eye on
            photos of worn masks.
        patterns: print stripes, checks, dots, plaid, zigzag, camouflage or spots on some masks.
        straps: share of masks with visible straps.
        bands: share of those straps that run around the head instead of to the ears.
        shadow: largest opacity of the shadow that a mask throws on the skin around it.
        colour: of the cloth under white light, RGB in [0, 1]; drawn at random by default.
    """

    context = 1.6

    def __init__(
        self,
        *,
        styles: Sequence[str] | None = None,
        patterns: bool = True,
        straps: float = 0.7,
        bands: float = 0.2,
        shadow: float = 0.5,
        colour: tuple[float, float, float] | None = None,
    ):
        styles = tuple(STYLES) if styles is None else tuple(styles)
        if not styles or set(styles) - set(STYLES):
            raise InputError(f"`styles` must be some of {', '.join(STYLES)}. Received: {styles!r}.")
        for name, value in (("straps", straps), ("bands", bands), ("shadow", shadow)):
            if not 0 <= value <= 1:
                raise InputError(f"`{name}` must lie in [0, 1]. Received: {value}.")
        if colour is not None and (len(colour) != 3 or not all(0 <= c <= 1 for c in colour)):
            raise InputError(f"`colour` must be three numbers in [0, 1]. Received: {colour!r}.")
        self.styles = styles
        self.bands = bands
        self.colour = colour
        self.patterns = patterns
        self.straps = straps
        self.shadow = shadow

    @classmethod
    def named(cls, name: str) -> "FaceMask":
        """One of the nine masks over which CAN-DFE averages its tests (there drawn from photos, here by this class)."""
        if name not in NAMED:
            raise InputError(f"`name` must be one of {', '.join(NAMED)}. Received: {name!r}.")
        return cls(patterns=False, **NAMED[name])

    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The mask, its straps and its shadow as one colour and one opacity."""
        draw = Draws(seeds)
        face = FaceCoordinates.of(landmarks, images.shape[1])
        style = draw.choose([_SHARES[name][0] if name in self.styles else 0.0 for name in STYLES])
        shape = draw_shape(draw, style, face)
        base = draw_colour(draw, _is(style, *_MEDICAL))
        if self.colour is not None:
            near = draw.uniform(-0.04, 0.04, shape=(1, 1, 1)) + tf.constant(self.colour)
            base = tf.clip_by_value(near, 0.02, 0.98)
        white = white_level(draw, images)
        colour = self._cloth(draw, style, base, images, face, shape)
        colour.tint(white)
        softness = draw.uniform(0.8, 2.0)
        cloth = _coverage(shape.distance, softness)
        strap = _coverage(draw_straps(draw, face, shape, self.bands), softness)
        strap *= draw.chance(self.straps) * (1 - _is(style, "gaiter")[:, None, None])
        pale = draw.chance(tf.where(_is(style, *_MEDICAL) > 0, 0.8, 0.1)[:, None, None])[..., None]
        strap_colour = (base + (0.92 - base) * pale) * white * draw.uniform(0.75, 1.0)[..., None]
        depth = draw.uniform(0.0, self.shadow) * draw.chance(0.7)
        shade = depth * tf.clip_by_value(1 + shape.distance / draw.uniform(1.0, 2.5), 0.0, 1.0)
        return _stacked(self._grain(draw, colour, images.shape[1]), cloth, strap_colour, strap, shade)

    def _cloth(
        self,
        draw: Draws,
        style: tf.Tensor,
        base: tf.Tensor,
        images: tf.Tensor,
        face: FaceCoordinates,
        shape: MaskShape,
    ) -> Paint:
        """Colour of the lit cloth with rim and valve under white light of full strength."""
        medical = _is(style, *_MEDICAL)
        albedo = draw_albedo(draw, base, medical, face, shape, self.patterns)
        rim_width = draw.uniform(0.02, 0.1) * face.unit
        rim = tf.clip_by_value(rim_width - shape.distance, 0.0, 1.0) * draw.chance(0.4) * draw.uniform(0.3, 1.0)
        rim_colour = tf.where(draw.chance(0.5)[..., None] > 0, draw_colour(draw, medical), base * 0.8)
        albedo.cover(rim_colour, rim)
        folds, seam, valve = (
            draw.chance(tf.gather([_SHARES[name][i] for name in STYLES], style)[:, None, None]) for i in (1, 2, 3)
        )
        relief = draw_relief(draw, folds, seam, face, shape)
        lay_valve(draw, albedo, face, valve)
        light = _light(draw, images, face, shape, relief)
        albedo.shade(light)
        # Dark cloth still shows its folds: part of the light is reflected whatever the dye.
        albedo.add(WHITE, draw.uniform(0.0, 0.14) * tf.square(light))
        return albedo

    def _grain(self, draw: Draws, paint: Paint, size: int) -> tf.Tensor:
        """The picture as soft and as noisy as a photo may be, `(batch, height, width, 3)` in [0, 1]."""
        paint.add(WHITE, draw.gaussian(size, size) * tf.square(draw.uniform(0.0, 0.17)))
        colour = paint.picture()
        colour += (_blurred(colour) - colour) * draw.uniform(0.2, 1.0)[..., None]
        return tf.clip_by_value(colour, 0.0, 1.0)


def _is(style: tf.Tensor, *names: str) -> tf.Tensor:
    return tf.gather([float(name in names) for name in STYLES], style)


def _coverage(distance: tf.Tensor, softness: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(distance / softness + 0.5, 0.0, 1.0)


def _stacked(
    colour: tf.Tensor, cloth: tf.Tensor, strap_colour: tf.Tensor, strap: tf.Tensor, shade: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Cloth over straps over shadow, as one colour in [-1, 1] and one opacity."""
    below = Paint(strap_colour)
    below.shade((1 - cloth) * strap)
    below.add(0.03 * WHITE, (1 - cloth) * (1 - strap) * shade)
    alpha = 1 - (1 - cloth) * (1 - strap) * (1 - shade)
    alpha = tf.where(cloth + strap + shade > 0, alpha, 0.0)[..., None]
    total = colour * cloth[..., None] + below.picture()
    return total * (2 / tf.maximum(alpha, 1e-6)) - 1, alpha


def _light(draw: Draws, images: tf.Tensor, face: FaceCoordinates, shape: MaskShape, relief: tf.Tensor) -> tf.Tensor:
    """How bright the cloth is lit, about 1: head, relief and folds under one light that comes from the photo's side."""
    dy, dx = slopes(relief * face.unit)
    normal_x = 0.8 * tf.sin(face.angle + tf.asin(face.turn)) - dx
    normal_y = 0.7 * (shape.along - 0.4) + face.nod - dy
    inverse = tf.math.rsqrt(1 + tf.square(normal_x) + tf.square(normal_y))
    luma = tf.reduce_sum(images * LUMA, -1)
    cheeks = tf.exp(-tf.square(face.level / 0.6)) * tf.exp(-tf.square(face.u))
    lean = tf.reduce_sum(luma * cheeks * tf.tanh(2 * face.u), (1, 2), keepdims=True)
    lean /= tf.reduce_sum(cheeks, (1, 2), keepdims=True) + 1e-6
    light_x = tf.clip_by_value(4 * lean + draw.uniform(-0.25, 0.25), -0.8, 0.8)
    light_y = draw.uniform(-0.8, 0.1)
    facing = (light_x * normal_x + light_y * normal_y + 1) * inverse
    facing *= tf.math.rsqrt(1 + tf.square(light_x) + tf.square(light_y))
    diffuse = draw.uniform(0.3, 0.9)
    rim_shade = 1 - draw.uniform(0.0, 0.25) * tf.exp(-tf.nn.relu(shape.distance) / (0.1 * face.unit))
    # The root: pixel values are gamma-coded, and shadows in them are milder than the light that they stand for.
    return tf.sqrt(1 - diffuse + diffuse * 1.15 * tf.nn.relu(facing)) * rim_shade


def _blurred(picture: tf.Tensor) -> tf.Tensor:
    padded = tf.pad(picture, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    rows = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    return (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 4
