"""The models. Each folder is one; `base` is what they share."""

from tfinpaint.models.base import InpaintingModel
from tfinpaint.models.c2fdan import C2FDAN
from tfinpaint.models.ca_gan import CAGAN
from tfinpaint.models.can_dfe import CANDFE
from tfinpaint.models.fmodr import FMODR
from tfinpaint.models.fsg_gan import FSGGAN
from tfinpaint.models.what_hides import WhatHides

__all__ = ["C2FDAN", "CAGAN", "CANDFE", "FMODR", "FSGGAN", "InpaintingModel", "WhatHides"]
