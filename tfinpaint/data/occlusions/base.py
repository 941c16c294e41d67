"""What every occlusion is: a colour layer and how opaque it is, composed in one place."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property

import tensorflow as tf

from tfinpaint.errors import InputError


class Occlusion(ABC):
    """Something that hides part of a face, drawn in-graph on a batch.

    A kind of occlusion draws a `layer`; the composition is the same for all of them, so the promises hold for all:
    the mask is 1 exactly where the layer's opacity is above 0, pixels outside the mask keep their bits, and what a
    sample gets depends on its own seed, picture and landmarks, never on its place in the batch.

    Attributes:
        context: how much wider than the aligned crop a whole photo's part should be for it (see `occlude_photo`): more
            than 1 for what follows the landmarks and reaches beyond the crop.
    """

    context: float = 1.0

    def __call__(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Occluded images `(batch, height, width, 3)` in [-1, 1] and masks `(batch, height, width, 1)`, 1 = hidden.

        Args:
            images: float32 `(batch, side, side, 3)` in [-1, 1].
            landmarks: float32 `(batch, 5, 2)`, five points (x, y) in pixels, pixel centres at integers.
            seeds: integers `(batch, 2)`, one seed per sample.
        """
        images, landmarks = tf.convert_to_tensor(images, tf.float32), tf.convert_to_tensor(landmarks, tf.float32)
        if images.shape.rank != 4 or images.shape[1] is None or images.shape[1] != images.shape[2]:
            raise InputError(
                f"`images` must be square, (batch, side, side, 3), with a known side. Received: shape {images.shape}."
            )
        return self.hide(images, landmarks, seeds)[:2]

    def hide(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Occluded images and masks, as by a call, and where which of `parts` lies on top.

        Returns:
            The third is int32 `(batch, height, width, 1)`: an index into `parts`, -1 where nothing is hidden.
        """
        colour, alpha, part = self.labelled(images, landmarks, seeds)
        # Where alpha is 0 this is the image's own number; a `tf.where` would cost more than all the rest.
        return (1 - alpha) * images + alpha * colour, tf.cast(alpha > 0, tf.float32), part

    def labelled(
        self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The `layer`, and which of `parts` each pixel of it is, int32, -1 where it is nowhere opaque."""
        colour, alpha = self.layer(images, landmarks, seeds)
        return colour, alpha, tf.where(alpha > 0, self.kind_of(seeds)[:, None, None, None], -1)

    @abstractmethod
    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Colour `(batch, height, width, 3)` in [-1, 1] and opacity `(batch, height, width, 1)` in [0, 1]."""

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Names of what a sample may get: one, the name in the table, unless the class draws among several."""
        return (re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower(),)

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the single things that may be there, alone or together: those of `kinds`, unless things combine."""
        return self.kinds

    def kind_of(self, seeds: tf.Tensor) -> tf.Tensor:
        """Which of `kinds` each sample gets, int32 `(batch,)`; `seeds` as in a call, and the same draw."""
        return tf.zeros(tf.shape(seeds)[:1], tf.int32)


def as_occlusion(kind: Occlusion | str) -> Occlusion:
    """An occlusion as it is; a name of the table becomes the occlusion of that name with its defaults."""
    from tfinpaint.data import occlusions  # late: the table imports every kind, and every kind this file

    if isinstance(kind, Occlusion):
        return kind
    if isinstance(kind, str):
        return occlusions.get(kind)
    raise InputError(
        f"An occlusion must be an object or a name, such as Rectangle(at='mouth') or 'text'. Received: {kind!r}."
    )


def pixel_grid(size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Pixel centres x `(1, 1, size)` and y `(1, size, 1)`."""
    line = tf.range(size, dtype=tf.float32)
    return line[None, None, :], line[None, :, None]


def renumbered(part: tf.Tensor, names: Sequence[str], others: Sequence[str]) -> tf.Tensor:
    """Indices into `names`, -1 for nothing, as indices into `others`, which holds them all."""
    return tf.gather(tf.constant([-1, *(others.index(name) for name in names)]), part + 1)
