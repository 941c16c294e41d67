"""Where each pixel lies on the face: a head turned as the five landmarks say, unrolled to a flat chart."""

from dataclasses import dataclass

import tensorflow as tf

from tfinpaint.data.occlusions.base import pixel_grid

HEAD_RADIUS = 1.12  # of the cylinder on which a mask lies, in eye distances: half a head's width
_NOSE_DEPTH = 0.36  # how far the tip of the nose stands before the plane of eyes and mouth
_NOSE_LEVEL = 0.58
_MOUTH_LEVEL = 1.056
_NOD_BEND = 0.6 * HEAD_RADIUS


@dataclass(frozen=True)
class FaceCoordinates:
    """A chart of the face, all in eye distances of a frontal face, shapes that broadcast to `(batch, height, width)`.

    Attributes:
        u: across, 0 on the face's own midline (through the nose), growing to the picture's right; as seen.
        v: down, 0 between the eyes, 0.58 at the nose, 1.06 at the mouth, about 1.9 at the chin; as seen.
        turn: sine of the angle by which the head looks to the picture's right, `(batch, 1, 1)`.
        nod: sine of the angle by which it looks down, `(batch, 1, 1)`.
        angle: angle around the head's axis, 0 on the midline, radians.
        level: `v` freed of the nod: level lines run around the head.
        unit: pixels per eye distance, `(batch, 1, 1)`.
        frame: where the chart lies in the picture: the point between the eyes, the directions across and down, pixels
            per unit of `v`; `(batch, 2)` each, the last `(batch, 1)`.
    """

    u: tf.Tensor
    v: tf.Tensor
    turn: tf.Tensor
    nod: tf.Tensor
    angle: tf.Tensor
    level: tf.Tensor
    unit: tf.Tensor
    frame: tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]

    @classmethod
    def of(cls, landmarks: tf.Tensor, size: int) -> "FaceCoordinates":
        """The chart of pictures `size` pixels wide with five points `(batch, 5, 2)` each."""
        left, right, nose, mouth_left, mouth_right = tf.unstack(landmarks, axis=1)
        eyes, mouth = (left + right) / 2, (mouth_left + mouth_right) / 2
        down = mouth - eyes
        length = tf.maximum(tf.norm(down, axis=-1, keepdims=True), 1.0)
        # A turned head shows its eyes closer together, a nodding one its mouth closer to them: the larger is true.
        unit = tf.maximum(length / _MOUTH_LEVEL, 0.9 * tf.norm(right - left, axis=-1, keepdims=True))
        down = down / length
        across = tf.stack([down[:, 1], -down[:, 0]], axis=-1)
        nose_u = tf.reduce_sum((nose - eyes) * across, -1, keepdims=True) / unit
        nose_v = tf.reduce_sum((nose - eyes) * down, -1, keepdims=True) / length * _MOUTH_LEVEL
        turn = tf.clip_by_value(nose_u / _NOSE_DEPTH, -0.87, 0.87)[..., None]
        nod = tf.clip_by_value((nose_v - _NOSE_LEVEL) / _NOSE_DEPTH, -0.4, 0.4)[..., None]
        frame = eyes, across, down, length / _MOUTH_LEVEL
        x, y = pixel_grid(size)
        x, y = x - eyes[:, 0, None, None], y - eyes[:, 1, None, None]
        across, down, unit, length = (value[..., None, None] for value in (across, down, unit[:, 0], length[:, 0]))
        v = (x * down[:, 0] + y * down[:, 1]) * (_MOUTH_LEVEL / length)
        # The cloth hangs from the tip of the nose, so the midline bends towards it and back to the chin.
        bend = _bend(v, turn)
        u = (x * across[:, 0] + y * across[:, 1]) / unit - bend
        angle = tf.asin(tf.clip_by_value(u / HEAD_RADIUS + turn, -0.999, 0.999)) - tf.asin(turn)
        level = v + nod * _NOD_BEND * (1 - tf.cos(angle))
        return cls(u=u, v=v, turn=turn, nod=nod, angle=angle, level=level, unit=unit, frame=frame)

    def pixel(self, angle: float, level: tf.Tensor) -> tf.Tensor:
        """The pixel (x, y), `(batch, 2)`, at which a point of the head is seen; `level` may be `(batch, 1, 1)`."""
        eyes, across, down, step = self.frame
        v = self.seen_level(level, tf.constant(angle))
        u = self.seen(tf.constant(angle)) + _bend(v, self.turn)
        return eyes + across * u[:, 0] * self.unit[:, 0] + down * v[:, 0] * step

    def seen(self, angle: tf.Tensor) -> tf.Tensor:
        """The `u` at which a point of the head at `angle` is seen; points behind the silhouette are on it."""
        visible = tf.clip_by_value(angle + tf.asin(self.turn), -1.5708, 1.5708)
        return HEAD_RADIUS * (tf.sin(visible) - self.turn)

    def seen_level(self, level: tf.Tensor, angle: tf.Tensor) -> tf.Tensor:
        """The `v` at which a point of the head at `level` and `angle` is seen."""
        return level - self.nod * _NOD_BEND * (1 - tf.cos(angle))


def _bend(v: tf.Tensor, turn: tf.Tensor) -> tf.Tensor:
    """How far the midline stands to the side at `v`, where the cloth hangs from the tip of the nose."""
    return tf.exp(-tf.square((v - 0.75) / 0.6)) * turn * (0.6 * _NOSE_DEPTH)
