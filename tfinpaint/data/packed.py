"""Faces and rendered occluders as members of shards: written where they lie, read where they are trained on."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tfinpaint.data.face_set import FaceSet
from tfinpaint.data.landmark_files import find_landmarks, read_landmarks, rows_of
from tfinpaint.data.occluder_bank import OccluderBank
from tfinpaint.data.shards import Shards
from tfinpaint.data.sources import concatenate, load_faces, readers_of
from tfinpaint.errors import InputError
from tfinpaint.framing import landmark_fault


def face_members(path: str | Path, label: str) -> Iterator[tuple[str, bytes]]:
    """Every picture of a folder or zip that has landmarks, byte for byte, and then the landmarks.

    Args:
        path: as for `load_faces`.
        label: the members' names begin with `faces/<label>/`.
    """
    path = Path(path)
    points, names, kept = read_landmarks(find_landmarks(path)), [], []
    readers = readers_of(path)
    for name, row in rows_of(list(readers), points, path).items():
        if fault := landmark_fault(points[row]):
            raise InputError(f"The landmarks of {name} in {path} cannot be used: {fault}. Mend or remove them.")
        names.append(f"faces/{label}/{name}")
        kept.append(points[row])
        yield names[-1], readers[name]()
    if not names:
        raise InputError(f"The landmarks of {str(path)!r} must name pictures in it. Received: {len(points)} others.")
    yield f"landmarks/{label}.npz", _npz(name=np.array(names), landmarks=np.stack(kept))


def occluder_members(bank: OccluderBank) -> Iterator[tuple[str, bytes]]:
    """The bank's pictures, and then what belongs to them."""
    for index, data in enumerate(bank.encode()):
        yield f"occluders/{index:06}.webp", data
    yield "occluders.npz", _npz(landmarks=bank.landmarks, light=bank.light)


def packed_faces(
    shards: Shards,
    labels: Sequence[str],
    *,
    size: int,
    framing: str = "wide",
    jitter: float = 0.0,
    seed: int = 0,
) -> FaceSet:
    """The faces of these labels as one aligned set; a label may be named several times, to count more.

    Args:
        shards: written from `face_members`.
        labels: of the members.
        size: side of the crops in pixels.
        framing: see `load_faces`.
        jitter: see `load_faces`.
        seed: of the jitter, which differs between the times that a label is named.
    """
    sets = []
    for turn, label in enumerate(labels):
        (data,) = shards.read([f"landmarks/{label}.npz"])
        with np.load(io.BytesIO(data)) as arrays:
            points = dict(zip(arrays["name"].tolist(), arrays["landmarks"], strict=True))
        for part, archive in enumerate(shards.archives):
            own = {name: points[name] for name in shards.names(archive=archive) if name in points}
            if own:
                how = {"size": size, "framing": framing, "jitter": jitter, "seed": seed + 1000 * turn + part}
                sets.append(load_faces(archive, landmarks=own, on_bad="skip", **how))
    return concatenate(*sets)


def packed_occluders(shards: Shards) -> OccluderBank:
    """The bank that `occluder_members` wrote."""
    (data,) = shards.read(["occluders.npz"])
    with np.load(io.BytesIO(data)) as arrays:
        return OccluderBank.decode(shards.read(shards.names("occluders/")), arrays["landmarks"], arrays["light"])


def _npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()
