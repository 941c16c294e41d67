"""Where on the picture a box is laid: on a part of the face, beside the face, or anywhere."""

from collections.abc import Sequence

import tensorflow as tf

from tfinpaint.data.occlusions.draws import Draws

PLACES = ("mouth", "nose", "eyes", "outside", "anywhere")


def draw_corner(
    draw: Draws, at: Sequence[str], landmarks: tf.Tensor, width: tf.Tensor, height: tf.Tensor, size: int
) -> tf.Tensor:
    """The upper left pixel (x, y) of one box per sample, `(batch, 2)`, whole numbers.

    `"mouth"`: the centre lies between the corners of the mouth; `"eyes"`: between the eyes or on one of them; `"nose"`:
    on the lower half of the nose's ridge, each uniformly on that line. `"outside"`: all places are equally likely where
    the box covers nothing of the upright box around the five points; where it is too large for any, it is pushed to
    the border of the picture at which it covers least. `"anywhere"`: all places are equally likely.

    A box lies inside the picture; one that is wider (or higher) than it spans it from side to side.

    Args:
        draw: of the sample.
        at: names of `PLACES`, of which one per sample is taken, equally often.
        landmarks: `(batch, 5, 2)`, pixels.
        width: `(batch,)`, whole pixels; also `height`.
        height: see `width`.
        size: side of the pictures.
    """
    room = float(size) - tf.stack([width, height], 1)
    low, high = tf.minimum(room, 0.0), tf.maximum(room, 0.0)
    free = low + tf.floor(draw.uniform(shape=(2,)) * (high - low + 1))
    along = draw.uniform(shape=(1,))
    eyes = _between(landmarks[:, 0], landmarks[:, 1], along)
    middle = (landmarks[:, 0] + landmarks[:, 1]) / 2
    centres = {
        "mouth": _between(landmarks[:, 3], landmarks[:, 4], along),
        "nose": _between(landmarks[:, 2], middle, along / 2),
        "eyes": eyes,
    }
    outside = _outside(draw, landmarks, tf.stack([width, height], 1), low, high, free)
    corners = {"outside": outside, "anywhere": free} | {
        name: tf.clip_by_value(tf.round(centre - (float(size) - room - 1) / 2), low, high)
        for name, centre in centres.items()
    }
    place = draw.choose([1.0] * len(at))
    return tf.gather(tf.stack([corners[name] for name in at], 1), place, batch_dims=1)


def _outside(
    draw: Draws, landmarks: tf.Tensor, extent: tf.Tensor, low: tf.Tensor, high: tf.Tensor, free: tf.Tensor
) -> tf.Tensor:
    """Corners of boxes beside the face: the places left and right of it, above and below it, drawn by their number."""
    # On each axis the last corner of a box before the face and the first behind it; a pixel reaches half a pixel far.
    last = tf.math.ceil(tf.reduce_min(landmarks, 1) - extent + 0.5) - 1
    first = tf.floor(tf.reduce_max(landmarks, 1) + 0.5) + 1
    total = high - low + 1
    before, behind = (tf.clip_by_value(count, 0.0, total) for count in (last - low + 1, high - first + 1))
    level = total - before - behind  # how many corners are level with the face
    columns, rows = total[:, 0], level[:, 1]
    counts = tf.stack([before[:, 0] * rows, behind[:, 0] * rows, before[:, 1] * columns, behind[:, 1] * columns], 1)
    none = tf.reduce_sum(counts, 1, keepdims=True) <= 0
    room = tf.concat([last - low, high - first], 1)  # left, above, right, below; negative where it lacks
    least = tf.one_hot(tf.argmax(tf.gather(room, [0, 2, 1, 3], axis=1), 1), 4)
    side = draw.choose(tf.where(none, least, counts))
    within = draw.uniform(shape=(2,))
    ahead = low + tf.floor(within * tf.maximum(before, 1.0))
    after = high - tf.floor(within * tf.maximum(behind, 1.0))
    beside = tf.where(none, free, low + before + tf.floor(within * tf.maximum(level, 1.0)))
    options = [
        tf.stack([ahead[:, 0], beside[:, 1]], 1),
        tf.stack([after[:, 0], beside[:, 1]], 1),
        tf.stack([free[:, 0], ahead[:, 1]], 1),
        tf.stack([free[:, 0], after[:, 1]], 1),
    ]
    return tf.gather(tf.stack(options, 1), side, batch_dims=1)


def _between(start: tf.Tensor, end: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    return start + share * (end - start)
