"""A photo on its way: what of it is looked at, and how it comes together again."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tfinpaint import faces as face_tools
from tfinpaint import images
from tfinpaint.restoration.restored import Restored

RIM = 3  # pixels of a crop: what is hidden so near its border may go on beyond it


@dataclass
class Look:
    """A square of a photo, around a face or around what reaches out of that: what is seen, and what became of it.

    Attributes:
        matrix: `(2, 3)`, from photo to square.
        pixels: `(size, size, 3)` uint8.
        hidden: `(size, size)` bool, the caller's mask, or None.
        restored: `(size, size, 3)` uint8, once it has run.
        mask: `(size, size, 1)`, where that is painted.
        wider: the look around this one, where that is needed.
        first: the look that this one takes the place of; where it saw more hidden, it counts.
    """

    matrix: np.ndarray
    pixels: np.ndarray
    hidden: np.ndarray | None
    restored: np.ndarray | None = None
    mask: np.ndarray | None = None
    wider: "Look | None" = None
    first: "Look | None" = None

    def around(self) -> np.ndarray:
        """The wider look's mask without what this one decides: all but its rim, where it saw half of things."""
        size = len(self.pixels)
        share = (1 - 2 * RIM / size) * np.linalg.norm(self.wider.matrix[0, :2]) / np.linalg.norm(self.matrix[0, :2])
        edge = round(size * (1 - share) / 2)
        mask = self.wider.mask.copy()
        mask[edge : size - edge, edge : size - edge] = 0
        return mask


@dataclass
class Job:
    """A photo on its way.

    Attributes:
        photo: what was read.
        faces: that are looked at; none where the photo is itself an aligned crop.
        hole: `(height, width)` bool, the caller's mask, or None.
        size: side of the crops in pixels.
        framing: how faces lie in them, a name in `tfinpaint.framing.FRAMINGS`.
        looks: one for each face, or one of the whole photo.
    """

    photo: images.Photo
    faces: tuple[face_tools.Face, ...]
    hole: np.ndarray | None
    size: int
    framing: str
    looks: list[Look] = field(default_factory=list)
    _shown: tuple[list, Restored] | None = field(default=None, init=False, repr=False)

    @classmethod
    def of(
        cls,
        photo: images.Photo,
        finder: face_tools.FaceFinder | None,
        mask: Callable[[np.ndarray], np.ndarray] | None,
        size: int,
        framing: str,
    ) -> "Job":
        """Finds the faces and cuts them out; without a finder the photo is one crop, without a mask none is given."""
        hole = None if mask is None else mask(photo.pixels)
        faces = () if finder is None else finder(photo.pixels, str(photo.path or "the photo"))
        job = cls(photo, faces, hole, size, framing)
        if finder is None:
            job.looks = [job.look(face_tools.whole_picture_matrix(photo.pixels, size))]
        else:
            job.looks = [job.look_at(face) for face in faces]
        if hole is not None and hole.any() and not any(look.hidden.any() for look in job.looks):
            warnings.warn("The mask hides nothing of the face; the photo stays as it is.", stacklevel=3)
        return job

    def look_at(self, face: face_tools.Face) -> Look:
        """The aligned crop of a face, not yet run."""
        return self.look(face_tools.alignment_matrix(face.landmarks, self.size, self.framing))

    def look(self, matrix: np.ndarray) -> Look:
        """A square of the photo, not yet run."""
        size, hole = self.size, self.hole
        hidden = None if hole is None else face_tools.align_mask(hole, matrix, size)
        return Look(matrix, face_tools.resample(self.photo.pixels, matrix, (size, size)), hidden)

    def look_around(self, look: Look, reach: float) -> Look:
        """A square `reach` times as wide about the same middle, not yet run."""
        return self.look(face_tools.widened(look.matrix, self.size, reach))

    def pasted(self) -> Restored:
        """The photo with what the looks have painted, the last and nearest look at a face on top."""
        state = [(id(look), id(look.wider)) for look in self.looks]
        if self._shown is None or self._shown[0] != state:
            self._shown = state, self._paste()
        return self._shown[1]

    def _paste(self) -> Restored:
        pixels, painted = self.photo.pixels, np.zeros(self.photo.pixels.shape[:2], bool)
        for look in self.looks:
            parts = [] if look.first is None else [(look.first, look.first.mask)]
            parts += [] if look.wider is None else [(look.wider, look.around())]
            for part, mask in (*parts, (look, look.mask)):
                crop = part.pixels if pixels is self.photo.pixels else None
                pixels, new = face_tools.paste(pixels, part.restored, mask, part.matrix, crop=crop, hole=self.hole)
                painted |= new
        return Restored(self.photo, pixels, painted, self.faces)
