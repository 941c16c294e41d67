"""A user's own pictures of face masks, fitted to faces."""

import math
import os

import tensorflow as tf

from tfinpaint.data.occlusions.base import Occlusion
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.occlusions.face_coordinates import FaceCoordinates
from tfinpaint.data.occlusions.mask_template_files import read_templates
from tfinpaint.data.occlusions.photo_match import white_level
from tfinpaint.data.occlusions.sprites import Sprites
from tfinpaint.errors import InputError

# Where the anchors lie on the head: angle around it and level below the eyes in eye distances (see FaceCoordinates).
_PLACES = (("left_top", -1.15, 0.55), ("nose", 0.0, 0.22), ("right_top", 1.15, 0.55)) + (
    ("left_bottom", -1.0, 1.3),
    ("chin", 0.0, 1.95),
    ("right_bottom", 1.0, 1.3),
)
_FRAME = (192, 256)


class MaskTemplates(Occlusion):
    """Pictures of masks with opacity, each laid on a face by the homography of six anchor points.

    Args:
        folder: of PNGs with opacity, or a zip of them. A mask may have pictures for heads turned to the picture's left
            and right: `<name>.png`, `<name>_left.png`, `<name>_right.png`.
        anchors: JSON file, picture's name without ending -> six points (x, y) in its pixels: left end of the upper
            edge, its middle on the nose, right end, left lower corner, chin, right lower corner. By default the `.json`
            beside the folder or zip, or the only one inside the folder.
        names: which masks; all by default.
        turned: from which turn of the head, in degrees, the pictures for turned heads are taken.

    Raises:
        InputError: a picture without opacity or anchors, or none at all.

    Reference: the six points and the 13 degrees are those of A. Anwar and A. Raychowdhury, "Masked Face Recognition for
    Secure Authentication", 2020, which CAN-DFE uses; here the points follow from five landmarks.
    """

    context = 1.6

    def __init__(
        self,
        folder: str | os.PathLike,
        *,
        anchors: str | os.PathLike | None = None,
        names: tuple[str, ...] | None = None,
        turned: float = 13.0,
    ) -> None:
        pictures, points, found = read_templates(folder, anchors, _FRAME)
        fronts = sorted(n for n in found if not n.endswith(("_left", "_right")))
        self.names = tuple(fronts if names is None else names)
        if not self.names or set(self.names) - set(fronts):
            raise InputError(f"`names` must be some of {', '.join(fronts)}. Received: {self.names!r}.")
        self.turned = turned
        self._sprites, self._anchors = Sprites(pictures), tf.constant(points)
        views = [[found.get(name + end, found[name]) for end in ("_left", "", "_right")] for name in self.names]
        self._views = tf.constant(views)

    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The mask picture as bright as the photo."""
        draw, size = Draws(seeds), images.shape[1]
        face = FaceCoordinates.of(landmarks, size)
        name = draw.choose([1.0] * len(self.names))
        turn = tf.asin(face.turn[:, 0, 0]) * (180 / math.pi)
        view = 1 + tf.cast(turn > self.turned, tf.int32) - tf.cast(turn < -self.turned, tf.int32)
        index = tf.gather(tf.gather(self._views, name), view, batch_dims=1)
        target = tf.stack([face.pixel(angle, level + draw.uniform(-0.05, 0.05)) for _, angle, level in _PLACES], 1)
        colour, alpha = self._sprites.lay(index, _homography(tf.gather(self._anchors, index), target), size)
        contrast = draw.uniform(0.85, 1.1)[..., None]
        return tf.clip_by_value(colour * contrast * white_level(draw, images), 0.0, 1.0) * 2 - 1, alpha


def _homography(source: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """The homographies `(batch, 3, 3)` that map points `(batch, n, 2)` on others by algebraic least squares."""
    scale = 1 / 128.0  # numbers of about 1: float32 would lose the products of pixels
    x, y, u, v = (a * scale for a in (*tf.unstack(source, axis=2), *tf.unstack(target, axis=2)))
    zero, one = tf.zeros_like(x), tf.ones_like(x)
    first = tf.stack([x, y, one, zero, zero, zero, -u * x, -u * y], 2)
    second = tf.stack([zero, zero, zero, x, y, one, -v * x, -v * y], 2)
    system, aim = tf.concat([first, second], 1), tf.concat([u, v], 1)[..., None]
    # A little regularisation of the perspective: five landmarks say little of it.
    weight = tf.constant([1e-6] * 6 + [3e-2] * 2)
    normal = tf.linalg.matmul(system, system, transpose_a=True) + tf.linalg.diag(weight)
    solved = tf.linalg.solve(normal, tf.linalg.matmul(system, aim, transpose_a=True))[..., 0]
    matrix = tf.reshape(tf.concat([solved, tf.ones_like(solved[:, :1])], 1), (-1, 3, 3))
    units = tf.constant([[1, 1, 1 / scale], [1, 1, 1 / scale], [scale, scale, 1]])
    return matrix * units
