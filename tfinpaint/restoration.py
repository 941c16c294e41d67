"""Photo to photo, the main road: read, detect, align, restore, paste, write.

model = tfinpaint.zoo.load("fmodr")
restored = tfinpaint.restoration.restore_photo("photo.jpg", model)
restored.save("restored.jpg")
"""

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tfinpaint import faces as face_tools
from tfinpaint import images
from tfinpaint.errors import InputError, TfinpaintError

Source = str | os.PathLike | np.ndarray | images.Photo

_PENDING_PIXELS = 50_000_000  # how many pixels of photos may wait until a batch is full
_RIM = 3  # pixels of a crop: what is hidden so near its border may go on beyond it


class Engine(Protocol):
    """What restores aligned faces: a Keras model, a SavedModel, a TFLite file.

    One that also knows what hides a face where it is seen smaller has a `reach` above 1: of what leaves the aligned
    crop, as a word does, the rest is then taken off in a crop so many times as wide.
    """

    image_size: int

    def restore(self, images: np.ndarray, masks: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """`(n, size, size, 3)` uint8 pictures to restored ones and the `(n, size, size, 1)` masks used, 0 or 1."""


@dataclass(frozen=True, eq=False)
class Restored:
    """A restored photo.

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
        batch_size: faces at a time.

    Raises:
        InputError: unknown `faces`, or options that exclude each other.
    """
    if aligned and (box is not None or landmarks is not None):
        raise InputError("`aligned` says that the photo is the face; leave out `box` and `landmarks`.")
    finder = None if aligned else face_tools.FaceFinder(detector, faces, box, landmarks)
    waiting: list[tuple[Source, _Job | TfinpaintError]] = []
    for source in sources:
        try:
            waiting.append((source, _cut_out(source, finder, mask, model.image_size)))
        except TfinpaintError as error:
            waiting.append((source, error))
        jobs = [job for _, job in waiting if isinstance(job, _Job)]
        pixels = sum(job.photo.pixels.size // 3 for job in jobs)
        if not jobs or sum(len(job.looks) for job in jobs) >= batch_size or pixels >= _PENDING_PIXELS:
            yield from _restore_waiting(waiting, model)
            waiting = []
    yield from _restore_waiting(waiting, model)


@dataclass
class _Look:
    """A square of a photo, around a face or around what reaches out of that: what is seen, and what became of it."""

    matrix: np.ndarray
    pixels: np.ndarray
    hidden: np.ndarray | None
    restored: np.ndarray | None = None
    mask: np.ndarray | None = None
    wider: "_Look | None" = None


@dataclass
class _Job:
    """A photo on its way: its faces cut out, and the caller's mask."""

    photo: images.Photo
    faces: tuple[face_tools.Face, ...]
    hole: np.ndarray | None
    looks: list[_Look]


def _cut_out(source: Source, finder: face_tools.FaceFinder | None, mask: Any, size: int) -> _Job:
    photo = _photo(source)
    pixels = photo.pixels
    hole = None if mask is None else images.read_mask(mask, pixels.shape[:2])
    found = () if finder is None else finder(pixels, str(photo.path or "the photo"))
    matrices = [face_tools.alignment_matrix(face.landmarks, size) for face in found]
    if finder is None:
        matrices = [face_tools.whole_picture_matrix(pixels, size)]
    looks = [_look(pixels, hole, matrix, size) for matrix in matrices]
    if hole is not None and hole.any() and not any(look.hidden.any() for look in looks):
        warnings.warn("The mask hides nothing of the face; the photo stays as it is.", stacklevel=3)
    return _Job(photo, found, hole, looks)


def _look(pixels: np.ndarray, hole: np.ndarray | None, matrix: np.ndarray, size: int) -> _Look:
    hidden = None if hole is None else face_tools.align_mask(hole, matrix, size)
    return _Look(matrix, face_tools.resample(pixels, matrix, (size, size)), hidden)


def _photo(source: Source) -> images.Photo:
    if isinstance(source, images.Photo):
        return source
    return images.Photo.from_array(source) if isinstance(source, np.ndarray) else images.read(source)


def _restore_waiting(waiting: Sequence[tuple[Source, Any]], model: Engine) -> Iterator[tuple[Source, Any]]:
    jobs = [job for _, job in waiting if isinstance(job, _Job)]
    _run([look for job in jobs for look in job.looks], model)
    _run([look.wider for job in jobs for look in _reaching_out(job, model)], model)
    for source, job in waiting:
        yield source, _pasted(job) if isinstance(job, _Job) else job


def _run(looks: Sequence[_Look], model: Engine) -> None:
    if not looks:
        return
    given = None if looks[0].hidden is None else np.stack([look.hidden for look in looks]).astype(np.float32)[..., None]
    results = model.restore(np.stack([look.pixels for look in looks]), given)
    for look, restored, mask in zip(looks, *results, strict=True):
        look.restored, look.mask = restored, mask


def _reaching_out(job: _Job, model: Engine) -> Iterator[_Look]:
    """The looks whose mask goes on beyond them, each with its wider look, where the model can use one."""
    reach, size = getattr(model, "reach", 1.0), model.image_size
    for look in job.looks if job.faces and reach > 1 else ():
        inner = look.mask[_RIM:-_RIM, _RIM:-_RIM]
        if np.count_nonzero(look.mask) > np.count_nonzero(inner):
            matrix = face_tools.widened(look.matrix, size, reach)
            look.wider = _look(job.photo.pixels, job.hole, matrix, size)
            yield look


def _pasted(job: _Job) -> Restored:
    pixels, painted = job.photo.pixels, np.zeros(job.photo.pixels.shape[:2], bool)
    for look in job.looks:
        for part in (look.wider, look):
            if part is None:
                continue
            mask = part.mask if part is look else _around(look, part)
            pixels, new = face_tools.paste(pixels, part.restored, mask, part.matrix, hole=job.hole)
            painted |= new
    return Restored(job.photo, pixels, painted, job.faces)


def _around(look: _Look, wider: _Look) -> np.ndarray:
    """The wider look's mask without what the look itself decides: all but its rim, where it saw half of things."""
    size = len(look.pixels)
    share = (1 - 2 * _RIM / size) * np.linalg.norm(wider.matrix[0, :2]) / np.linalg.norm(look.matrix[0, :2])
    edge = round(size * (1 - share) / 2)
    mask = wider.mask.copy()
    mask[edge : size - edge, edge : size - edge] = 0
    return mask
