"""Cosines of embeddings: of two batches of faces, and with one direction for each person."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops


def face_cosine(network: Callable, first: Any, second: Any) -> Any:
    """Cosines `(batch,)` of the embeddings of two batches of aligned faces, in [-1, 1], float32.

    Args:
        network: any callable from faces `(batch, s, s, 3)` in [-1, 1] to embeddings `(batch, n)`, or to a dict that
            holds them as `embedding`.
        first: the one batch of faces.
        second: the other.
    """
    first, second = (ops.normalize(ops.cast(_embedding(network(x)), "float32"), axis=-1) for x in (first, second))
    return ops.sum(first * second, axis=-1)


@keras.saving.register_keras_serializable("tfinpaint")
class CosineHead(keras.layers.Layer):
    """Cosines `(batch, people)` of embeddings `(batch, n)` with a learnt direction for each person; float32.

    Args:
        people: how many.

    Train it with `losses.arc_face_loss`. Reference: Deng et al., "ArcFace", 2019, section 3.1.
    """

    def __init__(self, people: int, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.people = people

    def build(self, input_shape: tuple) -> None:
        self.directions = self.add_weight(
            shape=(input_shape[-1], self.people), initializer="glorot_normal", name="directions"
        )

    def call(self, inputs: Any) -> Any:
        return ops.matmul(ops.normalize(inputs, axis=-1), ops.normalize(self.directions, axis=0))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.people)

    def get_config(self) -> dict:
        return super().get_config() | {"people": self.people}


def _embedding(output: Any) -> Any:
    return output["embedding"] if isinstance(output, Mapping) else output
