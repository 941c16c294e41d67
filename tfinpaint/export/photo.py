"""Whole photos in one graph, for servers: cut the face out, restore it, put it back.

`restore_photo(image, matrix)` takes photos of any size, `(n, height, width, 3)` uint8, and for each the similarity from
photo to crop that `tfinpaint.faces.alignment_matrix` gives for five points, `(n, 2, 3)` float32. It gives `image`, the
photo with the face painted back, and `mask`, `(n, height, width, 1)` uint8, 1 where that is. `restore_photo_with_mask`
also takes such a mask. The photo road of this library does more: it matches colours and grain, and looks twice.
"""

from typing import Any

import tensorflow as tf

_SAMPLES = 4  # across a pixel of the crop, where the photo is larger than that


def photo_functions(model: Any) -> dict[str, Any]:
    """The functions, traced, for any number of photos of one size."""
    photos = {"image": tf.TensorSpec((None, None, None, 3), tf.uint8, name="image")}
    photos["matrix"] = tf.TensorSpec((None, 2, 3), tf.float32, name="matrix")
    masked = {**photos, "mask": tf.TensorSpec((None, None, None, 1), tf.uint8, name="mask")}
    specs = {"restore_photo": photos} if model.contract.finds_mask else {}
    specs["restore_photo_with_mask"] = masked

    def answer(image: Any, matrix: Any, mask: Any = None) -> dict[str, Any]:
        return _restored(model, image, matrix, mask)

    return {name: tf.function(answer, autograph=False).get_concrete_function(**spec) for name, spec in specs.items()}


def _restored(model: Any, image: Any, matrix: Any, mask: Any) -> dict[str, Any]:
    side, photo = model.image_size, tf.cast(image, tf.float32)
    inverse = _inverse(matrix)
    inputs = {"image": tf.cast(tf.round(_cut(photo, inverse, side)), tf.uint8)}
    if mask is not None:
        seen = _cut(tf.cast(mask > 0, tf.float32), inverse, side, "CONSTANT")
        inputs["mask"] = tf.cast(seen > 1e-3, tf.uint8)  # a pixel that shows a hidden one is hidden
    found = model.answer_pictures(inputs)
    sides = tf.shape(image)[1:3]
    painted = _warp(tf.cast(found["image"], tf.float32), matrix, sides, "NEAREST")
    hidden = _warp(tf.cast(found["mask"], tf.float32), matrix, sides, "CONSTANT") > 0.5
    if mask is not None:
        inside = _warp(tf.ones_like(found["mask"], tf.float32), matrix, sides, "CONSTANT") > 0.5
        hidden = tf.logical_and(mask > 0, inside)
    restored = tf.where(hidden, tf.round(tf.clip_by_value(painted, 0.0, 255.0)), photo)
    return {"image": tf.cast(restored, tf.uint8), "mask": tf.cast(hidden, tf.uint8)}


def _cut(photo: Any, inverse: Any, side: int, fill: str = "REFLECT") -> Any:
    """The crop: of each of its pixels the mean of several samples, so that a large photo does not flicker."""
    shrinks = tf.sqrt(tf.abs(tf.linalg.det(inverse[:, :, :2])))
    spread = tf.maximum(0.0, 1.0 - 1.0 / shrinks)[:, None]
    steps = [(i + 0.5) / _SAMPLES - 0.5 for i in range(_SAMPLES)]
    total = 0.0
    for x in steps:
        for y in steps:
            shift = tf.linalg.matvec(inverse[:, :, :2], spread * [[x, y]])[..., None]
            moved = tf.concat([inverse[:, :, :2], inverse[:, :, 2:] + shift], axis=-1)
            total += _warp(photo, moved, (side, side), fill)
    return total / _SAMPLES**2


def _warp(pictures: Any, to_source: Any, sides: Any, fill: str) -> Any:
    """Pictures sampled where a matrix takes each pixel of the result."""
    rows = tf.reshape(to_source, (-1, 6))
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=tf.concat([rows, tf.zeros_like(rows[:, :2])], axis=-1),
        output_shape=sides,
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode=fill,
    )


def _inverse(matrix: Any) -> Any:
    turn = tf.linalg.inv(matrix[:, :, :2])
    return tf.concat([turn, -tf.linalg.matmul(turn, matrix[:, :, 2:])], axis=-1)
