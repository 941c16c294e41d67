"""Factors that multiply every learning rate of a stage, as functions of the step within the stage."""

import math
from collections.abc import Mapping
from typing import Any

from keras import ops

from tfinpaint.errors import RecipeError


def rate_factor(schedule: Mapping[str, Any] | None, step: Any, length: int | None, epoch: int | None = None) -> Any:
    """The factor at `step`, a scalar float32 tensor (or 1.0 without a schedule).

    Args:
        schedule: see `Stage.schedule`. `"step"` multiplies by `factor` every so many steps or epochs; `"cosine"` rises
            linearly over `warmup` steps (0), then falls from 1 to `to` (0) along half a cosine.
        step: steps made in the stage, an integer tensor.
        length: the stage's length in steps; None where it counts epochs and no one knows how many faces there are: what
            would fall by it then does not fall.
        epoch: steps of one pass over the faces, where the schedule counts epochs; without it the stage is one.
    """
    if schedule is None:
        return 1.0
    step = ops.cast(step, "float32")
    if schedule["name"] == "cosine":
        warmup, to = float(schedule.get("warmup", 0)), float(schedule.get("to", 0.0))
        done = 0.0 if length is None else ops.clip((step - warmup) / max(1.0, length - warmup), 0.0, 1.0)
        rise = ops.minimum((step + 1.0) / (warmup + 1.0), 1.0)
        return rise * (to + (1.0 - to) * 0.5 * (1.0 + ops.cos(math.pi * done)))
    if schedule["name"] == "step":
        if "every_epochs" in schedule and not (epoch or length):
            return 1.0
        every = schedule.get("every_steps") or schedule["every_epochs"] * (epoch or length)
        return ops.power(float(schedule["factor"]), ops.floor(step / every))
    raise RecipeError(f"A schedule's `name` must be 'step' or 'cosine'. Received: {schedule['name']!r}.")
