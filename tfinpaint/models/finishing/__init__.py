"""The last stage that all models share: it makes painted faces as sharp as photos, and alike.

A model that is to be finished stands on `Finishing` and `InpaintingModel`, names the picture (an output `finished`),
takes `FINISH_TERMS` among its terms and ends its small recipe with `finish_stage(...)`.
"""

from tfinpaint.models.finishing.finishing import RECOGNISER, Finishing
from tfinpaint.models.finishing.patch_critic import patch_critic
from tfinpaint.models.finishing.stage import finish_stage
from tfinpaint.models.finishing.terms import FINISH_TERMS

__all__ = ["FINISH_TERMS", "RECOGNISER", "Finishing", "finish_stage", "patch_critic"]
