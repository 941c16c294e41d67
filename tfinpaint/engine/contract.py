"""What an engine declares of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tfinpaint.errors import InputError
from tfinpaint.framing import FRAMINGS

MASKS = ("finds", "needs", "whole")


@dataclass(frozen=True)
class Contract:
    """What an engine asks and what it gives; every room that calls one reads this record and guesses nothing.

    Attributes:
        mask: `"finds"` what hides a face by itself (a caller's mask takes the place of its own), `"needs"` to be told,
            or `"whole"`: paints the whole face and says afterwards what of it is to be pasted.
        extras: names of what it gives beside pictures and masks, such as `"coarse"` or `"structure"`.
        noise: name -> shape, without the batch, of the standard normal numbers that it draws; empty where it draws
            none. Without a seed such an engine gives its mode, the same picture every time.
        framing: how the faces that it takes are aligned, a name in `tfinpaint.framing.FRAMINGS`.
        reach: how many times as wide as an aligned crop may be what it takes off, where that goes on beyond the crop.
        occlusion: the name in `tfinpaint.data.occlusions` of what hides the faces that it is trained on.
    """

    mask: Literal["finds", "needs", "whole"] = "finds"
    extras: tuple[str, ...] = ()
    noise: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    framing: str = "wide"
    reach: float = 1.0
    occlusion: str = "worn_masks"

    def __post_init__(self) -> None:
        if self.mask not in MASKS:
            raise InputError(f"A contract's `mask` must be one of {', '.join(MASKS)}. Received: mask={self.mask!r}.")
        if self.framing not in FRAMINGS:
            known = ", ".join(FRAMINGS)
            raise InputError(f"A contract's `framing` must be one of {known}. Received: framing={self.framing!r}.")
        if self.reach < 1:
            raise InputError(f"A contract's `reach` must be at least 1. Received: reach={self.reach}.")

    @property
    def needs_mask(self) -> bool:
        """Whether it must be told what is hidden."""
        return self.mask == "needs"

    @property
    def finds_mask(self) -> bool:
        """Whether it says itself what is hidden, before it paints or afterwards."""
        return self.mask != "needs"

    @property
    def composes(self) -> bool:
        """Whether it paints into the picture that it was given; false where it repaints all of it."""
        return self.mask != "whole"

    @property
    def draws(self) -> bool:
        """Whether a seed chooses among the faces that it may paint."""
        return bool(self.noise)
