"""The terms of the finishing stage: `(model, batch, outputs) -> (batch,)`; see `Finishing` for the outputs.

None of them is of the five papers. What each is worth has not been measured one by one.
"""

import math
from collections.abc import Callable
from typing import Any

from keras import ops

from tfinpaint import losses
from tfinpaint.models.finishing.finishing import RECOGNISED, SHAKEN
from tfinpaint.training.declared import term


@term("finished", "finishing_hole")
def finish_l1(model: Any, batch: dict, outputs: dict) -> Any:
    """Mean absolute error over what is hidden."""
    return losses.masked_l1(outputs["finished"], batch["image"], outputs["finishing_hole"])


@term("finished", "finishing_hole")
def finish_ssim(model: Any, batch: dict, outputs: dict) -> Any:
    """Structural similarity over what is hidden."""
    return losses.masked_ssim_distance(outputs["finished"], batch["image"], outputs["finishing_hole"])


@term("finished", "finishing_hole")
def finish_chroma(model: Any, batch: dict, outputs: dict) -> Any:
    """Mean absolute error of the colour differences: a recogniser that sees greys leaves stains."""
    painted, real = (losses.chroma(x) for x in (outputs["finished"], batch["image"]))
    return losses.masked_l1(painted, real, outputs["finishing_hole"])


@term("real_verdict", "painted_verdict")
def finish_features(model: Any, batch: dict, outputs: dict) -> Any:
    """What the patch critic's maps see in the finished picture, against what they see in the photo."""
    pairs = list(zip(outputs["painted_verdict"]["maps"], outputs["real_verdict"]["maps"], strict=True))
    return sum(losses.relative_l1(*pair) for pair in pairs) / len(pairs)


@term("recognised", features="recogniser")
def finish_recognised(model: Any, batch: dict, outputs: dict) -> Any:
    """The same of a recogniser's middle maps."""
    painted, real = outputs["recognised"]
    names = [name for name in real if name != "embedding"]
    each = sum(losses.relative_l1(painted[name], real[name]) for name in names) / len(names)
    return _for_all(each, batch, RECOGNISED)


@term("recognised", features="recogniser")
def finish_identity(model: Any, batch: dict, outputs: dict) -> Any:
    """One minus the cosine of the recogniser's embeddings of both."""
    painted, real = outputs["recognised"]
    return _for_all(losses.cosine_distance(painted["embedding"], real["embedding"]), batch, RECOGNISED)


@term("real_verdict", "painted_verdict", "finishing_hole", chance=2 * math.log(2))
def finish_critic(model: Any, batch: dict, outputs: dict) -> Any:
    """The patch critic's side: the photo looks more real than the finished picture of the same face."""
    real, painted = outputs["real_verdict"]["logits"], outputs["painted_verdict"]["logits"]
    return _over_maps(model, outputs, losses.relativistic_loss, real, painted)


@term("real_verdict", "painted_verdict", "finishing_hole", against="finish_critic")
def finish_adversary(model: Any, batch: dict, outputs: dict) -> Any:
    """The painter's side: the finished picture looks more real than the photo."""
    real, painted = outputs["real_verdict"]["logits"], outputs["painted_verdict"]["logits"]
    return _over_maps(model, outputs, losses.relativistic_loss, painted, real)


@term("real_verdict", "painted_verdict", "shaken_logits")
def finish_steady(model: Any, batch: dict, outputs: dict) -> Any:
    """How far the patch critic's logits move under a little noise: a penalty of its slope without a second derivative.

    Reference: Lin et al., "Diffusion Adversarial Post-Training for One-Step Video Generation", 2025 (approximated R1),
    here on photos and painted pictures.
    """
    calm = [outputs[name]["logits"] for name in ("real_verdict", "painted_verdict")]
    moved = [
        ops.mean(ops.square(before[::SHAKEN] - after), axis=(1, 2, 3))
        for pair in zip(calm, outputs["shaken_logits"], strict=True)
        for before, after in zip(*pair, strict=True)
    ]
    return _for_all(sum(moved), batch, SHAKEN)


def _over_maps(model: Any, outputs: dict, loss: Callable, leaders: list, trailers: list) -> Any:
    """The sum of a loss over the maps of logits, each weighted by the hole that lies under its places."""
    hole = model.window(outputs["finishing_hole"])
    total = 0.0
    for leader, trailer in zip(leaders, trailers, strict=True):
        block = round(hole.shape[1] / leader.shape[1])
        total += loss(leader, trailer, ops.max_pool(hole, block, block, padding="same"))
    return total


def _for_all(values: Any, batch: dict, step: int) -> Any:
    """Values of every `step`th sample, given to those behind it, too, so that each sample of the batch has one."""
    return ops.repeat(values, step, axis=0)[: ops.shape(batch["mask"])[0]]


FINISH_TERMS = {
    "finish_l1": finish_l1,
    "finish_ssim": finish_ssim,
    "finish_chroma": finish_chroma,
    "finish_features": finish_features,
    "finish_recognised": finish_recognised,
    "finish_identity": finish_identity,
    "finish_adversary": finish_adversary,
    "finish_critic": finish_critic,
    "finish_steady": finish_steady,
}
