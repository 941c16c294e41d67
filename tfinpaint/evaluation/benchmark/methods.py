"""What answers a hidden face: the models, and what needs no model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tfinpaint.engine import Engine, contract_of
from tfinpaint.errors import InputError
from tfinpaint.evaluation.baselines import mean_face, navier_stokes, telea
from tfinpaint.evaluation.benchmark.drawing import DrawnFaces

FRAMING = "wide"  # of the faces of every benchmark


class Answer(NamedTuple):
    """Pictures `(n, s, s, 3)` uint8, and the region that was found, `(n, s, s, 1)`; None where it was given."""

    images: np.ndarray
    masks: np.ndarray | None = None


@dataclass(frozen=True)
class Method:
    """One way to restore faces.

    Attributes:
        name: in the results.
        answer: drawn faces, and a function that gives the mean of all other faces for each -> `Answer`.
        key: changes when the answers may; the SHA-256 of a model's weights.
        judged: whether it is a model, whose gains over the others count.
    """

    name: str
    answer: Callable[[DrawnFaces, Callable[[], np.ndarray]], Answer]
    key: str = ""
    judged: bool = False


BASELINES = (
    Method("occluded", lambda drawn, mean: Answer(drawn.occluded)),
    Method("telea", lambda drawn, mean: Answer(telea(drawn.occluded, drawn.masks))),
    Method("navier_stokes", lambda drawn, mean: Answer(navier_stokes(drawn.occluded, drawn.masks))),
    Method("mean_face", lambda drawn, mean: Answer(mean_face(drawn.occluded, drawn.masks, mean()))),
)


def model_methods(models: Mapping[str, Engine], keys: Mapping[str, str], batch_size: int) -> tuple[Method, ...]:
    """The models by name as methods; one whose contract needs a mask is given the true one.

    Raises:
        InputError: a model without a contract, or one that sees faces aligned otherwise than these.
    """
    for name, model in models.items():
        framing = contract_of(model).framing
        if framing != FRAMING:
            raise InputError(
                f"`models` must see faces framed {FRAMING!r}, as those of a benchmark are. Received: {name!r} with "
                f"framing={framing!r}."
            )
    return tuple(Method(n, _answers(m, batch_size), keys.get(n, ""), judged=True) for n, m in models.items())


def _answers(model: Engine, batch_size: int) -> Callable[[DrawnFaces, Callable[[], np.ndarray]], Answer]:
    told = contract_of(model).needs_mask

    def answer(drawn: DrawnFaces, mean: Callable[[], np.ndarray]) -> Answer:
        restored = model.restore(drawn.occluded, drawn.masks if told else None, batch_size=batch_size)
        return Answer(restored.images, None if told else restored.masks)

    return answer
