"""Random numbers that belong to one sample: the same wherever it stands in a batch."""

import math

import numpy as np
import tensorflow as tf

_GOLDEN = 0x9E3779B9
_POOL = 192


class Draws:
    """A stream of random numbers for each of a batch's seeds, by a counter-based integer hash.

    The stream is a pure function of the seed and of the order of the calls, which is fixed by the code; so a sample
    looks the same at any place of any batch, in any process. One hash of a batch costs a few microseconds, where
    mapping `tf.random.stateless_uniform` over the samples costs hundreds.

    Args:
        seeds: integers `(batch, 2)`.

    Reference: the mixing constants are those of C. Wellons, "Prospecting for hash functions", 2018 (`lowbias32`).
    """

    def __init__(self, seeds: tf.Tensor):
        seeds = tf.cast(seeds, tf.int64)
        words = [tf.cast(seeds[:, i] // 2**shift, tf.uint32) for i in (0, 1) for shift in (0, 32)]
        key = tf.zeros_like(words[0])
        for word in words:
            key = _mix(key + word + tf.constant(_GOLDEN, tf.uint32))
        self._keys = key[:, None], _mix(tf.bitwise.bitwise_xor(key, words[2]))[:, None]
        self._blocks, self._pool, self._taken = 0, None, _POOL

    def bits(self, *shape: int) -> tf.Tensor:
        """Random words, uint32 `(batch, *shape)`."""
        self._blocks += 1
        counter = (np.arange(math.prod(shape), dtype=np.uint64) + (self._blocks << 20)) * _GOLDEN
        counter = tf.constant((counter & 0xFFFFFFFF).astype(np.uint32))
        words = _mix(tf.bitwise.bitwise_xor(_mix(self._keys[0] + counter), self._keys[1]))
        return tf.reshape(words, (-1, *shape))

    def uniform(
        self, low: float | tf.Tensor = 0.0, high: float | tf.Tensor = 1.0, *, shape: tuple[int, ...] = (1, 1)
    ) -> tf.Tensor:
        """Uniform float32 numbers in [low, high), `(batch, *shape)`."""
        size = math.prod(shape)
        if self._taken + size > _POOL:  # single numbers come from a pool: one hash for many calls
            words = tf.bitwise.right_shift(self.bits(max(size, _POOL)), tf.constant(8, tf.uint32))
            self._pool, self._taken = tf.cast(words, tf.float32) * 2.0**-24, 0
        unit = tf.reshape(self._pool[:, self._taken : self._taken + size], (-1, *shape))
        self._taken += size
        return low + unit * (high - low)

    def chance(self, probability: float | tf.Tensor, *, shape: tuple[int, ...] = (1, 1)) -> tf.Tensor:
        """1.0 with the probability given, else 0.0, `(batch, *shape)`."""
        return tf.cast(self.uniform(shape=shape) < probability, tf.float32)

    def choose(self, weights) -> tf.Tensor:
        """One index per sample, int32 `(batch,)`, in proportion to `weights` `(n,)` or `(batch, n)`."""
        bounds = tf.cumsum(tf.convert_to_tensor(weights, tf.float32), axis=-1)
        point = self.uniform(shape=(1,)) * bounds[..., -1:]
        return tf.reduce_sum(tf.cast(point >= bounds[..., :-1], tf.int32), axis=-1)

    def gaussian(self, *shape: int) -> tf.Tensor:
        """Nearly normal numbers of mean 0 and deviation 1, `(batch, *shape)`: sums of a word's four bytes."""
        words, alternate = self.bits(*shape), tf.constant(0x00FF00FF, tf.uint32)
        pairs = tf.bitwise.bitwise_and(words, alternate)
        pairs += tf.bitwise.bitwise_and(tf.bitwise.right_shift(words, tf.constant(8, tf.uint32)), alternate)
        total = tf.bitwise.bitwise_and(pairs + tf.bitwise.right_shift(pairs, tf.constant(16, tf.uint32)), 0xFFFF)
        return (tf.cast(total, tf.float32) - 510.0) * (1 / 147.8)

    def seeds(self) -> tf.Tensor:
        """Fresh seeds, int64 `(batch, 2)`, for another stream that shares nothing with this one."""
        return tf.cast(self.bits(2), tf.int64)

    def smooth_noise(self, cells: int, size: int, channels: int = 1) -> tf.Tensor:
        """Smooth fields of about unit deviation, `(batch, size, size, channels)`, with about `cells` lumps a side."""
        knots = self.gaussian(channels, cells + 3, cells + 3)
        basis = tf.constant(_spline_basis(cells, size).T)
        # Plain matrix products: a batched one with a broadcast right side crashes in TensorFlow 2.21's oneDNN kernel.
        rows = tf.reshape(tf.reshape(knots, (-1, cells + 3)) @ basis, (-1, channels, cells + 3, size))
        rows = tf.reshape(tf.transpose(rows, (0, 3, 1, 2)), (-1, cells + 3))
        return tf.transpose(tf.reshape(rows @ basis, (-1, size, channels, size)), (0, 3, 1, 2))


def _mix(x: tf.Tensor) -> tf.Tensor:
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(shift, tf.uint32)))
        x = x * tf.constant(factor, tf.uint32)
    return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(16, tf.uint32)))


def _spline_basis(cells: int, size: int) -> np.ndarray:
    """Uniform cubic B-spline weights `(size, cells + 3)`, scaled to keep the deviation near 1."""
    x = (np.arange(size) + 0.5) / size * cells
    distance = np.abs(x[:, None] - (np.arange(cells + 3)[None] - 1))
    inner = 2 / 3 - distance**2 + distance**3 / 2
    outer = np.clip(2 - distance, 0, None) ** 3 / 6
    weights = np.where(distance < 1, inner, outer)
    return (weights / np.sqrt((weights**2).sum(1, keepdims=True))).astype(np.float32)
