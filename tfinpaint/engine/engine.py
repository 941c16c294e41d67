"""What the rooms above ask of whatever paints, and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from tfinpaint.engine.contract import Contract
from tfinpaint.errors import InputError


@dataclass(frozen=True, eq=False)
class Restoration:
    """Restored faces.

    Attributes:
        images: uint8, the input's shape, `(n, height, width, 3)`; the input's bytes wherever the mask is 0.
        masks: float32, `(n, height, width, 1)`, 1 where the picture was painted, else 0.
        extras: what else the engine's contract names, as the network gives it: `(n, side, side, ...)` float32 at the
            network's own side, pictures in [-1, 1].
    """

    images: np.ndarray
    masks: np.ndarray
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.images)


class Engine(Protocol):
    """What restores aligned faces: a Keras model, a SavedModel, a TFLite file, or an object of the caller's own.

    Attributes:
        contract: what it asks and gives.
        image_size: side in pixels of the faces that it likes best; it takes any.
    """

    contract: Contract
    image_size: int

    def restore(
        self, images: np.ndarray, masks: np.ndarray | None = None, *, seed: int | None = None, batch_size: int = 16
    ) -> Restoration:
        """Paints back what is hidden in `(n, height, width, 3)` uint8 RGB pictures of aligned faces.

        Args:
            images: the faces.
            masks: `(n, height, width, 1)`, 1 = hidden; needed by some, in place of its own for the others.
            seed: chooses among the faces that an engine with noise may paint; its mode without one.
            batch_size: faces at a time.

        Raises:
            InputError: the engine needs a mask and gets none, or draws nothing and gets a seed.
        """


def check_request(engine: Any, name: str, mask: Any, seed: int | None) -> None:
    """Sees that an engine gets the mask that it needs, and no seed that it has no use for.

    Args:
        engine: declares a contract.
        name: of the caller's argument for masks, for the message.
        mask: what it was given; None for nothing.
        seed: what it was given.

    Raises:
        InputError: it gets none, or one too many.
    """
    contract = contract_of(engine)
    if contract.needs_mask and mask is None:
        raise InputError(
            f"`{name}` must say what is hidden: this model paints where it is told. Received: {name}=None; give it, or "
            "borrow a blind model's detector: tfinpaint.engine.Borrowed(model, zoo.load('fmodr')), or --detector fmodr."
        )
    if seed is not None and not contract.draws:
        raise InputError(f"`seed` must be left out: this model draws nothing at random. Received: seed={seed!r}.")


def contract_of(engine: Any) -> Contract:
    """The contract that an engine declares.

    Raises:
        InputError: it declares none.
    """
    contract = getattr(engine, "contract", None)
    if not isinstance(contract, Contract):
        raise InputError(
            "An engine must declare what it asks as its attribute `contract`, a `tfinpaint.engine.Contract`. "
            f"Received: {type(engine).__name__} with contract={contract!r}; give it one, such as "
            "Contract(mask='finds')."
        )
    return contract
