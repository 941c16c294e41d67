"""Identity networks in training: with a head for people, or beside a teacher."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import layers

from tfinpaint.errors import InputError
from tfinpaint.features.cosine import CosineHead
from tfinpaint.losses.identity import arc_face_loss, relation_distance

HEADS = ("arcface", "softmax")


def identity_classifier(network: keras.Model, people: int, head: str = "arcface") -> tuple[keras.Model, Any, dict]:
    """A model faces -> who of `people`, with its loss and metrics for `compile`.

    Args:
        network: faces -> dict with `embedding`; becomes trainable and keeps what it learns.
        people: how many the faces show.
        head: `"arcface"` or `"softmax"`.
    """
    if head not in HEADS:
        raise InputError(f"`head` must be one of {', '.join(HEADS)}. Received: {head!r}.")
    network.trainable = True
    embedding = network.output["embedding"]
    if head == "arcface":
        outputs, loss = CosineHead(people, name="people")(embedding), arc_face_loss
    else:
        outputs = layers.Dense(people, dtype="float32", name="people")(embedding)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = keras.Model(network.input, outputs, name="identity_classifier")
    return model, loss, {"metrics": [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]}


def identity_student(
    network: keras.Model, dimension: int, relation: float = 1.0
) -> tuple[keras.Model, Mapping[str, Any], dict]:
    """A model faces -> (embedding, its linear image in the teacher's space), with losses and weights for `compile`.

    The image is to have the teacher's direction, and the embedding itself the teacher's cosines between the faces of a
    batch, so that it is of use without the map. Both targets are the teacher's embedding.

    Args:
        network: faces -> dict with `embedding`; becomes trainable and keeps what it learns.
        dimension: of the teacher's embedding.
        relation: weight of the cosines between faces.
    """
    network.trainable = True
    embedding = network.output["embedding"]
    mapped = layers.Dense(dimension, use_bias=False, dtype="float32", name="teacher")(embedding)
    model = keras.Model(network.input, {"teacher": mapped, "relation": embedding}, name="identity_student")
    losses = {"teacher": keras.losses.cosine_similarity, "relation": relation_distance}
    return model, losses, {"loss_weights": {"teacher": 1.0, "relation": relation}}
