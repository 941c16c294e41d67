"""What hides a face, and where."""

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from tfinpaint.engine import FAMILIES, Contract
from tfinpaint.errors import InputError
from tfinpaint.layers import PullPush
from tfinpaint.models.base import InpaintingModel
from tfinpaint.models.compose import compose
from tfinpaint.models.what_hides import networks
from tfinpaint.models.what_hides.recipe import SMALL
from tfinpaint.models.what_hides.terms import TERMS, family_right
from tfinpaint.training.declared import output


@keras.saving.register_keras_serializable("tfinpaint")
class WhatHides(InpaintingModel):
    """Says of each pixel which family of things hides the face there; no paper's, but this library's own.

    It finds for others (`engine.Auto`, `engine.Borrowed`). What it paints itself is the smooth colour around a hole.

    Args:
        image_size: side of the aligned face in pixels.
        widths: channels of the network at full, half and quarter size of its folded picture.
        stem: side of the pixel blocks folded into channels.

    Call arguments:
        inputs: `(batch, image_size, image_size, 3)` float in [-1, 1], or a dict with `image` and perhaps `mask`
            `(batch, image_size, image_size, 1)`, 1 = hidden, which takes the place of what is found.

    Returns:
        A dict: `image` (composed), `mask` (0 or 1), and `families` `(batch, image_size, image_size, 5)`, how likely
        each of `engine.FAMILIES` is, 1 together.

    Raises:
        InputError: an argument is out of range.
    """

    contract = Contract(mask="finds", extras=("families",), occlusion="everything")
    painter_names = ("finder",)
    terms: ClassVar = TERMS
    measures: ClassVar = {**InpaintingModel.measures, "family_right": family_right}
    recipes: ClassVar = {"small": SMALL}
    default_recipe = "small"

    def __init__(
        self,
        image_size: int = 128,
        widths: Sequence[int] = (32, 48, 64),
        stem: int = 4,
        name: str = "what_hides",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.remember(locals())
        if image_size < 16 or image_size % (4 * stem):
            raise InputError(f"`image_size` must be a multiple of {4 * stem}. Received: image_size={image_size}.")
        self.finder = networks.finder(image_size, widths, len(FAMILIES), stem)
        self.fill = PullPush(dtype="float32", name="fill")
        self.image_size = image_size
        self.finish()

    def parts(self) -> dict[str, list]:
        return {"finder": [self.finder]}

    def call(self, inputs: Any, training: bool = False) -> dict[str, Any]:
        inputs = inputs if isinstance(inputs, dict) else {"image": inputs}
        image = ops.cast(inputs["image"], "float32")
        families = self.forward({"occluded": image}, ["families"], training)["families"]
        if "mask" in inputs:
            mask = ops.cast(ops.cast(inputs["mask"], "float32") > 0.5, "float32")
        else:
            mask = ops.cast(families[..., :1] < 0.5, "float32")
        return {"image": compose(image, self.fill([image, mask]), mask), "mask": mask, "families": families}

    # ---- what the losses ask for -----------------------------------------------------------------------------------

    @output(by=("finder",))
    def logits(self, batch: dict, given: dict, training: bool) -> Any:
        """Of the families, at each pixel."""
        return self.finder(batch["occluded"], training=training)

    @output("logits")
    def families(self, batch: dict, given: dict, training: bool) -> Any:
        """How likely each of them is."""
        return ops.softmax(ops.cast(given["logits"], "float32"), axis=-1)
