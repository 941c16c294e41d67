"""Momentum contrast: the twins follow the encoder, and a ring of keys remembers earlier samples."""

from typing import Any

from keras import ops

from tfinpaint.training.declared import hook


def twins(model: Any) -> list:
    """What the momentum moves, and the batch statistics that the twins gather themselves."""
    return [*model.twin.variables, *model.twin_head.variables]


@hook(moves=twins)
def momentum_update(model: Any, batch: dict, outputs: dict, m: float) -> None:
    """Each weight of the twins becomes m times itself and 1 - m times the encoder's (eq. 2).

    Args:
        model: a `CANDFE`.
        batch: not looked at.
        outputs: not looked at.
        m: momentum in [0, 1]; 1 lets the twins stand.
    """
    for slow, fast in ((model.twin, model.encoder), (model.twin_head, model.head)):
        for kept, new in zip(slow.trainable_variables, fast.trainable_variables, strict=True):
            kept.assign(m * kept + (1.0 - m) * new)


@hook("keys", moves=lambda model: [model.queue, model.pointer])
def enqueue(model: Any, batch: dict, outputs: dict) -> None:
    """The keys of this step take the place of the oldest in the queue; of a larger batch the last ones stay."""
    size = model.queue.shape[0]
    count = ops.shape(outputs["keys"])[0]
    keys = outputs["keys"][-size:]
    kept = ops.shape(keys)[0]
    places = (model.pointer + count - kept + ops.arange(kept, dtype="int32")) % size
    model.queue.assign(ops.scatter_update(ops.convert_to_tensor(model.queue), places[:, None], keys))
    model.pointer.assign((model.pointer + count) % size)


HOOKS = {"momentum_update": momentum_update, "enqueue": enqueue}
