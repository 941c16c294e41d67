"""Aligned faces -> batches of occluded faces, as a `tf.data.Dataset`."""

from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from tfinpaint.data import occlusions
from tfinpaint.data.batch_keys import options_for
from tfinpaint.data.face_set import FaceSet
from tfinpaint.data.occlusions import Occlusion
from tfinpaint.data.occlusions.base import as_occlusion
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.occlusions.families import family_map
from tfinpaint.errors import InputError
from tfinpaint.faces.uv.render_mesh import flip_uv
from tfinpaint.framing import MIRRORED

_GREY = (0.299, 0.587, 0.114)


def default_occlusion(mixture: str = "worn_masks") -> Occlusion:
    """What a model is trained on: the mixture that it names as `model.contract.occlusion`; FMODR's by default."""
    return occlusions.get(mixture)


def occlude(
    faces: FaceSet,
    occlusion: Occlusion | str,
    *,
    batch_size: int,
    seed: int = 0,
    start: int = 0,
    shuffle: bool = True,
    flip: bool = True,
    colour_jitter: float = 0.0,
    repeat: bool = True,
    real_only: bool = False,
    keys: Iterable[str] = (),
    with_kind: bool = False,
    uv: tuple[np.ndarray, np.ndarray] | None = None,
    second_view: bool = False,
    distance: bool = False,
    with_family: bool = False,
) -> tf.data.Dataset:
    """Batches of occluded faces; sample k is a pure function of `(seed, k)`.

    Each batch is a dict: `image` and `occluded`, float32 `(batch, size, size, 3)` in [-1, 1]; `mask`, 1 = hidden, and
    `valid`, 0 = border made up by the alignment, float32 `(batch, size, size, 1)`; `landmarks` `(batch, 5, 2)`, pixels.

    Args:
        faces: the aligned faces; kept in memory as bytes.
        occlusion: draws on each batch; an occlusion, or the name of one.
        batch_size: samples a batch; the last batch of one pass may be smaller.
        seed: of the order, the flips and the occlusions.
        start: first batch to yield. A run resumed at batch b continues bit for bit with `start=b`.
        shuffle: walk the faces in a new order each epoch; in order of index otherwise.
        flip: mirror every other sample, on average, together with its landmarks.
        colour_jitter: how strongly light and colours of each sample differ from the photo's; 0 not at all, 1 as photos
            of one person do. Both `image` and `occluded` show it.
        repeat: go on for ever; one pass otherwise. `shuffle=flip=repeat=False` is the form for validation: one pass
            in order, with the same occlusion on the same face every time.
        real_only: hide nothing where the picture is a border made up by the alignment: there no loss could say what
            belongs in the hole. For training.
        keys: what else the batches must hold, by the names that stages read: `occlude(..., keys=model.batch_keys())`
            adds all that the present stage of a compiled model reads. Each name turns on one of the options below;
            `uv` and `uv_valid` are those of `GenericHead` where no `uv` is given.
        with_kind: add `kind` to each batch, int32 `(batch,)`: which of `occlusion.kinds` each sample got.
        uv: the faces' dense fields and where they are defined, as `uv_fields` gives them. Adds `uv`, float32
            `(batch, size, size, 2)` in [0, 1], and `uv_valid` `(batch, size, size, 1)`, of the clean picture.
        second_view: add `occluded2` and `mask2`, another draw on the same picture: a positive pair of contrastive
            training. What the other keys hold does not depend on it.
        distance: add `distance` `(batch, size, size, 1)`, how deep in the hole of `mask` a pixel lies, in pixels; see
            `hole_distance`.
        with_family: add `family` `(batch, side, side, 1)`: what hides each pixel, an index into `engine.FAMILIES`.

    Raises:
        InputError: a key that no batch has, fields of other faces, no face at all, or impossible numbers.
    """
    options = options_for(keys)
    with_kind, second_view = with_kind or "with_kind" in options, second_view or "second_view" in options
    distance, with_family = distance or "distance" in options, with_family or "with_family" in options
    if not 0 <= colour_jitter <= 2:
        raise InputError(f"`colour_jitter` must be between 0 and 2. Received: {colour_jitter}.")
    count = len(faces)
    occlusion = as_occlusion(occlusion) if isinstance(occlusion, str) else occlusion
    arrays = {"image": faces.images, "valid": faces.valid, "landmarks": faces.landmarks}
    arrays = {key: tf.constant(array) for key, array in arrays.items()}
    fields = {} if uv is None else _fields(uv, faces)
    stored = tf.constant(faces.generic_uv) if uv is None and "uv" in options else None

    def hide(sample: dict[str, tf.Tensor], seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        occluded, mask, part = occlusion.hide(sample["image"], sample["landmarks"], seeds)
        if real_only:
            occluded, mask = tf.where(sample["valid"] > 0, occluded, sample["image"]), mask * sample["valid"]
        return occluded, mask, part

    def batch(k: tf.Tensor, rows: tf.Tensor) -> dict[str, tf.Tensor]:
        draw = Draws(tf.stack([tf.fill(tf.shape(k), tf.constant(seed, tf.int64)), k], axis=1))
        sample = {key: tf.gather(array, rows) for key, array in arrays.items()}
        sample |= {key: tf.cast(tf.gather(field, rows), tf.float32) for key, field in fields.items()}
        if stored is not None:
            sample |= _decoded(tf.gather(stored, rows), faces.size)
        if flip:  # pictures are bytes still: a quarter of the work
            sample = flip_samples(sample, draw.chance(0.5, shape=(1,)) > 0)
        sample = {key: tf.cast(value, tf.float32) for key, value in sample.items()}
        sample["image"] = sample["image"] / 127.5 - 1
        if colour_jitter:
            sample["image"] = jitter_colours(sample["image"], draw, colour_jitter)
        seeds = draw.seeds()
        sample["occluded"], sample["mask"], part = hide(sample, seeds)
        if with_family:
            sample["family"] = tf.cast(family_map(part, occlusion.parts), tf.float32) * sample["mask"]
        if with_kind:
            sample["kind"] = occlusion.kind_of(seeds)
        if second_view:
            sample["occluded2"], sample["mask2"], _ = hide(sample, draw.seeds())
        if distance:
            sample["distance"] = hole_distance(sample["mask"])
        return sample

    dataset = numbered_rows(count, batch_size=batch_size, seed=seed, start=start, shuffle=shuffle, repeat=repeat)
    return dataset.map(batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(2)


def numbered_rows(
    count: int, *, batch_size: int, seed: int, start: int, shuffle: bool, repeat: bool
) -> tf.data.Dataset:
    """Batches of (k, row): the number of each sample in the stream, and which of `count` faces it shows.

    See `occlude` for the arguments.
    """
    if batch_size < 1 or start < 0:
        raise InputError(f"`batch_size` must be at least 1 and `start` 0. Received: {batch_size} and {start}.")
    if not count:
        raise InputError("`faces` must hold at least one face. Received: an empty set.")

    def row(k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if not shuffle:
            return k, k % count
        order = tf.stack([tf.constant(seed, tf.int64), k // count])
        return k, tf.random.experimental.index_shuffle(k % count, order, tf.constant(count - 1, tf.int64))

    last = 2**62 if repeat else count
    numbers = tf.data.Dataset.range(min(start * batch_size, last), last)
    return numbers.map(row).batch(batch_size, drop_remainder=repeat)


def flip_samples(sample: dict[str, tf.Tensor], flipped: tf.Tensor) -> dict[str, tf.Tensor]:
    """Mirror the samples where `flipped` `(batch, 1)` is true."""
    width = sample["image"].shape[2]
    points = tf.gather(sample["landmarks"], MIRRORED, axis=1) * [-1.0, 1.0] + [width - 1.0, 0.0]
    mirrored = {key: tf.reverse(value, [2]) for key, value in sample.items() if key != "landmarks"}
    mirrored["landmarks"] = points
    if "uv" in sample:
        mirrored["uv"], mirrored["uv_valid"] = flip_uv(sample["uv"], sample["uv_valid"])
    # `Select` copies whole samples; `tf.where` looks at each number.
    return {key: tf.raw_ops.Select(condition=flipped[:, 0], x=mirrored[key], y=value) for key, value in sample.items()}


def hole_distance(mask: tf.Tensor) -> tf.Tensor:
    """Euclidean distance of each hidden pixel to the nearest visible one, float32 `(batch, side, side, 1)` in pixels.

    Visible pixels have 0, their neighbours 1. Distances are exact up to half the side, and half the side beyond: a
    centred square hole of half the side reaches a quarter. A reconstruction loss that is discounted towards the middle
    of the hole weighs by `gamma ** distance`.

    Args:
        mask: `(batch, side, side, 1)`, 1 = hidden.

    Reference: the two passes of Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled Functions", 2012; the
    second is a grey-scale erosion by a parabola, for which TensorFlow has a kernel.
    """
    reach = max(mask.shape[2] // 2, 1)
    down = tf.where(mask > 0, float(reach), 0.0)
    step = 1
    while step < reach:  # along columns; each turn doubles the length over which distances are known
        padded = tf.pad(down, [[0, 0], [step, step], [0, 0], [0, 0]], constant_values=float(reach))
        down = tf.minimum(down, tf.minimum(padded[:, : -2 * step], padded[:, 2 * step :]) + float(step))
        step *= 2
    parabola = -(np.arange(-reach, reach + 1, dtype=np.float32) ** 2)[None, :, None]
    squared = tf.nn.erosion2d(tf.square(down), parabola, [1, 1, 1, 1], "SAME", "NHWC", [1, 1, 1, 1])
    return tf.sqrt(tf.minimum(squared, float(reach**2)))


def jitter_colours(images: tf.Tensor, draw: Draws, strength: float = 1.0) -> tf.Tensor:
    """The same faces in other colours, one draw per sample; a set of some thousand photos knows too few cameras.

    Args:
        images: float32 `(batch, height, width, 3)` in [-1, 1].
        draw: where the random numbers come from.
        strength: 0 leaves the colours nearly as they are, 1 stays within what photos of one person differ by.
    """

    def factor(spread: float, channels: int = 1) -> tf.Tensor:
        reach = spread * strength
        return tf.exp(draw.uniform(-reach, reach, shape=(1, 1, channels)))

    gamma, contrast, gain = factor(0.3), factor(0.15), factor(0.1) * factor(0.05, 3)
    grey = draw.chance(0.03 * strength, shape=(1, 1, 1))
    saturation = tf.minimum(factor(0.35), 1.25) * (1 - grey)
    light = tf.pow(tf.clip_by_value(images * 0.5 + 0.5, 1e-6, 1.0), gamma)
    mean = tf.reduce_mean(light, axis=(1, 2), keepdims=True)
    light = (mean + (light - mean) * contrast) * gain
    luma = tf.reduce_sum(light * _GREY, axis=-1, keepdims=True)
    return tf.clip_by_value(luma + (light - luma) * saturation, 0.0, 1.0) * 2 - 1


def _fields(uv: tuple[np.ndarray, np.ndarray], faces: FaceSet) -> dict[str, tf.Tensor]:
    """The fields as tensors, if there is one for each face."""
    expected, shapes = [(*faces.images.shape[:3], channels) for channels in (2, 1)], [np.shape(array) for array in uv]
    if shapes != expected:
        raise InputError(
            f"`uv` must hold a field of shape {expected[0]} and its validity {expected[1]}. Received: shapes {shapes}."
        )
    return dict(zip(("uv", "uv_valid"), map(tf.constant, uv), strict=True))


def _decoded(pngs: tf.Tensor, size: int) -> dict[str, tf.Tensor]:
    """The fields of PNGs `(batch,)` that `stored_uv.encode_uv` wrote: channels are the bits of half floats."""
    field = tf.TensorSpec((size, size, 3), tf.uint16)
    bits = tf.map_fn(lambda png: tf.io.decode_png(png, 3, tf.uint16), pngs, fn_output_signature=field)
    halves = tf.cast(tf.bitcast(bits, tf.half), tf.float32)
    return {"uv": halves[..., :2], "uv_valid": halves[..., 2:]}
