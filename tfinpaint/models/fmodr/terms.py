"""FMODR's loss terms and its gate: `(model, batch, outputs) -> (batch,)`.

`outputs` holds those outputs of the model that a term declares. Where a batch has `valid` (1 where a pixel came from a
photo), made-up borders do not count.
"""

import math
from typing import Any

from tfinpaint import losses
from tfinpaint.models.finishing import FINISH_TERMS
from tfinpaint.training.declared import Term, term


@term("mask_probability")
def mask_mse(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 1, as a mean (with the printed sum the learning rate would lose its meaning)."""
    return losses.mean_squared(outputs["mask_probability"], batch["mask"])


@term("coarse")
def rec_coarse(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 2 on the coarse picture."""
    return losses.mean_l1(outputs["coarse"], batch["image"], batch.get("valid"))


@term("coarse", "finishing_hole")
def hole_coarse(model: Any, batch: dict, outputs: dict) -> Any:
    """Mean absolute error of the coarse picture over what is hidden: in the stage `finish` it shall stay a picture."""
    return losses.masked_l1(outputs["coarse"], batch["image"], outputs["finishing_hole"])


@term("refined")
def rec_refine(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 2 on the refined picture."""
    return losses.mean_l1(outputs["refined"], batch["image"], batch.get("valid"))


@term("coarse")
def ssim_coarse(model: Any, batch: dict, outputs: dict) -> Any:
    """Not in the paper: structural similarity of the coarse picture (a mean error alone rewards blur)."""
    return losses.ssim_distance(outputs["coarse"], batch["image"], batch.get("valid"))


@term("refined")
def ssim_refine(model: Any, batch: dict, outputs: dict) -> Any:
    """Not in the paper: structural similarity of the refined picture."""
    return losses.ssim_distance(outputs["refined"], batch["image"], batch.get("valid"))


@term("refined", features="perceptual")
def perceptual(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 3: relu3_3 of VGG16, on the model's window of the refined picture (all of it at paper size)."""
    return _perceptual(model, batch, outputs["refined"])


@term("coarse", features="perceptual")
def perceptual_coarse(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 3 on the coarse picture, which the paper does not do."""
    return _perceptual(model, batch, outputs["coarse"])


@term("refined", features="identity")
def identity(model: Any, batch: dict, outputs: dict) -> Any:
    """Not in the paper: cosine distance of a face recogniser's embeddings of the refined and the clean face."""
    return _identity(model, batch, outputs["refined"])


@term("coarse", features="identity")
def identity_coarse(model: Any, batch: dict, outputs: dict) -> Any:
    """Not in the paper: `identity` of the coarse picture."""
    return _identity(model, batch, outputs["coarse"])


@term("coarse")
def coarse_hole_l1(model: Any, batch: dict, outputs: dict) -> Any:
    """Gate value: mean absolute error of the coarse picture over the hole, on the [-1, 1] scale."""
    return losses.masked_l1(outputs["coarse"], batch["image"], batch["mask"])


def _perceptual(model: Any, batch: dict, painted: Any) -> Any:
    look = model.feature_networks.get("perceptual")
    top, left, side = model.perceptual_window
    window = (slice(None), slice(top, top + side), slice(left, left + side))
    return losses.feature_mse(look(painted[window])["relu3_3"], look(batch["image"][window])["relu3_3"])


def _identity(model: Any, batch: dict, painted: Any) -> Any:
    look = model.feature_networks.get("identity")
    return losses.cosine_distance(look(painted), look(batch["image"]))


def _adv_d(logit: str) -> Term:
    """Eq. 5, the critic's side, of the picture that `logit` is about; at chance both halves are ln 2."""

    @term("real_logit", logit, chance=2 * math.log(2))
    def adv_d(model: Any, batch: dict, outputs: dict) -> Any:
        return losses.logistic_critic_loss(outputs["real_logit"], outputs[logit])

    return adv_d


def _adv_g(logit: str, critic: str) -> Term:
    """Eq. 5, the painter's side, against the term `critic`."""

    @term(logit, against=critic)
    def adv_g(model: Any, batch: dict, outputs: dict) -> Any:
        return losses.logistic_generator_loss(outputs[logit])

    return adv_g


TERMS = {
    "mask_mse": mask_mse,
    "rec_coarse": rec_coarse,
    "hole_coarse": hole_coarse,
    "rec_refine": rec_refine,
    "ssim_coarse": ssim_coarse,
    "ssim_refine": ssim_refine,
    "perceptual_coarse": perceptual_coarse,
    "perceptual": perceptual,
    "identity_coarse": identity_coarse,
    "identity": identity,
    "adv_d_coarse": _adv_d("coarse_logit"),
    "adv_d_refine": _adv_d("refined_logit"),
    "adv_g_coarse": _adv_g("coarse_logit", "adv_d_coarse"),
    "adv_g_refine": _adv_g("refined_logit", "adv_d_refine"),
    **FINISH_TERMS,
}
GATES = {"coarse_hole_l1": coarse_hole_l1}
