"""Photos with hidden faces in, the same photos with the faces painted back out."""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from tfinpaint import faces as face_tools
from tfinpaint import images
from tfinpaint.errors import InputError, TfinpaintError
from tfinpaint.restoration import looks
from tfinpaint.restoration.engine import Engine
from tfinpaint.restoration.job import Job
from tfinpaint.restoration.restored import Restored

Source = str | os.PathLike | np.ndarray | images.Photo

_PENDING_PIXELS = 50_000_000  # how many pixels of photos may wait until a batch is full


def restore_photo(source: Source, model: Engine, **options: Any) -> Restored:
    """One photo with its face painted back; takes the options of `restore_photos`.

    Raises:
        ImageFileError: the photo cannot be read.
        NoFaceError: no face was found.
        InputError: an option does not fit the photo.
    """
    ((_, result),) = restore_photos([source], model, **options)
    if isinstance(result, TfinpaintError):
        raise result
    return result


def restore_photos(
    sources: Iterable[Source],
    model: Engine,
    *,
    detector: face_tools.Detector | None = None,
    mask: str | os.PathLike | np.ndarray | None = None,
    box: Sequence[float] | None = None,
    landmarks: Any = None,
    faces: str = "largest",
    aligned: bool = False,
    look_again: bool = True,
    batch_size: int = 16,
) -> Iterator[tuple[Source, Restored | TfinpaintError]]:
    """Yields (source, restored photo or the reason why there is none), in order.

    Faces of several photos share a batch; only as many photos as fill one are held at a time.

    Args:
        sources: paths, `(height, width, 3)` uint8 RGB arrays, or photos.
        model: paints aligned faces.
        detector: finds faces; by default `tfinpaint.faces.default_detector()`.
        mask: what is hidden (see `tfinpaint.images.read_mask`), in place of what the model would find.
        box: (x, y, width, height) of the face, in place of looking for it in the whole photo.
        landmarks: five points of the face, in place of a detector's.
        faces: `"largest"` restores one face of a photo, `"all"` each.
        aligned: the photo is itself an aligned crop of a face.
        look_again: look for the face once more when it is painted, and where it then lies elsewhere, paint it anew
            from the photo. What hides a face leads detectors astray.
        batch_size: faces at a time.

    Raises:
        InputError: unknown `faces`, or options that exclude each other.
    """
    if aligned and (box is not None or landmarks is not None):
        raise InputError("`aligned` says that the photo is the face; leave out `box` and `landmarks`.")
    finder = None if aligned else face_tools.FaceFinder(detector, faces, box, landmarks)
    again = finder if look_again else None
    waiting: list[tuple[Source, Job | TfinpaintError]] = []
    for source in sources:
        try:
            waiting.append((source, Job.of(_photo(source), finder, mask, model.image_size)))
        except TfinpaintError as error:
            waiting.append((source, error))
        jobs = [job for _, job in waiting if isinstance(job, Job)]
        pixels = sum(job.photo.pixels.size // 3 for job in jobs)
        if not jobs or sum(len(job.looks) for job in jobs) >= batch_size or pixels >= _PENDING_PIXELS:
            yield from _restore_waiting(waiting, model, again)
            waiting = []
    yield from _restore_waiting(waiting, model, again)


def _photo(source: Source) -> images.Photo:
    if isinstance(source, images.Photo):
        return source
    return images.Photo.from_array(source) if isinstance(source, np.ndarray) else images.read(source)


def _restore_waiting(
    waiting: Sequence[tuple[Source, Any]], model: Engine, again: face_tools.FaceFinder | None
) -> Iterator[tuple[Source, Any]]:
    jobs = [job for _, job in waiting if isinstance(job, Job)]
    looks.run([look for job in jobs for look in job.looks], model)
    if again is not None:
        looks.look_again(jobs, again, model)
    looks.look_further(jobs, model)
    for source, job in waiting:
        yield source, job.pasted() if isinstance(job, Job) else job
