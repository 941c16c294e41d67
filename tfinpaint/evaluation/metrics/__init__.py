"""How near pictures are to others: pixels, landmarks, features, and sets of features."""

from tfinpaint.evaluation.metrics.feature_distance import feature_distance
from tfinpaint.evaluation.metrics.frechet import frechet_distance, frechet_from_moments
from tfinpaint.evaluation.metrics.landmarks import inter_ocular_error, landmark_failures
from tfinpaint.evaluation.metrics.neighbours import PrecisionRecall, neighbour_radii, precision_recall, realism
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
