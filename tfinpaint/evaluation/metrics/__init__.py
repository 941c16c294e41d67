"""How near pictures are to others: pixels, landmarks, features, and sets of features."""

from tfinpaint.evaluation.metrics.judged import feature_distance, inter_ocular_error, landmark_failures
from tfinpaint.evaluation.metrics.pixels import (
    border_band,
    l1_percent,
    l2_percent,
    mask_iou,
    masked_mean,
    psnr,
    sharpness,
    ssim,
    ssim_map,
    ssim_maps,
)
from tfinpaint.evaluation.metrics.sets import (
    PrecisionRecall,
    frechet_distance,
    frechet_from_moments,
    neighbour_radii,
    precision_recall,
    realism,
)

__all__ = [
    "PrecisionRecall",
    "border_band",
    "feature_distance",
    "frechet_distance",
    "frechet_from_moments",
    "inter_ocular_error",
    "l1_percent",
    "l2_percent",
    "landmark_failures",
    "mask_iou",
    "masked_mean",
    "neighbour_radii",
    "precision_recall",
    "psnr",
    "realism",
    "sharpness",
    "ssim",
    "ssim_map",
    "ssim_maps",
]
