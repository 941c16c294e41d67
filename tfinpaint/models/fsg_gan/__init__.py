"""FSG-GAN: takes things off faces without a mask, led by a drawn facial structure."""

from tfinpaint.models.fsg_gan.model import FSGGAN

__all__ = ["FSGGAN"]
