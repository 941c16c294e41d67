"""A face in a photo, and the choice among several."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Face:
    """A detected face.

    Attributes:
        box: (x, y, width, height) in pixels.
        score: the detector's, 0 to 1; 1 for a face that the caller gave.
        landmarks: `(5, 2)`, see `tfinpaint.framing`.
    """

    box: tuple[float, float, float, float]
    score: float
    landmarks: np.ndarray

    @property
    def area(self) -> float:
        return self.box[2] * self.box[3]

    def distance(self, other: "Face") -> float:
        """Mean distance of its five points from those of another face, in distances between its own eyes."""
        apart = np.linalg.norm(other.landmarks - self.landmarks, axis=1).mean()
        return float(apart / np.linalg.norm(self.landmarks[0] - self.landmarks[1]))


def largest(faces: Sequence[Face]) -> Face:
    """The face of the greatest area times score; a doubtful small find never wins over a plain face."""
    return max(faces, key=lambda face: face.area * face.score)


def overlap(box: Sequence[float], other: Sequence[float], smaller: bool = False) -> float:
    """Intersection of two boxes (x, y, width, height) over their union, or over the smaller of them."""
    (x, y, w, h), (u, v, a, b) = box, other
    shared = max(0.0, min(x + w, u + a) - max(x, u)) * max(0.0, min(y + h, v + b) - max(y, v))
    whole = min(w * h, a * b) if smaller else w * h + a * b - shared
    return shared / whole if whole > 0 else 0.0


def without_doubles(faces: Sequence[Face], limit: float = 0.5) -> list[Face]:
    """The faces by falling score, less those that share more than `limit` of the smaller box with a better one."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda f: -f.score):
        if all(overlap(face.box, other.box, smaller=True) <= limit for other in kept):
            kept.append(face)
    return kept
