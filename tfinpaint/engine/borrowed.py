"""An engine that must be told what is hidden, told by one that finds it."""

import numpy as np

from tfinpaint.engine.contract import Contract
from tfinpaint.engine.engine import Engine, Restoration, contract_of
from tfinpaint.errors import InputError


class Borrowed:
    """Paints with one engine what another one finds.

    Args:
        painter: paints where it is told.
        finder: an engine that finds masks, such as `zoo.load("fmodr")`, in the painter's framing.

    Raises:
        InputError: the finder finds none, or sees faces aligned otherwise.
    """

    def __init__(self, painter: Engine, finder: Engine) -> None:
        own, other = contract_of(painter), contract_of(finder)
        if not other.finds_mask:
            raise InputError(
                "The engine that lends its detector must find masks itself. Received: one that needs a mask; "
                "take a blind model, such as fmodr."
            )
        if own.framing != other.framing:
            raise InputError(
                f"The engine that lends its detector must see faces framed {own.framing!r}, as the painter does. "
                f"Received: framing={other.framing!r}."
            )
        self.painter, self.finder, self.image_size = painter, finder, painter.image_size
        self.contract = Contract(
            extras=own.extras, noise=own.noise, framing=own.framing, reach=other.reach, occlusion=other.occlusion
        )

    def restore(
        self, images: np.ndarray, masks: np.ndarray | None = None, *, seed: int | None = None, batch_size: int = 16
    ) -> Restoration:
        """See `Engine.restore`; a caller's mask is used as it is."""
        if masks is None:
            masks = self.finder.restore(images, batch_size=batch_size).masks
        return self.painter.restore(images, masks, seed=seed, batch_size=batch_size)
