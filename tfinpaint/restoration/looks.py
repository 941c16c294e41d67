"""How an engine looks at faces: once, again where they lie elsewhere when painted, and around them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfinpaint import faces as face_tools
from tfinpaint.engine import Engine, contract_of
from tfinpaint.errors import NoFaceError
from tfinpaint.restoration.job import RIM, Job, Look

_MOVED = 0.02  # of the distance between the eyes: a face found again nearer than this is the same


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
            for look, restored, mask in zip(group, result.images, result.masks, strict=True):
                look.restored, look.mask = restored, mask


def look_again(jobs: Sequence[Job], finder: face_tools.FaceFinder, painter: Painter) -> None:
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
    reach, wider = contract_of(painter.engine).reach, []
    for job in jobs:
        for look in job.looks if job.faces and reach > 1 else ():
            if np.count_nonzero(look.mask) > np.count_nonzero(look.mask[RIM:-RIM, RIM:-RIM]):
                look.wider = job.look_around(look, reach)
                wider.append(look.wider)
    painter.paint(wider)


def _found_again(job: Job, finder: face_tools.FaceFinder) -> list[face_tools.Face]:
    """For each face of the photo the nearest one in the painted photo, or itself."""
    restored = job.pasted()
    try:
        found = finder(restored.pixels) if restored.mask.any() else ()
    except NoFaceError:
        found = ()
    return [min(found, key=face.distance, default=face) for face in job.faces]
