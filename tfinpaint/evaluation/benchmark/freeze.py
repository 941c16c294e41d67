"""Makes a protocol of the pictures at hand."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tfinpaint.data.landmark_files import find_landmarks
from tfinpaint.errors import InputError
from tfinpaint.evaluation.benchmark.drawing import look_of
from tfinpaint.evaluation.benchmark.files import file_hash, picture_hashes
from tfinpaint.evaluation.benchmark.protocol import PictureList, Protocol

HELD_OUT_SEED = 90_001  # no training of the zoo draws with it
HOW = (
    "OpenCV's JPEG decoder; similarity of five landmarks to tfinpaint's template, averaged where it shrinks and cubic "
    "where it grows; RGB, 8 bits; occlusions drawn by tfinpaint.data.occlude without shuffling or flipping"
)
_FEWEST = 2


def freeze(
    name: str,
    data: str | Path,
    sets: Mapping[str, str] | Sequence[str],
    kinds: Iterable[str],
    *,
    side: int = 128,
    seed: int = HELD_OUT_SEED,
    batch: int = 32,
    worn: Mapping[str, str] | None = None,
    labelled: Mapping[str, str] | None = None,
    people: Mapping[str, Mapping[str, str]] | None = None,
    judges: Mapping[str, str] | None = None,
) -> Protocol:
    """Lists the pictures with their hashes, draws the first and last batches and notes what they look like.

    Args:
        name: with its version, such as `faces-1`.
        data: folder below which all paths lie.
        sets: name -> path of a folder or zip of faces with landmarks beside it.
        kinds: names of the occlusions.
        side: of the aligned faces in pixels.
        seed: of the occlusions.
        batch: faces a batch.
        worn: name -> path of a zip of photos of really worn masks.
        labelled: name -> path of a zip of photos with labels.
        people: name -> paths of `images`, `landmarks` and `pairs` of a verification set.
        judges: `likeness`, `landmarks`, `features` -> paths of the networks that judge.

    Raises:
        InputError: no face, one face only, an unknown kind, a file that is missing.
    """
    from tfinpaint.data import load_faces, occlusions

    data, kinds = Path(data), tuple(kinds)
    lists = {}
    for label, path in sets.items():
        faces = load_faces(data / path, size=side)
        if len(faces) < _FEWEST:
            raise InputError(f"`sets` must hold {_FEWEST} faces or more each. Received: {len(faces)} in {path}.")
        drawn = {k: look_of(faces, occlusions.get(k), seed=seed, batch_size=batch) for k in kinds}
        landmarks = find_landmarks(data / path).relative_to(data).as_posix()
        hashes = picture_hashes(data / path, set(faces.names))
        lists[label] = PictureList(path, landmarks, file_hash(data, landmarks), hashes, drawn)
    files = {
        key: {label: (path, file_hash(data, path)) for label, path in (paths or {}).items()}
        for key, paths in (("worn", worn), ("labelled", labelled), ("judges", judges))
    }
    persons = {
        label: {role: (path, file_hash(data, path)) for role, path in paths.items()}
        for label, paths in (people or {}).items()
    }
    return Protocol(name, side, seed, batch, kinds, lists, **files, people=persons, how=HOW)
