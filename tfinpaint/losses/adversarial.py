"""Adversarial losses on logits, one value per sample.

`softplus(-l) = -log sigmoid(l)`: no logarithm of a rounded probability anywhere.
"""

import math
from collections.abc import Sequence
from typing import Any

from keras import ops

from tfinpaint.losses.pixel import as_float, masked_mean, per_sample


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


def log_mean_sigmoid(logits: Any) -> Any:
    """Logarithm of the mean probability that a critic gives to patches, shape `(batch,)`; finite for any logit.

    With `-logits` it is the logarithm of one minus that mean.

    Args:
        logits: `(batch, ...)`, one for each patch; one alone gives `log sigmoid`.

    Reference: C2FDAN, section III-B.2 ("average probability as patch probability") and eq. 11, 12.
    """
    each = ops.log_sigmoid(ops.reshape(as_float(logits), (ops.shape(logits)[0], -1)))
    return ops.logsumexp(each, axis=-1) - math.log(math.prod(logits.shape[1:]))  # a batch may be of unknown size


def log_soft_mean(heads: Sequence[Any], sharpness: float = 1.0, fake: bool = False) -> Any:
    """Logarithm of what several heads of a critic say together, shape `(batch,)`; finite for any logit.

    Head i says `d_i`, its mean probability over patches; together they say `sum_i w_i d_i` with `w = softmax(sharpness
    * d)`: heads that believe more in a picture have more to say of it.

    Args:
        heads: the logits `(batch, ...)` of each.
        sharpness: 0 makes it the mean of the heads; the larger, the nearer it comes to their maximum.
        fake: give the logarithm of one minus that instead.

    Reference: FSG-GAN eq. 9 and 10, after Durugkar et al., "Generative Multi-Adversarial Networks", 2017.
    """
    real = ops.stack([log_mean_sigmoid(logits) for logits in heads], axis=-1)
    said = ops.stack([log_mean_sigmoid(-logits) for logits in heads], axis=-1) if fake else real
    return ops.logsumexp(ops.log_softmax(sharpness * ops.exp(real), axis=-1) + said, axis=-1)


def relativistic_loss(leader: Any, trailer: Any, weight: Any) -> Any:
    """Falls where the logits of `leader` rise above those of `trailer`, shape `(batch,)`; ln 2 where they are equal.

    For a critic the leader is the real picture and the trailer the painted one of the same face, for a painter the
    other way round: each is judged beside its twin, so what is equal in both teaches nothing.

    Args:
        leader: `(batch, height, width, 1)` logits.
        trailer: same shape.
        weight: `(batch, height, width, 1)`, how much each place counts; the loss is the mean over what counts.

    Reference: Jolicoeur-Martineau, "The relativistic discriminator", 2018, eq. 5 and 6.
    """
    return masked_mean(ops.softplus(as_float(trailer) - as_float(leader)), weight)
