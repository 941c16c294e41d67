"""Things in front of a face: glasses, scarves, hands, cups, phones and more, drawn or a user's own cut-outs."""

import dataclasses
import functools
import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfinpaint.data.occlusions import photo_match
from tfinpaint.data.occlusions.base import Occlusion, pixel_grid
from tfinpaint.data.occlusions.drawings import HAIR, KINDS, SIDE, SKIN, drawn
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.occlusions.object_files import load_templates, visible_box
from tfinpaint.data.occlusions.placement import ELSE, PLACES, anywhere, semantic
from tfinpaint.data.occlusions.sprites import Sprites
from tfinpaint.errors import InputError

HELD_OUT = ("book", "bottle", "cap", "fan", "goggles", "leaf")  # one of each family: new things at test time
_FAINT = 0.02  # opacity below this is not seen
_UMBRA = 0.03


class Objects(Occlusion):
    """One thing before each face, where people wear or hold it, in the photo's light, softness and noise.

    24 kinds are drawn by code in several variants each, when first needed (about three seconds of processor time for
    all); mirrored, stretched, turned and recoloured at random. `kind_of` says which kind a sample gets.

    Args:
        kinds: which kinds may be drawn, of `drawings.KINDS` or, with `folder`, of that folder's; all by default.
        held_out: kinds that are never drawn. FSG-GAN's second test set has occluders that training has not seen:
            train with `held_out=HELD_OUT`, test with `kinds=HELD_OUT`.
        folder: a folder of PNG files with opacity to lay instead of the drawings; `mug-1.png` and `mug-2.png` are two
            of the kind `mug`. Kinds named like a drawn one are placed as it is, others about the face.
        placement: `"semantic"`, by the landmarks: glasses on the eyes, cups at the mouth; or `"anywhere"`, FSG-GAN's
            own rule: longer side 84 to 148 of 128 pixels, any turn, centre in the middle half of the picture.
        shadow: largest opacity of the shadow that a thing throws on what lies around it.

    Reference: Cheung, Li, Zou, "Facial Structure Guided GAN for Identity-preserved Face Image De-occlusion", 2021,
    whose occluders are cut-outs like these.
    """

    context = 1.6

    def __init__(
        self,
        *,
        kinds: Sequence[str] | None = None,
        held_out: Sequence[str] = (),
        folder: str | os.PathLike | None = None,
        placement: str = "semantic",
        shadow: float = 0.4,
    ):
        if placement not in ("semantic", "anywhere"):
            raise InputError(f"`placement` must be 'semantic' or 'anywhere'. Received: {placement!r}.")
        if not 0 <= shadow <= 1:
            raise InputError(f"`shadow` must lie in [0, 1]. Received: {shadow}.")
        self._templates = None if folder is None else load_templates(folder)
        known = KINDS if self._templates is None else tuple(self._templates)
        self.kinds = _chosen(known, kinds, held_out)
        self.placement = placement
        self.shadow = shadow
        self._places = [PLACES.get(name, ELSE) for name in self.kinds]
        if self._templates is not None:  # a user's pictures keep their colours
            self._places = [dataclasses.replace(place, tint="", hue=0.0) for place in self._places]

    def kind_of(self, seeds: tf.Tensor) -> tf.Tensor:
        """Which of `kinds` each sample gets, int32 `(batch,)`; `seeds` as in a call."""
        return self._kind(Draws(seeds))

    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The thing and its shadow as one colour and one opacity."""
        draw, size = Draws(seeds), images.shape[1]
        kind = self._kind(draw)
        sprites, first, count, boxes = self._sprites()
        share = draw.uniform(shape=(1,))[:, 0]
        counts = tf.gather(count, kind)
        index = tf.gather(first, kind) + tf.minimum(tf.cast(share * tf.cast(counts, tf.float32), tf.int32), counts - 1)
        if self.placement == "semantic":
            matrices, point = semantic(draw, self._places, kind, landmarks, size, SIDE)
        else:
            matrices, point = anywhere(draw, tf.gather(boxes, index), size)
        colour, alpha = sprites.lay(index, matrices, size)
        noise, softness = photo_match.noise_and_softness(images)
        thing = _softened(colour, alpha, tf.maximum(softness, draw.uniform(0.0, 0.3)[..., None]))
        alpha = tf.where(thing[..., 3:] < _FAINT, 0.0, tf.minimum(thing[..., 3:], 1.0))
        matrix, lean = self._make(draw, images, landmarks, kind, point)
        colour = tf.reshape(tf.reshape(thing, (-1, size * size, 4)) @ matrix, (-1, size, size, 3))
        light = 1 + lean * (pixel_grid(size)[0] - point[:, :1, None]) / (size / 2)
        grain = tf.tile(draw.gaussian(size // 2 + 1, size // 2 + 1), (1, 2, 2))[:, :size, :size, None] * noise
        colour = tf.clip_by_value(colour * light[..., None] + grain * alpha, 0.0, alpha)
        flat = tf.gather([float(place.flat) for place in self._places], kind)[:, None, None]
        depth = draw.uniform(0.0, self.shadow) * draw.chance(0.8) * (1 - flat)
        return _over_shadow(colour, alpha, depth[..., None])

    def _kind(self, draw: Draws) -> tf.Tensor:
        return draw.choose([1.0] * len(self.kinds))

    def _sprites(self) -> tuple[Sprites, tf.Tensor, tf.Tensor, tf.Tensor]:
        with tf.init_scope():  # outside the graph that may be in the making: the next graph uses them, too
            return _drawn_sprites(self.kinds) if self._templates is None else self._own_sprites

    @functools.cached_property
    def _own_sprites(self) -> tuple[Sprites, tf.Tensor, tf.Tensor, tf.Tensor]:
        return _sprite_set([self._templates[name] for name in self.kinds])

    def _make(
        self, draw: Draws, images: tf.Tensor, landmarks: tf.Tensor, kind: tf.Tensor, point: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Another make of the thing under the photo's light: a matrix `(batch, 4, 3)` that maps its colours times
        opacity and its opacity to new colours times opacity, and how much brighter it is to the right."""
        hue, skin, hair = tf.unstack(
            tf.gather([(p.hue, float(p.tint == "skin"), float(p.tint == "hair")) for p in self._places], kind), axis=1
        )
        turn = _hue_turn(2 * np.pi * hue * draw.uniform(-1.0, 1.0, shape=(1,))[:, 0])
        contrast = draw.uniform(0.85, 1.12)
        white = photo_match.white_level(draw, images)[:, 0] * draw.uniform(0.95, 1.2)
        eyes, mouth = landmarks[:, :2], landmarks[:, 3:]
        cheeks = photo_match.colours_at(images, 0.45 * eyes + 0.55 * mouth + 0.1 * (eyes - eyes[:, ::-1]))
        strand = photo_match.colours_at(images, point[:, None])
        strand /= tf.maximum(tf.reduce_max(strand, -1, keepdims=True) / 0.6, 1.0)  # no hair is as bright as a wall
        warm = strand[..., :1] + 0.01 > tf.maximum(strand[..., 1:2], strand[..., 2:])  # nor green or blue, as hats are
        strand = tf.where(warm, strand, tf.reduce_mean(strand, -1, keepdims=True) * (0.8, 0.6, 0.45))
        follow, vary = draw.chance(0.85), draw.uniform(0.95, 1.2)
        own_skin = white + follow * (vary * tf.reduce_mean(cheeks, 1, keepdims=True) / SKIN - white)
        own_hair = white + follow * (vary * (strand + 0.03) / HAIR - white)
        gain = white + skin[:, None, None] * (own_skin - white) + hair[:, None, None] * (own_hair - white)
        # The photo's light comes from one side: so it does for the thing.
        lean = tf.reduce_sum((cheeks[:, 1] - cheeks[:, 0]) * photo_match.LUMA, -1)[:, None, None]
        matrix = tf.concat([turn * contrast * gain, (1 - contrast) * 0.45 * gain], 1)
        return matrix, tf.clip_by_value(lean, -0.4, 0.4)


def _chosen(known: Sequence[str], kinds: Sequence[str] | None, held_out: Sequence[str]) -> tuple[str, ...]:
    for name, value in (("kinds", kinds), ("held_out", held_out)):
        if isinstance(value, str) or set(value or ()) - set(known):
            raise InputError(f"`{name}` must be some of {', '.join(known)}. Received: {value!r}.")
    chosen = tuple(name for name in (known if kinds is None else dict.fromkeys(kinds)) if name not in set(held_out))
    if not chosen:
        raise InputError(f"`kinds` must leave a kind that is not held out. Received: {kinds!r} and {held_out!r}.")
    return chosen


@functools.cache
def _drawn_sprites(kinds: tuple[str, ...]) -> tuple[Sprites, tf.Tensor, tf.Tensor, tf.Tensor]:
    return _sprite_set([drawn(name) for name in kinds])


def _sprite_set(pictures: list[np.ndarray]) -> tuple[Sprites, tf.Tensor, tf.Tensor, tf.Tensor]:
    """All kinds' sprites, where each kind begins and how many it has, and each sprite's centre and longer side."""
    counts = np.array([len(group) for group in pictures], np.int32)
    together = np.concatenate(pictures)
    left, top, right, bottom = np.array([visible_box(p[..., 3]) for p in together], np.float32).T
    boxes = np.stack([(left + right - 1) / 2, (top + bottom - 1) / 2, np.maximum(right - left, bottom - top)], 1)
    first = np.cumsum(counts, dtype=np.int32) - counts
    return Sprites(together), tf.constant(first), tf.constant(counts), tf.constant(boxes)


def _softened(colour: tf.Tensor, alpha: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Colour times opacity and opacity in one, blurred `share` `(batch, 1, 1, 1)` of the way."""
    both = tf.concat([colour * alpha, alpha], -1)
    return both + (tf.nn.avg_pool2d(both, 3, 1, "SAME") - both) * share


def _over_shadow(colour: tf.Tensor, alpha: tf.Tensor, depth: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The thing (colour times opacity) over its soft shadow, a little below it; colour from [0, 1] to [-1, 1]."""
    size = alpha.shape[1]
    step = max(size // 32, 2)
    coarse = tf.nn.avg_pool2d(alpha, step, step, "SAME")
    wide = coarse.shape[1] * step
    shade = tf.image.resize(coarse, (wide, wide))[:, :size, :size]
    fall = max(size // 80, 1)
    shade = tf.pad(shade[:, : size - fall], [[0, 0], [fall, 0], [0, 0], [0, 0]]) * (depth * (1 - alpha))
    shade = tf.where(shade < _FAINT, 0.0, shade)
    total = alpha + shade
    return (colour + _UMBRA * shade) * (2 / tf.maximum(total, _FAINT)) - 1, total


def _hue_turn(angle: tf.Tensor) -> tf.Tensor:
    """Matrices `(batch, 3, 3)` that turn colours around the grey axis."""
    cos, sin = tf.cos(angle)[:, None, None], tf.sin(angle)[:, None, None]
    cross = tf.constant([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / 3**0.5
    return cos * tf.eye(3) + (1 - cos) / 3 * tf.ones((3, 3)) + sin * cross
