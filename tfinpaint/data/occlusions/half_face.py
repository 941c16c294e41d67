"""One half of the face."""

from collections.abc import Sequence

import tensorflow as tf

from tfinpaint.data.occlusions.arguments import Colour, colour_argument, draw_flat_colour, interval, names
from tfinpaint.data.occlusions.base import Occlusion, pixel_grid
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.occlusions.face_coordinates import FaceCoordinates

HALVES = ("left", "right", "upper", "lower")
_MIDDLE = 0.45  # in eye distances below the eyes: between hairline and chin, and between eyes and nose


class HalfFace(Occlusion):
    """Everything on one side of a line across the face.

    The left and the right half (as seen) meet at the face's own midline, which runs between the eyes, over the nose
    and the mouth, and bends where the head is turned. The upper and the lower half meet at a line parallel to that of
    the eyes, 0.45 eye distances below it: one hides eyes and brow, the other nose, mouth and chin. The half goes on to
    the picture's border.

    Args:
        half: one or several of `left`, `right`, `upper` and `lower`; of several one per sample, equally often.
        shift: the line is moved at random by at most so many eye distances.
        tilt: and turned by at most so many radians.
        colour: one grey or RGB value in [-1, 1], or `None` for a random colour per sample.
    """

    def __init__(
        self,
        *,
        half: str | Sequence[str] = HALVES,
        shift: float = 0.15,
        tilt: float = 0.1,
        colour: Colour = None,
    ) -> None:
        self.half = names("half", half, HALVES)
        self.shift, _ = interval("shift", shift, 0.0, 1.0)
        self.tilt, _ = interval("tilt", tilt, 0.0, 0.5)
        self.colour = colour_argument(colour)

    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One colour over the half, with an edge one pixel soft."""
        draw = Draws(seeds)
        face = FaceCoordinates.of(landmarks, images.shape[1])
        half = tf.gather(tf.constant([HALVES.index(name) for name in self.half]), draw.choose([1.0] * len(self.half)))
        shift, tilt = draw.uniform(-self.shift, self.shift), draw.uniform(-self.tilt, self.tilt)
        lean = tf.tan(tilt)
        sideways = face.u + lean * (face.v - 0.5)
        downwards = _below_eyes(landmarks, images.shape[1]) / face.unit - _MIDDLE + lean * face.u
        distance = tf.where((half < 2)[:, None, None], sideways, downwards) + shift
        sign = tf.where(half % 2 == 0, -1.0, 1.0)[:, None, None]
        alpha = tf.clip_by_value(sign * distance * face.unit + 0.5, 0.0, 1.0)
        return draw_flat_colour(draw, self.colour, images), alpha[..., None]


def _below_eyes(landmarks: tf.Tensor, size: int) -> tf.Tensor:
    """How far each pixel lies below the line through the eyes, in pixels, `(batch, size, size)`."""
    left, right = landmarks[:, 0, :, None, None], landmarks[:, 1, :, None, None]
    along = (right - left) / tf.maximum(tf.norm(right - left, axis=1, keepdims=True), 1.0)
    x, y = pixel_grid(size)
    return (y - left[:, 1]) * along[:, 0] - (x - left[:, 0]) * along[:, 1]
