"""A training recipe is data: stages -> updates -> parts with rates, weighted terms."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from tfinpaint.errors import RecipeError


@dataclass(frozen=True)
class Governor:
    """Lets an update of a critic wait while the critic is too far ahead of what paints.

    Attributes:
        term: the critic's term, one with a value at chance (`Term.chance`).
        advantage: the update is made while the term's running mean is above `(1 - advantage)` times that value; in
            (0, 1).
        memory: share of the running mean that each step keeps, in [0, 1). It begins each stage at chance.
        every: of so many steps the first is made whatever the lead: a critic that never moves is soon deceived.
    """

    term: str
    advantage: float
    memory: float = 0.98
    every: int = 3


@dataclass(frozen=True)
class Update:
    """One optimizer step of some parts.

    Attributes:
        parts: name of the part -> learning rate.
        terms: name of the loss term -> weight; a term of weight 0 is named but not computed.
        times: how often the update is repeated within one step.
        fresh: whether each repetition takes a batch of its own.
        route: term -> the only parts that its gradient reaches; a term without a route reaches all.
        detach: outputs of the model that other outputs see without their gradient, such as `"coarse"`: terms on the
            refined picture then leave alone what painted the coarse one.
        gate: name of the recipe's gate that switches single samples off.
        governor: lets the update wait while a critic leads by too much.
        optimizer: `{"name": ..., ...}`, instead of the stage's or the recipe's.
    """

    parts: Mapping[str, float]
    terms: Mapping[str, float]
    times: int = 1
    fresh: bool = False
    route: Mapping[str, Sequence[str]] = field(default_factory=dict)
    detach: Sequence[str] = ()
    gate: str | None = None
    governor: Governor | None = None
    optimizer: Mapping[str, Any] | None = None

    def terms_of(self, part: str) -> tuple[str, ...]:
        """The terms with weight whose gradient reaches `part`, in order."""
        return tuple(t for t, w in self.terms.items() if w and part in self.route.get(t, self.parts))


@dataclass(frozen=True)
class Gate:
    """Counts a sample only where the model's gate value is at least a threshold."""

    value: str
    at_least: float


@dataclass(frozen=True)
class Stage:
    """A stretch of training with the same updates. Its name is for people: nothing is decided by it.

    Attributes:
        name: unique in the recipe.
        length: `{"steps": n}` or `{"epochs": n}`; an epoch is one pass over the faces.
        batch: samples a batch.
        updates: in the order in which they are made.
        frozen: parts and feature networks that stand still (batch statistics too).
        hooks: `{"before": [{"hook": name, **arguments}], "after": [...]}`, run inside the compiled step.
        schedule: `{"name": "step", "every_steps" | "every_epochs": n, "factor": f}` or
            `{"name": "cosine", "to": f, "warmup": steps}`; multiplies every rate of the stage.
        optimizer: instead of the recipe's.
        picture: which of the model's pictures the stage improves; previews and the measures of validation look at it.
        measures: names of the model's measures that validation reports; those that suit the model by default.
        monitor: the validation's value by which an epoch is the best, and whether the smallest (`"min"`) or the largest
            (`"max"`) is. Where a critic plays, not an error of pixels: the blurriest epoch would win.
    """

    name: str
    length: Mapping[str, Any]
    batch: int
    updates: tuple[Update, ...]
    frozen: tuple[str, ...] = ()
    hooks: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    schedule: Mapping[str, Any] | None = None
    optimizer: Mapping[str, Any] | None = None
    picture: str = "image"
    measures: tuple[str, ...] = ()
    monitor: tuple[str, str] = ("val_hole_l1", "min")

    @property
    def batches_per_step(self) -> int:
        """How many batches one step eats: one, or one for each repetition of a fresh update."""
        return max(1, sum(u.times for u in self.updates if u.fresh))

    def epoch(self, faces: int | None) -> int | None:
        """How many steps one pass over so many faces takes, the last one perhaps with faces of the next pass."""
        return None if faces is None else max(1, math.ceil(faces / (self.batch * self.batches_per_step)))

    def steps(self, scale: float = 1.0, faces: int | None = None) -> int:
        """The stage's length in steps, at least 1.

        Args:
            scale: multiplies it.
            faces: how many there are, for lengths that count epochs.
        """
        if "steps" in self.length:
            steps = self.length["steps"]
        elif faces:
            steps = self.length["epochs"] * self.epoch(faces)
        else:
            raise RecipeError(
                f"Stage {self.name!r} counts its length in epochs, one pass over the faces each, so `faces_per_epoch` "
                f"must be given. Received: length={dict(self.length)}, faces_per_epoch={faces}."
            )
        return max(1, round(steps * scale))


@dataclass(frozen=True)
class Recipe:
    """How a model is trained, from the first stage to the last."""

    stages: tuple[Stage, ...]
    optimizer: Mapping[str, Any] = field(default_factory=lambda: {"name": "adam"})
    gates: Mapping[str, Gate] = field(default_factory=dict)

    def stage(self, name: str | None = None) -> Stage:
        """The stage of that name; the last one by default."""
        if name is None:
            return self.stages[-1]
        for stage in self.stages:
            if stage.name == name:
                return stage
        known = ", ".join(s.name for s in self.stages)
        raise RecipeError(f"`stage` must be one of {known}. Received: stage={name!r}.")

    def optimizer_of(self, stage: Stage, update: Update) -> dict[str, Any]:
        """The configuration of the optimizers of an update: its own, else the stage's, else the recipe's."""
        return dict(update.optimizer or stage.optimizer or self.optimizer)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and dictionaries, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Recipe":
        """The recipe that `to_dict` (or a recipe file) describes."""
        stages = tuple(
            _build(Stage, {**_tuples(s), "updates": tuple(_update(u) for u in s.get("updates", ()))})
            for s in data.get("stages", ())
        )
        gates = {k: g if isinstance(g, Gate) else _build(Gate, g) for k, g in data.get("gates", {}).items()}
        if not stages:
            raise RecipeError("A recipe must have at least one stage. Received: stages=[]. Add a stage.")
        return _build(cls, {**data, "stages": stages, "gates": gates})

    def scaled(self, steps: float = 1.0, rates: float = 1.0, batch: int | None = None) -> "Recipe":
        """A recipe with every stage's length and every rate multiplied, and perhaps another batch size."""

        def change(stage: Stage) -> Stage:
            length = {k: max(1, round(v * steps)) if k == "steps" else v * steps for k, v in stage.length.items()}
            updates = tuple(replace(u, parts={p: r * rates for p, r in u.parts.items()}) for u in stage.updates)
            return replace(stage, length=length, updates=updates, batch=batch or stage.batch)

        return replace(self, stages=tuple(change(s) for s in self.stages))


def _update(data: Mapping[str, Any]) -> Update:
    governor = data.get("governor")
    return _build(Update, {**data, "governor": _build(Governor, governor)} if isinstance(governor, Mapping) else data)


def _tuples(stage: Mapping[str, Any]) -> dict[str, Any]:
    """A stage's entries with the lists of JSON as tuples."""
    return {k: tuple(v) if k in ("frozen", "measures", "monitor") else v for k, v in stage.items()}


def _build(cls: type, data: Mapping[str, Any]) -> Any:
    known = {f.name for f in fields(cls)}
    unknown = sorted(set(data) - known)
    if unknown:
        raise RecipeError(
            f"A recipe's {cls.__name__.lower()} may have only the keys {', '.join(sorted(known))}. "
            f"Received: {', '.join(unknown)}."
        )
    try:
        return cls(**data)
    except TypeError as error:
        raise RecipeError(
            f"A recipe's {cls.__name__.lower()} is incomplete. Received: {dict(data)} ({error})."
        ) from None
