"""Pictures of faces with five landmarks, from a folder or a zip, as one aligned set in memory."""

import hashlib
import logging
import os
import threading
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from tfinpaint.data.landmark_files import find_landmarks, read_landmarks
from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.faces.template import similarity, template_points

logger = logging.getLogger(__name__)
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")


@dataclass(frozen=True)
class FaceSet:
    """Aligned faces in memory.

    Attributes:
        images: `(n, size, size, 3)` uint8 RGB, every face in the template's framing.
        landmarks: `(n, 5, 2)` float32, in pixels of the crop.
        valid: `(n, size, size, 1)` uint8, 1 where a pixel came from the picture, 0 where the crop reaches beyond it and
            a mirrored border was made up. Losses and scores leave the made-up part out.
        names: file names, in order.
        bad: names that could not be decoded and were left out.
    """

    images: np.ndarray
    landmarks: np.ndarray
    valid: np.ndarray
    names: tuple[str, ...]
    bad: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    @property
    def size(self) -> int:
        """Side of the crops in pixels."""
        return self.images.shape[1]

    @property
    def fingerprint(self) -> str:
        """A hash of pictures, landmarks and validity in their order: 32 hexadecimal digits."""
        digest = hashlib.blake2b(digest_size=16)
        for array in (self.images, self.landmarks, self.valid):
            digest.update(repr((array.shape, array.dtype.str)).encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def take(self, indices: Any) -> "FaceSet":
        """The faces at `indices` (integers, a slice or booleans)."""
        names = tuple(np.array(self.names, object)[indices].tolist())
        return FaceSet(self.images[indices], self.landmarks[indices], self.valid[indices], names)


def load_faces(
    path: str | os.PathLike,
    *,
    size: int = 128,
    landmarks: str | os.PathLike | Mapping[str, np.ndarray] | None = None,
    jitter: float = 0.0,
    seed: int = 0,
    limit: int | None = None,
    on_error: str = "raise",
    progress: bool = False,
) -> FaceSet:
    """The faces of a folder or a zip of pictures, each aligned to the template by its landmarks, in order of name.

    Args:
        path: a folder (searched below it, too) or a zip, read in place, of pictures with one face each.
        size: side of the crops in pixels.
        landmarks: name -> `(5, 2)` points in pixels of the picture, or a file of them: `.npz` with `name` `(n,)` and
            `landmarks` `(n, 5, 2)`, or `.csv` with the columns name, x1, y1, ..., x5, y5. By default the file beside
            `path` with its name and one of these endings (inside a folder: `landmarks.npz` or `.csv`). Pictures that
            it does not name are left out.
        jitter: how much the framing varies: each face gets a fixed shift (deviation `jitter` / 4 of the side), scale
            (`jitter` / 2) and turn (`jitter` / 2 radians), a function of `seed` and its place, because landmarks that
            are found under a mask are guesses.
        seed: of the jitter.
        limit: at most so many faces.
        on_error: `"raise"`, or `"skip"` to leave undecodable pictures out; they are named in `FaceSet.bad`.
        progress: show a progress bar.

    Raises:
        InputError: nothing there, no landmarks, or no picture that has landmarks.
        ImageFileError: a picture cannot be decoded.
    """
    path = Path(path)
    if on_error not in ("raise", "skip"):
        raise InputError(f"`on_error` must be 'raise' or 'skip'. Received: on_error={on_error!r}.")
    readers = readers_of(path)
    if not readers:
        raise InputError(f"`path` must hold {', '.join(SUFFIXES)} files. Received: path={str(path)!r}, with none.")
    points = landmarks if isinstance(landmarks, Mapping) else read_landmarks(landmarks or find_landmarks(path))
    names = [name for name in readers if name in points or Path(name).name in points][:limit]
    if not names:
        raise InputError(
            f"`landmarks` must name pictures in {str(path)!r}, such as {next(iter(readers))!r}. "
            f"Received: {len(points)} other names, such as {next(iter(points), '')!r}."
        )
    images, valid = np.empty((len(names), size, size, 3), np.uint8), np.empty((len(names), size, size, 1), np.uint8)
    moved, good = np.empty((len(names), 5, 2), np.float32), np.zeros(len(names), bool)

    def load(index: int) -> None:
        name = names[index]
        data = np.frombuffer(readers[name](), np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
        if picture is not None:
            five = points[name] if name in points else points[Path(name).name]
            rng = np.random.default_rng([seed, index])
            images[index], moved[index], valid[index] = align_picture(
                cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), five, size, jitter, rng
            )
            good[index] = True

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(tqdm(pool.map(load, range(len(names))), path.name, len(names), disable=not progress))
    faces = FaceSet(images, moved, valid, tuple(names))
    return faces if good.all() else _without_bad(faces, good, path, on_error)


def concatenate(*sets: FaceSet) -> FaceSet:
    """One set of several of the same size."""
    sizes = sorted({faces.size for faces in sets})
    if len(sizes) != 1:
        raise InputError(f"`sets` must be one or more sets of faces of one size. Received: sizes {sizes}.")
    arrays = [np.concatenate([getattr(s, k) for s in sets]) for k in ("images", "landmarks", "valid")]
    names, bad = (sum((getattr(s, k) for s in sets), ()) for k in ("names", "bad"))
    return FaceSet(*arrays, names, bad)


def align_picture(
    picture: np.ndarray, points: np.ndarray, size: int, jitter: float = 0.0, rng: np.random.Generator | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One aligned crop with its landmarks and validity; see `load_faces`."""
    target = template_points(size).astype(np.float64)
    if jitter and rng is not None:
        angle, scale = rng.normal(0, jitter / 2), 1 + rng.normal(0, jitter / 2)
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        centre = target.mean(0)
        target = (target - centre) @ turn.T + centre + rng.normal(0, jitter / 2 * size, 2) / 2
    points = np.asarray(points, np.float64)
    matrix = similarity(points, target)
    scale = float(np.hypot(matrix[0, 0], matrix[0, 1]))
    if scale < 0.75:  # shrink by areas first: a warp alone would skip pixels
        height, width = picture.shape[:2]
        shape = max(round(width * scale), 1), max(round(height * scale), 1)
        picture = cv2.resize(picture, shape, interpolation=cv2.INTER_AREA)
        points = (points + 0.5) * (np.array(shape) / (width, height)) - 0.5
        matrix = similarity(points, target)
    crop = cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    ones = np.ones(picture.shape[:2], np.uint8)
    valid = cv2.warpAffine(ones, matrix, (size, size), flags=cv2.INTER_NEAREST, borderValue=0)
    moved = points @ matrix[:, :2].T.astype(np.float64) + matrix[:, 2]
    return crop, moved.astype(np.float32), valid[..., None]


def _without_bad(faces: FaceSet, good: np.ndarray, path: Path, on_error: str) -> FaceSet:
    bad = tuple(name for name, fine in zip(faces.names, good, strict=True) if not fine)
    if on_error == "raise":
        raise ImageFileError(f"The picture {bad[0]} in {path} cannot be decoded. Mend it, or pass on_error='skip'.")
    if not good.any():
        raise ImageFileError(f"None of the {len(bad)} pictures in {path} can be decoded.")
    logger.warning("%d of %d pictures in %s cannot be decoded and are left out.", len(bad), len(good), path)
    kept = faces.take(good)
    return FaceSet(kept.images, kept.landmarks, kept.valid, kept.names, bad)


def readers_of(path: Path) -> dict[str, Callable[[], bytes]]:
    """How to read each picture, by its name below `path`, in order of name."""
    if path.is_dir():
        files = (file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
        return {name: file.read_bytes for name, file in sorted((str(f.relative_to(path)), f) for f in files)}
    if not (path.is_file() and zipfile.is_zipfile(path)):
        raise InputError(f"`path` must be a folder or a zip of pictures. Received: path={str(path)!r}.")
    archive, lock = zipfile.ZipFile(path), threading.Lock()

    def reader(name: str) -> Callable[[], bytes]:
        def read() -> bytes:
            with lock:  # threads would only queue on the one file handle
                return archive.read(name)

        return read

    return {name: reader(name) for name in sorted(archive.namelist()) if name.lower().endswith(SUFFIXES)}
