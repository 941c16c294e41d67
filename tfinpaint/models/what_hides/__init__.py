"""What hides a face, and where: the small network that chooses among the others."""

from tfinpaint.models.what_hides.model import WhatHides

__all__ = ["WhatHides"]
