"""Adversarial losses on logits, one value per sample.

`softplus(-l) = -log sigmoid(l)`: no logarithm of a rounded probability anywhere.
"""

from typing import Any

from keras import ops

from tfinpaint.losses.reduce import as_float, per_sample


def logistic_critic_loss(real: Any, fake: Any) -> Any:
    """Falls when real logits rise and fake logits fall, shape `(batch,)`.

    Args:
        real: `(batch, ...)` logits of real pictures.
        fake: `(batch, ...)` logits of painted pictures.

    Reference: FMODR eq. 5 (its printed minus between the two expectations is a sign error); Goodfellow et al. 2014.
    """
    return per_sample(ops.softplus(-as_float(real))) + per_sample(ops.softplus(as_float(fake)))


def logistic_generator_loss(fake: Any) -> Any:
    """Falls when fake logits `(batch, ...)` rise (the non-saturating form), shape `(batch,)`."""
    return per_sample(ops.softplus(-as_float(fake)))
