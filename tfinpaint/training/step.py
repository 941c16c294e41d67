"""One training step of a stage, written once for every backend.

Where TensorFlow splits a batch between several devices, each runs this code on its own samples. Means are sums over
counts of all devices, gates and skipped steps are decided for all of them together, so the update is the one that a
single device would make of the whole batch. JAX runs one program on the whole batch, however many devices there are.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from keras import ops, tree

from tfinpaint.training.backend import (
    apply_grads,
    gather_samples,
    only_if,
    real_samples,
    sum_over_replicas,
    values_and_grads,
)
from tfinpaint.training.recipe import Gate, Stage, Update


def run_step(model: Any, stage: Stage, batches: Sequence[dict]) -> dict[str, Any]:
    """Runs the hooks and updates of a stage once; returns every logged scalar by name.

    A pair instead of a scalar is `(value, weight)`: steps of weight 0 are left out of its running mean.

    Args:
        model: an `InpaintingModel` that has begun the stage.
        stage: the stage.
        batches: `stage.batches_per_step` batches.
    """
    samples = [real_samples(batch) for batch in batches]
    queue: Iterator[tuple] = iter(samples)
    batch, real = samples[0]
    logs: dict[str, Any] = {}
    found = _run_hooks(model, stage, "before", batch, real, {})
    for update in stage.updates:
        for _ in range(update.times):
            if update.fresh:
                (batch, real), found = next(queue), {}
            values, found = _run_update(model, update, batch, real, found)
            logs.update(values)
    _run_hooks(model, stage, "after", batch, real, found)
    return logs


def _run_hooks(model: Any, stage: Stage, when: str, batch: dict, real: Any, found: dict) -> dict[str, Any]:
    """Runs the hooks of a time; returns the outputs known by then. What a hook assigns is the same on every device."""
    for entry in stage.hooks.get(when, ()):
        hook = model.hooks[entry["hook"]]
        found = model.forward(batch, hook.needs, training=True, known=found)
        everything = gather_samples(batch | {name: found[name] for name in hook.needs}, real)
        outputs = {name: ops.stop_gradient(everything.pop(name)) for name in hook.needs}
        hook(model, everything, outputs, **{k: v for k, v in entry.items() if k != "hook"})
    return found


def _run_update(model: Any, update: Update, batch: dict, real: Any, found: dict) -> tuple[dict[str, Any], dict]:
    """What is logged, and the outputs that the next update of the same batch need not compute again.

    Outputs that the update itself changes, and those that depend on them, it computes anew; all others it takes as
    they were found, without their gradient.
    """
    logs, may_move = {}, None
    if update.governor is not None:
        logs, may_move, found = _govern(model, update, batch, real, found)
    kept = {name: value for name, value in found.items() if not model.painted_by([name]) & set(update.parts)}
    groups = _groups(model, update)
    variables = [[v for p in parts for v in model.part_variables[p]] for _, parts in groups]
    losses = _losses(model, update, groups, batch, real, kept)
    if may_move is None:
        (means, count, found), grads = values_and_grads(losses, variables, model.state_variables)
        may_move = None if update.gate is None else count > 0
        logs = sum_over_replicas(means)
    else:

        def run() -> tuple[dict, list]:
            (means, _, _), grads = values_and_grads(losses, variables, model.state_variables)
            return means, grads

        def wait() -> tuple[dict, list]:
            nothing = {term: ops.zeros(()) for terms, _ in groups for term in terms}
            return nothing, [[ops.zeros_like(v.value) for v in vs] for vs in variables]

        means, grads = only_if(may_move, run, wait)
        logs, found = {**_only_where(may_move, sum_over_replicas(means)), **logs}, kept
    return logs | _move(model, update, groups, grads, may_move), found


def _losses(
    model: Any, update: Update, groups: Sequence[tuple], batch: dict, real: Any, kept: dict
) -> Callable[[], tuple[list, Any]]:
    """A function that gives a loss of each group, and of the batch: means to log, how many samples count, outputs."""
    active = [t for t in update.terms if any(t in terms for terms, _ in groups)]
    rule = None if update.gate is None else model.recipe.gates[update.gate]
    asked = [model.terms[t] for t in active] + ([] if rule is None else [model.gates[rule.value]])
    wanted = list(dict.fromkeys(name for term in asked for name in term.needs))

    def losses() -> tuple[list, Any]:
        outputs = model.forward(batch, wanted, training=True, known=kept, detach=update.detach)
        values = {t: ops.cast(model.terms[t](model, batch, outputs), "float32") for t in active}
        gate = None if rule is None else _gate(model, rule, batch, outputs)
        weight = real if gate is None else gate if real is None else gate * real
        count = _count(weight)
        means = {t: _mean(v, weight, count) for t, v in values.items()}
        totals = [
            model.optimizer_of(parts[0], update).scale_loss(sum(update.terms[t] * means[t] for t in terms))
            for terms, parts in groups
        ]
        if gate is not None:
            means[f"{update.gate}_share"] = _mean(gate, real, _count(real))
        return totals, (means, count, tree.map_structure(ops.stop_gradient, outputs))

    return losses


def _move(
    model: Any, update: Update, groups: Sequence[tuple], grads: Sequence[Sequence[Any]], may_move: Any
) -> dict[str, Any]:
    """Moves the update's parts along their gradients, where it may; returns what is logged of these."""
    logs: dict[str, Any] = {}
    for (_, parts), group in zip(groups, grads, strict=True):
        for part in parts:
            own, group = group[: len(model.part_variables[part])], group[len(model.part_variables[part]) :]
            optimizer = model.optimizer_of(part, update)
            norm = _log_gradient(part, own, optimizer if model.loss_scaling else None)
            logs |= norm if update.governor is None else _only_where(may_move, norm)
            apply_grads(optimizer, own, model.part_variables[part], may_move)
    return logs


def _govern(
    model: Any, update: Update, batch: dict, real: Any, found: dict
) -> tuple[dict[str, Any], Any, dict[str, Any]]:
    """What is logged of an update's governor, whether the update may move its parts, and the outputs known by then."""
    governor, term = update.governor, model.terms[update.governor.term]
    found = tree.map_structure(ops.stop_gradient, model.forward(batch, term.needs, training=True, known=found))
    value = ops.cast(term(model, batch, found), "float32")
    value = sum_over_replicas(_mean(value, real, _count(real)))
    level = model.levels[governor.term]
    level.assign(governor.memory * level + (1.0 - governor.memory) * value)
    in_turn = ops.equal(ops.mod(ops.convert_to_tensor(model.stage_step), governor.every), 0)
    may_move = ops.logical_or(in_turn, ops.convert_to_tensor(level) > (1.0 - governor.advantage) * term.chance)
    moved = {f"{part}_moved": ops.cast(may_move, "float32") for part in update.parts}
    return {governor.term: value, **moved}, may_move, found


def _only_where(is_open: Any, logs: dict[str, Any]) -> dict[str, Any]:
    """Entries for the log that count only in steps where `is_open` is true."""
    weight = ops.cast(is_open, "float32")
    pairs = {name: value if isinstance(value, tuple) else (value, 1.0) for name, value in logs.items()}
    return {name: (value, count * weight) for name, (value, count) in pairs.items()}


def _groups(model: Any, update: Update) -> list[tuple[tuple[str, ...], list[str]]]:
    """Parts that the same terms reach share one backward pass (with loss scaling, each part has its own scale)."""
    groups: dict[Any, tuple[tuple[str, ...], list[str]]] = {}
    for part in update.parts:
        terms = tuple(t for t in update.terms_of(part) if model.has_term(t))
        if terms:
            key = (terms, part) if model.loss_scaling else terms
            groups.setdefault(key, (terms, []))[1].append(part)
    return list(groups.values())


def _gate(model: Any, rule: Gate, batch: dict, outputs: dict) -> Any:
    """1 for each sample that counts, 0 for the others."""
    value = ops.cast(model.gates[rule.value](model, batch, outputs), "float32")
    return ops.stop_gradient(ops.cast(value >= rule.at_least, "float32"))


def _count(weight: Any) -> Any:
    return None if weight is None else sum_over_replicas(ops.sum(weight))


def _mean(values: Any, weight: Any, count: Any) -> Any:
    """What this device's samples add to the mean over all devices' samples that count."""
    if weight is None:
        return ops.mean(values)
    return ops.sum(values * weight) / ops.maximum(count, 1.0)


def _log_gradient(part: str, grads: Sequence[Any], scaling: Any) -> dict[str, Any]:
    """The norm of a part's gradient; with a `LossScaleOptimizer`, whether it overflowed and the step is skipped too."""
    if scaling is None:
        return {f"{part}_gradient": _norm(grads)}
    finite = scaling.check_finite(grads)
    norm = _norm([g / scaling.dynamic_scale for g in grads])
    weight = ops.cast(finite, "float32")
    return {f"{part}_gradient": (ops.where(finite, norm, 0.0), weight), f"{part}_skipped": 1.0 - weight}


def _norm(grads: Sequence[Any]) -> Any:
    return ops.sqrt(sum(ops.sum(ops.square(ops.cast(g, "float32"))) for g in grads) + 1e-12)
