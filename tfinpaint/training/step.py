"""One training step of a stage, written once for every backend."""

from collections.abc import Iterator, Sequence
from typing import Any

from keras import ops

from tfinpaint.training.backend import apply_grads, values_and_grads
from tfinpaint.training.recipe import Stage, Update


def run_step(model: Any, stage: Stage, batches: Sequence[dict]) -> dict[str, Any]:
    """Runs the hooks and updates of a stage once; returns every logged scalar by name.

    Args:
        model: an `InpaintingModel` that has begun the stage.
        stage: the stage.
        batches: `stage.batches_per_step` batches.
    """
    queue: Iterator[dict] = iter(batches)
    batch = batches[0]
    logs: dict[str, Any] = {}
    _run_hooks(model, stage, "before", batch)
    for update in stage.updates:
        for _ in range(update.times):
            batch = next(queue) if update.fresh else batch
            logs.update(_run_update(model, update, batch))
    _run_hooks(model, stage, "after", batch)
    return logs


def _run_hooks(model: Any, stage: Stage, when: str, batch: dict) -> None:
    for entry in stage.hooks.get(when, ()):
        arguments = {k: v for k, v in entry.items() if k != "hook"}
        model.hooks[entry["hook"]](model, batch, **arguments)


def _run_update(model: Any, update: Update, batch: dict) -> dict[str, Any]:
    groups = _groups(model, update)

    def losses() -> tuple[list, Any]:
        outputs = model.forward(batch, update.player, model.stage.name, training=True)
        active = {t for terms, _ in groups for t in terms}
        values = {t: ops.cast(model.terms[t](model, batch, outputs), "float32") for t in update.terms if t in active}
        gate = _gate(model, update, batch, outputs, values)
        means = {t: _gated_mean(v, gate) for t, v in values.items()}
        totals = [model.scale_loss(parts[0], sum(update.terms[t] * means[t] for t in terms)) for terms, parts in groups]
        return totals, (means, gate)

    variables = [[v for p in parts for v in model.part_variables[p]] for _, parts in groups]
    (means, gate), grads = values_and_grads(losses, variables, model.state_variables)
    is_open = None if gate is None else ops.sum(gate) > 0
    logs = dict(means)
    if gate is not None:
        logs[f"{update.gate}_share"] = ops.mean(gate)
    for (_, parts), group in zip(groups, grads, strict=True):
        for part in parts:
            own, group = group[: len(model.part_variables[part])], group[len(model.part_variables[part]) :]
            logs[f"{part}_gradient"] = _norm(own)
            apply_grads(model.optimizer_of(part, update), own, model.part_variables[part], is_open)
    return logs


def _groups(model: Any, update: Update) -> list[tuple[tuple[str, ...], list[str]]]:
    """Parts that the same terms reach share one backward pass (with loss scaling, each part has its own scale)."""
    groups: dict[Any, tuple[tuple[str, ...], list[str]]] = {}
    for part in update.parts:
        terms = tuple(t for t in update.terms_of(part) if model.has_term(t))
        if terms:
            key = (terms, part) if model.loss_scaling else terms
            groups.setdefault(key, (terms, []))[1].append(part)
    return list(groups.values())


def _gate(model: Any, update: Update, batch: dict, outputs: dict, values: dict) -> Any:
    if update.gate is None:
        return None
    rule = model.recipe.gates[update.gate]
    value = ops.cast(model.gates[rule.value](model, batch, outputs), "float32")
    return ops.stop_gradient(ops.cast(value >= rule.at_least, "float32"))


def _gated_mean(values: Any, gate: Any) -> Any:
    if gate is None:
        return ops.mean(values)
    return ops.sum(values * gate) / ops.maximum(ops.sum(gate), 1.0)


def _norm(grads: Sequence[Any]) -> Any:
    return ops.sqrt(sum(ops.sum(ops.square(ops.cast(g, "float32"))) for g in grads) + 1e-12)
