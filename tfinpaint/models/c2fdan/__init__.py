"""C2FDAN: blind completion of faces behind words and rectangles."""

from tfinpaint.models.c2fdan.model import C2FDAN

__all__ = ["C2FDAN"]
