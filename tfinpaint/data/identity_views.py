"""Views of faces for training identity networks: blended, mirrored, moved, relit, blurred, perhaps hidden."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfinpaint.data.occlusions import Occlusion
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.pipeline import jitter_colours, numbered_rows
from tfinpaint.framing import template_points


class Views(NamedTuple):
    """What is shown: face `first` with `share` of face `second` blended in; each array `(n,)`."""

    first: np.ndarray
    second: np.ndarray
    share: np.ndarray


def identity_views(count: int, blends: int = 0, seed: int = 0) -> Views:
    """Every face as it is, then `blends` times every face with a stranger blended in.

    The mean of two aligned faces looks like a third person: a teacher can tell who, so few faces become many.
    """
    rng, faces = np.random.default_rng(seed), np.arange(count)
    strangers = [(faces + rng.integers(1, max(count, 2), count)) % count for _ in range(blends)]
    shares = np.concatenate([np.zeros(count), rng.uniform(0.25, 0.6, blends * count)])
    second = np.concatenate([faces, *strangers])
    return Views(np.tile(faces, 1 + blends).astype(np.int32), second.astype(np.int32), shares.astype(np.float32))


def view_batches(images: np.ndarray, views: Views, batch_size: int) -> Iterator[np.ndarray]:
    """The views in order as float32 `(batch, size, size, 3)` in [-1, 1], nothing else changed."""
    show = tf.function(_show)
    pixels = tf.constant(images)
    for start in range(0, len(views.first), batch_size):
        yield show(pixels, *(tf.constant(a[start : start + batch_size]) for a in views)).numpy()


def identity_batches(
    images: np.ndarray,
    views: Views,
    targets: np.ndarray,
    *,
    batch_size: int,
    seed: int = 0,
    start: int = 0,
    jitter: float = 0.05,
    colours: float = 1.0,
    blur: float = 0.3,
    hidden: float = 0.0,
    occlusion: Occlusion | None = None,
) -> tf.data.Dataset:
    """Endless batches of (faces float32 `(batch, size, size, 3)` in [-1, 1], targets); sample k depends on `(seed, k)`.

    Args:
        images: aligned faces, uint8 `(n, size, size, 3)`.
        views: of these faces; walked in a new order each time round, half of them mirrored.
        targets: what belongs to each view, `(m, ...)`: an embedding, a label.
        batch_size: faces a batch.
        seed: of the order and the draws.
        start: first batch to yield; a resumed run goes on bit for bit.
        jitter: how much the framing varies, as in `load_faces`.
        colours: how much light and colours vary; see `jitter_colours`. A share of faces becomes grey.
        blur: share of faces that are blurred more or less.
        hidden: share of faces that `occlusion` is drawn on.
        occlusion: what hides them.
    """
    pixels, wanted = tf.constant(images), tf.constant(targets)
    table = [tf.constant(array) for array in views]
    points = tf.constant(template_points(images.shape[1]))

    def batch(k: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        draw = Draws(tf.stack([tf.fill(tf.shape(k), tf.constant(seed, tf.int64)), k], axis=1))
        x = _show(pixels, *(tf.gather(array, rows) for array in table))
        x = tf.raw_ops.Select(condition=draw.chance(0.5, shape=()) > 0, x=tf.reverse(x, [2]), y=x)
        x = jitter_colours(_move(x, draw, jitter), draw, colours)
        strength = draw.uniform(shape=(1, 1, 1)) * draw.chance(blur, shape=(1, 1, 1))
        x += strength * (tf.nn.avg_pool2d(x, 5, 1, "SAME") - x)
        if occlusion is not None:
            covered, _ = occlusion(x, tf.repeat(points[None], tf.shape(x)[0], axis=0), draw.seeds())
            x += draw.chance(hidden, shape=(1, 1, 1)) * (covered - x)
        return tf.ensure_shape(x, (None, *images.shape[1:])), tf.gather(wanted, rows)

    rows = numbered_rows(len(views.first), batch_size=batch_size, seed=seed, start=start, shuffle=True, repeat=True)
    return rows.map(batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(2)


def _show(pixels: tf.Tensor, first: tf.Tensor, second: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    one, other = (tf.cast(tf.gather(pixels, faces), tf.float32) / 127.5 - 1 for faces in (first, second))
    return one + share[:, None, None, None] * (other - one)


def _move(x: tf.Tensor, draw: Draws, jitter: float) -> tf.Tensor:
    """Turns, scales and shifts each face about its middle; the border is mirrored."""
    side = x.shape[1]
    turn, scale = (draw.gaussian(1)[:, 0] * jitter / 2 for _ in range(2))
    cos, sin = tf.cos(turn) * (1 + scale), tf.sin(turn) * (1 + scale)
    shift = draw.gaussian(2) * (jitter / 4 * side) + (side - 1) / 2
    middle, zero = (side - 1) / 2, tf.zeros_like(cos)
    across = shift[:, 0] - cos * middle + sin * middle
    down = shift[:, 1] - sin * middle - cos * middle
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=x,
        transforms=tf.stack([cos, -sin, across, sin, cos, down, zero, zero], axis=1),
        output_shape=[side, side],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
