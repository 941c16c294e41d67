"""Exponential moving averages of the weights that paint, kept inside the compiled step."""

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
from keras import ops

from tfinpaint.errors import InputError


class AveragedWeights:
    """The half of `RecipeTrainer` that averages: `compile(average=0.999)` switches it on.

    After each step in which a part has moved, the averages of its weights follow: `average += (1 - d) (weight -
    average)` with `d = min(decay, (1 + n) / (10 + n))`, n the number of times that they have followed before (the
    warm-up makes them forget where training began). The statistics of batches that its layers keep are averaged with
    them. They are variables of the model, so a checkpoint holds them.
    """

    average: float | None = None

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Puts the averages in place of the weights for the length of a `with` block, and then the weights back.

        A part that has not moved since `compile` has no average; without `compile(average=...)` nothing changes.
        """
        followed = [kept for kept in self._averages.values() if int(kept.count)]
        pairs = [pair for kept in followed for pair in kept.pairs]
        weights = [_copy(weight.value) for weight, _ in pairs]
        try:
            for weight, average in pairs:
                weight.assign(_copy(average.value))
            yield
        finally:
            for (weight, _), value in zip(pairs, weights, strict=True):
                weight.assign(value)

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """Keras's `evaluate`, of the averages where they are kept; so is the validation inside `fit`."""
        with self.averaged():
            return super().evaluate(*args, **kwargs)

    @property
    def _averages(self) -> dict[str, SimpleNamespace]:
        """Part -> `count` and `pairs` (weight, average), where Keras does not track them a second time."""
        return getattr(self._untracked, "averages", {})

    def _begin_averages(self, decay: float | None) -> None:
        """Drops the averages of the compilation before, and begins new ones at the present weights."""
        if decay is not None and not 0.0 <= decay < 1.0:
            raise InputError(f"`average` must be None or a decay from 0 up to below 1. Received: average={decay}.")
        for kept in self._averages.values():
            for variable in (kept.count, *(average for _, average in kept.pairs)):
                self._untrack_variable(variable)
        self.average = decay
        self._untracked.averages = {}
        painters = set() if decay is None else {id(v) for v in self.painters.variables}
        for part, variables in self.part_variables.items():
            weights = [v for v in [*variables, *self.part_statistics[part]] if id(v) in painters]
            if weights:
                pairs = [(v, self._state(f"{part}_average_{i}", v.value)) for i, v in enumerate(weights)]
                count = self._state(f"{part}_average_count", np.zeros(()), "int32")
                self._untracked.averages[part] = SimpleNamespace(count=count, pairs=pairs)

    def _state(self, name: str, value: Any, dtype: str = "float32") -> Any:
        options = {"shape": value.shape, "dtype": dtype, "trainable": False, "autocast": False}
        variable = self.add_weight(name=name, initializer="zeros", aggregation="only_first_replica", **options)
        variable.assign(_copy(value))
        return variable

    @contextlib.contextmanager
    def _following(self) -> Iterator[None]:
        """Lets the averages follow what the updates in a `with` block of the compiled step have moved."""
        before = self._moves()
        yield
        for part, moves in self._moves().items():
            kept, moved = self._averages[part], moves > before[part]
            count = ops.cast(ops.convert_to_tensor(kept.count), "float32")
            rate = ops.where(moved, ops.maximum(1.0 - self.average, 9.0 / (10.0 + count)), 0.0)
            for weight, average in kept.pairs:
                average.assign(average + rate * (ops.cast(weight, "float32") - average))
            kept.count.assign(kept.count + ops.cast(moved, "int32"))

    def _moves(self) -> dict[str, Any]:
        """Part -> how often the optimizers of the present stage have moved it, of the parts that are averaged."""
        moves: dict[str, Any] = {}
        for update in self.stage.updates:
            for part in (p for p in update.parts if p in self._averages):
                optimizer = self.optimizer_of(part, update)
                optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # which Keras 3.8 does not ask itself
                moves[part] = moves.get(part, 0) + ops.convert_to_tensor(optimizer.iterations)
        return moves


def _copy(value: Any) -> np.ndarray:
    """A tensor apart from its buffer: on JAX two variables must not share one."""
    return np.array(ops.convert_to_numpy(value))
