"""Aligned faces in memory: taken apart, joined, divided by person."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tfinpaint.errors import InputError


@dataclass(frozen=True)
class FaceSet:
    """Aligned faces in memory.

    Attributes:
        images: `(n, size, size, 3)` uint8 RGB, every face in the same framing.
        landmarks: `(n, 5, 2)` float32, in pixels of the crop.
        valid: `(n, size, size, 1)` uint8, 1 where a pixel came from the picture, 0 where the crop reaches beyond it and
            a mirrored border was made up. Losses and scores leave the made-up part out.
        names: file names, in order.
        bad: names that could not be decoded and were left out.
        identities: who each face is, in order; None where nobody knows.
    """

    images: np.ndarray
    landmarks: np.ndarray
    valid: np.ndarray
    names: tuple[str, ...]
    bad: tuple[str, ...] = ()
    identities: tuple[str, ...] | None = None

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

    @cached_property
    def generic_uv(self) -> tuple[bytes, ...]:
        """The dense field that a generic head has for each face, as `stored_uv.encode_uv` writes it.

        Computed when it is first asked for, and kept.
        """
        from tfinpaint.data.dense_fields import generic_fields

        return generic_fields(self)

    def take(self, indices: Any) -> "FaceSet":
        """The faces at `indices` (integers, a slice or booleans)."""
        names = tuple(np.array(self.names, object)[indices].tolist())
        known = self.identities
        known = None if known is None else tuple(np.array(known, object)[indices].tolist())
        return FaceSet(self.images[indices], self.landmarks[indices], self.valid[indices], names, identities=known)


def concatenate(*sets: FaceSet) -> FaceSet:
    """One set of several of the same size; identities stay where every set has them."""
    sizes = sorted({faces.size for faces in sets})
    if len(sizes) != 1:
        raise InputError(f"`sets` must be one or more sets of faces of one size. Received: sizes {sizes}.")
    arrays = [np.concatenate([getattr(s, k) for s in sets]) for k in ("images", "landmarks", "valid")]
    names, bad = (sum((getattr(s, k) for s in sets), ()) for k in ("names", "bad"))
    known = [s.identities for s in sets]
    return FaceSet(*arrays, names, bad, None if None in known else sum(known, ()))


def split_by_identity(faces: FaceSet, share: float, seed: int = 0) -> tuple[FaceSet, FaceSet]:
    """Two sets without a person in common; the first has `share` of the people, at least one and not all.

    People are ordered by a hash of `seed` and their name, so a few new ones move few of the others.

    Raises:
        InputError: the faces have no identities, or fewer than two; or an impossible share.
    """
    if faces.identities is None:
        raise InputError("`faces` must have identities, as load_faces(..., identities=True) gives. Received: none.")
    if not 0 < share < 1:
        raise InputError(f"`share` must be between 0 and 1, such as 0.9. Received: {share}.")
    people = sorted(
        set(faces.identities),
        key=lambda name: hashlib.blake2b(f"{seed}/{name}".encode("utf-8", "surrogateescape")).digest(),
    )
    if len(people) < 2:
        raise InputError(f"`faces` must show at least two people to be divided. Received: {len(people)}.")
    first = set(people[: min(max(round(share * len(people)), 1), len(people) - 1)])
    chosen = np.array([name in first for name in faces.identities])
    return faces.take(chosen), faces.take(~chosen)
