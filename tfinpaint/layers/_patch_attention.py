"""What both contextual attentions share: match small patches, propagate the scores, paste large patches."""

from typing import Any

import keras
import numpy as np
from keras import ops

from tfinpaint.errors import InputError
from tfinpaint.layers._inputs import features_and_mask
from tfinpaint.layers.patches import extract_patches, fold, overlap_count, subsample

_INVALID = -1e9  # logit of a background patch that touches the hole: its softmax is exactly 0 in float32


class PatchAttention(keras.layers.Layer):
    """Base of the contextual attentions; a subclass defines `match` and `propagate`.

    Args:
        rate: scores are computed on every `rate`-th pixel, patches of `2 rate x 2 rate` are pasted at stride `rate`.
        kernel_size: side of the compared patches, odd.
        scale: factor on the scores before the softmax.
        return_attention: also return the attention map.
        **kwargs: `name`, `dtype` and the other arguments of `keras.layers.Layer`.
    """

    def __init__(
        self,
        rate: int = 2,
        kernel_size: int = 3,
        scale: float = 10.0,
        return_attention: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(rate, int) or rate < 1:
            raise InputError(f"`rate` must be a whole number from 1. Received: rate={rate!r}. 2 is the papers'.")
        if not isinstance(kernel_size, int) or kernel_size < 1 or kernel_size % 2 == 0:
            raise InputError(
                f"`kernel_size` must be an odd whole number. Received: kernel_size={kernel_size!r}. 3 is the papers'."
            )
        if not scale > 0:
            raise InputError(f"`scale` must be above 0. Received: scale={scale!r}. 10 is the papers'.")
        self.rate, self.kernel_size, self.scale = rate, kernel_size, float(scale)
        self.return_attention = return_attention

    def build(self, input_shape: list[tuple]) -> None:
        self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: list[tuple]) -> Any:
        features, _ = features_and_mask(input_shape)
        if None in features[1:] or features[1] % self.rate or features[2] % self.rate:
            raise InputError(
                f"The features' height and width must be known and divisible by `rate`. Received: shape={features}, "
                f"rate={self.rate}. Pad or crop the picture."
            )
        n = features[1] // self.rate * (features[2] // self.rate)
        return (features, (features[0], n, n)) if self.return_attention else features

    def call(self, inputs: Any) -> Any:
        features, mask = inputs
        _, height, width, channels = features.shape
        rows, columns = height // self.rate, width // self.rate
        n = rows * columns

        # Scores, norms and the softmax in float32: bfloat16 has 8 bits, many near matches would tie.
        small = ops.cast(subsample(features, self.rate), "float32")
        patches = ops.reshape(extract_patches(small, self.kernel_size), (-1, n, self.kernel_size**2 * channels))
        valid = self._valid_keys(mask, n)  # (batch, 1, n)
        penalty = (1.0 - valid) * _INVALID
        scores = self.propagate(self.match(patches, penalty), (rows, columns))  # (batch, n queries, n keys)
        attention = ops.softmax(self.scale * scores + penalty, axis=-1)
        any_valid = ops.max(valid, axis=-1, keepdims=True)  # (batch, 1, 1)

        size = 2 * self.rate
        sources = ops.reshape(extract_patches(features, size, self.rate), (-1, n, size**2 * channels))
        pasted = ops.matmul(ops.cast(attention, features.dtype), sources)
        pasted = fold(ops.reshape(pasted, (-1, rows, columns, size**2 * channels)), size, self.rate)
        mean = any_valid[..., None] / overlap_count(height, width, size, self.rate)  # 0 where nothing is valid
        result = pasted * ops.cast(mean, features.dtype)
        return (result, attention * any_valid) if self.return_attention else result

    def match(self, patches: Any, penalty: Any) -> Any:
        """Similarity of each patch (axis 1) with each background patch (axis 2), `(batch, n, n)`.

        Args:
            patches: `(batch, n, values)`, both the queries and the background.
            penalty: `(batch, 1, n)`, a large negative number for background patches that touch the hole, else 0.
        """
        raise NotImplementedError

    def propagate(self, scores: Any, grid: tuple[int, int]) -> Any:
        """Let neighbouring pairs of patches support each other; `(batch, n, n)` in and out."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rate": self.rate,
            "kernel_size": self.kernel_size,
            "scale": self.scale,
            "return_attention": self.return_attention,
        }

    def _valid_keys(self, mask: Any, n: int) -> Any:
        """1 where a background patch sees no hidden pixel, else 0, `(batch, 1, n)`."""
        small = ops.cast(subsample(mask, self.rate), "float32")
        hidden = ops.reshape(extract_patches(small, self.kernel_size), (-1, n, self.kernel_size**2))
        return ops.cast(ops.max(hidden, axis=-1) <= 0, "float32")[:, None]


def unit_length(patches: Any) -> Any:
    """`(batch, n, values)` scaled to length 1 (shorter than 1e-4: divided by 1e-4, with a finite gradient)."""
    return patches * ops.rsqrt(ops.maximum(ops.sum(ops.square(patches), axis=-1, keepdims=True), 1e-8))


def convolve_twice(scores: Any, row_kernel: Any, column_kernel: Any, grid: tuple[int, int]) -> Any:
    """Convolve a map of pairs with 3x3 kernels, positions in row-major order, then in column-major order, and back.

    Args:
        scores: `(batch, n, n)`, both axes the positions of `grid` in row-major order.
        row_kernel: `(3, 3)`, for neighbours along rows; the identity adds the pairs shifted alike on both sides.
        column_kernel: `(3, 3)`, for neighbours along columns.
        grid: (rows, columns), n = rows * columns.
    """
    rows, columns = grid
    scores = _convolve(scores, row_kernel)
    scores = _convolve(_transpose_positions(scores, rows, columns), column_kernel)
    return _transpose_positions(scores, columns, rows)


def _transpose_positions(scores: Any, rows: int, columns: int) -> Any:
    """Row-major positions of a `rows x columns` grid -> column-major, on both axes."""
    n = rows * columns
    pairs = ops.reshape(scores, (-1, rows, columns, rows, columns))
    return ops.reshape(ops.transpose(pairs, (0, 2, 1, 4, 3)), (-1, n, n))


def _convolve(scores: Any, kernel: Any) -> Any:
    """3x3 convolution of `(batch, n, n)` maps of one channel.

    Processors are slow at one channel, so up to 8 neighbouring columns are taken as channels and the kernel is written
    out as the band matrix between them: the same sums in a third of the time.
    """
    n = scores.shape[1]
    width = int(np.gcd(n, 8))
    offset = np.arange(3 * width)[:, None] - width - np.arange(width)  # of input column from output column
    places = (offset == np.array([-1, 0, 1])[:, None, None]).astype("float32")  # (3, 3 width, width)
    band = ops.reshape(ops.matmul(kernel, places.reshape(3, -1)), (3, 3, width, width))
    columns = ops.reshape(scores, (-1, n, n // width, width))
    return ops.reshape(ops.conv(columns, band, padding="same"), (-1, n, n))
