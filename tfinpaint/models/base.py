"""What every model of the zoo shares: inference on pictures, on top of training by recipes."""

from types import SimpleNamespace
from typing import Any, ClassVar

import keras

from tfinpaint.models.restore import Restoration, restore_pictures
from tfinpaint.training.backend import compile_inference
from tfinpaint.training.trainer import RecipeTrainer


class InpaintingModel(RecipeTrainer, keras.Model):
    """Base class of the zoo's models.

    A model builds its sub-networks in its constructor, calls `self.finish()` there, and supplies:

    - `parts()`: name -> list of layers, disjoint; what a recipe may train or freeze;
    - `call(inputs, training)`: a dict with `image` (composed, float32 in [-1, 1]), and `mask` where it finds one;
    - `forward(batch, player, stage, training)`: every tensor that the loss terms need;
    - `terms`, `gates`: name -> `(model, batch, outputs) -> (batch,)` values;
    - `hooks`: name -> `(model, batch, **arguments)`, run inside the compiled step;
    - `painter_names`: the attributes that hold the networks that paint; published weights are theirs;
    - `recipes`: name -> `Recipe`; the one named by `default_recipe` is used where none is given;
    - `occlusion`: the name in `tfinpaint.data.occlusions` of what hides the faces that it is trained on;
    - `reach`: how many times as wide as an aligned crop may be what it paints, when that reaches out of the crop;
    - `feature_slots`: name -> `FeatureSlot`, the frozen networks that some terms look through.

    A batch is a dict with `image` (clean), `occluded`, `mask` (1 = hidden), and what else a term reads.
    """

    painter_names: ClassVar[tuple[str, ...]] = ()
    occlusion: ClassVar[str] = "worn_masks"
    reach: ClassVar[float] = 1.0

    def parts(self) -> dict[str, list]:
        raise NotImplementedError

    def forward(self, batch: dict, player: str, stage: str, training: bool) -> dict[str, Any]:
        raise NotImplementedError

    def finish(self) -> None:
        """Ends construction: the model counts as built, and the variables of each part are noted."""
        self.built = True
        # In a plain namespace: Keras would take a dict of variables for the model's own, and save them twice.
        self._untracked = SimpleNamespace(
            part_variables={
                name: [v for layer in layers for v in layer.trainable_variables]
                for name, layers in self.parts().items()
            }
        )
        self.stage_step = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="stage_step", autocast=False
        )
        self._trackers: dict[str, keras.metrics.Metric] = {}
        self._inference = None

    @property
    def part_variables(self) -> dict[str, list]:
        """Part -> the variables that training may move, whatever is frozen now."""
        return self._untracked.part_variables

    @property
    def painters(self) -> keras.Model:
        """The networks that paint, as one object with `save_weights` and `load_weights`; without those that judge."""
        return Painters({name: getattr(self, name) for name in self.painter_names})

    def build(self, input_shape: Any = None) -> None:
        """Nothing: `finish` has done it."""

    def restore(self, images: Any, masks: Any = None, batch_size: int = 16) -> Restoration:
        """Paints back what is hidden in uint8 pictures of aligned faces.

        Args:
            images: `(n, height, width, 3)` or `(height, width, 3)`, uint8, RGB; any size (resized inside; pixels
                outside the mask come from the input, bit for bit).
            masks: `(n, height, width)` or `(n, height, width, 1)`, bool, uint8 or float, 1 (or above half the range) =
                hidden; used instead of the model's own where given.
            batch_size: faces at a time.

        Returns:
            `Restoration(images, masks)`: uint8 pictures of the input's shape, float32 masks of 0 and 1.
        """
        if self._inference is None:
            self._inference = compile_inference(self)
        return restore_pictures(self._inference, self.image_size, images, masks, batch_size)


class Painters(keras.Model):
    """Some networks of a model under their names, so that a file of weights holds these and nothing else."""

    def __init__(self, networks: dict[str, keras.Model]) -> None:
        super().__init__(name="painters")
        for name, network in networks.items():
            setattr(self, name, network)
        self.built = True
