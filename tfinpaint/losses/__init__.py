"""Losses: pure functions of float tensors that return one value per sample, shape `(batch,)`, in float32."""

from tfinpaint.losses.adversarial import (
    log_mean_sigmoid,
    log_soft_mean,
    logistic_critic_loss,
    logistic_generator_loss,
    relativistic_loss,
)
from tfinpaint.losses.contrast import contrast_logits, info_nce
from tfinpaint.losses.correspondence import correspondence_l1, pooled_field
from tfinpaint.losses.discounted import discounted_l1, hole_discount
from tfinpaint.losses.features import cosine_distance, feature_l1, feature_mse, gram, relative_l1, style_distance
from tfinpaint.losses.gaussian import gaussian_kl, gaussian_nll
from tfinpaint.losses.identity import arc_face_logits, arc_face_loss, relation_distance
from tfinpaint.losses.pixel import binary_cross_entropy, chroma, masked_l1, masked_mean, mean_l1, mean_squared
from tfinpaint.losses.structure import masked_ssim_distance, ssim_distance
from tfinpaint.losses.wasserstein import gradient_penalty, wasserstein_critic_loss, wasserstein_generator_loss

__all__ = [
    "arc_face_logits",
    "arc_face_loss",
    "binary_cross_entropy",
    "chroma",
    "contrast_logits",
    "correspondence_l1",
    "cosine_distance",
    "discounted_l1",
    "feature_l1",
    "feature_mse",
    "gaussian_kl",
    "gaussian_nll",
    "gradient_penalty",
    "gram",
    "hole_discount",
    "info_nce",
    "log_mean_sigmoid",
    "log_soft_mean",
    "logistic_critic_loss",
    "logistic_generator_loss",
    "masked_l1",
    "masked_mean",
    "masked_ssim_distance",
    "mean_l1",
    "mean_squared",
    "pooled_field",
    "relation_distance",
    "relative_l1",
    "relativistic_loss",
    "ssim_distance",
    "style_distance",
    "wasserstein_critic_loss",
    "wasserstein_generator_loss",
]
