"""Distances between dense fields (u, v), one value per sample."""

from typing import Any

from keras import ops

from tfinpaint.losses.pixel import as_float, masked_l1


def pooled_field(field: Any, valid: Any, side: int) -> tuple[Any, Any]:
    """A field reduced to another side by means over its valid pixels alone, and the share of them in each cell.

    Args:
        field: `(batch, n * side, n * side, 2)` with a whole n.
        valid: `(batch, n * side, n * side, 1)`, 1 where the field is defined, 0 elsewhere.
        side: of what comes out.

    Returns:
        `(batch, side, side, 2)` float32, 0 where no pixel is valid; `(batch, side, side, 1)` in [0, 1].
    """
    field, valid, times = as_float(field), as_float(valid), field.shape[1] // side
    if times > 1:
        share = ops.average_pool(valid, times, times)
        return ops.average_pool(field * valid, times, times) / ops.maximum(share, 1e-6), share
    return field * valid, valid


def correspondence_l1(predicted: Any, target: Any, valid: Any) -> Any:
    """Mean absolute difference of two fields over the pixels where the target is defined, shape `(batch,)`.

    A smaller predicted field is compared with the target's means over valid pixels, and each cell counts by their
    share. Nowhere valid: 0.

    Args:
        predicted: `(batch, side, side, 2)`.
        target: `(batch, n * side, n * side, 2)` with a whole n.
        valid: `(batch, n * side, n * side, 1)`, 1 = defined.

    Reference: CAN-DFE, section 3.3 ("pixel-wise error"; that it is absolute, and that undefined pixels do not count, is
    ours).
    """
    field, share = pooled_field(target, valid, predicted.shape[1])
    return masked_l1(predicted, field, share)
