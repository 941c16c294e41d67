"""CA-GAN's loss terms: `(model, batch, outputs) -> (batch,)`.

`outputs` holds those outputs of the model that a term declares. Where a batch has `valid` (1 where a pixel came from a
photo), made-up borders do not count. The equations are numbered as in the paper.
"""

from typing import Any

from tfinpaint import losses
from tfinpaint.models.finishing import FINISH_TERMS
from tfinpaint.models.measures import real_hole
from tfinpaint.training.declared import term


@term("coarse_raw", reads=("distance",))
def rec_coarse(model: Any, batch: dict, outputs: dict) -> Any:
    """L_r of eq. 1 on the coarse picture: discounted over the hole, plain where the face is visible."""
    return _reconstruction(model, batch, outputs["coarse_raw"])


@term("refined_raw", reads=("distance",))
def rec_refine(model: Any, batch: dict, outputs: dict) -> Any:
    """L_r of eq. 1 on the refined picture."""
    return _reconstruction(model, batch, outputs["refined_raw"])


@term("coarse")
def ssim_coarse(model: Any, batch: dict, outputs: dict) -> Any:
    """Not in the paper: structural similarity of the coarse picture over the hole (a mean error alone rewards blur)."""
    return losses.masked_ssim_distance(outputs["coarse"], batch["image"], real_hole(batch))


@term("refined")
def ssim_refine(model: Any, batch: dict, outputs: dict) -> Any:
    """Not in the paper: structural similarity of the refined picture over the hole."""
    return losses.masked_ssim_distance(outputs["refined"], batch["image"], real_hole(batch))


@term("real_score", "fake_score")
def wgan_d(model: Any, batch: dict, outputs: dict) -> Any:
    """The critics' side (section IV-D): painted pictures score low, photos high; the sum of both critics."""
    return losses.wasserstein_critic_loss(outputs["real_score"], outputs["fake_score"])


@term("fake_score", against="wgan_d")
def wgan_g(model: Any, batch: dict, outputs: dict) -> Any:
    """G_Loss of eq. 1: the negative score of what was painted."""
    return losses.wasserstein_generator_loss(outputs["fake_score"])


@term("slopes", steep=100.0)
def gp(model: Any, batch: dict, outputs: dict) -> Any:
    """The gradient penalty of the cited WGAN-GP, over the hole; the sum of both critics."""
    return sum(losses.gradient_penalty(gradient, hole) for gradient, hole in outputs["slopes"])


def _reconstruction(model: Any, batch: dict, painted: Any) -> Any:
    hole, known = real_hole(batch), 1.0 - batch["mask"]
    known = known * batch["valid"] if "valid" in batch else known
    hidden = losses.discounted_l1(painted, batch["image"], batch["distance"], hole, model.discount, model.gamma)
    return hidden + losses.masked_l1(painted, batch["image"], known)


TERMS = {
    "rec_coarse": rec_coarse,
    "rec_refine": rec_refine,
    "ssim_coarse": ssim_coarse,
    "ssim_refine": ssim_refine,
    "wgan_d": wgan_d,
    "wgan_g": wgan_g,
    "gp": gp,
    **FINISH_TERMS,
}
