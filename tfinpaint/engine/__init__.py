"""What paints aligned faces: what it asks, what it gives, how it is called."""

from tfinpaint.engine.borrowed import Borrowed
from tfinpaint.engine.contract import Contract
from tfinpaint.engine.engine import Engine, Restoration, check_request, contract_of
from tfinpaint.engine.families import FAMILIES

__all__ = ["FAMILIES", "Borrowed", "Contract", "Engine", "Restoration", "check_request", "contract_of"]
