"""How good a restoration is: metrics, judges that no loss looks through, baselines, protocols."""

from tfinpaint.evaluation.baselines import mean_face, mean_of_others, navier_stokes, telea
from tfinpaint.evaluation.benchmark import HELD_OUT_SEED, freeze, load_protocol, run_benchmark, save_protocol
from tfinpaint.evaluation.bootstrap import summarise
from tfinpaint.evaluation.face_judge import build_face_judge
from tfinpaint.evaluation.judging import look, pooled_features
from tfinpaint.evaluation.landmark_judge import build_landmark_judge
from tfinpaint.evaluation.metrics import (
    PrecisionRecall,
    border_band,
    feature_distance,
    frechet_distance,
    frechet_from_moments,
    inter_ocular_error,
    l1_percent,
    l2_percent,
    landmark_failures,
    mask_iou,
    masked_mean,
    neighbour_radii,
    precision_recall,
    psnr,
    realism,
    sharpness,
    ssim,
    ssim_map,
    ssim_maps,
)
from tfinpaint.evaluation.real_masks import FoundFaces, find_faces, score_labelled, score_worn

__all__ = [
    "HELD_OUT_SEED",
    "freeze",
    "load_protocol",
    "mean_face",
    "mean_of_others",
    "run_benchmark",
    "save_protocol",
    "FoundFaces",
    "PrecisionRecall",
    "border_band",
    "build_face_judge",
    "build_landmark_judge",
    "feature_distance",
    "find_faces",
    "frechet_distance",
    "frechet_from_moments",
    "inter_ocular_error",
    "l1_percent",
    "l2_percent",
    "landmark_failures",
    "look",
    "mask_iou",
    "masked_mean",
    "navier_stokes",
    "neighbour_radii",
    "pooled_features",
    "precision_recall",
    "psnr",
    "realism",
    "score_labelled",
    "score_worn",
    "sharpness",
    "ssim",
    "ssim_map",
    "ssim_maps",
    "summarise",
    "telea",
]
