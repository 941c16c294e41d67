"""How good a restoration is: metrics, judges that no loss looks through, baselines, protocols, contact sheets."""

from tfinpaint.evaluation.baselines import navier_stokes, telea
from tfinpaint.evaluation.evaluate import HELD_OUT_SEED, evaluate
from tfinpaint.evaluation.face_judge import build_face_judge
from tfinpaint.evaluation.judging import distance, look
from tfinpaint.evaluation.landmark_judge import build_landmark_judge
from tfinpaint.evaluation.metrics import l1_percent, l2_percent, mask_iou, psnr, ssim, ssim_map
from tfinpaint.evaluation.real_masks import FoundFaces, find_faces, score_labelled, score_worn
from tfinpaint.evaluation.sheet import examples, tint, write_sheet
from tfinpaint.evaluation.summary import summarise
from tfinpaint.evaluation.tables import results_table, update_tables

__all__ = [
    "HELD_OUT_SEED",
    "FoundFaces",
    "build_face_judge",
    "build_landmark_judge",
    "distance",
    "evaluate",
    "examples",
    "find_faces",
    "l1_percent",
    "l2_percent",
    "look",
    "mask_iou",
    "navier_stokes",
    "psnr",
    "results_table",
    "score_labelled",
    "score_worn",
    "ssim",
    "ssim_map",
    "summarise",
    "telea",
    "tint",
    "update_tables",
    "write_sheet",
]
