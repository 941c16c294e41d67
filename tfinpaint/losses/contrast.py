"""Losses that tell each sample's own key from those of others."""

from typing import Any

from keras import ops

from tfinpaint.losses.pixel import as_float


def contrast_logits(query: Any, key: Any, queue: Any, temperature: float = 0.07) -> Any:
    """How alike each query is to its own key, and to those of a queue, `(batch, 1 + n)` float32; its own comes first.

    Args:
        query: embeddings of length 1, `(batch, dimension)`.
        key: of another view of the same samples, of the same shape; no gradient.
        queue: of other samples, `(n, dimension)`; no gradient.
        temperature: divides the cosines, above 0.
    """
    query, key, queue = as_float(query), ops.stop_gradient(as_float(key)), ops.stop_gradient(as_float(queue))
    own = ops.sum(query * key, axis=-1, keepdims=True)
    return ops.concatenate([own, ops.matmul(query, ops.transpose(queue))], axis=-1) / temperature


def info_nce(logits: Any) -> Any:
    """Minus the logarithm of the share that the first of `logits` `(batch, 1 + n)` has in a softmax, `(batch,)`.

    Reference: CAN-DFE, section 3.1 (InfoNCE); van den Oord et al., "Representation Learning with Contrastive Predictive
    Coding", 2018; He et al., "Momentum Contrast for Unsupervised Visual Representation Learning", 2020, eq. 1.
    """
    logits = as_float(logits)
    return ops.logsumexp(logits, axis=-1) - logits[:, 0]
