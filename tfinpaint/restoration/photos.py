"""Photos with hidden faces in, the same photos with the faces painted back out."""

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from tfinpaint import faces as face_tools
from tfinpaint import images
from tfinpaint.engine import Engine, check_request, contract_of
from tfinpaint.errors import InputError, TfinpaintError
from tfinpaint.restoration.holes import HolePainter
from tfinpaint.restoration.job import Job, Painter, Restored, look_for_moved, look_further

Source = str | os.PathLike | np.ndarray | images.Photo

_PENDING_PIXELS = 12_000_000  # of photos that wait until a batch is full: a large one waits for no other


def restore_photo(
    source: Source,
    model: Engine,
    *,
    detector: face_tools.Detector | None = None,
    mask: str | os.PathLike | np.ndarray | None = None,
    mask_marks: str | Sequence[int] = "auto",
    box: Sequence[float] | None = None,
    landmarks: Any = None,
    faces: str = "largest",
    aligned: bool = False,
    look_again: bool = True,
    seed: int | None = None,
    batch_size: int = 16,
    first_picture: bool = False,
) -> Restored:
    """One photo with its face painted back; arguments as for `restore_photos`.

    Raises:
        ImageFileError: the photo cannot be read.
        NoFaceError: no face was found.
        InputError: an argument does not fit the photo or the model.
    """
    ((_, result),) = restore_photos(
        [source], model, detector=detector, mask=mask, mask_marks=mask_marks, box=box, landmarks=landmarks, faces=faces,
        aligned=aligned, look_again=look_again, seed=seed, batch_size=batch_size,
        first_picture=first_picture,
    )  # fmt: skip
    if isinstance(result, TfinpaintError):
        raise result
    return result


def restore_photos(
    sources: Iterable[Source],
    model: Engine,
    *,
    detector: face_tools.Detector | None = None,
    mask: str | os.PathLike | np.ndarray | None = None,
    mask_marks: str | Sequence[int] = "auto",
    box: Sequence[float] | None = None,
    landmarks: Any = None,
    faces: str = "largest",
    aligned: bool = False,
    look_again: bool = True,
    seed: int | None = None,
    batch_size: int = 16,
    first_picture: bool = False,
) -> Iterator[tuple[Source, Restored | TfinpaintError]]:
    """(Source, restored photo or the reason why there is none) for each photo, in order.

    Faces of several photos share a batch; only as many photos as fill one are held at a time.

    Args:
        sources: paths, `(height, width, 3)` uint8 RGB arrays, or photos.
        model: paints aligned faces; its `contract` says how they lie, and whether it must be told what is hidden.
        detector: finds faces; by default `tfinpaint.faces.default_detector()`.
        mask: what is hidden (see `tfinpaint.images.read_mask`), in place of what the model would find.
        mask_marks: what marks the hole in the mask's picture (see `tfinpaint.images.read_mask`).
        box: (x, y, width, height) of the face, in place of looking for it in the whole photo.
        landmarks: five points of the face, in place of a detector's.
        faces: `"largest"` restores one face of a photo, `"all"` each.
        aligned: the photo is itself an aligned crop of a face, in the framing of the model. A model that must be told
            what is hidden, and that can be resized (a Keras model of the zoo), takes a picture of anything so, and
            paints it at its own size (see `HolePainter`).
        look_again: look for the face once more when it is painted, and where it then lies elsewhere, paint it anew
            from the photo. What hides a face leads detectors astray; points that the caller gave are no detector's.
        seed: chooses among the faces that a model which draws may paint; its mode without one. The same photo and seed
            give the same face, whatever other photos there are.
        batch_size: faces at a time.
        first_picture: take the first picture of a file that holds several (an animation, pages), which is else refused.

    Raises:
        InputError: unknown `faces`, or arguments that exclude each other; a model without a contract; one that needs a
            mask and gets none, or draws nothing and gets a seed. All of that before the first photo is read.
    """
    check_request(model, "mask", mask, seed)
    if aligned and (box is not None or landmarks is not None):
        raise InputError("`aligned` says that the photo is the face; leave out `box` and `landmarks`.")
    finder = None if aligned else face_tools.FaceFinder(detector, faces, box, landmarks)
    again = finder if look_again and landmarks is None else None
    hidden = None
    if mask is not None:
        hidden = lambda pixels: images.read_mask(mask, pixels.shape[:2], photo=pixels, marks=mask_marks)  # noqa: E731
    read = functools.partial(_photo, first_picture=first_picture)
    if aligned and hidden is not None and contract_of(model).needs_mask and hasattr(model, "resized"):
        return _holes_painted(sources, read, HolePainter(model, seed), hidden)
    return _restored(sources, read, Painter(model, seed, batch_size), finder, again, hidden)


def _holes_painted(
    sources: Iterable[Source],
    read: Callable[[Source], images.Photo],
    painter: HolePainter,
    mask: Callable[[np.ndarray], np.ndarray],
) -> Iterator[tuple[Source, Restored | TfinpaintError]]:
    for source in sources:
        try:
            yield source, painter.paint(read(source), mask)
        except TfinpaintError as error:
            yield source, error


def _restored(
    sources: Iterable[Source],
    read: Callable[[Source], images.Photo],
    painter: Painter,
    finder: face_tools.FaceFinder | None,
    again: face_tools.FaceFinder | None,
    mask: Callable[[np.ndarray], np.ndarray] | None,
) -> Iterator[tuple[Source, Restored | TfinpaintError]]:
    size, framing = painter.engine.image_size, contract_of(painter.engine).framing
    waiting: list[tuple[Source, Job | TfinpaintError]] = []
    for source in sources:
        try:
            waiting.append((source, Job.of(read(source), finder, mask, size, framing)))
        except TfinpaintError as error:
            waiting.append((source, error))
        if _is_full(waiting, painter.batch_size):
            yield from _restore_waiting(waiting, painter, again)
            waiting = []
    yield from _restore_waiting(waiting, painter, again)


def _is_full(waiting: Sequence[tuple[Source, Any]], batch_size: int) -> bool:
    """Whether what waits fills a batch, is as large as may be held, or holds no photo at all."""
    jobs = [job for _, job in waiting if isinstance(job, Job)]
    faces, pixels = sum(len(job.looks) for job in jobs), sum(job.photo.pixels.size // 3 for job in jobs)
    return not jobs or faces >= batch_size or pixels >= _PENDING_PIXELS


def _photo(source: Source, first_picture: bool) -> images.Photo:
    if isinstance(source, images.Photo):
        return source
    if isinstance(source, np.ndarray):
        return images.Photo.from_array(source)
    return images.read(source, first_picture=first_picture)


def _restore_waiting(
    waiting: Sequence[tuple[Source, Any]], painter: Painter, again: face_tools.FaceFinder | None
) -> Iterator[tuple[Source, Any]]:
    jobs = [job for _, job in waiting if isinstance(job, Job)]
    painter.paint([look for job in jobs for look in job.looks])
    if again is not None:
        look_for_moved(jobs, again, painter)
    look_further(jobs, painter)
    for source, job in waiting:
        yield source, job.pasted() if isinstance(job, Job) else job
