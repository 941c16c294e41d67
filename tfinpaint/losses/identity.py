"""Losses that teach a network who a face shows."""

import math
from typing import Any

from keras import ops

from tfinpaint.losses.pixel import as_float

SCALE, MARGIN = 64.0, 0.5


def arc_face_logits(labels: Any, cosines: Any, scale: float = SCALE, margin: float = MARGIN) -> Any:
    """Logits `(batch, people)` with an angular margin: the true person's angle counts as larger by `margin`.

    Args:
        labels: who each face shows, integers `(batch,)` or `(batch, 1)`.
        cosines: of each face with each person's direction, `(batch, people)`.
        scale: multiplies the cosines.
        margin: in radians, below pi. Where angle plus margin is beyond pi, a straight line goes on falling.

    Reference: Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", 2019, eq. 3.
    """
    cosines = ops.clip(as_float(cosines), -1.0, 1.0)
    sines = ops.sqrt(ops.maximum(1.0 - ops.square(cosines), 1e-6))  # at the ends the root has no finite slope
    turned = cosines * math.cos(margin) - sines * math.sin(margin)
    turned = ops.where(cosines > -math.cos(margin), turned, cosines - margin * math.sin(margin))
    true = ops.one_hot(ops.reshape(labels, (-1,)), cosines.shape[-1], dtype=cosines.dtype)
    return scale * (cosines + true * (turned - cosines))


def arc_face_loss(labels: Any, cosines: Any, scale: float = SCALE, margin: float = MARGIN) -> Any:
    """Cross-entropy of `arc_face_logits`, `(batch,)`."""
    logits = arc_face_logits(labels, cosines, scale, margin)
    true = ops.one_hot(ops.reshape(labels, (-1,)), logits.shape[-1], dtype=logits.dtype)
    return ops.logsumexp(logits, axis=-1) - ops.sum(true * logits, axis=-1)


def relation_distance(predicted: Any, target: Any) -> Any:
    """How far the cosines between the faces of a batch are from those in another space, `(batch,)`.

    Args:
        predicted: embeddings `(batch, n)`.
        target: embeddings of the same faces `(batch, m)`; no gradient.

    Each value is the mean squared difference of the cosines of one face with all of the batch.

    Reference: Park et al., "Relational Knowledge Distillation", 2019; here with cosines, the measure of faces.
    """
    found, wanted = (
        ops.matmul(unit, ops.transpose(unit))
        for unit in (ops.normalize(as_float(x), axis=-1) for x in (predicted, ops.stop_gradient(as_float(target))))
    )
    return ops.mean(ops.square(found - wanted), axis=-1)
