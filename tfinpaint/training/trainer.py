"""Training by recipes: what a model needs to be compiled, fitted, saved and resumed stage by stage."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from tfinpaint.errors import InputError, RecipeError
from tfinpaint.training.averages import AveragedWeights
from tfinpaint.training.backend import StepAdapter, gather_samples, real_samples
from tfinpaint.training.batches import checked_batch, refuse_other_arguments, stacked
from tfinpaint.training.check import check_recipe
from tfinpaint.training.declared import Hook, Output, Term
from tfinpaint.training.feature_slots import FeatureNetworks, FeatureSlot
from tfinpaint.training.loop import fit_recipe
from tfinpaint.training.optimizers import PartOptimizers, optimizer_key, recipe_optimizers
from tfinpaint.training.recipe import Recipe, Stage, Update
from tfinpaint.training.schedule import rate_factor
from tfinpaint.training.step import run_step


class RecipeTrainer(AveragedWeights, StepAdapter):
    """The training half of `InpaintingModel`, to stand before `keras.Model` among the bases.

    Attributes:
        produces: name -> `Output`, what terms may ask for; collected from the class's methods.
        terms: name -> `Term`, the losses.
        gates: name -> `Term`, compared with the threshold of a recipe's gate.
        measures: name -> `Term`, what validation reports; besides what the model `produces` they see what `answer`
            gives, and, as `picture`, what the stage improves.
        hooks: name -> `Hook`, run inside the compiled step.
        recipes: name -> `Recipe`.
        default_recipe: the recipe that is used where none is named.
        feature_slots: name -> `FeatureSlot`, the frozen networks that terms look through.
    """

    produces: ClassVar[Mapping[str, Output]] = {}
    terms: ClassVar[Mapping[str, Term]] = {}
    gates: ClassVar[Mapping[str, Term]] = {}
    measures: ClassVar[Mapping[str, Term]] = {}
    hooks: ClassVar[Mapping[str, Hook]] = {}
    recipes: ClassVar[Mapping[str, Recipe]] = {}
    default_recipe: ClassVar[str] = "paper"
    feature_slots: ClassVar[Mapping[str, FeatureSlot]] = {}

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
        **others: Any,
    ) -> None:
        """Makes the optimizers, and the model ready for `fit`: the last stage (fine-tuning), unless another is named.

        Networks that losses look through are loaded when a stage's first step needs them.

        Args:
            recipe: a `Recipe`, or the name of one of the model's own (`model.recipes`).
            stage: name of the stage that `fit` begins with.
            features: name of a feature slot -> weights file, `"imagenet"`, or a network; see `model.feature_slots`.
            loss_scaling: scale losses against underflow; by default only under `mixed_float16`.
            average: decay of moving averages of the weights that paint, such as 0.999; see `AveragedWeights`.
            steps_per_execution: steps in one compiled call.
            jit_compile: use XLA; `"auto"` lets Keras decide.
            run_eagerly: no compilation, for debugging.
            others: refused: optimizers, losses and metrics are the recipe's.

        Raises:
            RecipeError: the recipe does not suit the model, or contradicts itself.
            InputError: an argument of Keras's `compile` that a recipe stands for.
        """
        refuse_other_arguments("compile", others)
        recipe = self._find_recipe(recipe)
        check_recipe(self, recipe)
        first = recipe.stage(stage)
        self.recipe = recipe
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
        self._make_trackers()
        self.begin(first.name)

    def begin(self, stage: str, *, length: int | None = None, faces_per_epoch: int | None = None) -> Stage:
        """Enters a stage of the recipe: freezes parts, sets rates, resets the stage's step count.

        Args:
            stage: its name.
            length: the stage's length in steps, where it differs from the recipe's (schedules end there).
            faces_per_epoch: how many faces there are, for schedules and lengths that count epochs; without it these
                schedules do not fall.
        """
        self.stage = self.recipe.stage(stage)
        self._untracked.ready = False
        self.freeze(self.stage.frozen)
        self._epoch = self.stage.epoch(faces_per_epoch)
        known = faces_per_epoch or "steps" in self.stage.length
        self._stage_length = length or (self.stage.steps(faces=faces_per_epoch) if known else None)
        rates = [rate for update in self.stage.updates for rate in update.parts.values()]
        self.optimizer.learning_rate = self._leading_rate = max(rates) or 1.0  # rates of 0 are 0 of anything
        self._set_rates()
        self.stage_step.assign(0)
        for tracker in self._trackers.values():  # not all versions of Keras do it
            tracker.reset_state()
        for term, level in self.levels.items():
            level.assign(self.terms[term].chance)
        self.train_function = self.test_function = None  # Keras caches what is trainable
        return self.stage

    def step(self, data: Any) -> dict[str, Any]:
        """One step of the stage on a batch (or on `stage.batches_per_step` stacked ones); returns running means."""
        count = self.stage.batches_per_step
        keys = self._reads(self._asked_by_steps(self.stage))
        data = checked_batch(data, keys, self.image_size, self.stage.name, stacked=count > 1)
        batches = [data] if count == 1 else [{k: v[i] for k, v in data.items()} for i in range(count)]
        self._set_rates()
        with self._following():
            logs = run_step(self, self.stage, batches)
        self.stage_step.assign(self.stage_step + 1)
        for name, value in logs.items():
            self._trackers[name].update_state(*value if isinstance(value, tuple) else (value,))
        return {name: self._trackers[name].result() for name in logs}

    def validation_step(self, data: Any) -> dict[str, Any]:
        """What `fit(validation_data=...)` reports: the measures of the stage, each the mean over all samples."""
        names = self.measures_of(self.stage)
        asked = [self.measures[name] for name in names]
        batch, real = real_samples(checked_batch(data, self._reads(asked), self.image_size, self.stage.name))
        needs = list(dict.fromkeys(need for measure in asked for need in measure.needs))
        found: dict[str, Any] = {}
        if {"image", "mask", "picture", *self.contract.extras} & set(needs):
            found = self.answer(self.inputs_of(batch))
            found["picture"] = found[self.stage.picture]
        found |= self.forward(batch, [need for need in needs if need not in found], training=False)
        logs = {name: measure(self, batch, found) for name, measure in zip(names, asked, strict=True)}
        for name, value in gather_samples(logs, real).items():
            self._trackers[f"validation_{name}"].update_state(value)
        return {name: self._trackers[f"validation_{name}"].result() for name in logs}

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Keras's `fit` on batches that are dicts; stages that eat several batches a step get them stacked.

        Stacked are batches of one size; what does not fill a stack is left out.

        Raises:
            RecipeError: the model is not compiled.
            InputError: `y`, `sample_weight` and the like, which a batch's own keys stand for.
        """
        self._check_compiled("fit")
        refuse_other_arguments("fit", {"y": y, **{k: kwargs.pop(k, None) for k in ("sample_weight", "class_weight")}})
        count = self.stage.batches_per_step
        if count > 1:
            if not hasattr(x, "map" if self.splits_batches else "batch"):
                raise InputError(
                    f"Stage {self.stage.name!r} takes {count} fresh batches a step, so `x` must be a tf.data.Dataset "
                    f"of batches. Received: {type(x).__name__}."
                )
            x = stacked(x, count)
            if self.splits_batches:  # by the first axis of every tensor, which must be that of the samples
                x = x.map(lambda batches: {k: tuple(v[i] for i in range(count)) for k, v in batches.items()})
        if not isinstance(x, Mapping):
            kwargs.setdefault("shuffle", False)  # streams order themselves; Keras would warn
        return super().fit(x, None, *args, **kwargs)

    fit_recipe = fit_recipe

    # ---- what is computed ----------------------------------------------------------------------------------------

    def forward(
        self,
        batch: dict,
        wanted: Sequence[str],
        training: bool = False,
        *,
        known: Mapping[str, Any] | None = None,
        detach: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The outputs that are wanted, and those that they need; each is computed once.

        Args:
            batch: see `InpaintingModel`.
            wanted: names in `produces`.
            training: as for `call`.
            known: outputs that need not be computed any more.
            detach: outputs that others see without their gradient.
        """
        found = dict(known or {})

        def compute(name: str) -> Any:
            if name not in found:
                output = self.produces[name]
                given = {need: compute(need) for need in output.needs}
                given = {need: ops.stop_gradient(v) if need in detach else v for need, v in given.items()}
                found[name] = output.function(self, batch, given, training)
            return found[name]

        for name in wanted:
            compute(name)
        return found

    def painted_by(self, names: Sequence[str]) -> set[str]:
        """The parts that outputs depend on."""
        declared = [self.produces[name] for name in names]
        return {part for o in declared for part in (*o.by, *self.painted_by(o.needs))}

    def batch_keys(self, *stages: str) -> set[str]:
        """What the named stages (the present one by default) read of a batch beside `image`, `occluded`, `mask`."""
        run = [self.recipe.stage(name) for name in stages] or [self.stage]
        return {
            key
            for stage in run
            for key in self._reads([*self._asked_by_steps(stage), *(self.measures[n] for n in self.measures_of(stage))])
        }

    def measures_of(self, stage: Stage) -> tuple[str, ...]:
        """The names of the measures that validation reports in a stage."""
        return stage.measures or ("hole_l1", "mask_iou")[: 1 + self.contract.finds_mask]

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
        return self.optimizer.by_part[optimizer_key(self.recipe, self.stage, update, part)]

    @property
    def levels(self) -> dict[str, Any]:
        """Critics' terms that have a value at chance -> the running mean that a governor looks at, a variable."""
        return self._untracked.levels

    def has_term(self, term: str) -> bool:
        """Whether a term can be computed: false for one whose optional feature network was not given."""
        slot = self.terms[term].features
        return slot is None or self.feature_networks.get(slot) is not None

    def make_train_function(self, force: bool = False) -> Any:
        """Keras's; loads the feature networks of the stage first, which cannot be done inside a compiled step."""
        self._check_compiled("training")
        if not self._untracked.ready:
            for update in self.stage.updates:
                for term in (t for t, weight in update.terms.items() if weight):
                    self.has_term(term)
            self._untracked.ready = True
        return super().make_train_function(force)

    # ---- saving --------------------------------------------------------------------------------------------------

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `compile` was called with; None for a model that is not compiled."""
        if getattr(self, "recipe", None) is None:
            return None
        return {
            "recipe": self.recipe.to_dict(),
            "stage": self.stage.name,
            "features": self.feature_networks.config(),
            "loss_scaling": self.loss_scaling,
            "average": self.average,
        }

    def compile_from_config(self, config: dict[str, Any] | None) -> None:
        if config:
            self.compile(**{**config, "recipe": Recipe.from_dict(config["recipe"])})

    # ---- private -------------------------------------------------------------------------------------------------

    def _check_compiled(self, what: str) -> None:
        if getattr(self, "recipe", None) is None:
            raise RecipeError(f"The model must be compiled before {what}. Call `model.compile()` first.")

    def _find_recipe(self, recipe: str | Recipe | None) -> Recipe:
        if isinstance(recipe, Recipe):
            return recipe
        name = recipe or self.default_recipe
        if name not in self.recipes:
            known = ", ".join(self.recipes)
            raise RecipeError(f"`recipe` must be a Recipe or one of {known}. Received: recipe={recipe!r}.")
        return self.recipes[name]

    def _asked_by_steps(self, stage: Stage) -> list[Term | Hook]:
        """The terms, gates and hooks of a stage."""
        asked: list[Term | Hook] = [self.hooks[e["hook"]] for entries in stage.hooks.values() for e in entries]
        for update in stage.updates:
            asked += [self.terms[name] for name, weight in update.terms.items() if weight]
            asked += [self.gates[self.recipe.gates[update.gate].value]] if update.gate else []
            asked += [self.terms[update.governor.term]] if update.governor else []
        return asked

    def _reads(self, asked: Iterable[Term | Hook]) -> set[str]:
        """The keys of a batch that these and the outputs that they need look at."""
        asked = list(asked)
        keys = {key for entry in asked for key in entry.reads}
        pending = [need for entry in asked for need in entry.needs if need in self.produces]
        while pending:
            declared = self.produces[pending.pop()]
            keys |= set(declared.reads)
            pending += declared.needs
        return keys

    def _set_rates(self) -> None:
        """Each part's rate: the recipe's, times the schedule, times what has become of `optimizer.learning_rate`."""
        factor = ops.convert_to_tensor(self.optimizer.learning_rate) / self._leading_rate
        factor *= rate_factor(self.stage.schedule, self.stage_step.value, self._stage_length, self._epoch)
        for update in self.stage.updates:
            for part, rate in update.parts.items():
                optimizer = self.optimizer_of(part, update)
                optimizer = getattr(optimizer, "inner_optimizer", optimizer)
                optimizer._learning_rate.assign(rate * factor)

    def _make_trackers(self) -> None:
        """One running mean for each name that any stage logs, so that the metrics' state is the same in all stages."""
        names: list[str] = []
        for stage in self.recipe.stages:
            names += [f"validation_{name}" for name in self.measures_of(stage)]
            for update in stage.updates:
                names += [t for t, w in update.terms.items() if w]
                names += [f"{part}_gradient" for part in update.parts]
                names += [f"{part}_skipped" for part in update.parts if self.loss_scaling]
                names += [f"{update.gate}_share"] if update.gate else []
                names += [f"{part}_moved" for part in update.parts] if update.governor else []
                names += [update.governor.term] if update.governor else []
        for name in dict.fromkeys(names):
            if name not in self._trackers:
                self._trackers[name] = keras.metrics.Mean(name=name)
