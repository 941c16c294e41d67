"""Losses: pure functions of float tensors that return one value per sample, shape `(batch,)`, in float32."""

from tfinpaint.losses.adversarial import logistic_critic_loss, logistic_generator_loss
from tfinpaint.losses.features import cosine_distance, feature_mse
from tfinpaint.losses.pixel import masked_l1, masked_mean, mean_l1, mean_squared
from tfinpaint.losses.structure import ssim_distance

__all__ = [
    "cosine_distance",
    "feature_mse",
    "logistic_critic_loss",
    "logistic_generator_loss",
    "masked_l1",
    "masked_mean",
    "mean_l1",
    "mean_squared",
    "ssim_distance",
]
