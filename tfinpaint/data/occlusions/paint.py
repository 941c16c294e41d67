"""A picture as a mixture of a few colours: layers cost one number a pixel instead of three."""

import numpy as np
import tensorflow as tf

WHITE = np.ones((1, 1, 1, 3), np.float32)


class Paint:
    """Colours with a weight at each pixel; `picture` adds them up.

    TensorFlow's kernels are slow where a field of one channel meets colours of three, so layers are laid on the
    weights, and colours meet pixels in one matrix product.

    Args:
        colour: of the ground, `(batch, 1, 1, 3)`.
    """

    def __init__(self, colour: tf.Tensor) -> None:
        self._colours = [colour]
        self._weights: list[tf.Tensor | float] = [1.0]

    def cover(self, colour: tf.Tensor, opacity: tf.Tensor) -> None:
        """Lays a colour `(batch or 1, 1, 1, 3)` over everything, with an opacity `(batch, height, width)`."""
        self._weights = [weight * (1 - opacity) for weight in self._weights]
        self.add(colour, opacity)

    def add(self, colour: tf.Tensor, weight: tf.Tensor) -> None:
        """Adds a colour `(batch or 1, 1, 1, 3)` times a field `(batch, height, width)`."""
        self._colours.append(colour)
        self._weights.append(weight)

    def shade(self, light: tf.Tensor) -> None:
        """Multiplies everything by a field `(batch, height, width)`."""
        self._weights = [weight * light for weight in self._weights]

    def tint(self, colour: tf.Tensor) -> None:
        """Multiplies everything by a colour `(batch, 1, 1, 3)`."""
        self._colours = [c * colour for c in self._colours]

    def picture(self) -> tf.Tensor:
        """The colours added up, `(batch, height, width, 3)`."""
        field = next(weight for weight in self._weights if not isinstance(weight, float) and weight.shape.rank == 3)
        shape = tf.shape(field)
        weights = tf.stack([tf.broadcast_to(weight, shape) for weight in self._weights], axis=1)
        colours = tf.stack([tf.broadcast_to(c, (shape[0], 1, 1, 3))[:, 0, 0] for c in self._colours], axis=1)
        flat = tf.reshape(weights, (shape[0], len(self._weights), -1))
        picture = tf.linalg.matmul(flat, colours, transpose_a=True)
        return tf.reshape(picture, (-1, field.shape[1], field.shape[2], 3))
