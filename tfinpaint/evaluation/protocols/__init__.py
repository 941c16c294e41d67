"""Face verification and identification: clean, occluded and restored side by side, and the share of damage undone."""

from tfinpaint.evaluation.bootstrap import Estimate, Outcome, undone
from tfinpaint.evaluation.protocols.embedders import (
    Embedder,
    as_embedder,
    load_embedder,
    refuse_own_teacher,
    similarities,
    similarity,
)
from tfinpaint.evaluation.protocols.identification import Trials, draw_trials, identify
from tfinpaint.evaluation.protocols.pairs import PairPictures, Pairs, load_pair_pictures, read_pairs
from tfinpaint.evaluation.protocols.roc import Roc, roc
from tfinpaint.evaluation.protocols.verification import verify, verify_scores

__all__ = [
    "Embedder",
    "Estimate",
    "Outcome",
    "PairPictures",
    "Pairs",
    "Roc",
    "Trials",
    "as_embedder",
    "draw_trials",
    "identify",
    "load_embedder",
    "load_pair_pictures",
    "read_pairs",
    "refuse_own_teacher",
    "roc",
    "similarities",
    "similarity",
    "undone",
    "verify",
    "verify_scores",
]
