"""FMODR: blind restoration of faces behind worn masks."""

from tfinpaint.models.fmodr.model import FMODR

__all__ = ["FMODR"]
