"""Occluders drawn beforehand, laid on each face in-graph."""

import numpy as np
import tensorflow as tf

from tfinpaint.data.occluder_bank import OccluderBank
from tfinpaint.data.occlusions.base import Occlusion
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.occlusions.sprites import similarity, warp
from tfinpaint.errors import InputError
from tfinpaint.framing import MIRRORED

_CANDIDATES = 8  # more would fit better, but give each face the same few occluders


class FromBank(Occlusion):
    """Occluders of a bank instead of new drawings: several times faster, where a training waits for its data.

    For each sample a few occluders and mirror images are drawn at random; the one that was made for the five points
    most like the face's is moved there by the similarity of least squares, a little shaken, and made as bright as the
    photo is beside the one for which it was drawn.

    Args:
        bank: from `render_occluders(faces, occlusion, count)`; its pictures have the side of the images.
        shake: how much place, size and tint vary beside the bank's own variety; 0 not at all.
    """

    def __init__(self, bank: OccluderBank, *, shake: float = 1.0) -> None:
        self.bank, self.shake = bank, shake
        side = bank.pictures.shape[2]
        mirrored = bank.landmarks[:, MIRRORED] * np.float32([-1, 1]) + np.float32([side - 1, 0])
        self._shapes = tf.constant(np.stack([bank.landmarks, mirrored], 1).reshape(-1, 5, 2).astype(np.float32))
        self._pictures, self._light = tf.constant(bank.pictures), tf.constant(bank.light)

    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The occluder that suits each face best of a few; shapes as in `Occlusion.layer`."""
        draw, side = Draws(seeds), self.bank.pictures.shape[2]
        if side != images.shape[1]:
            raise InputError(
                f"`images` must have the side of the bank's pictures, {side} pixels. Received: {images.shape[1]}."
            )
        chosen, matrices = self._best(draw, landmarks)
        mirror = tf.cast(chosen % 2, tf.float32)[:, None, None]
        flip = tf.constant([[-1.0, 0, side - 1], [0, 1, 0], [0, 0, 1]])
        matrices = matrices @ (mirror * flip + (1 - mirror) * tf.eye(3))
        rows = chosen // 2
        colour, alpha = warp(tf.gather(self._pictures, rows), matrices, side, "NEAREST")
        gain = tf.clip_by_value(_light(images) / tf.gather(self._light, rows), 0.5, 2.0)
        gain = gain[:, None, None, None] * tf.exp(self.shake * 0.08 * draw.gaussian(1, 1, 1))
        tint = 1 + self.shake * draw.uniform(-0.06, 0.06, shape=(1, 1, 3))
        return tf.minimum(colour * (gain * tint), 1.0) * 2 - 1, alpha

    def _best(self, draw: Draws, landmarks: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Index into the bank's shapes `(batch,)`, and the homography that moves it on the face."""
        candidates = tf.cast(draw.uniform(shape=(_CANDIDATES,)) * float(2 * len(self.bank)), tf.int32)
        shapes = tf.gather(self._shapes, candidates)
        a, b, errors = _fit(shapes, landmarks[:, None])
        best = tf.argmin(errors, axis=1, output_type=tf.int32)
        a, b, shapes = (tf.gather(v, best, batch_dims=1) for v in (a, b, shapes))
        angle = tf.atan2(b, a) + self.shake * draw.uniform(-0.05, 0.05, shape=())
        scale = tf.sqrt(a * a + b * b) * (1 + self.shake * draw.uniform(-0.05, 0.05, shape=()))
        scale = tf.clip_by_value(scale, 0.02, 50.0)
        unit = tf.norm(landmarks[:, 0] - landmarks[:, 1], axis=-1)
        shift = self.shake * 0.05 * unit[:, None] * draw.uniform(-1.0, 1.0, shape=(2,))
        centre, middle = tf.reduce_mean(landmarks, 1) + shift, tf.reduce_mean(shapes, 1)
        move = similarity(centre, scale, angle, (0.0, 0.0))
        back = similarity(-middle, tf.ones_like(angle), tf.zeros_like(angle), (0.0, 0.0))
        return tf.gather(candidates, best, batch_dims=1), move @ back


def _fit(sources: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The turn and scale (a, b) that map centred points `(..., 5, 2)` on others by least squares, and what is left."""
    source, aim = (p - tf.reduce_mean(p, -2, keepdims=True) for p in (sources, target))
    spread = tf.reduce_sum(source**2, (-2, -1)) + 1e-6
    a = tf.reduce_sum(source * aim, (-2, -1)) / spread
    b = tf.reduce_sum(source[..., 0] * aim[..., 1] - source[..., 1] * aim[..., 0], -1) / spread
    return a, b, tf.reduce_sum(aim**2, (-2, -1)) - (a * a + b * b) * spread


def _light(images: tf.Tensor) -> tf.Tensor:
    """`photo_light` of the images, `(batch,)`."""
    pixels = tf.nn.avg_pool2d(images * 0.5 + 0.5, 4, 4, "SAME")
    luma = tf.reduce_sum(pixels * [0.299, 0.587, 0.114], -1)
    return tf.maximum(tf.reduce_mean(luma**6, (1, 2)) ** (1 / 6), 0.02)
