"""What every model of the zoo shares: inference on pictures, on top of training by recipes."""

import os
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

import keras
from keras import ops

from tfinpaint.engine import Contract, Restoration
from tfinpaint.engine.restore import restore_pictures
from tfinpaint.errors import InputError
from tfinpaint.models.compose import compose
from tfinpaint.models.measures import MEASURES
from tfinpaint.models.paste_mask import where_it_differs
from tfinpaint.models.told import begin_finder
from tfinpaint.models.u_net import take_over
from tfinpaint.training.backend import compile_inference
from tfinpaint.training.declared import Output
from tfinpaint.training.trainer import RecipeTrainer


class InpaintingModel(RecipeTrainer, keras.Model):
    """Base class of the zoo's models.

    A model builds its sub-networks in its constructor, between `self.remember(locals())` and `self.finish()`, and
    supplies:

    - `contract`: what it asks and gives, see `tfinpaint.engine.Contract`; a class attribute, or one of the instance;
    - `parts()`: name -> list of layers, disjoint; what a recipe may train or freeze;
    - `call(inputs, training)`: what it does with a picture; `inputs` is `(batch, side, side, 3)` in [-1, 1], or a dict
      with `image`, perhaps `mask`, and, where a seed was given, the noise that the contract names. Returns a dict with
      the contract's extras and `image` and `mask` (composed, mask 0 or 1); from a painter of whole faces `raw`;
    - its outputs: methods declared with `@output(...)`, every tensor that a loss may ask for;
    - `terms`, `gates`, `hooks`, `measures`, `recipes`, `feature_slots`: see `RecipeTrainer`;
    - `sensitive`: a regular expression of names of convolutions that 8-bit files keep in floating point, because what
      is painted on some faces hangs on their last bits;
    - `painter_names`: the attributes that hold the networks that paint; published weights are theirs;
    - `u_net_name`: that of its U-Net, where it paints with the one that small presets share;
    - `entropies`: those of its outputs, `(batch,)`, that say how evenly an attention looks around: 0 where each place
      looks at one cell, 1 at all alike. `Health` watches them.

    A batch is a dict with `image` (clean), `occluded`, `mask` (1 = hidden), and what else a stage reads
    (`batch_keys`).

    Raises:
        InputError: Keras is set to pictures with channels first or to other numbers than float32, which this library
            does not have.
    """

    contract: Contract = Contract()
    image_size: int
    sensitive: ClassVar[str] = ""
    painter_names: ClassVar[tuple[str, ...]] = ()
    u_net_name: ClassVar[str] = ""
    measures: ClassVar = MEASURES
    entropies: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        everything = {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}
        cls.produces = {name: value for name, value in everything.items() if isinstance(value, Output)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        layout = keras.config.image_data_format()
        if layout != "channels_last":
            raise InputError(
                f"Keras must be set to pictures with channels last. Received: image_data_format={layout!r}; set it in "
                "keras.json, or call keras.config.set_image_data_format('channels_last') before a model is made."
            )
        if (kind := keras.config.floatx()) != "float32":
            raise InputError(
                f"Keras must be set to float32. Received: floatx={kind!r}; set it in keras.json, or call "
                "keras.config.set_floatx('float32') before a model is made; half precision is a policy "
                "(keras.config.set_dtype_policy('mixed_bfloat16'))."
            )
        super().__init__(*args, **kwargs)

    def remember(self, arguments: Mapping[str, Any]) -> None:
        """Keeps what a constructor was called with, its `locals()` before it has others, for `get_config`."""
        left_out = {"self", "name", "kwargs", "__class__"}
        kept = {key: value for key, value in arguments.items() if key not in left_out}
        self._config = {key: list(value) if isinstance(value, list | tuple) else value for key, value in kept.items()}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name, **self._config}

    def parts(self) -> dict[str, list]:
        """Name -> the layers that a recipe trains or freezes together; no layer stands in two."""
        raise NotImplementedError

    def finish(self) -> None:
        """Ends construction: the model counts as built, and the variables of each part are noted."""
        self.built = True
        parts = self.parts()
        moved = {n: _unique(v for layer in layers for v in layer.trainable_variables) for n, layers in parts.items()}
        # In a plain namespace: Keras would take a dict of variables for the model's own, and save them twice.
        self._untracked = SimpleNamespace(
            ready=False,
            part_variables=moved,
            part_statistics={n: _unique(_statistics(layer) for layer in ls) for n, ls in parts.items()},
            trainable=[(layer, layer.trainable) for layers in parts.values() for layer in _all_layers(layers)],
            inference=None,
        )
        self.stage_step = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="stage_step", autocast=False
        )
        options = {"shape": (), "initializer": "zeros", "trainable": False, "aggregation": "only_first_replica"}
        self._untracked.levels = {
            name: self.add_weight(name=f"{name}_level", autocast=False, dtype="float32", **options)
            for name, term in self.terms.items()
            if term.chance is not None
        }
        self._trackers: dict[str, keras.metrics.Metric] = {}

    @property
    def part_variables(self) -> dict[str, list]:
        """Part -> the variables that training may move, whatever is frozen now."""
        return self._untracked.part_variables

    @property
    def part_statistics(self) -> dict[str, list]:
        """Part -> the statistics that its layers gather from batches, such as moving means."""
        return self._untracked.part_statistics

    def freeze(self, parts: Sequence[str]) -> None:
        """Lets these parts stand still, batch statistics too, and all others learn as far as they were built to."""
        for layer, trainable in self._untracked.trainable:
            layer.trainable = trainable
        for name, layers in self.parts().items():
            for layer in layers if name in parts else ():
                layer.trainable = False

    @property
    def painters(self) -> keras.Model:
        """The networks that paint, as one object with `save_weights` and `load_weights`; without those that judge."""
        return Painters({name: getattr(self, name) for name in self.painter_names})

    def begin_as(self, other: "InpaintingModel") -> None:
        """Lets this model's U-Net begin as that of another model, see `models.u_net.take_over`, or its finder.

        The finder does where the other model is one that only finds.

        Raises:
            InputError: they have no such network in common, or differ in width.
        """
        if begin_finder(getattr(self, "finder", None), other):
            return
        mine, theirs = (getattr(model, model.u_net_name, None) for model in (self, other))
        if mine is None or theirs is None:
            raise InputError(cannot_begin(self, other))
        take_over([mine], theirs)

    def build(self, input_shape: Any = None) -> None:
        """Nothing: `finish` has done it."""

    # ---- inference -----------------------------------------------------------------------------------------------

    def inputs_of(self, batch: dict) -> dict[str, Any]:
        """What `call` is given of a batch: the occluded picture, and the mask where the model must be told it."""
        return {"image": batch["occluded"], **({"mask": batch["mask"]} if self.contract.needs_mask else {})}

    def answer(self, inputs: dict) -> dict[str, Any]:
        """What `call` gives, with `image` (composed) and `mask` (0 or 1) of every kind of model.

        Args:
            inputs: as for `call`, a dict.
        """
        outputs = self(inputs, training=False)
        if self.contract.composes:
            return outputs
        mask = inputs["mask"] if "mask" in inputs else self.paste_mask(inputs["image"], outputs)
        return {**outputs, "mask": mask, "image": compose(inputs["image"], outputs["raw"], mask)}

    def answer_pictures(self, inputs: dict) -> dict[str, Any]:
        """`answer` between uint8 pictures: what `restore` runs and what `tfinpaint.export` writes into files.

        Args:
            inputs: `image`, `(batch, side, side, 3)` uint8, RGB; perhaps `mask`, `(batch, side, side, 1)` uint8, 1 =
                hidden, and the noise that the contract names.

        Returns:
            A dict: `image`, uint8, the input's bytes where the mask is 0; `mask`, uint8, 0 or 1; the contract's extras.
        """
        seen = {**inputs, "image": ops.cast(inputs["image"], "float32") / 127.5 - 1.0}
        if "mask" in inputs:
            seen["mask"] = ops.cast(ops.cast(inputs["mask"], "float32") > 0.5, "float32")
        answer = self.answer(seen)
        hidden = answer["mask"] > 0.5
        painted = ops.round((ops.clip(answer["image"], -1.0, 1.0) + 1.0) * 127.5)
        picture = ops.where(hidden, painted, ops.cast(inputs["image"], "float32"))
        extras = {name: answer[name] for name in self.contract.extras}
        return {"image": ops.cast(picture, "uint8"), "mask": ops.cast(hidden, "uint8"), **extras}

    def paste_mask(self, image: Any, outputs: dict) -> Any:
        """Where a painter of whole faces has painted something else than what it saw, `(batch, side, side, 1)`, 0 or 1.

        Args:
            image: what it saw, in [-1, 1].
            outputs: what `call` gave.
        """
        return where_it_differs(image, outputs["raw"])

    def restore(self, images: Any, masks: Any = None, *, seed: int | None = None, batch_size: int = 16) -> Restoration:
        """Paints back what is hidden in uint8 pictures of aligned faces.

        Args:
            images: `(n, height, width, 3)` or `(height, width, 3)`, uint8, RGB, or pictures of Pillow, all of one size;
                any size (resized inside; pixels outside the mask come from the input, bit for bit).
            masks: `(n, height, width)` or `(n, height, width, 1)`, bool, uint8 or float, 1 (or above half the range) =
                hidden; used instead of the model's own where given.
            seed: chooses among the faces that a model with noise may paint; its mode without one.
            batch_size: faces at a time.

        Returns:
            `Restoration`: uint8 pictures of the input's shape, float32 masks of 0 and 1, and the contract's extras.

        Raises:
            InputError: wrong pictures or masks; the model needs a mask and gets none; it draws nothing and gets a seed.
        """
        if self._untracked.inference is None:
            self._untracked.inference = compile_inference(self, self.answer_pictures)
        return restore_pictures(self._untracked.inference, self, images, masks, seed, batch_size)

    def resized(self, side: int) -> "InpaintingModel":
        """The same model for pictures of another side, with the same weights in the networks that paint.

        Args:
            side: in pixels; what divides it is the class's matter.

        Raises:
            InputError: the class has no `image_size`, or cannot have that one.
        """
        if side < 1:
            raise InputError(f"`side` must be at least 1 pixel. Received: side={side}.")
        config = self.get_config()
        if "image_size" not in config:
            raise InputError(f"{type(self).__name__} must have the argument `image_size` to be resized.")
        other = type(self).from_config({**config, "image_size": side})
        for theirs, ours in zip(other.painters.weights, self.painters.weights, strict=True):
            theirs.assign(ours)
        return other

    def export(self, filepath: str | os.PathLike, format: str = "tf_saved_model", **kwargs: Any) -> Any:  # noqa: A002
        """Keras's `export`, without a call before: pictures (and masks, where they are needed) of any number.

        Args:
            filepath: of the artefact.
            format: see `keras.Model.export`.
            kwargs: see there; `input_signature` is this model's own unless given.
        """
        if kwargs.get("input_signature") is None:
            kwargs["input_signature"] = [self.input_signature()]
        return super().export(os.fspath(filepath), format=format, **kwargs)

    def input_signature(self) -> Any:
        """What `call` takes, for exporters: a `keras.InputSpec`, or a dict of them."""
        side = self.image_size
        image = keras.InputSpec(shape=(None, side, side, 3), dtype="float32", name="image")
        if not self.contract.needs_mask:
            return image
        return {"image": image, "mask": keras.InputSpec(shape=(None, side, side, 1), dtype="float32", name="mask")}


class Painters(keras.Model):
    """Some networks of a model under their names, so that a file of weights holds these and nothing else."""

    def __init__(self, networks: dict[str, keras.Model]) -> None:
        super().__init__(name="painters")
        for name, network in networks.items():
            setattr(self, name, network)
        self.built = True


def cannot_begin(model: InpaintingModel, other: InpaintingModel) -> str:
    """The sentence of `begin_as` where two models have no network in common."""
    return (
        "A model can begin as another one where both paint with the shared U-Net (`models/u_net.py`). "
        f"Received: {model.name!r} and {other.name!r}."
    )


def _unique(groups: Any) -> list:
    """Variables, each once, from variables or lists of them."""
    flat = [v for group in groups for v in (group if isinstance(group, list) else [group])]
    return list({id(v): v for v in flat}.values())


def _statistics(layer: Any) -> list:
    """The floating-point variables of a layer that no gradient moves."""
    return [v for v in layer.non_trainable_variables if not v.trainable and "float" in v.dtype]


def _all_layers(layers: Sequence[Any]) -> list:
    """Layers with those inside them, outer ones first."""
    found: list = []
    for layer in layers:
        found += [layer, *_all_layers(getattr(layer, "_layers", []))]
    return found
