"""A model as functions on uint8 pictures, and as a SavedModel of these.

`restore(image)`, `restore_with_mask(image, mask)`: of a model that must be told what is hidden the second only. A model
that draws has `draw` and `draw_with_mask` besides, which take the noise that its contract names.
"""

import os
from typing import Any

import tensorflow as tf


def signatures(model: Any, batch: int | None) -> dict[str, dict[str, tf.TensorSpec]]:
    """Name of a function -> what it takes; the usual one first.

    Args:
        model: an `InpaintingModel`.
        batch: pictures at a time; None for any number.
    """
    side, contract = model.image_size, model.contract
    image = {"image": tf.TensorSpec((batch, side, side, 3), tf.uint8, name="image")}
    masked = {**image, "mask": tf.TensorSpec((batch, side, side, 1), tf.uint8, name="mask")}
    noise = {name: tf.TensorSpec((batch, *shape), name=name) for name, shape in contract.noise.items()}
    found = {"restore": image} if contract.finds_mask else {}
    found["restore_with_mask"] = masked
    if contract.draws:
        found |= {"draw": {**image, **noise}} if contract.finds_mask else {}
        found["draw_with_mask"] = {**masked, **noise}
    return found


def functions(model: Any, batch: int | None) -> dict[str, Any]:
    """The model's functions, traced; see `signatures`."""

    def answer(**inputs: Any) -> dict[str, Any]:
        return model.answer_pictures(inputs)

    specs = signatures(model, batch)
    return {name: tf.function(answer, autograph=False).get_concrete_function(**spec) for name, spec in specs.items()}


def save(traced: dict[str, Any], folder: str | os.PathLike) -> None:
    """Writes functions as a SavedModel; the first is `serving_default`, too.

    Only variables that the functions read are stored: networks that judge stay behind.
    """
    module = tf.Module()
    module.weights = list({id(v): v for function in traced.values() for v in function.graph.variables}.values())
    first = next(iter(traced.values()))
    said = tf.get_logger()
    level = said.level
    said.setLevel("WARNING")  # else it names a temporary folder
    try:
        tf.saved_model.save(module, os.fspath(folder), signatures={**traced, "serving_default": first})
    finally:
        said.setLevel(level)
