"""The pictures that a list of pairs needs: a zip, or a folder laid out as Labeled Faces in the Wild is."""

import os
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from tqdm import tqdm

from tfinpaint.data.landmark_files import find_landmarks, read_landmarks
from tfinpaint.data.picture_files import PictureFile, pictures_of
from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.evaluation.protocols.embedders import Embedder
from tfinpaint.evaluation.protocols.pairs import Pairs, person, read_pairs
from tfinpaint.framing import landmark_fault

_AT_ONCE = 256  # pictures in memory together


@dataclass(frozen=True, eq=False)
class PairPictures:
    """Pairs and their pictures, which are read when they are asked for.

    Attributes:
        pairs: the pairs; they count through `names`.
        landmarks: `(n, 5, 2)` float32, in pixels of each picture.
        files: n pictures.
    """

    pairs: Pairs
    landmarks: np.ndarray
    files: tuple[PictureFile, ...]

    def __len__(self) -> int:
        return len(self.files)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the n pictures, such as `Name_0001.jpg`."""
        return self.pairs.names

    @property
    def people(self) -> tuple[str, ...]:
        """Who each picture shows, by its name."""
        return tuple(map(person, self.names))

    @cached_property
    def images(self) -> np.ndarray:
        """All pictures `(n, height, width, 3)`, uint8 RGB; read once.

        Raises:
            InputError: they are not all of one size; take them one by one.
        """
        pictures = self.pictures(range(len(self)))
        sizes = {picture.shape for picture in pictures}
        if len(sizes) > 1:
            raise InputError(f"`images` needs pictures of one size. Received: {len(sizes)} sizes; use `pictures`.")
        return np.stack(pictures)

    def pictures(self, indices: Collection[int]) -> list[np.ndarray]:
        """Some pictures, uint8 RGB.

        Raises:
            ImageFileError: one cannot be decoded.
        """
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(lambda index: _decode(self.files[index]), indices))

    def embed(self, embedder: Embedder, progress: bool = False) -> np.ndarray:
        """The embeddings `(n, d)` of all pictures; a few are in memory at a time."""
        found = []
        for start in tqdm(range(0, len(self), _AT_ONCE), embedder.name, disable=not progress):
            part = range(start, min(start + _AT_ONCE, len(self)))
            found.append(embedder(self.pictures(part), self.landmarks[part.start : part.stop]))
        return np.concatenate(found)


def load_pair_pictures(
    path: str | os.PathLike,
    *,
    pairs: Pairs | str | os.PathLike | None = None,
    landmarks: str | os.PathLike | None = None,
) -> PairPictures:
    """The pictures of a folder or zip that a list of pairs names, with their landmarks.

    Args:
        path: a zip or folder of pictures `Name_0001.jpg`, perhaps in folders, as LFW has them: `Name/Name_0001.jpg`.
        pairs: the list or its file; by default `pairs.txt` inside the folder, or beside folder or zip.
        landmarks: file of the five points of each picture; by default as for `load_faces`.

    Raises:
        InputError: nothing there, a malformed list, or one that names pictures that are missing or have no landmarks.
    """
    path = Path(path)
    if not isinstance(pairs, Pairs):
        pairs = read_pairs(pairs or _find_pairs(path))
    files = {PurePosixPath(file.name).name: file for file in pictures_of(path)}
    pairs.check_names(files, repr(str(path)))
    file = Path(landmarks or find_landmarks(path))
    points = {PurePosixPath(name).name: five for name, five in read_landmarks(file).items()}
    pairs.check_names(points, f"the landmarks {str(file)!r}")
    for name in pairs.names:
        if fault := landmark_fault(points[name]):
            raise InputError(f"The landmarks of {name} in {file} cannot be used: {fault}. Mend them.")
    five = np.stack([points[name] for name in pairs.names]) if pairs.names else np.zeros((0, 5, 2), np.float32)
    return PairPictures(pairs, five, tuple(files[name] for name in pairs.names))


def _find_pairs(path: Path) -> Path:
    places = [path / "pairs.txt", path.parent / "pairs.txt"]
    for place in places:
        if place.is_file():
            return place
    raise InputError(
        f"`pairs` must be given, or lie beside the pictures as pairs.txt. Received: none by {str(path)!r}."
    )


def _decode(file: PictureFile) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(file.read() or b"\0", np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ImageFileError(f"The picture {file.name} cannot be decoded.")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
