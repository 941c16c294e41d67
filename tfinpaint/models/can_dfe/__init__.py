"""CAN-DFE: repaints a whole face at several scales, with an encoder learned by contrast and a dense field beside."""

from tfinpaint.models.can_dfe.model import CANDFE

__all__ = ["CANDFE"]
