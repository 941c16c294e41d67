"""What paints aligned faces: what it asks, what it gives, how it is called."""

from tfinpaint.engine.auto import Auto
from tfinpaint.engine.borrowed import Borrowed
from tfinpaint.engine.contract import Contract
from tfinpaint.engine.engine import Engine, Restoration, check_request, contract_of
from tfinpaint.engine.families import FAMILIES, in_words, seen

__all__ = [
    "FAMILIES",
    "Auto",
    "Borrowed",
    "Contract",
    "Engine",
    "Restoration",
    "check_request",
    "contract_of",
    "in_words",
    "seen",
]
