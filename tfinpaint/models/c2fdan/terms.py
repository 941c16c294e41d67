"""C2FDAN's loss terms: `(model, batch, outputs) -> (batch,)`.

`outputs` holds those outputs of the model that a term declares. Where a batch has `valid` (1 where a pixel came from a
photo), made-up borders do not count.
"""

import math
from typing import Any

from tfinpaint import losses
from tfinpaint.models.finishing import FINISH_TERMS
from tfinpaint.training.declared import term


@term("mask_logit")
def mask_bce(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 5, from the logit."""
    return losses.binary_cross_entropy(outputs["mask_logit"], batch["mask"])


@term("painted")
def occ_l1(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 6, also divided by the three colours: the coarse picture where the face is hidden."""
    return losses.masked_l1(outputs["painted"], batch["image"], _real(batch, batch["mask"]))


@term("painted")
def nocc_l1(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 7: the coarse picture where the face is visible."""
    return losses.masked_l1(outputs["painted"], batch["image"], _real(batch, 1.0 - batch["mask"]))


@term("raw")
def occ_l1_fine(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 6 on the fine picture, as in the row of table I with the best PSNR."""
    return losses.masked_l1(outputs["raw"], batch["image"], _real(batch, batch["mask"]))


@term("raw")
def chroma_l1_fine(model: Any, batch: dict, outputs: dict) -> Any:
    """Not in the paper: eq. 6 on the fine picture's colour differences; LightCNN sees greys and leaves stains there."""
    return losses.masked_l1(losses.chroma(outputs["raw"]), losses.chroma(batch["image"]), _real(batch, batch["mask"]))


@term("coarse")
def ssim_coarse(model: Any, batch: dict, outputs: dict) -> Any:
    """Not in the paper: structural similarity of the composed coarse picture (a mean error alone rewards blur)."""
    return losses.ssim_distance(outputs["coarse"], batch["image"], batch.get("valid"))


@term("refined")
def ssim_fine(model: Any, batch: dict, outputs: dict) -> Any:
    """Not in the paper: structural similarity of the composed fine picture."""
    return losses.ssim_distance(outputs["refined"], batch["image"], batch.get("valid"))


@term("identity_maps", features="identity_maps")
def id_perceptual(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 8 and 9, on every tap of the network in the slot `identity_maps`."""
    return _over_taps(losses.feature_l1, outputs)


@term("identity_maps", features="identity_maps")
def id_style(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 10 in place of the maps of eq. 8."""
    return _over_taps(losses.style_distance, outputs)


@term("fake_logits", against="adv_d")
def adv_g(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 11: the mean over the critics of -log D(painted)."""
    return -_mean([losses.log_mean_sigmoid(fake) for fake in outputs["fake_logits"].values()])


@term("real_logits", "fake_logits", chance=2 * math.log(2))
def adv_d(model: Any, batch: dict, outputs: dict) -> Any:
    """Eq. 12: the mean over the critics of -log(1 - D(painted)) - log D(photo); the printed minus means both."""
    fake, real = outputs["fake_logits"], outputs["real_logits"]
    return -_mean([losses.log_mean_sigmoid(-fake[name]) + losses.log_mean_sigmoid(real[name]) for name in fake])


def _over_taps(distance: Any, outputs: dict) -> Any:
    """The sum over taps of the distances of each picture looked at from the clean one."""
    clean, *painted = outputs["identity_maps"]
    return sum(distance(maps[tap], clean[tap]) for maps in painted for tap in clean)


def _real(batch: dict, mask: Any) -> Any:
    return mask * batch["valid"] if "valid" in batch else mask


def _mean(values: list) -> Any:
    return sum(values) / len(values)


TERMS = {
    "mask_bce": mask_bce,
    "occ_l1": occ_l1,
    "nocc_l1": nocc_l1,
    "occ_l1_fine": occ_l1_fine,
    "chroma_l1_fine": chroma_l1_fine,
    "ssim_coarse": ssim_coarse,
    "ssim_fine": ssim_fine,
    "id_perceptual": id_perceptual,
    "id_style": id_style,
    "adv_g": adv_g,
    "adv_d": adv_d,
    **FINISH_TERMS,
}
