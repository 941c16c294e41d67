"""Losses: pure functions of float tensors that return one value per sample, shape `(batch,)`, in float32."""

from tfinpaint.losses.adversarial import (
    log_mean_sigmoid,
    logistic_critic_loss,
    logistic_generator_loss,
    relativistic_loss,
)
from tfinpaint.losses.features import cosine_distance, feature_l1, feature_mse, gram, relative_l1, style_distance
from tfinpaint.losses.identity import arc_face_logits, arc_face_loss, relation_distance
from tfinpaint.losses.pixel import binary_cross_entropy, chroma, masked_l1, masked_mean, mean_l1, mean_squared
from tfinpaint.losses.structure import masked_ssim_distance, ssim_distance

__all__ = [
    "arc_face_logits",
    "arc_face_loss",
    "binary_cross_entropy",
    "chroma",
    "cosine_distance",
    "feature_l1",
    "feature_mse",
    "gram",
    "log_mean_sigmoid",
    "logistic_critic_loss",
    "logistic_generator_loss",
    "masked_l1",
    "masked_mean",
    "masked_ssim_distance",
    "mean_l1",
    "mean_squared",
    "relation_distance",
    "relative_l1",
    "relativistic_loss",
    "ssim_distance",
    "style_distance",
]
