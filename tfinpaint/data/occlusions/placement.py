"""Where things stand before a face: around the five landmarks, or anywhere as FSG-GAN pastes its cut-outs."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.occlusions.face_coordinates import FaceCoordinates
from tfinpaint.data.occlusions.sprites import similarity

_MOUTH_LEVEL = 1.056  # from the eyes, in eye distances of a frontal face
_LONGER_SIDE, _CENTRE, _PAPER_SIDE = (84.0, 148.0), (30.0, 97.0), 128.0


@dataclass(frozen=True)
class Place:
    """Where a kind of thing stands on a face. Lengths on the face are eye distances, turns are degrees, clockwise.

    Attributes:
        width: smallest and largest width of the whole sprite.
        across: where on the face its anchor may lie, from the midline to the picture's right.
        down: the same from the eyes (0) to the mouth (1.06) and the chin (1.9).
        anchor: the sprite's point (x, y) that is laid there, shares of its side.
        turn: largest turn to either side.
        aside: by how much more it turns for each eye distance off the midline, so that arms come from that side.
        worn: 1 for what is fixed to the head: it is squeezed, tapered and shifted as the head turns.
        border: `"lower"` where the sprite's lower edge must leave the picture, as an arm must; `"upper"` for what
            hangs into the picture from above.
        tint: `"skin"` or `"hair"` for what takes that colour from the photo.
        flat: throws no shadow.
        mirror: may be seen in a mirror; nothing with letters on it may.
        hue: largest change of its hue, in turns of the colour circle.
    """

    width: tuple[float, float]
    across: tuple[float, float] = (-0.7, 0.7)
    down: tuple[float, float] = (-0.6, 1.5)
    anchor: tuple[float, float] = (0.5, 0.5)
    turn: float = 30.0
    aside: float = 0.0
    worn: float = 0.0
    border: str = ""
    tint: str = ""
    flat: bool = False
    mirror: bool = True
    hue: float = 0.5


_EYES = {"across": (-0.03, 0.03), "down": (-0.03, 0.06), "turn": 3.0, "worn": 1.0}
_HELD = {"border": "lower", "hue": 0.03}
PLACES = {
    "ball": Place(width=(1.1, 2.2), hue=0.04),
    "bar": Place(width=(2.0, 3.0), across=(-0.2, 0.2), down=(-0.1, 1.15), turn=8, hue=0.05, flat=True, mirror=False),
    "book": Place(
        width=(3.4, 4.4), across=(-0.3, 0.3), down=(0.5, 1.0), anchor=(0.5, 0.2), turn=9, mirror=False, **_HELD
    ),
    "bottle": Place(width=(3.4, 4.4), across=(-0.2, 0.2), down=(0.5, 1.1), anchor=(0.5, 0.08), turn=35, **_HELD),
    "cap": Place(width=(3.5, 3.8), across=(-0.05, 0.05), down=(-0.75, -0.5), anchor=(0.5, 0.76), turn=5, worn=0.7),
    "cup": Place(width=(3.0, 3.7), across=(-0.2, 0.2), down=(0.55, 1.0), anchor=(0.5, 0.15), turn=20, **_HELD),
    "eye_patch": Place(width=(2.6, 2.9), hue=0.03, **_EYES),
    "eyeglasses": Place(width=(2.55, 2.7), hue=0.1, **_EYES),
    "face_shield": Place(
        width=(4.0, 4.4), across=(-0.05, 0.05), down=(-0.95, -0.75), anchor=(0.5, 0.16), turn=4, worn=0.7, hue=0.1
    ),
    "fan": Place(width=(3.2, 4.0), across=(-0.4, 0.4), down=(0.8, 1.3), anchor=(0.5, 0.32), turn=25, **_HELD),
    "flower": Place(width=(1.7, 3.0), anchor=(0.5, 0.34), turn=60, hue=0.05),
    "fruit": Place(width=(1.1, 1.7), across=(-0.35, 0.35), down=(0.6, 1.3), hue=0.02),
    "glass": Place(width=(3.0, 3.7), across=(-0.2, 0.2), down=(0.6, 1.05), anchor=(0.5, 0.1), turn=18, **_HELD),
    "goggles": Place(width=(2.6, 2.8), **_EYES),
    "hair_strand": Place(
        width=(3.0, 4.2), down=(-1.3, -1.1), anchor=(0.5, 0.02), turn=12, border="upper", tint="hair", hue=0.0
    ),
    "hand": Place(
        width=(4.3, 5.2), down=(-0.4, 1.2), anchor=(0.5, 0.36), turn=32, aside=45, border="lower", tint="skin", hue=0.01
    ),
    "leaf": Place(width=(1.4, 3.0), turn=180, hue=0.04),
    "microphone": Place(width=(3.4, 4.2), across=(-0.35, 0.35), down=(1.0, 1.5), anchor=(0.5, 0.15), **_HELD),
    "phone": Place(
        width=(3.6, 4.3), across=(-1.0, 1.0), down=(0.1, 0.9), anchor=(0.5, 0.38), turn=14, aside=8, **_HELD
    ),
    "plaster": Place(width=(0.9, 1.5), across=(-0.6, 0.6), turn=90, hue=0.03),
    "scarf": Place(
        width=(4.2, 4.7), across=(-0.05, 0.05), down=(0.5, 0.95), anchor=(0.5, 0.11), turn=4, worn=0.4, border="lower"
    ),
    "sleep_mask": Place(width=(2.5, 2.8), **_EYES),
    "sticker": Place(width=(0.8, 1.7), across=(-0.8, 0.8), hue=0.06, mirror=False),
    "sunglasses": Place(width=(2.5, 2.8), hue=0.1, **_EYES),
}
ELSE = Place(width=(1.2, 2.6), turn=60, hue=0.0)  # for a user's own pictures of kinds that are not listed


def semantic(
    draw: Draws, places: list[Place], kind: tf.Tensor, landmarks: tf.Tensor, size: int, side: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Homographies `(batch, 3, 3)` from sprites of `side` pixels to the picture and the points that anchors meet.

    Args:
        draw: the samples' random numbers.
        places: one for each kind.
        kind: integers `(batch,)`, which kind each sample gets.
        landmarks: `(batch, 5, 2)` in pixels.
        size: of the pictures.
        side: of the sprites.
    """
    rows = [
        (*p.width, *p.across, *p.down, *p.anchor, np.radians(p.turn), np.radians(p.aside), p.worn,
         p.border == "lower", p.border == "upper", p.mirror)
        for p in places
    ]  # fmt: skip
    row = tf.unstack(tf.gather(tf.constant(rows, tf.float32), kind), axis=1)
    (low, high, left, right, upper, lower, anchor_x, anchor_y, most, aside, worn, falls, hangs, mirror) = row
    across, down, unit, stretch, yaw = _head(landmarks)
    u, v, turn, width = (draw.uniform(shape=(1,))[:, 0] for _ in range(4))
    u, v = left + u * (right - left), upper + v * (lower - upper)
    turn = (2 * turn - 1) * most - aside * u
    scale = unit * (low + width * (high - low)) / side
    u = u + 0.12 * worn * yaw  # what is worn stands a little before the face
    eyes = (landmarks[:, 0] + landmarks[:, 1]) / 2
    point = eyes + (u * unit)[:, None] * across + v[:, None] * down
    roll = tf.atan2(across[:, 1], across[:, 0]) + turn
    flip = 1 - 2 * mirror * draw.chance(0.5, shape=(1,))[:, 0]
    aspect = draw.uniform(0.94, 1.06, shape=(1,))[:, 0]
    scale_x, scale_y = scale * (1 + worn * (stretch - 1)) * aspect, scale / aspect
    # Arms must go on to the picture's border, and hair must come from it.
    way = tf.stack([-tf.sin(roll), tf.cos(roll)], 1)
    rise = hangs * _to_border(point, -way, size)
    point -= rise[:, None] * way
    reach = falls * (_to_border(point, way, size) + 0.12 * side * scale_x) / (side * (1 - anchor_y) - 2)
    scale_y = tf.maximum(scale_y * (1 + rise / (side * scale_y)), reach)
    anchor = anchor_x * side, anchor_y * side
    flat = similarity(point, tf.stack([scale_x * flip, scale_y], 1), roll, anchor)
    return flat @ _taper(0.4 * worn * yaw * flip / side, anchor), point


def anywhere(draw: Draws, boxes: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Homographies and centres by FSG-GAN's rule: any turn, 84 to 148 of 128 pixels long, centre in [30, 97]^2.

    Args:
        boxes: `(batch, 3)`, centre (x, y) and longer side of what is drawn on each sprite.
    """
    unit = size / _PAPER_SIDE
    longer = draw.uniform(*_LONGER_SIDE, shape=(1,))[:, 0] * unit
    point = draw.uniform(*_CENTRE, shape=(2,)) * unit + (unit - 1) / 2
    turn = draw.uniform(0.0, 2 * np.pi, shape=(1,))[:, 0]
    flip = 1 - 2 * draw.chance(0.5, shape=(1,))[:, 0]
    scale = longer / boxes[:, 2]
    return similarity(point, tf.stack([scale * flip, scale], 1), turn, (boxes[:, 0], boxes[:, 1])), point


def _head(landmarks: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Direction of the eye line, the way from the eyes down for one eye distance, its pixels, how near the eyes seem
    to each other by it, and how far the head looks to the picture's right (a sine)."""
    face = FaceCoordinates.of(landmarks, 1)
    unit, yaw = face.unit[:, 0, 0], face.turn[:, 0, 0]
    line = landmarks[:, 1] - landmarks[:, 0]
    apart = tf.norm(line, axis=1)
    across = tf.where(apart[:, None] > 1, line / tf.maximum(apart, 1)[:, None], (1.0, 0.0))
    down = (landmarks[:, 3] + landmarks[:, 4] - landmarks[:, 0] - landmarks[:, 1]) / (2 * _MOUTH_LEVEL)
    return across, down, unit, tf.clip_by_value(apart / unit, 0.5, 1.1), yaw


def _to_border(point: tf.Tensor, way: tf.Tensor, size: int) -> tf.Tensor:
    """How far it is from `point` along the unit vectors `way` until the picture is left, `(batch,)`; 0 outside."""
    room = tf.where(way > 0, size - point, point + 1) / tf.maximum(tf.abs(way), 1e-3)
    return tf.clip_by_value(tf.reduce_min(room, 1), 0.0, 2.0 * size)


def _taper(strength: tf.Tensor, anchor: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
    """A homography that shrinks what lies to the right of the anchor and keeps the anchor's place."""
    (x, y), zero, one = anchor, tf.zeros_like(strength), tf.ones_like(strength)
    rows = [
        [one + strength * x, zero, -strength * x * x],
        [strength * y, one, -strength * x * y],
        [strength, zero, one - strength * x],
    ]
    return tf.transpose(tf.stack(rows), (2, 0, 1))
