"""What a run through a recipe would do, and how long it would take on this machine."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tfinpaint.errors import InputError


@dataclass(frozen=True)
class PlannedStage:
    """One row of a plan.

    Attributes:
        name: of the stage.
        steps: its length.
        batch: samples a step: of a batch, or of the several that a step of fresh updates takes.
        updates: what each update trains and by which terms, such as `"coarse: rec_coarse + 0.6 ssim_coarse"`.
        seconds_per_step: as measured; None where nothing was measured.
    """

    name: str
    steps: int
    batch: int
    updates: tuple[str, ...]
    seconds_per_step: float | None = None

    @property
    def hours(self) -> float | None:
        """The stage's length at the speed measured."""
        return None if self.seconds_per_step is None else self.steps * self.seconds_per_step / 3600


def plan_recipe(
    model: Any,
    data: Callable[[int, int], Any] | None = None,
    *,
    scale: float = 1.0,
    stages: Sequence[str] | None = None,
    faces_per_epoch: int | None = None,
    timed_steps: int = 3,
    progress: Callable[[Sequence], Any] | None = None,
) -> list[PlannedStage]:
    """The stages that `fit_recipe` would walk with the same arguments.

    Args:
        model: a compiled `InpaintingModel`. Where `data` is given it takes a few steps of each stage: throw it away.
        data: as for `fit_recipe`, a function `(batch_size, start) -> dataset`; the speed is measured on it.
        scale: multiplies every stage's length.
        stages: names of the stages to run; all by default.
        faces_per_epoch: how many faces there are, for lengths that count epochs.
        timed_steps: steps of each stage to measure, after one that compiles.
        progress: wraps the stages, such as `tqdm.tqdm`.
    """
    if scale <= 0:
        raise InputError(f"`scale` must be above 0. Received: scale={scale}.")
    chosen = [model.recipe.stage(name) for name in stages or [s.name for s in model.recipe.stages]]
    return [
        PlannedStage(
            name=stage.name,
            steps=stage.steps(scale, faces_per_epoch),
            batch=stage.batch * stage.batches_per_step,
            updates=tuple(map(_describe, stage.updates)),
            seconds_per_step=None if data is None else _seconds(model, stage, data, faces_per_epoch, timed_steps),
        )
        for stage in (chosen if progress is None else progress(chosen))
    ]


def plan_table(plan: Sequence[PlannedStage]) -> str:
    """The plan as text: one line a stage, its updates below it, the sum last."""
    lines = [f"{'stage':<20}{'steps':>9}{'batch':>7}{'images':>11}{'s/step':>9}{'hours':>9}"]
    for row in plan:
        speed = "" if row.seconds_per_step is None else f"{row.seconds_per_step:9.2f}{row.hours:9.2f}"
        lines.append(f"{row.name:<20}{row.steps:>9,}{row.batch:>7}{row.steps * row.batch:>11,}{speed}")
        lines += [f"    {update}" for update in row.updates]
    total = f"{'all':<20}{sum(r.steps for r in plan):>9,}{'':7}{sum(r.steps * r.batch for r in plan):>11,}"
    if plan and plan[0].hours is not None:
        total += f"{'':9}{sum(r.hours for r in plan):9.2f}"
    return "\n".join([*lines, total])


def _describe(update: Any) -> str:
    terms = " + ".join(t if w == 1 else f"{w:g} {t}" for t, w in update.terms.items() if w)
    parts = ", ".join(f"{part} at {rate:g}" for part, rate in update.parts.items())
    times = f" ({update.times} times)" if update.times > 1 else ""
    return f"moves {parts}{times}: {terms}"


def _seconds(model: Any, stage: Any, data: Callable[[int, int], Any], faces: int | None, steps: int) -> float:
    model.begin(stage.name, faces_per_epoch=faces)
    batches = data(stage.batch, 0)
    model.fit(batches, steps_per_epoch=1, verbose=0)
    start = time.perf_counter()
    model.fit(batches, steps_per_epoch=steps, verbose=0)
    return (time.perf_counter() - start) / steps
