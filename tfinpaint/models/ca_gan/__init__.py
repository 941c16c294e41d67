"""CA-GAN: completion of faces behind holes that are given, by contextual attention and Wasserstein critics."""

from tfinpaint.models.ca_gan.model import CAGAN

__all__ = ["CAGAN"]
