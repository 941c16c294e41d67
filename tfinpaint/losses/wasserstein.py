"""The Wasserstein game: its two sides and the penalty that keeps a critic's slope near 1, one value per sample."""

from typing import Any

from keras import ops

from tfinpaint.losses.pixel import as_float, per_sample


def wasserstein_critic_loss(real: Any, fake: Any) -> Any:
    """Falls when scores of real pictures rise above those of painted ones, shape `(batch,)`; of any range.

    Args:
        real: `(batch, ...)` scores of real pictures.
        fake: `(batch, ...)` scores of painted ones.

    Reference: Arjovsky et al., "Wasserstein GAN", 2017.
    """
    return per_sample(as_float(fake)) - per_sample(as_float(real))


def wasserstein_generator_loss(fake: Any) -> Any:
    """Falls when scores of painted pictures `(batch, ...)` rise, shape `(batch,)`."""
    return -per_sample(as_float(fake))


def gradient_penalty(gradient: Any, mask: Any = None) -> Any:
    """How far the length of a critic's gradient is from 1, squared, shape `(batch,)`; finite also at length 0.

    Args:
        gradient: `(batch, height, width, channels)`, of a critic's score at pictures between real and painted ones.
        mask: `(batch, height, width, 1)`: only the gradient where it is 1 counts; everywhere without one. A sample
            where it is 0 everywhere has no penalty.

    Reference: Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, eq. 3; with a mask as in the code of J.
    Yu et al., "Generative Image Inpainting with Contextual Attention", 2018.
    """
    gradient = as_float(gradient)
    if mask is None:
        return ops.square(_length(gradient) - 1.0)
    mask = as_float(mask)
    return ops.square(_length(gradient * mask) - 1.0) * ops.max(mask, axis=(1, 2, 3))


def _length(gradient: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(gradient), axis=(1, 2, 3)) + 1e-12)
