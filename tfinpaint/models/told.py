"""What a painter is told by its finder: a network, that of `WhatHides`, which sees what hides the face and where."""

from typing import Any

import keras
from keras import ops

from tfinpaint import losses
from tfinpaint.training.declared import term
from tfinpaint.training.recipe import Stage, Update


def hidden_logit(finder: keras.Model, picture: Any, training: bool) -> Any:
    """The logit of "something hides the face here", `(batch, side, side, 1)`.

    Args:
        finder: by `what_hides.networks.finder`.
        picture: `(batch, side, side, 3)` in [-1, 1].
        training: see Keras.
    """
    logits = finder(picture, training=training)
    return ops.logsumexp(logits[..., 1:], axis=-1, keepdims=True) - logits[..., :1]


def told(picture: Any, logit: Any, hole: float) -> list[Any]:
    """What the painter sees of a picture: what is visible; what is hidden, in [0, 1]; the picture as it is.

    No gradient reaches the finder this way: what is painted shall not depend on finding something else.

    Args:
        picture: `(batch, side, side, 3)` in [-1, 1].
        logit: of `hidden_logit`.
        hole: the value that takes the place of what is hidden; that which the painter began with.
    """
    picture, hidden = ops.convert_to_tensor(picture), ops.stop_gradient(ops.sigmoid(logit))
    return [picture + hidden * (hole - picture), hidden, picture]


@term("found")
def found(model: Any, batch: dict, outputs: dict) -> Any:
    """Binary cross-entropy of what the finder says with what is hidden."""
    return losses.binary_cross_entropy(outputs["found"][0], batch["mask"])


def finder_stage() -> Stage:
    """The stage that trains the finder alone; one that begins as `what_hides` can do without it.

    In all others it stands still: when a painter's batches taught it, and the painter corrected it, bare faces were
    taken for hidden more often, and things were found no better.
    """
    return Stage(
        "finder",
        {"steps": 10_000},
        32,
        (Update({"finder": 1e-3}, {"found": 1.0}),),
        schedule={"name": "cosine", "to": 0.02, "warmup": 100},
        measures=("mask_iou",),
        monitor=("val_mask_iou", "max"),
    )


def begin_finder(finder: keras.Model | None, other: Any) -> bool:
    """Lets a finder begin as that of another model, which does nothing but find; says whether it could."""
    if finder is None or tuple(other.painter_names) != ("finder",):
        return False
    weights = other.finder.get_weights()
    if [w.shape for w in weights] != [tuple(v.shape) for v in finder.weights]:
        return False
    finder.set_weights(weights)
    return True
