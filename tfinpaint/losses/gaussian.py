"""The two halves of a variational bound, one value per sample: sums, never means, or their balance would be lost."""

from typing import Any

from keras import ops

from tfinpaint.losses.pixel import as_float


def gaussian_nll(predicted: Any, target: Any, weight: Any = None) -> Any:
    """Half of the summed squared difference, `(batch,)`: -log p(target) of unit variance around `predicted`, but for
    its constant.

    Args:
        predicted: `(batch, height, width, channels)`.
        target: same shape.
        weight: `(batch, height, width, 1)` factors, for pixels that must not count.

    Reference: Kingma and Welling, "Auto-encoding variational Bayes", 2014; FSG-GAN eq. 4, first half.
    """
    squared = ops.square(as_float(predicted) - as_float(target))
    return 0.5 * ops.sum(squared if weight is None else squared * as_float(weight), axis=(1, 2, 3))


def gaussian_kl(mean: Any, log_variance: Any) -> Any:
    """How far a Gaussian is from the unit Gaussian, `(batch,)`, in nats: KL(N(mean, variance) || N(0, 1)), summed.

    Args:
        mean: `(batch, ...)`.
        log_variance: same shape; below 88, where float32 ends. Networks bound it.

    Reference: Kingma and Welling, 2014, appendix B; FSG-GAN eq. 4, second half.
    """
    mean, log_variance = as_float(mean), as_float(log_variance)
    each = ops.exp(log_variance) + ops.square(mean) - 1.0 - log_variance
    return 0.5 * ops.sum(ops.reshape(each, (ops.shape(each)[0], -1)), axis=-1)
