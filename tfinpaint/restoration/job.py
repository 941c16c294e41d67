"""A photo on its way: what of it is looked at, how often, and how it comes together again."""

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tfinpaint import faces as face_tools
from tfinpaint import images
from tfinpaint.engine import Auto, Engine, contract_of, seen
from tfinpaint.errors import NoFaceError

RIM = 3  # pixels of a crop: what is hidden so near its border may go on beyond it
_MOVED = 0.02  # of the distance between the eyes: a face found again nearer than this is the same


@dataclass(frozen=True, eq=False)
class Restored:
    """A restored photo, and where it was painted.

    Attributes:
        photo: what was read.
        pixels: `(height, width, 3)`, uint8, RGB, upright.
        mask: `(height, width)` bool, True where the photo was painted.
        faces: those that were looked at; empty for a photo that is itself an aligned crop.
        offsets: `(height, width, 2)` float32, from an engine whose attention says so: how many pixels lower and farther
            right lies what was copied into a painted pixel; None from others.
        saw: for each face what hides it, names of `tfinpaint.engine.FAMILIES`, the largest first, from an engine that
            tells them apart (`zoo.auto()`); empty from others.
    """

    photo: images.Photo
    pixels: np.ndarray
    mask: np.ndarray
    faces: tuple[face_tools.Face, ...] = ()
    offsets: np.ndarray | None = None
    saw: tuple[tuple[str, ...], ...] = ()

    def save(self, path: str | os.PathLike) -> None:
        """Writes the restored photo, of the same kind as the one read; see `tfinpaint.images.write`."""
        images.write(self.photo, self.pixels, self.mask, path)


@dataclass
class Look:
    """A square of a photo, around a face or around what reaches out of that: what is seen, and what became of it.

    Attributes:
        matrix: `(2, 3)`, from photo to square.
        pixels: `(size, size, 3)` uint8.
        hidden: `(size, size)` bool, the caller's mask, or None.
        restored: `(size, size, 3)` uint8, once it has run.
        mask: `(size, size, 1)`, where that is painted.
        offsets: `(size, size, 2)`, see `Restored`, in pixels of the square; None from an engine that has none.
        saw: see `Restored`; None from an engine that tells nothing apart.
        wider: the look around this one, where that is needed.
        first: the look that this one takes the place of; where it saw more hidden, it counts.
    """

    matrix: np.ndarray
    pixels: np.ndarray
    hidden: np.ndarray | None
    restored: np.ndarray | None = None
    mask: np.ndarray | None = None
    offsets: np.ndarray | None = None
    saw: tuple[str, ...] | None = None
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
        told = any(look.offsets is not None for look in self.looks)
        offsets = np.zeros((*painted.shape, 2), np.float32) if told else None
        for look in self.looks:
            parts = [] if look.first is None else [(look.first, look.first.mask)]
            parts += [] if look.wider is None else [(look.wider, look.around())]
            for part, mask in (*parts, (look, look.mask)):
                crop = part.pixels if pixels is self.photo.pixels else None
                pixels, new = face_tools.paste(pixels, part.restored, mask, part.matrix, crop=crop, hole=self.hole)
                painted |= new
                if part.offsets is not None:
                    offsets[new] = _in_photo(part, new)
        saw = tuple(look.saw for look in self.looks if look.saw is not None)
        return Restored(self.photo, pixels, painted, self.faces, offsets, saw)


def _in_photo(look: Look, painted: np.ndarray) -> np.ndarray:
    """The look's offsets at the photo's painted pixels, `(n, 2)`, in pixels of the photo."""
    rows, columns = np.nonzero(painted)
    at = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ look.matrix.T
    x, y = np.clip(np.rint(at), 0, len(look.offsets) - 1).astype(int).T
    down_right = look.offsets[y, x]
    return (down_right[:, ::-1] @ np.linalg.inv(look.matrix[:, :2]).T)[:, ::-1]


@dataclass(frozen=True)
class Painter:
    """An engine, and how it is to be asked.

    Attributes:
        engine: what paints.
        seed: chooses among the faces that it may paint; None takes its mode.
        batch_size: faces at a time.
    """

    engine: Engine
    seed: int | None = None
    batch_size: int = 16

    def paint(self, looks: Sequence[Look]) -> None:
        """Paints each of them: all in one call, or, with a seed, each in a call of its own.

        An engine's draws are a function of the seed and of a face's place in the call, so that a face which is alone
        in it is painted the same whatever other photos there are.
        """
        for group in [[look] for look in looks] if self.seed is not None else [looks] if looks else []:
            given = None
            if group[0].hidden is not None:
                given = np.stack([look.hidden for look in group]).astype(np.float32)[..., None]
            pictures = np.stack([look.pixels for look in group])
            result = self.engine.restore(pictures, given, seed=self.seed, batch_size=self.batch_size)
            for i, look in enumerate(group):
                look.restored, look.mask = result.images[i], result.masks[i]
                look.offsets = result.extras["offsets"][i] if "offsets" in result.extras else None
                look.saw = seen(result.extras["families"][i]) if "families" in result.extras else None


def look_for_moved(jobs: Sequence[Job], finder: face_tools.FaceFinder, painter: Painter) -> None:
    """Looks for painted faces once more; those that lie elsewhere are painted anew, from the photo.

    What hides a face leads detectors astray, and a face aligned awry is painted awry. The first look stays where the
    second finds nothing hidden.
    """
    moved = []
    for job in jobs:
        for i, face in enumerate(_found_again(job, finder)):
            if _MOVED < job.faces[i].distance(face) < 1:
                moved.append((job, i, face, job.look_at(face)))
    painter.paint([look for *_, look in moved])
    for job, i, face, look in moved:
        if look.mask.any():
            look.first = job.looks[i]
            job.faces, job.looks[i] = (*job.faces[:i], face, *job.faces[i + 1 :]), look


def look_further(jobs: Sequence[Job], painter: Painter) -> None:
    """Looks around the faces whose mask goes on beyond their square, where the engine's contract has the `reach`."""
    wider: dict[int, tuple[Engine, list[Look]]] = {}
    for job in jobs:
        for look in job.looks if job.faces else ():
            engine = painter.engine.beyond(look.saw or ()) if isinstance(painter.engine, Auto) else painter.engine
            reach = 1 if engine is None else contract_of(engine).reach
            if reach > 1 and np.count_nonzero(look.mask) > np.count_nonzero(look.mask[RIM:-RIM, RIM:-RIM]):
                look.wider = job.look_around(look, reach)
                wider.setdefault(id(engine), (engine, []))[1].append(look.wider)
    for engine, looks in wider.values():
        replace(painter, engine=engine).paint(looks)


def _found_again(job: Job, finder: face_tools.FaceFinder) -> list[face_tools.Face]:
    """For each face of the photo the nearest one in the painted photo, or itself."""
    restored = job.pasted()
    try:
        found = finder(restored.pixels) if restored.mask.any() else ()
    except NoFaceError:
        found = ()
    return [min(found, key=face.distance, default=face) for face in job.faces]
