"""One optimizer object that owns one optimizer for each part of a model."""

from collections.abc import Collection, Mapping
from typing import Any

import keras

from tfinpaint.errors import RecipeError
from tfinpaint.training.recipe import Recipe, Stage, Update


@keras.saving.register_keras_serializable("tfinpaint")
class PartOptimizers(keras.optimizers.Optimizer):
    """Owns one Keras optimizer for each part, so that Keras saves, loads and counts all of them as one.

    A part that different stages train with different optimizers has one for each: the key is
    `"part"` or `"part/optimizer"`.

    `learning_rate` is the largest rate among the parts of the present stage, before its schedule. What changes it, such
    as Keras's `LearningRateScheduler` or `ReduceLROnPlateau`, changes the rates of all parts in proportion.

    Args:
        optimizers: key -> Keras optimizer; kept as `by_part`, because Keras's callbacks take an attribute `optimizers`
            for a list of equals.
        name: name of the object.
    """

    def __init__(self, optimizers: Mapping[str, keras.optimizers.Optimizer], name: str = "part_optimizers") -> None:
        super().__init__(learning_rate=0.0, name=name)
        self.by_part = dict(optimizers)

    def build(self, variables: Any) -> None:
        """Creates all slots; `variables` maps each key to its part's variables."""
        if self.built or not isinstance(variables, Mapping):  # Keras itself calls with one flat list: not ours
            return
        for key, optimizer in self.by_part.items():
            optimizer.build(variables[key])
        super().build([])

    @property
    def own_variables(self) -> list:
        """Its own, without those of the parts' optimizers: the rate that callbacks change."""
        return list(self._variables)

    @property
    def variables(self) -> list:
        return self.own_variables + [v for key in sorted(self.by_part) for v in self.by_part[key].variables]

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        raise NotImplementedError("PartOptimizers only owns optimizers; apply the one of the part: by_part[key].")

    def finalize_variable_values(self, var_list: Any) -> None:
        for optimizer in self.by_part.values():
            optimizer.finalize_variable_values(optimizer._trainable_variables)

    def save_own_variables(self, store: Any) -> None:
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        if len(store.keys()) != len(self.variables):
            raise ValueError(
                f"The saved optimizers hold {len(store.keys())} variables, these ones {len(self.variables)}: "
                "the recipe differs from the one that was saved."
            )
        for i, variable in enumerate(self.variables):
            variable.assign(store[str(i)])

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {"name": self.name, "optimizers": {k: serialize(o) for k, o in self.by_part.items()}}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "PartOptimizers":
        deserialize = keras.saving.deserialize_keras_object
        optimizers = {k: deserialize(o, custom_objects) for k, o in config["optimizers"].items()}
        return cls(optimizers, name=config["name"])


def make_optimizer(config: Mapping[str, Any], loss_scaling: bool = False) -> keras.optimizers.Optimizer:
    """The Keras optimizer that `{"name": "adam", "beta_1": 0.5, ...}` describes, perhaps with loss scaling."""
    arguments = {k: v for k, v in config.items() if k != "name"}
    try:
        optimizer = keras.optimizers.get({"class_name": config["name"], "config": {"learning_rate": 0.0, **arguments}})
    except (KeyError, TypeError, ValueError) as error:
        raise RecipeError(
            "An optimizer must be {'name': one of Keras's, and its arguments}. "
            f"Received: {dict(config)} ({str(error).strip().splitlines()[-1] or error})."
        ) from None
    return keras.optimizers.LossScaleOptimizer(optimizer) if loss_scaling else optimizer


def optimizer_key(recipe: Recipe, stage: Stage, update: Update, part: str) -> str:
    """Under which key the optimizer of a part in an update stands: the part's name, with a number if it has several."""
    kinds = _optimizer_kinds(recipe)[part]
    return part if len(kinds) == 1 else f"{part}/{kinds.index(recipe.optimizer_of(stage, update))}"


def recipe_optimizers(
    recipe: Recipe, parts: Collection[str], loss_scaling: bool
) -> dict[str, tuple[keras.optimizers.Optimizer, str]]:
    """Key -> (optimizer, part), for everything that a recipe trains.

    Raises:
        RecipeError: the recipe trains a part that is not among `parts`.
    """
    made = {}
    for part, kinds in _optimizer_kinds(recipe).items():
        if part not in parts:
            raise RecipeError(f"A recipe may train only the parts {', '.join(parts)}. Received: {part!r}.")
        for i, config in enumerate(kinds):
            key = part if len(kinds) == 1 else f"{part}/{i}"
            made[key] = make_optimizer(config, loss_scaling), part
    return made


def _optimizer_kinds(recipe: Recipe) -> dict[str, list[dict[str, Any]]]:
    """Part -> the different optimizers with which stages train it, in order."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for stage in recipe.stages:
        for update in stage.updates:
            config = recipe.optimizer_of(stage, update)
            for part in update.parts:
                known = kinds.setdefault(part, [])
                if config not in known:
                    known.append(config)
    return kinds
