"""A sixth model, from outside: as little as a model can be."""

from typing import Any

import keras
from keras import layers, ops

from tfinpaint import losses
from tfinpaint.engine import Contract
from tfinpaint.models.base import InpaintingModel
from tfinpaint.models.compose import compose
from tfinpaint.training import Recipe, Stage, Update
from tfinpaint.training.declared import output, term


@keras.saving.register_keras_serializable("tfinpaint_tests")
class Sixth(InpaintingModel):
    """Takes what is white for hidden, and paints it with one convolution after another."""

    contract = Contract(mask="finds", extras=("raw",))
    painter_names = ("painter",)
    default_recipe = "small"

    def __init__(self, image_size: int = 16, width: int = 4, name: str = "sixth", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.remember(locals())
        self.image_size, self.width = image_size, width
        picture = keras.Input((image_size, image_size, 3))
        x = layers.Conv2D(width, 5, padding="same", activation="elu")(picture)
        self.painter = keras.Model(picture, layers.Conv2D(3, 5, padding="same", activation="tanh", dtype="float32")(x))
        self.finish()

    def parts(self) -> dict[str, list]:
        return {"painter": [self.painter]}

    def call(self, inputs: Any, training: bool = False) -> dict[str, Any]:
        inputs = inputs if isinstance(inputs, dict) else {"image": inputs}
        image = ops.cast(inputs["image"], "float32")
        white = ops.cast(ops.min(image, axis=-1, keepdims=True) > 0.9, "float32")
        mask = ops.cast(inputs.get("mask", white), "float32")
        raw = self.painter(image, training=training)
        return {"image": compose(image, raw, mask), "mask": mask, "raw": raw}

    @output(by=("painter",))
    def raw(self, batch: dict, given: dict, training: bool) -> Any:
        return self.painter(batch["occluded"], training=training)


@term("raw")
def rec(model: Any, batch: dict, outputs: dict) -> Any:
    """Mean absolute error."""
    return losses.mean_l1(outputs["raw"], batch["image"])


Sixth.terms = {"rec": rec}
Sixth.recipes = {"small": Recipe((Stage("pixels", {"steps": 4}, 2, (Update({"painter": 1e-3}, {"rec": 1.0}),)),))}
