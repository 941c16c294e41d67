"""Pictures of faces with five landmarks, from a folder, a zip or a prepared folder, as one aligned set in memory."""

import dataclasses
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from tfinpaint.data.face_set import FaceSet, concatenate, split_by_identity
from tfinpaint.data.framing import align_picture
from tfinpaint.data.landmark_files import find_landmarks, read_corners, read_landmarks, rows_of
from tfinpaint.data.picture_files import PictureFile, check_choice, pictures_of, readers_of, stop_or_warn
from tfinpaint.data.prepared import is_prepared, load_prepared
from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.framing import landmark_fault
from tfinpaint.images import read

__all__ = [
    "FaceSet",
    "align_picture",
    "concatenate",
    "load_faces",
    "readers_of",
    "split_by_identity",
]

_LARGEST = 4  # how far apart points may lie, in units of the picture's longer side


def load_faces(
    path: str | os.PathLike,
    *,
    size: int = 128,
    framing: str = "wide",
    landmarks: str | os.PathLike | Mapping[str, np.ndarray] | None = None,
    identities: bool = False,
    jitter: float = 0.0,
    seed: int = 0,
    limit: int | None = None,
    on_bad: str = "stop",
    progress: bool = False,
) -> FaceSet:
    """The faces of a folder or a zip of pictures, each aligned by its landmarks, in order of name.

    Args:
        path: a folder (searched below it, too) or a zip, read in place, of pictures with one face each; or what
            `tfinpaint prepare` wrote, whose files are checked against its manifest and which needs no landmarks.
        size: side of the crops in pixels.
        framing: how the faces lie in them, a name in `tfinpaint.framing.FRAMINGS`, such as `model.contract.framing`.
        landmarks: name -> `(5, 2)` points in pixels of the picture, or a file of them: `.npz` with `name` `(n,)` and
            `landmarks` `(n, 5, 2)`, or `.csv` with the columns name, x1, y1, ..., x5, y5. By default the file beside
            `path` with its name and one of these endings (inside a folder: `landmarks.npz` or `.csv`). Pictures that
            it does not name are left out. Where the `.npz` also has `quad` `(n, 4, 2)`, the corners of the true part of
            each picture, what lies outside is not `valid`.
        identities: whether the folder that a picture lies in names the person, for `FaceSet.identities`. A prepared
            folder knows it by itself.
        jitter: how much the framing varies: each face gets a fixed shift (deviation `jitter` / 4 of the side), scale
            (`jitter` / 2) and turn (`jitter` / 2 radians), a function of `seed` and its place, because landmarks that
            are found under a mask are guesses.
        seed: of the jitter.
        limit: at most so many faces.
        on_bad: `"stop"`, or `"skip"` to leave out what cannot be decoded or whose landmarks are those of no face in the
            picture; a warning counts it, `FaceSet.bad` names it.
        progress: show a progress bar.

    Raises:
        InputError: nothing there, no landmarks, no picture that has landmarks, a picture without a folder where
            folders are people; a prepared folder that is unfinished, damaged or of another kind; no such framing.
        ImageFileError: a picture cannot be decoded, or its landmarks are of no face in it.
    """
    path = Path(path)
    check_choice(on_bad)
    if is_prepared(path):
        if landmarks is not None:
            raise InputError(f"`landmarks` must be left out for {str(path)!r}, a prepared folder, which has its own.")
        return load_prepared(
            path, size=size, framing=framing, jitter=jitter, seed=seed, identities=identities, limit=limit,
            progress=progress,
        )  # fmt: skip
    pictures, corners = pictures_of(path), {}
    if isinstance(landmarks, Mapping):
        points = landmarks
    else:
        file = landmarks or find_landmarks(path)
        points, corners = read_landmarks(file), read_corners(file)
    rows = rows_of([picture.name for picture in pictures], points, path)
    chosen = [picture for picture in pictures if picture.name in rows][:limit]
    if not chosen:
        raise InputError(
            f"`landmarks` must name pictures in {str(path)!r}, such as {pictures[0].name!r}. "
            f"Received: {len(points)} other names, such as {next(iter(points), '')!r}."
        )
    people = _people(chosen, path) if identities else None
    images, valid = np.empty((len(chosen), size, size, 3), np.uint8), np.empty((len(chosen), size, size, 1), np.uint8)
    moved = np.empty((len(chosen), 5, 2), np.float32)
    faults: list[str | None] = [None] * len(chosen)

    def load(index: int) -> None:
        name = chosen[index].name
        picture = _decode(chosen[index])
        key = rows[name]
        faults[index] = f"The picture {name} in {path} cannot be decoded." if picture is None else None
        if picture is not None and (fault := landmark_fault(points[key]) or _beyond(points[key], picture)):
            faults[index] = f"The landmarks of {name} in {path} cannot be used: {fault}."
        if faults[index] is None:
            rng = np.random.default_rng([seed, index])
            known = _inside(picture.shape[:2], corners[key]) if key in corners else None
            images[index], moved[index], valid[index] = align_picture(
                picture, points[key], size, jitter, rng, known=known, framing=framing
            )

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(tqdm(pool.map(load, range(len(chosen))), path.name, len(chosen), disable=not progress))
    faces = FaceSet(images, moved, valid, tuple(p.name for p in chosen), identities=people)
    bad = {name: fault for name, fault in zip(faces.names, faults, strict=True) if fault}
    stop_or_warn(bad, len(chosen), f"pictures in {path}", on_bad)
    return dataclasses.replace(faces.take(np.array([f is None for f in faults])), bad=tuple(bad)) if bad else faces


def _decode(file: PictureFile) -> np.ndarray | None:
    try:
        data = file.read()
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        # OpenCV is faster, and does not know all kinds
        return read(file.name, data).pixels if picture is None else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    except ImageFileError:
        return None


def _beyond(points: np.ndarray, picture: np.ndarray) -> str | None:
    """What is wrong with points whose middle lies outside the picture, or that lie far apart for its size."""
    height, width = picture.shape[:2]
    x, y = np.mean(points, axis=0)
    inside = -0.5 <= x < width and -0.5 <= y < height
    if (span := np.ptp(points, axis=0).max()) > _LARGEST * max(height, width):
        return f"they lie {span:.0f} pixels apart in a picture of {width}x{height}"
    return None if inside else f"their middle ({x:.0f}, {y:.0f}) lies outside the picture of {width}x{height} pixels"


def _inside(shape: tuple[int, int], corners: np.ndarray) -> np.ndarray:
    """1 inside four corners (pixel centres at integers), 0 outside, uint8 of that shape."""
    return cv2.fillConvexPoly(np.zeros(shape, np.uint8), np.rint(corners * 16).astype(np.int32), 1, shift=4)


def _people(pictures: list[PictureFile], path: Path) -> tuple[str, ...]:
    for picture in pictures:
        if not picture.folder:
            raise InputError(
                f"`identities` needs a folder for each person. Received: {picture.name!r} in {str(path)!r}, in none."
            )
    return tuple(picture.folder for picture in pictures)
