"""A restored photo."""

import os
from dataclasses import dataclass

import numpy as np

from tfinpaint import faces as face_tools
from tfinpaint import images


@dataclass(frozen=True, eq=False)
class Restored:
    """A restored photo, and where it was painted.

    Attributes:
        photo: what was read.
        pixels: `(height, width, 3)`, uint8, RGB, upright.
        mask: `(height, width)` bool, True where the photo was painted.
        faces: those that were looked at; empty for a photo that is itself an aligned crop.
    """

    photo: images.Photo
    pixels: np.ndarray
    mask: np.ndarray
    faces: tuple[face_tools.Face, ...] = ()

    def save(self, path: str | os.PathLike) -> None:
        """Writes the restored photo, of the same kind as the one read; see `tfinpaint.images.write`."""
        images.write(self.photo, self.pixels, self.mask, path)
