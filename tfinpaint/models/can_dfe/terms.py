"""CAN-DFE's loss terms and measures: `(model, batch, outputs) -> (batch,)`; equations are numbered by their place.

`outputs` holds those outputs of the model that a term declares. Where a batch has `valid` (1 where a pixel came from a
photo), made-up borders do not count. The sets of levels are the paper's: structure at all scales (P), texture and
identity at the three outermost (Q).
"""

from collections.abc import Iterator
from typing import Any

from keras import ops

from tfinpaint import losses
from tfinpaint.models.blocks import shrink
from tfinpaint.models.finishing import FINISH_TERMS
from tfinpaint.models.measures import MEASURES as COMMON
from tfinpaint.models.told import found
from tfinpaint.training.declared import term


@term("logits")
def info_nce(model: Any, batch: dict, outputs: dict) -> Any:
    """The first equation (section 3.1), on the step's own keys and the queue as it was before the step."""
    return losses.info_nce(outputs["logits"])


@term("restored")
def rec(model: Any, batch: dict, outputs: dict) -> Any:
    """The reconstruction loss, as a mean; summed over all scales, each against the clean picture reduced by means."""
    return sum(
        losses.mean_l1(painted, shrink(batch["image"], times), _reduced_validity(batch, times))
        for times, painted in _pictures(model, outputs)
    )


@term("restored", reads=("uv", "uv_valid"))
def uv(model: Any, batch: dict, outputs: dict) -> Any:
    """The error of the dense field where it is defined (section 3.3), summed over all scales."""
    valid = batch["uv_valid"] * batch["valid"] if "valid" in batch else batch["uv_valid"]
    fields = [outputs["restored"][f"field_{level}"] for level in range(1, 1 + model.scales)]
    return sum(losses.correspondence_l1(field, batch["uv"], valid) for field in fields)


@term("style_levels", features="style")
def style(model: Any, batch: dict, outputs: dict) -> Any:
    """The style loss, on every tap of the network in the slot `style`, summed over the three outermost scales."""
    return _styles(outputs["style_levels"])


@term("recognised_levels", features="recogniser")
def style_recognised(model: Any, batch: dict, outputs: dict) -> Any:
    """The style loss on the recogniser's middle maps, which the small recipe takes: no network is run for it alone."""
    return _styles(outputs["recognised_levels"])


@term("recognised_levels", features="recogniser")
def id_mse(model: Any, batch: dict, outputs: dict) -> Any:
    """The identity preserving loss, on embeddings as the network makes them, summed over the three outermost scales."""
    pairs = outputs["recognised_levels"]
    return sum(losses.feature_mse(painted["embedding"], real["embedding"]) for painted, real in pairs)


@term("finished", "finishing_hole")
def hole(model: Any, batch: dict, outputs: dict) -> Any:
    """Not in the paper: mean absolute error of the outermost picture over what is hidden."""
    return losses.masked_l1(outputs["finished"], batch["image"], outputs["finishing_hole"])


@term("finished")
def ssim(model: Any, batch: dict, outputs: dict) -> Any:
    """Not in the paper: structural similarity of the outermost picture (a mean error alone rewards blur)."""
    return losses.ssim_distance(outputs["finished"], batch["image"], batch.get("valid"))


@term("finished", "finishing_hole")
def chroma(model: Any, batch: dict, outputs: dict) -> Any:
    """Not in the paper: `hole` of the colour differences, which a recogniser that sees greys does not see."""
    painted, real = (losses.chroma(x) for x in (outputs["finished"], batch["image"]))
    return losses.masked_l1(painted, real, outputs["finishing_hole"])


@term("restored")
def alpha(model: Any, batch: dict, outputs: dict) -> Any:
    """Not in the paper: how far the outermost blending map is from what is hidden, where a photo says it."""
    return losses.mean_l1(outputs["restored"]["alpha_1"], batch["mask"], batch.get("valid"))


@term("logits")
def contrast_top1(model: Any, batch: dict, outputs: dict) -> Any:
    """Measure: 1 where the query is most alike to its own key."""
    return ops.cast(ops.equal(ops.argmax(outputs["logits"], axis=-1), 0), "float32")


@term("restored", reads=("uv", "uv_valid"))
def field_error(model: Any, batch: dict, outputs: dict) -> Any:
    """Measure: mean absolute error of the outermost field where it is defined, in shares of the chart."""
    return losses.correspondence_l1(outputs["restored"]["field_1"], batch["uv"], batch["uv_valid"])


def _pictures(model: Any, outputs: dict) -> Iterator[tuple[int, Any]]:
    """How many times smaller than the outermost picture each is, and the picture."""
    for level in range(1, 1 + model.scales):
        yield 2 ** (level - 1), outputs["restored"][f"picture_{level}"]


def _reduced_validity(batch: dict, times: int) -> Any:
    return shrink(batch["valid"], times) if "valid" in batch else None


def _styles(pairs: list[tuple]) -> Any:
    return sum(
        losses.style_distance(painted[tap], real[tap]) for painted, real in pairs for tap in real if tap != "embedding"
    )


TERMS = {
    "info_nce": info_nce,
    "rec": rec,
    "uv": uv,
    "style": style,
    "style_recognised": style_recognised,
    "id_mse": id_mse,
    "hole": hole,
    "ssim": ssim,
    "chroma": chroma,
    "alpha": alpha,
    "found": found,
    **FINISH_TERMS,
}
MEASURES = {**COMMON, "contrast_top1": contrast_top1, "field_error": field_error}
