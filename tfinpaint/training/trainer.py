"""Training by recipes: what a model needs to be compiled, fitted, saved and resumed stage by stage."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import keras
from keras import ops

from tfinpaint.errors import InputError, RecipeError
from tfinpaint.losses import masked_l1
from tfinpaint.training.averages import AveragedWeights
from tfinpaint.training.backend import StepAdapter, gather_samples, real_samples
from tfinpaint.training.feature_slots import FeatureNetworks, FeatureSlot
from tfinpaint.training.optimizers import PartOptimizers, optimizer_key, recipe_optimizers
from tfinpaint.training.recipe import Recipe, Stage, Update
from tfinpaint.training.schedule import rate_factor
from tfinpaint.training.step import run_step


class RecipeTrainer(AveragedWeights, StepAdapter):
    """The training half of `InpaintingModel`, to stand before `keras.Model` among the bases.

    Attributes:
        terms: name -> `(model, batch, outputs) -> (batch,)` values.
        gates: name -> the same; compared with the threshold of the recipe's gate.
        hooks: name -> `(model, batch, **arguments)`, run inside the compiled step.
        recipes: name -> `Recipe`.
        default_recipe: the recipe that is used where none is named.
        feature_slots: name -> `FeatureSlot`, the frozen networks that terms look through.
        term_features: term -> the feature slot that it needs.
        handed_on: outputs of `forward` that later updates of a step find in their batch (a critic: what was painted).
    """

    terms: ClassVar[Mapping[str, Callable]] = {}
    gates: ClassVar[Mapping[str, Callable]] = {}
    hooks: ClassVar[Mapping[str, Callable]] = {}
    recipes: ClassVar[Mapping[str, Recipe]] = {}
    default_recipe: ClassVar[str] = "paper"
    feature_slots: ClassVar[Mapping[str, FeatureSlot]] = {}
    term_features: ClassVar[Mapping[str, str]] = {}
    handed_on: ClassVar[tuple[str, ...]] = ()

    def compile(
        self,
        recipe: str | Recipe | None = None,
        stage: str | None = None,
        *,
        features: Mapping[str, Any] | None = None,
        loss_scaling: bool | None = None,
        average: float | None = None,
        steps_per_execution: int = 1,
        jit_compile: str | bool = "auto",
        run_eagerly: bool = False,
    ) -> None:
        """Makes the model ready for `fit`: the last stage of its recipe (fine-tuning), unless another is named.

        Args:
            recipe: a `Recipe`, or the name of one of the model's own (`model.recipes`).
            stage: name of the stage to begin with.
            features: name of a feature slot -> weights file, `"imagenet"`, or a network; see `model.feature_slots`.
            loss_scaling: scale losses against underflow; by default only under `mixed_float16`.
            average: decay of moving averages of the weights that paint, such as 0.999; see `AveragedWeights`.
            steps_per_execution: steps in one compiled call.
            jit_compile: use XLA; `"auto"` lets Keras decide.
            run_eagerly: no compilation, for debugging.
        """
        self.recipe = self._find_recipe(recipe)
        policy = keras.config.dtype_policy().name
        self.loss_scaling = policy == "mixed_float16" if loss_scaling is None else loss_scaling
        self.feature_networks = FeatureNetworks(self.feature_slots, features or {})
        optimizers = recipe_optimizers(self.recipe, self.part_variables, self.loss_scaling)
        super().compile(
            optimizer=PartOptimizers({key: optimizer for key, (optimizer, _) in optimizers.items()}),
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
            auto_scale_loss=False,
        )
        self.optimizer.build({key: self.part_variables[part] for key, (_, part) in optimizers.items()})
        self._begin_averages(average)
        self.begin(stage or self.recipe.stage().name)

    def begin(self, stage: str, *, length: int | None = None, steps_per_epoch: int | None = None) -> Stage:
        """Enters a stage of the recipe: freezes parts, sets rates, resets the stage's step count.

        Args:
            stage: its name.
            length: the stage's length in steps, where it differs from the recipe's (schedules end there).
            steps_per_epoch: for schedules and lengths that count epochs.
        """
        self.stage = self.recipe.stage(stage)
        self._check_stage(self.stage)
        for name, layers in self.parts().items():
            for layer in layers:
                layer.trainable = name not in self.stage.frozen
        self._stage_length = length or self.stage.length.get("steps", 1)
        self._steps_per_epoch = steps_per_epoch
        for update in self.stage.updates:
            for part, rate in update.parts.items():
                self.optimizer_of(part, update).learning_rate = rate
            for term in update.terms:
                self.has_term(term)  # loads the feature networks now, not inside the compiled step
        self.stage_step.assign(0)
        self._make_trackers()
        self.train_function = self.test_function = None  # Keras caches what is trainable
        return self.stage

    def step(self, data: Any) -> dict[str, Any]:
        """One step of the stage on a batch (or on `stage.batches_per_step` stacked ones); returns running means."""
        data, count = _only_batch(data), self.stage.batches_per_step
        batches = [data] if count == 1 else [{k: v[i] for k, v in data.items()} for i in range(count)]
        self._set_rates()
        with self._following():
            logs = run_step(self, self.stage, batches)
        self.stage_step.assign(self.stage_step + 1)
        for name, value in logs.items():
            self._trackers[name].update_state(*value if isinstance(value, tuple) else (value,))
        return {name: self._trackers[name].result() for name in logs}

    def validation_step(self, data: Any) -> dict[str, Any]:
        """What `fit(validation_data=...)` reports: `hole_l1` on [0, 1], and `mask_iou` of models that find masks."""
        data, real = real_samples(_only_batch(data))
        outputs = self(data["occluded"], training=False)
        hole = data["mask"] * data["valid"] if "valid" in data else data["mask"]
        logs = {"hole_l1": masked_l1(self.stage_picture(outputs), data["image"], hole) / 2.0}
        if "mask" in outputs:
            both = ops.sum(outputs["mask"] * data["mask"], axis=(1, 2, 3))
            either = ops.sum(ops.maximum(outputs["mask"], data["mask"]), axis=(1, 2, 3))
            logs["mask_iou"] = (both + 1e-6) / (either + 1e-6)
        for name, value in gather_samples(logs, real).items():
            self._trackers[f"validation_{name}"].update_state(value)
        return {name: self._trackers[f"validation_{name}"].result() for name in logs}

    def stage_picture(self, outputs: dict) -> Any:
        """The picture of a model's outputs that the present stage improves, for validation."""
        return outputs["image"]

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Keras's `fit` on batches that are dicts; stages that eat several batches a step get them stacked."""
        if getattr(self, "stage", None) is None:
            raise RecipeError("The model must be compiled before `fit`. Call `model.compile()` first.")
        count = self.stage.batches_per_step
        if count > 1:
            if not hasattr(x, "map" if self.splits_batches else "batch"):
                raise InputError(
                    f"Stage {self.stage.name!r} takes {count} fresh batches a step, so `x` must be a tf.data.Dataset "
                    f"of batches. Received: {type(x).__name__}."
                )
            x = x.batch(count, drop_remainder=True)
            if self.splits_batches:  # by the first axis of every tensor, which must be that of the samples
                x = x.map(lambda batches: {k: tuple(v[i] for i in range(count)) for k, v in batches.items()})
        if hasattr(x, "element_spec") or isinstance(x, keras.utils.PyDataset):
            kwargs.setdefault("shuffle", False)  # a tf.data.Dataset orders itself; Keras would warn
        return super().fit(x, *args, **kwargs)

    def fit_recipe(self, data: Any, **arguments: Any) -> dict[str, keras.callbacks.History]:
        """Walks the stages of the recipe; see `tfinpaint.training.loop.fit_recipe`."""
        from tfinpaint.training.loop import fit_recipe

        return fit_recipe(self, data, **arguments)

    # ---- what the step asks --------------------------------------------------------------------------------------

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(getattr(self, "_trackers", {}).values())

    @property
    def state_variables(self) -> list:
        """Every variable that a step may read or assign."""
        return [
            *self.trainable_variables,
            *self.non_trainable_variables,
            *self.optimizer.variables,
            *self.metrics_variables,
        ]

    def optimizer_of(self, part: str, update: Update) -> keras.optimizers.Optimizer:
        """The optimizer that moves `part` in `update` of the present stage."""
        return self.optimizer.optimizers[optimizer_key(self.recipe, self.stage, update, part)]

    def has_term(self, term: str) -> bool:
        """Whether a term can be computed: false for one whose optional feature network was not given."""
        slot = self.term_features.get(term)
        return slot is None or self.feature_networks.get(slot) is not None

    # ---- saving --------------------------------------------------------------------------------------------------

    def get_compile_config(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe.to_dict(),
            "stage": self.stage.name,
            "features": self.feature_networks.config(),
            "loss_scaling": self.loss_scaling,
            "average": self.average,
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**{**config, "recipe": Recipe.from_dict(config["recipe"])})

    # ---- private -------------------------------------------------------------------------------------------------

    def _find_recipe(self, recipe: str | Recipe | None) -> Recipe:
        if isinstance(recipe, Recipe):
            return recipe
        name = recipe or self.default_recipe
        if name not in self.recipes:
            known = ", ".join(self.recipes)
            raise RecipeError(f"`recipe` must be a Recipe or one of {known}. Received: recipe={recipe!r}.")
        return self.recipes[name]

    def _check_stage(self, stage: Stage) -> None:
        for name in stage.frozen:
            if name not in self.part_variables and name not in self.feature_slots:
                known = ", ".join([*self.part_variables, *self.feature_slots])
                raise RecipeError(f"Stage {stage.name!r} may freeze only {known}. Received: {name!r}.")
        for update in stage.updates:
            for term in update.terms:
                if update.terms[term] and term not in self.terms:
                    raise RecipeError(
                        f"A term must be one of {', '.join(self.terms)}. Received: {term!r} in stage {stage.name!r}."
                    )

    def _set_rates(self) -> None:
        if self.stage.schedule is None:
            return
        factor = rate_factor(self.stage.schedule, self.stage_step.value, self._stage_length, self._steps_per_epoch)
        for update in self.stage.updates:
            for part, rate in update.parts.items():
                optimizer = self.optimizer_of(part, update)
                optimizer = getattr(optimizer, "inner_optimizer", optimizer)
                optimizer._learning_rate.assign(rate * factor)

    def _make_trackers(self) -> None:
        """One running mean for each name that any stage logs, so that the metrics' state is the same in all stages."""
        names = ["validation_hole_l1", "validation_mask_iou"]
        for stage in self.recipe.stages:
            for update in stage.updates:
                names += [t for t, w in update.terms.items() if w]
                names += [f"{part}_gradient" for part in update.parts]
                names += [f"{part}_skipped" for part in update.parts if self.loss_scaling]
                names += [f"{update.gate}_share"] if update.gate else []
        for name in dict.fromkeys(names):
            if name not in self._trackers:
                self._trackers[name] = keras.metrics.Mean(name=name)


def _only_batch(data: Any) -> dict:
    """The dict of a batch, of tensors; `train_on_batch` wraps it in a tuple, and without compilation gives arrays."""
    batch = data[0] if isinstance(data, tuple) else data
    return {k: v if isinstance(v, tuple) else ops.convert_to_tensor(v) for k, v in batch.items()}
