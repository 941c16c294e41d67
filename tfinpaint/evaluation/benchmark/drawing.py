"""Clean and occluded faces of a set, batch by batch, and what tells that they are the protocol's."""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import cv2
import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.evaluation.benchmark.protocol import Drawn

_BLOCKS = 4
_TOLERANCE = 2  # grey levels


class DrawnFaces(NamedTuple):
    """Faces in order.

    Attributes:
        clean: `(n, side, side, 3)` uint8.
        occluded: the same, with something in front.
        masks: `(n, side, side, 1)` float32, 1 where hidden.
        valid: `(n, side, side, 1)` float32, 0 where the alignment made pixels up.
        landmarks: `(n, 5, 2)` float32, pixels.
    """

    clean: np.ndarray
    occluded: np.ndarray
    masks: np.ndarray
    valid: np.ndarray
    landmarks: np.ndarray


def drawn_batches(faces: Any, occlusion: Any, *, seed: int, batch_size: int, start: int = 0) -> Iterator[DrawnFaces]:
    """Batches from batch `start` on, in the faces' order; face k gets the occlusion `(seed, k)`."""
    from tfinpaint.data import occlude

    fixed = {"shuffle": False, "flip": False, "repeat": False}
    for batch in occlude(faces, occlusion, batch_size=batch_size, seed=seed, start=start, **fixed).as_numpy_iterator():
        clean, occluded = (np.rint((batch[key] + 1) * 127.5).astype(np.uint8) for key in ("image", "occluded"))
        yield DrawnFaces(clean, occluded, batch["mask"], batch["valid"], batch["landmarks"])


def drawn_faces(
    faces: Any, occlusion: Any, *, seed: int, batch_size: int, start: int = 0, batches: int = 1
) -> DrawnFaces:
    """So many batches as one."""
    stream = drawn_batches(faces, occlusion, seed=seed, batch_size=batch_size, start=start)
    parts = [batch for _, batch in zip(range(batches), stream, strict=False)]
    return DrawnFaces(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def look_of(faces: Any, occlusion: Any, *, seed: int, batch_size: int) -> Drawn:
    """What the first and the last batch look like."""
    last = (len(faces) - 1) // batch_size
    ends = [drawn_faces(faces, occlusion, seed=seed, batch_size=batch_size, start=start) for start in (0, last)]
    pictures = np.concatenate([end.occluded for end in ends])
    digest = hashlib.sha256(pictures.tobytes()).hexdigest()
    return Drawn(digest, _means(pictures).tobytes().hex())


def compare(found: Drawn, frozen: Drawn, where: str) -> str:
    """How alike two looks are, in words.

    Raises:
        InputError: not alike.
    """
    if found.sha256 == frozen.sha256:
        return "same bytes"
    ours, theirs = (np.frombuffer(bytes.fromhex(look.means), np.uint8).astype(int) for look in (found, frozen))
    if ours.shape != theirs.shape or np.abs(ours - theirs).max(initial=0) > _TOLERANCE:
        raise InputError(
            f"The occluded faces of {where} must look like those that the benchmark was frozen with. Received: others. "
            "Take the version of tfinpaint that froze it, or freeze a benchmark of your own."
        )
    return f"same within {_TOLERANCE} grey levels"


def _means(pictures: np.ndarray) -> np.ndarray:
    grey = pictures.astype(np.float32).mean(-1)
    blocks = np.stack([cv2.resize(g, (_BLOCKS, _BLOCKS), interpolation=cv2.INTER_AREA) for g in grey])
    return np.rint(blocks).astype(np.uint8)
