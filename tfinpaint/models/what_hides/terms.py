"""The loss terms and measures of `WhatHides`: `(model, batch, outputs) -> (batch,)`.

A batch's `family` `(batch, side, side, 1)` holds indices into `engine.FAMILIES`. Where a batch has `valid` (1 where a
pixel came from a photo), made-up borders do not count.
"""

from typing import Any

from keras import ops

from tfinpaint.training.declared import term


@term("logits", reads=("family",))
def family_entropy(model: Any, batch: dict, outputs: dict) -> Any:
    """Cross-entropy of the families, over all pixels."""
    return _mean(_entropy(batch, outputs["logits"]), _real(batch))


@term("logits", reads=("family",))
def hidden_entropy(model: Any, batch: dict, outputs: dict) -> Any:
    """The same over what is hidden: a small thing counts as much as a large one."""
    return _mean(_entropy(batch, outputs["logits"]), _real(batch) * batch["mask"])


@term("families", reads=("family",))
def family_right(model: Any, batch: dict, outputs: dict) -> Any:
    """Share of what is hidden whose family is found; 1 where nothing is."""
    families, hidden = outputs["families"], _real(batch) * batch["mask"]
    true = ops.sum(_one_hot(batch, families) * families, axis=-1, keepdims=True)
    found = ops.cast(true >= ops.max(families, axis=-1, keepdims=True), "float32")
    right = ops.sum(found * hidden, axis=(1, 2, 3))
    return (right + 1e-6) / (ops.sum(hidden, axis=(1, 2, 3)) + 1e-6)


def _entropy(batch: dict, logits: Any) -> Any:
    logits = ops.cast(logits, "float32")
    return -ops.sum(_one_hot(batch, logits) * ops.log_softmax(logits, axis=-1), axis=-1, keepdims=True)


def _one_hot(batch: dict, like: Any) -> Any:
    return ops.cast(batch["family"] == ops.arange(like.shape[-1], dtype="float32"), "float32")


def _real(batch: dict) -> Any:
    return batch["valid"] if "valid" in batch else ops.ones_like(batch["mask"])


def _mean(values: Any, weights: Any) -> Any:
    return ops.sum(values * weights, axis=(1, 2, 3)) / (ops.sum(weights, axis=(1, 2, 3)) + 1.0)


TERMS = {"family_entropy": family_entropy, "hidden_entropy": hidden_entropy}
