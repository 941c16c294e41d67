"""What a model declares of its tensors, losses, gates, measures and hooks, so that a recipe can be checked and run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_BATCH = ("image", "occluded", "mask")  # what every batch has


@dataclass(frozen=True)
class Output:
    """A tensor of a model that terms may ask for, such as the coarse picture; made by the decorator `output`.

    Attributes:
        function: `(model, batch, given, training) -> tensor`; `given` holds the outputs that it needs.
        needs: those outputs.
        by: the parts of the model that it runs itself.
        reads: keys of the batch beside `image`, `occluded` and `mask`.
    """

    function: Callable
    needs: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Term:
    """A number for each sample: a loss term, a gate's value or a measure of validation; made by the decorator `term`.

    Attributes:
        function: `(model, batch, outputs) -> (batch,)`.
        needs: outputs of the model that it looks at.
        reads: keys of the batch beside `image`, `occluded` and `mask`.
        features: the feature slot that it looks through.
        against: the critic's term that this painter's term plays against.
        chance: a critic's term: its value where real and painted pictures cannot be told apart, above 0. None for all
            others, and for a critic whose loss has no such scale (a Wasserstein distance).
        steep: a critic's term: the value above which it says that the critic is too steep to learn from.
    """

    function: Callable
    needs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    features: str | None = None
    against: str | None = None
    chance: float | None = None
    steep: float | None = None

    def __call__(self, model: Any, batch: dict, outputs: dict) -> Any:
        return self.function(model, batch, outputs)


@dataclass(frozen=True)
class Hook:
    """What a stage does inside the compiled step, before or after its updates; made by the decorator `hook`.

    Attributes:
        function: `(model, batch, outputs, **arguments)`; with several devices it gets the samples of all of them.
        needs: outputs of the model, without gradients; after the updates, those that these have computed already.
        reads: keys of the batch beside `image`, `occluded` and `mask`.
        moves: the model's variables that it assigns, as a function of the model.
    """

    function: Callable
    needs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    moves: Callable[[Any], list] = lambda model: []

    def __call__(self, model: Any, batch: dict, outputs: dict, **arguments: Any) -> None:
        self.function(model, batch, outputs, **arguments)


def output(*needs: str, by: tuple[str, ...] = (), reads: tuple[str, ...] = ()) -> Callable[[Callable], Output]:
    """Declares a method `(self, batch, given, training)` of a model as one of its outputs, under the method's name."""
    return lambda function: Output(function, needs, tuple(by), _others(reads))


def term(
    *needs: str,
    reads: tuple[str, ...] = (),
    features: str | None = None,
    against: str | None = None,
    chance: float | None = None,
    steep: float | None = None,
) -> Callable[[Callable], Term]:
    """Declares a function `(model, batch, outputs) -> (batch,)` as a term; see `Term`."""
    return lambda function: Term(function, needs, _others(reads), features, against, chance, steep)


def hook(
    *needs: str, reads: tuple[str, ...] = (), moves: Callable[[Any], list] = lambda model: []
) -> Callable[[Callable], Hook]:
    """Declares a function `(model, batch, outputs, **arguments)` as a hook; see `Hook`."""
    return lambda function: Hook(function, needs, _others(reads), moves)


def _others(reads: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key for key in reads if key not in _BATCH)
