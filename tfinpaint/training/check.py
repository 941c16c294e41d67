"""Whether a recipe can be run on a model: everything that is named exists, and nothing contradicts itself."""

import inspect
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from tfinpaint.errors import RecipeError
from tfinpaint.training.recipe import Recipe, Stage, Update

_HOOK_TIMES = ("before", "after")
_SCHEDULES = {"cosine": {"to", "warmup"}, "step": {"every_steps", "every_epochs", "factor"}}


def check_parts(model: Any) -> None:
    """Refuses a model whose parts share a variable: two optimizers would move it.

    Raises:
        RecipeError: they do.
    """
    owners: dict[int, str] = {}
    for part, variables in model.part_variables.items():
        for variable in variables:
            other = owners.setdefault(id(variable), part)
            if other != part:
                raise RecipeError(
                    f"The parts of a model must be disjoint. Received: {variable.path!r} in {other!r} and {part!r}; "
                    "let one of them have it."
                )


def check_recipe(model: Any, recipe: Recipe) -> None:
    """Refuses a recipe that names what the model does not have, or whose entries contradict each other.

    Raises:
        RecipeError: one sentence: which entry, what may stand there, what was received.
    """
    check_parts(model)
    if not recipe.stages:
        raise RecipeError("A recipe must have at least one stage. Received: stages=(). Add a stage.")
    doubled = [name for name, count in Counter(s.name for s in recipe.stages).items() if count > 1]
    if doubled:
        raise RecipeError(f"Stages must have names of their own. Received: {doubled[0]!r} twice; rename one of them.")
    for name, gate in recipe.gates.items():
        _known(gate.value, model.gates, f"The value of gate {name!r}")
    for stage in recipe.stages:
        _check_stage(model, stage)
        for update in stage.updates:
            _check_update(model, recipe, stage, update)


def _check_stage(model: Any, stage: Stage) -> None:
    where = f"in stage {stage.name!r}"
    length = dict(stage.length)
    if len(length) != 1 or not set(length) <= {"steps", "epochs"} or not next(iter(length.values())) > 0:
        raise RecipeError(f"A length must be {{'steps': n}} or {{'epochs': n}}, n > 0. Received: {length} {where}.")
    if stage.batch < 1:
        raise RecipeError(f"`batch` must be at least 1. Received: batch={stage.batch} {where}.")
    if not stage.updates:
        raise RecipeError(f"A stage must have at least one update. Received: none {where}.")
    for name in stage.frozen:
        _known(name, [*model.part_variables, *model.feature_slots], f"What is frozen {where}")
    both = sorted(set(stage.frozen) & {part for update in stage.updates for part in update.parts})
    if both:
        raise RecipeError(f"A stage may not freeze a part that it trains. Received: {both[0]!r} {where}.")
    for when, entries in stage.hooks.items():
        _known(when, _HOOK_TIMES, f"The time of hooks {where}")
        for entry in entries:
            _known(entry.get("hook"), model.hooks, f"A hook {where}")
            _check_arguments(model.hooks[entry["hook"]].function, entry, where)
    if stage.schedule is not None:
        name, others = stage.schedule.get("name"), set(stage.schedule) - {"name"}
        _known(name, _SCHEDULES, f"The schedule's name {where}")
        for other in sorted(others):
            _known(other, _SCHEDULES[name], f"An entry of the schedule {where}")
        if name == "step" and ("factor" not in others or len(others) != 2):
            raise RecipeError(
                "A schedule of steps must have a factor, and `every_steps` or `every_epochs`. "
                f"Received: {dict(stage.schedule)} {where}."
            )
    _known(stage.picture, ["image", *model.contract.extras], f"The picture {where}")
    for name in stage.measures:
        _known(name, model.measures, f"A measure {where}")
    if not isinstance(stage.monitor, tuple) or len(stage.monitor) != 2 or stage.monitor[1] not in ("min", "max"):
        raise RecipeError(f"A monitor must be (name, 'min' or 'max'). Received: {stage.monitor!r} {where}.")
    logged = {f"val_{name}" for name in model.measures_of(stage)} | {t for u in stage.updates for t in u.terms}
    _known(stage.monitor[0], logged, f"The monitor {where}")


def _check_arguments(function: Callable, entry: Mapping[str, Any], where: str) -> None:
    """Refuses a hook's entry whose arguments its function does not take."""
    arguments = {k: v for k, v in entry.items() if k != "hook"}
    try:
        inspect.signature(function).bind(None, None, None, **arguments)
    except TypeError as error:
        raise RecipeError(
            f"The hook {entry['hook']!r} must get the arguments that it takes. Received: {arguments} {where} ({error})."
        ) from None


def _check_update(model: Any, recipe: Recipe, stage: Stage, update: Update) -> None:
    where = f"in stage {stage.name!r}"
    if update.times < 1 or not update.parts:
        raise RecipeError(f"An update must have parts and be made at least once. Received: {update} {where}.")
    for part in update.parts:
        _known(part, model.part_variables, f"A part {where}")
    for name, weight in update.terms.items():
        if weight:
            _known(name, model.terms, f"A term {where}")
    for name, parts in update.route.items():
        _known(name, update.terms, f"A term with a route {where}")
        for part in parts:
            _known(part, update.parts, f"A part on the route of {name!r} {where}")
    for name in update.detach:
        _known(name, model.produces, f"A detached output {where}")
    if update.gate is not None:
        _known(update.gate, recipe.gates, f"A gate {where}")
    if update.governor is not None:
        _check_governor(model, update, where)
    for part in update.parts:
        terms = update.terms_of(part)
        if not any(part in model.painted_by(model.terms[term].needs) for term in terms):
            raise RecipeError(
                f"Every part of an update must be reached by a term. Received: {part!r} with the terms "
                f"{', '.join(terms) or 'none'} {where}; add a term, or leave the part out."
            )


def _check_governor(model: Any, update: Update, where: str) -> None:
    governor = update.governor
    with_chance = [name for name, term in model.terms.items() if term.chance is not None]
    _known(governor.term, with_chance, f"The term of a governor {where}")
    if update.gate is not None:
        raise RecipeError(f"An update may have a gate or a governor. Received: both {where}; leave one out.")
    if not (0 < governor.advantage < 1 and 0 <= governor.memory < 1 and governor.every >= 1):
        raise RecipeError(
            "A governor must have an advantage in (0, 1), a memory in [0, 1) and `every` from 1. "
            f"Received: {governor} {where}."
        )


def _known(name: Any, known: Iterable, what: str) -> None:
    known = known if isinstance(known, Collection) else list(known)
    if name not in known:
        raise RecipeError(f"{what} must be one of {', '.join(sorted(known)) or 'none'}. Received: {name!r}.")
