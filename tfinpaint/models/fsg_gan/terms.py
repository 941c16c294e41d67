"""FSG-GAN's loss terms: `(model, batch, outputs) -> (batch,)`.

`outputs` holds those outputs of the model that a term declares. Where a batch has `valid` (1 where a pixel came from a
photo), made-up borders do not count.
"""

import math
from typing import Any

from tfinpaint import losses
from tfinpaint.models.blocks import shrink
from tfinpaint.models.finishing import FINISH_TERMS
from tfinpaint.models.told import found
from tfinpaint.training.declared import term


@term("drawn")
def vae_nll(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 4, first half, at the structure's size, of unit variance: the clean picture against a structure at random."""
    scale = model.structure_scale
    weight = shrink(batch["valid"], scale) if "valid" in batch else None
    return losses.gaussian_nll(outputs["drawn"], shrink(batch["image"], scale), weight)


@term("moments")
def vae_kl(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 4, second half."""
    return losses.gaussian_kl(*outputs["moments"])


@term("restored")
def pixel_l1(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 5, as a mean over the whole picture (a printed norm would make 100 a million)."""
    return losses.mean_l1(outputs["restored"], batch["image"], batch.get("valid"))


@term("restored")
def pixel_ssim(model: Any, batch: dict, outputs: dict) -> Any:
    """Not in the paper: structural similarity of the whole picture (a mean error alone rewards blur)."""
    return losses.ssim_distance(outputs["restored"], batch["image"], batch.get("valid"))


@term("restored", features="identity")
def id_cosine(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 6: one minus the cosine of a face recogniser's features of the restored and the clean face."""
    look = model.feature_networks.get("identity")
    return losses.cosine_distance(look(outputs["restored"]), look(batch["image"]))


@term("verdict", against="adv_d")
def adv_g(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 7, with the three heads' common answer of eq. 9 and 10."""
    return -losses.log_soft_mean(outputs["verdict"])


@term("real_logits", "fake_logits", chance=2 * math.log(2))
def adv_d(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 11."""
    return -losses.log_soft_mean(outputs["real_logits"]) - losses.log_soft_mean(outputs["fake_logits"], fake=True)


TERMS = {
    "vae_nll": vae_nll,
    "vae_kl": vae_kl,
    "pixel_l1": pixel_l1,
    "pixel_ssim": pixel_ssim,
    "found": found,
    "id_cosine": id_cosine,
    "adv_g": adv_g,
    "adv_d": adv_d,
    **FINISH_TERMS,
}
