"""The frozen networks that a model's losses look through, loaded when a term first needs them."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfinpaint.errors import RecipeError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FeatureSlot:
    """A place for a frozen network.

    Attributes:
        network: its name in `tfinpaint.features`.
        default: weights that are used where the caller gives none; None leaves an optional slot empty.
        optional: whether terms that need an empty slot are left out (with a warning) instead of refused.
        dtype: in which the network computes; None follows the global policy.
        options: network -> arguments of its builder in this slot, such as its taps.
    """

    network: str
    default: str | None = None
    optional: bool = False
    dtype: str | None = None
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def resolve(self, given: str | Path | None) -> tuple[str, str | None]:
        """Network and weights that a caller names: `weights` for the slot's own, or `network:weights`."""
        from tfinpaint.features import NETWORKS

        if given is None:
            return self.network, self.default
        name, colon, weights = str(given).partition(":")
        return (name, weights) if colon and name in NETWORKS else (self.network, str(given))


class FeatureNetworks:
    """Holds a model's feature networks apart from its layers, so that they are neither trained nor saved.

    Args:
        slots: name -> `FeatureSlot`.
        given: name -> weights (a path, `"imagenet"`, `"random"`), `network:weights` for another network of
            `tfinpaint.features` than the slot's own, or a callable network.
    """

    def __init__(self, slots: Mapping[str, FeatureSlot], given: Mapping[str, Any]) -> None:
        unknown = sorted(set(given) - set(slots))
        if unknown:
            raise RecipeError(f"`features` may name only {', '.join(slots) or 'nothing'}. Received: {unknown[0]!r}.")
        self._slots, self._given = dict(slots), dict(given)
        self._loaded: dict[str, Callable | None] = {}

    def get(self, name: str) -> Callable | None:
        """The network in slot `name`; None where the slot is optional and empty."""
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def config(self) -> dict[str, str]:
        """What was given by name (networks given as objects cannot be written down)."""
        return {k: str(v) for k, v in self._given.items() if not callable(v)}

    def files(self) -> list[Path]:
        """The files of weights that were loaded."""
        from tfinpaint.features import weights_file

        asked = [n for n in self._loaded if not callable(self._given.get(n))]
        paths = [weights_file(*self._slots[n].resolve(self._given.get(n))) for n in asked]
        return [path for path in paths if path is not None]

    def _load(self, name: str) -> Callable | None:
        slot, given = self._slots[name], self._given.get(name)
        if callable(given):
            return given
        network, weights = slot.resolve(given)
        if weights is None:
            if not slot.optional:
                raise RecipeError(
                    f"The loss needs the network {name!r}; give its weights: features={{{name!r}: path}}."
                )
            logger.warning("The network %r was not given, so the terms that need it are left out.", name)
            return None
        from tfinpaint.features import feature_network

        options = slot.options.get(network, {})
        return feature_network(network, None if weights == "random" else weights, dtype=slot.dtype, **options)
