"""What paints aligned faces: what it asks, what it gives, how it is called."""

from tfinpaint.engine.borrowed import Borrowed
from tfinpaint.engine.contract import Contract
from tfinpaint.engine.engine import Engine, Restoration, check_request, contract_of

__all__ = ["Borrowed", "Contract", "Engine", "Restoration", "check_request", "contract_of"]
