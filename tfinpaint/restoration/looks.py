"""How an engine looks at faces: once, again where they lie elsewhere when painted, and around them."""

from collections.abc import Sequence

import numpy as np

from tfinpaint import faces as face_tools
from tfinpaint.errors import NoFaceError
from tfinpaint.restoration.engine import Engine
from tfinpaint.restoration.job import RIM, Job, Look

_MOVED = 0.02  # of the distance between the eyes: a face found again nearer than this is the same


def run(looks: Sequence[Look], model: Engine) -> None:
    """Lets the engine paint each of them, all in one call."""
    if not looks:
        return
    given = None if looks[0].hidden is None else np.stack([look.hidden for look in looks]).astype(np.float32)[..., None]
    results = model.restore(np.stack([look.pixels for look in looks]), given)
    for look, restored, mask in zip(looks, *results, strict=True):
        look.restored, look.mask = restored, mask


def look_again(jobs: Sequence[Job], finder: face_tools.FaceFinder, model: Engine) -> None:
    """Looks for painted faces once more; those that lie elsewhere are painted anew, from the photo.

    What hides a face leads detectors astray, and a face aligned awry is painted awry. The first look stays where the
    second finds nothing hidden.
    """
    moved = []
    for job in jobs:
        for i, face in enumerate(_found_again(job, finder)):
            if _MOVED < job.faces[i].distance(face) < 1:
                matrix = face_tools.alignment_matrix(face.landmarks, model.image_size)
                moved.append((job, i, face, job.look(matrix, model.image_size)))
    run([look for *_, look in moved], model)
    for job, i, face, look in moved:
        if look.mask.any():
            look.first = job.looks[i]
            job.faces, job.looks[i] = (*job.faces[:i], face, *job.faces[i + 1 :]), look


def look_further(jobs: Sequence[Job], model: Engine) -> None:
    """Looks around the faces whose mask goes on beyond their square, where the engine has the `reach`."""
    reach, size, wider = getattr(model, "reach", 1.0), model.image_size, []
    for job in jobs:
        for look in job.looks if job.faces and reach > 1 else ():
            if np.count_nonzero(look.mask) > np.count_nonzero(look.mask[RIM:-RIM, RIM:-RIM]):
                look.wider = job.look(face_tools.widened(look.matrix, size, reach), size)
                wider.append(look.wider)
    run(wider, model)


def _found_again(job: Job, finder: face_tools.FaceFinder) -> list[face_tools.Face]:
    """For each face of the photo the nearest one in the painted photo, or itself."""
    restored = job.pasted()
    try:
        found = finder(restored.pixels) if restored.mask.any() else ()
    except NoFaceError:
        found = ()
    return [min(found, key=face.distance, default=face) for face in job.faces]
