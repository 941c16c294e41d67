"""Aligned faces -> batches of occluded faces, as a `tf.data.Dataset`."""

import tensorflow as tf

from tfinpaint.data.colour_jitter import colour_jitter as jitter_colours
from tfinpaint.data.occlusions import Choice, FaceMask, LowerFaceRectangle, NoOcclusion, Occlusion
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.sources import FaceSet
from tfinpaint.errors import InputError
from tfinpaint.faces.template import MIRRORED


def default_occlusion() -> Choice:
    """What FMODR trains on: mostly worn masks, some rectangles, and a few bare faces (shares are ours)."""
    return Choice([FaceMask(), LowerFaceRectangle(), NoOcclusion()], weights=[0.82, 0.12, 0.06])


def occlude(
    faces: FaceSet,
    occlusion: Occlusion,
    *,
    batch_size: int,
    seed: int = 0,
    start: int = 0,
    shuffle: bool = True,
    flip: bool = True,
    colour_jitter: float = 0.0,
    repeat: bool = True,
) -> tf.data.Dataset:
    """Batches of occluded faces; sample k is a pure function of `(seed, k)`.

    Each batch is a dict: `image` and `occluded`, float32 `(batch, size, size, 3)` in [-1, 1]; `mask`, 1 = hidden, and
    `valid`, 0 = border made up by the alignment, float32 `(batch, size, size, 1)`; `landmarks` `(batch, 5, 2)`, pixels.

    Args:
        faces: the aligned faces; kept in memory as bytes.
        occlusion: draws on each batch.
        batch_size: samples a batch; the last batch of one pass may be smaller.
        seed: of the order, the flips and the occlusions.
        start: first batch to yield. A run resumed at batch b continues bit for bit with `start=b`.
        shuffle: walk the faces in a new order each epoch; in order of index otherwise.
        flip: mirror every other sample, on average, together with its landmarks.
        colour_jitter: how strongly light and colours of each sample differ from the photo's; 0 not at all, 1 as photos
            of one person do. Both `image` and `occluded` show it.
        repeat: go on for ever; one pass otherwise. `shuffle=flip=repeat=False` is the form for validation: one pass
            in order, with the same occlusion on the same face every time.
    """
    if batch_size < 1 or start < 0:
        raise InputError(f"`batch_size` must be at least 1 and `start` 0. Received: {batch_size} and {start}.")
    if not 0 <= colour_jitter <= 2:
        raise InputError(f"`colour_jitter` must be between 0 and 2. Received: {colour_jitter}.")
    if not len(faces):
        raise InputError("`faces` must hold at least one face. Received: an empty set.")
    count = len(faces)
    images, landmarks, valid = (tf.constant(array) for array in (faces.images, faces.landmarks, faces.valid))

    def index(k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if not shuffle:
            return k, k % count
        order = tf.stack([tf.constant(seed, tf.int64), k // count])
        return k, tf.random.experimental.index_shuffle(k % count, order, tf.constant(count - 1, tf.int64))

    def batch(k: tf.Tensor, rows: tf.Tensor) -> dict[str, tf.Tensor]:
        draw = Draws(tf.stack([tf.fill(tf.shape(k), tf.constant(seed, tf.int64)), k], axis=1))
        sample = {
            "image": tf.cast(tf.gather(images, rows), tf.float32) / 127.5 - 1,
            "valid": tf.cast(tf.gather(valid, rows), tf.float32),
            "landmarks": tf.gather(landmarks, rows),
        }
        if flip:
            sample = _flip(sample, draw.chance(0.5, shape=(1,)) > 0)
        if colour_jitter:
            sample["image"] = jitter_colours(sample["image"], draw, colour_jitter)
        sample["occluded"], sample["mask"] = occlusion(sample["image"], sample["landmarks"], draw.seeds())
        return sample

    last = 2**62 if repeat else count
    numbers = tf.data.Dataset.range(min(start * batch_size, last), last)
    dataset = numbers.map(index).batch(batch_size, drop_remainder=repeat)
    return dataset.map(batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(2)


def _flip(sample: dict[str, tf.Tensor], flipped: tf.Tensor) -> dict[str, tf.Tensor]:
    """Mirror the samples where `flipped` `(batch, 1)` is true."""
    width = sample["image"].shape[2]
    points = tf.gather(sample["landmarks"], MIRRORED, axis=1) * [-1.0, 1.0] + [width - 1.0, 0.0]
    mirrored = {key: value[:, :, ::-1] for key, value in sample.items() if key != "landmarks"} | {"landmarks": points}
    return {
        key: tf.where(tf.reshape(flipped, [-1] + [1] * (value.shape.rank - 1)), mirrored[key], value)
        for key, value in sample.items()
    }
