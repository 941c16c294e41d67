"""What validation may report of any model: measures of the picture that a stage improves, and of the mask found.

`outputs` holds what `InpaintingModel.answer` gives, and the stage's picture as `picture`. Where a batch has `valid`
(1 where a pixel came from a photo), made-up borders do not count.
"""

from typing import Any

from keras import ops

from tfinpaint import losses
from tfinpaint.training.declared import term


@term("picture")
def hole_l1(model: Any, batch: dict, outputs: dict) -> Any:
    """Mean absolute error over what is hidden, on [0, 1]."""
    return losses.masked_l1(outputs["picture"], batch["image"], real_hole(batch)) / 2.0


@term("mask")
def mask_iou(model: Any, batch: dict, outputs: dict) -> Any:
    """Intersection over union of the mask found with the true one; 1 where both are empty."""
    found, true = outputs["mask"], batch["mask"]
    both, either = ops.sum(found * true, axis=(1, 2, 3)), ops.sum(ops.maximum(found, true), axis=(1, 2, 3))
    return (both + 1e-6) / (either + 1e-6)


@term("picture")
def hole_ssim(model: Any, batch: dict, outputs: dict) -> Any:
    """1 - structural similarity of the pictures composed with the true mask, over what is hidden; 0 = the same."""
    return 2.0 * losses.masked_ssim_distance(_composed(batch, outputs), batch["image"], real_hole(batch))


@term("picture")
def hole_detail(model: Any, batch: dict, outputs: dict) -> Any:
    """How far fine detail over what is hidden is from the photo's: |log2| of the ratio of mean absolute Laplacians.

    0: as sharp as the photo; 1: half of its detail, or twice as much.
    """
    hole, photo = real_hole(batch), batch["image"]
    ours, theirs = (_detail(x, hole) for x in (_composed(batch, outputs), photo))
    return ops.abs(ops.log((ours + 1e-3) / (theirs + 1e-3))) / ops.log(2.0)


@term("picture")
def hole_likeness(model: Any, batch: dict, outputs: dict) -> Any:
    """`hole_ssim` and half of `hole_detail` together: by this, neither the blurriest nor the noisiest epoch wins."""
    return hole_ssim(model, batch, outputs) + 0.5 * hole_detail(model, batch, outputs)


def real_hole(batch: dict) -> Any:
    """What is hidden and comes from a photo, `(batch, side, side, 1)`."""
    return batch["mask"] * batch["valid"] if "valid" in batch else batch["mask"]


def _composed(batch: dict, outputs: dict) -> Any:
    return (1.0 - batch["mask"]) * batch["image"] + batch["mask"] * ops.cast(outputs["picture"], "float32")


def _detail(picture: Any, hole: Any) -> Any:
    """The mean absolute Laplacian of the brightness over what is hidden, `(batch,)`."""
    grey = ops.mean(ops.cast(picture, "float32"), axis=-1, keepdims=True)
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    size, weight = ops.abs(4.0 * grey[:, 1:-1, 1:-1] - around), hole[:, 1:-1, 1:-1]
    return ops.sum(size * weight, axis=(1, 2, 3)) / (ops.sum(weight, axis=(1, 2, 3)) + 1e-6)


MEASURES = {
    "hole_l1": hole_l1,
    "mask_iou": mask_iou,
    "hole_ssim": hole_ssim,
    "hole_detail": hole_detail,
    "hole_likeness": hole_likeness,
}
