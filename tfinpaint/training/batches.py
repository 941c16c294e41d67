"""What a step may be fed: batches that are dicts, with the keys that their stage reads, of the network's size."""

from collections.abc import Collection, Mapping
from typing import Any

from keras import ops

from tfinpaint.errors import InputError

_CHANNELS = {"image": 3, "occluded": 3, "occluded2": 3, "mask": 1, "mask2": 1, "valid": 1, "uv": 2, "uv_valid": 1}
_INSTEAD = {
    "optimizer": "a recipe names one for each part: give recipe=..., or Recipe.scaled(rates=...) of one",
    "loss": "a recipe weighs the model's own terms: give recipe=...",
    "loss_weights": "a recipe weighs the model's own terms: give recipe=...",
    "metrics": "a stage names the model's own measures: Stage(measures=...)",
    "weighted_metrics": "a stage names the model's own measures: Stage(measures=...)",
    "y": "a batch is one dict that holds the clean faces, too: see tfinpaint.data.occlude",
    "sample_weight": "leave faces out, or let a recipe's gate switch samples off",
    "class_weight": "faces have no classes",
}


def refuse_other_arguments(method: str, arguments: Mapping[str, Any]) -> None:
    """Refuses arguments of Keras's own method that a recipe stands for.

    Raises:
        InputError: one of them is given.
        TypeError: there is no such argument at all.
    """
    for name, value in arguments.items():
        if name not in _INSTEAD:
            raise TypeError(f"{method}() got an unexpected keyword argument {name!r}.")
        if value is not None:
            raise InputError(
                f"`{method}` must be called without `{name}`: {_INSTEAD[name]}. Received: {name} of type "
                f"{type(value).__name__}."
            )


def checked_batch(data: Any, keys: Collection[str], side: int, stage: str, stacked: bool = False) -> dict[str, Any]:
    """The dict of a batch, of tensors whose sides and channels are known.

    Args:
        data: what `fit` hands to a step; `train_on_batch` wraps it in a tuple, and without compilation gives arrays.
        keys: what the stage reads beside `image`, `occluded` and `mask`.
        side: of the pictures.
        stage: its name, for the message.
        stacked: whether every tensor holds several batches.

    Raises:
        InputError: it is no dict, something comes with it, or a key is missing.
    """
    if isinstance(data, tuple | list):
        data, *others = data
        for name, value in zip(("y", "sample_weight"), others, strict=False):
            refuse_other_arguments("fit", {name: value})
    if not isinstance(data, Mapping):
        raise InputError(
            "A batch must be a dict with `image`, `occluded` and `mask`, as tfinpaint.data.occlude yields it. "
            f"Received: {type(data).__name__}."
        )
    missing = sorted({"image", "occluded", "mask", *keys} - set(data))
    if missing:
        raise InputError(
            f"Stage {stage!r} reads `{'`, `'.join(missing)}` of a batch. Received: a batch with "
            f"{', '.join(sorted(data))}; tfinpaint.data.occlude(..., keys=model.batch_keys()) yields all that it reads."
        )
    return {key: _known_shape(key, value, side, stacked) for key, value in data.items()}


def stacked(batches: Any, count: int) -> Any:
    """A stream of stacks of `count` batches, those of a stack of one size; what does not fill a stack is left out.

    Args:
        batches: a `tf.data.Dataset` of batches, of whatever sizes (the last of a pass is often smaller), or another
            stream with the method `batch`.
        count: batches in a stack.
    """
    spec = getattr(batches, "element_spec", None)
    if not isinstance(spec, Mapping) or all(entry.shape[:1].is_fully_defined() for entry in spec.values()):
        return batches.batch(count, drop_remainder=True)
    import tensorflow as tf

    return batches.group_by_window(
        key_func=lambda batch: tf.shape(next(iter(batch.values())), tf.int64)[0],
        reduce_func=lambda size, group: group.batch(count, drop_remainder=True),
        window_size=count,
    )


def _known_shape(key: str, value: Any, side: int, stacked: bool) -> Any:
    """A tensor; where a generator left the sides of a picture open, of the network's size."""
    if isinstance(value, tuple):
        return tuple(_known_shape(key, part, side, False) for part in value)
    value = ops.convert_to_tensor(value)
    if key not in _CHANNELS:
        return value
    shape = (side, side, _CHANNELS[key])
    if len(value.shape) != 4 + stacked or any(n not in (None, m) for n, m in zip(value.shape[-3:], shape, strict=True)):
        raise InputError(f"`{key}` of a batch must have the shape (batch, {str(shape)[1:]}. Received: {value.shape}.")
    if None not in value.shape[-3:]:
        return value
    return ops.reshape(value, (*ops.shape(value)[: 1 + stacked], *shape))
