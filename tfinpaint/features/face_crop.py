"""From the library's aligned framing to the tighter ones that face networks were trained on."""

import functools
from typing import Any

import keras
import numpy as np
from keras import ops

from tfinpaint.errors import InputError
from tfinpaint.framing import TEMPLATE

# Five points in units of the side of the network's picture: dlib's 150 px face chip (padding 0.25; its 68-point model
# has no nose tip and mouth corners of its own, these are their means).
DLIB = (
    np.array([[0.22549, 0.21599], [0.75476, 0.21599], [0.490127, 0.515625], [0.254149, 0.780233], [0.726104, 0.780233]])
    + 0.25
) / 1.5


def framing(points: np.ndarray) -> tuple[float, float, float]:
    """The square (left, top, side) of an aligned face, in units of its side, that a network sees.

    Args:
        points: `(5, 2)` where the network wants the five points, in units of the side of its picture.

    The square is the least-squares fit of scale and shift; both templates are upright, so there is no rotation.
    """
    ours, theirs = TEMPLATE - TEMPLATE.mean(0), points - points.mean(0)
    side = (ours**2).sum() / (ours * theirs).sum()
    left, top = TEMPLATE.mean(0) - side * points.mean(0)
    return float(left), float(top), float(side)


def interpolation(length: int, start: float, extent: float, count: int) -> np.ndarray:
    """Matrix `(count, length)` that resamples `length` pixels to `count`, over [start, start + extent] of the whole.

    Linear interpolation, averaging where the picture shrinks; beyond the border the last pixel is repeated.
    """
    step = extent * length / count
    centre = (start * length + step * (np.arange(count) + 0.5) - 0.5)[:, None]
    reach = int(np.ceil(max(step, abs(start) * length, abs(start + extent - 1) * length))) + 2
    position = np.arange(-reach, length + reach)
    weight = np.maximum(0.0, 1.0 - np.abs(position - centre) / max(step, 1.0))
    matrix = np.zeros((count, length))
    np.add.at(matrix.T, np.clip(position, 0, length - 1), weight.T)
    return (matrix / matrix.sum(1, keepdims=True)).astype(np.float32)


@keras.saving.register_keras_serializable("tfinpaint")
class FaceCrop(keras.layers.Layer):
    """Cuts a fixed square out of aligned faces `(batch, s, s, c)` and resizes it to `(batch, size, size, c)`.

    Two matrix products, so it is exact, differentiable and quick on every backend.

    Args:
        left: of the square, in units of s; it may leave the picture, whose border is then repeated.
        top: of the square.
        side: of the square.
        size: of the result in pixels.
    """

    def __init__(self, left: float, top: float, side: float, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.left, self.top, self.side, self.size = left, top, side, size

    def call(self, images: Any) -> Any:
        height, width, channels = images.shape[1:]
        if height is None or height != width:
            raise InputError(f"Aligned faces must be squares of a known side. Received: {tuple(images.shape)}.")
        rows, columns = self._matrices(height, channels)
        x = ops.matmul(ops.cast(rows, images.dtype), ops.reshape(images, (-1, height, width * channels)))
        x = ops.matmul(ops.reshape(x, (-1, width * channels)), ops.cast(columns, images.dtype))
        return ops.reshape(x, (-1, self.size, self.size, channels))

    @functools.lru_cache(maxsize=8)  # noqa: B019 - a handful of small arrays for each of a few layers
    def _matrices(self, side: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
        rows = interpolation(side, self.top, self.side, self.size)
        columns = interpolation(side, self.left, self.side, self.size)
        return rows, np.kron(columns.T, np.eye(channels, dtype=np.float32))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.size, self.size, input_shape[-1])

    def get_config(self) -> dict:
        return super().get_config() | {"left": self.left, "top": self.top, "side": self.side, "size": self.size}


def behind_crop(network: keras.Model) -> keras.Model:
    """The part of a network behind its `FaceCrop`, with the same weights: it takes the crop itself.

    Pictures that were aligned straight to the network's own template, `(batch, size, size, 3)` in [-1, 1], keep detail
    that a crop out of our wider framing has lost.

    Raises:
        InputError: the network has no such layer.
    """
    crop = next((layer for layer in network.layers if isinstance(layer, FaceCrop)), None)
    if crop is None:
        raise InputError(f"`network` must begin with a FaceCrop. Received: {network.name!r}, which has none.")
    return keras.Model(crop.output, network.output, name=f"{network.name}_behind_crop")
