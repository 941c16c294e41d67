"""The last layer of a classifier of faces: cosines with one direction for each person."""

from typing import Any

import keras
from keras import ops


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
