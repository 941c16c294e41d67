"""Occluders drawn beforehand, to be laid on other faces where there is no TensorFlow to draw new ones."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from PIL import Image

from tfinpaint.data.face_set import FaceSet
from tfinpaint.errors import InputError
from tfinpaint.framing import MIRRORED

_CANDIDATES = 8  # more would fit better, but give each face the same few occluders
_QUALITY = 95  # of WebP's colours; its opacity is kept exactly
_GAIN = (0.5, 2.0)


@dataclass(frozen=True)
class OccluderBank:
    """Rendered occluders, each with the five points of the face for which it was drawn.

    Attributes:
        pictures: `(n, side, side, 4)` uint8, red, green, blue and opacity; the colours are multiplied by the opacity,
            so that no other colour bleeds into an edge when the picture is warped.
        landmarks: `(n, 5, 2)` float32, in pixels.
        light: `(n,)` float32, `photo_light` of the photos for which they were drawn.
    """

    pictures: np.ndarray
    landmarks: np.ndarray
    light: np.ndarray

    def __post_init__(self) -> None:
        count, side = len(self.pictures), self.pictures.shape[1] if self.pictures.ndim == 4 else 0
        shapes = self.pictures.shape, self.landmarks.shape, self.light.shape
        if not count or shapes != ((count, side, side, 4), (count, 5, 2), (count,)):
            raise InputError(
                "A bank must hold pictures (n, side, side, 4), landmarks (n, 5, 2) and light (n,), n at least 1. "
                f"Received: shapes {', '.join(map(str, shapes))}."
            )

    def __len__(self) -> int:
        return len(self.pictures)

    def draw(self, landmarks: np.ndarray, rng: np.random.Generator, out: np.ndarray) -> int:
        """Lays one occluder on a face, in place; returns its index.

        Of a few occluders (or their mirror images) drawn at random, the one whose five points have the face's shape
        best is taken, because a mask drawn for a head that looks left does not sit on one that looks right. The
        similarity that maps its points on the face's by least squares moves it there.

        Args:
            landmarks: `(5, 2)` points of the face in pixels.
            rng: draws the candidates.
            out: `(side, side, 4)` uint8, contiguous; receives the occluder in the bank's form.
        """
        candidates = rng.integers(len(self._shapes), size=_CANDIDATES)
        factors, shifts, errors = fit_similarities(self._shapes[candidates], landmarks @ (1, 1j))
        best = int(errors.argmin())
        index, mirrored = divmod(int(candidates[best]), 2)
        matrix = similarity_matrix(factors[best], shifts[best])
        if mirrored:
            matrix = matrix @ np.array([[-1, 0, self.pictures.shape[2] - 1], [0, 1, 0], [0, 0, 1]])
        # What the drawing's border cut off goes on beyond it: a strap, a gaiter down the neck.
        cv2.warpAffine(self.pictures[index], matrix, out.shape[1::-1], dst=out, borderMode=cv2.BORDER_REPLICATE)
        return index

    def gain(self, index: int, light: float, rng: np.random.Generator) -> float:
        """By what the occluder's colours are multiplied on a photo of another `light`.

        The ratio of the two photos' light within [0.5, 2], times a little noise (8 %): a dark photo has dark masks.
        """
        return float(np.clip(light / self.light[index], *_GAIN) * np.exp(rng.normal(0, 0.08)))

    def encode(self) -> Iterator[bytes]:
        """The pictures one by one as WebP: opacity exact, colours lossy. About 2 KB each at 128 px."""
        for picture in self.pictures:
            alpha = np.maximum(picture[..., 3:].astype(np.float32), 1)
            colour = np.rint(picture[..., :3] * (255 / alpha)).clip(0, 255).astype(np.uint8)
            buffer = io.BytesIO()
            Image.fromarray(np.dstack([colour, picture[..., 3]])).save(buffer, "WEBP", quality=_QUALITY)
            yield buffer.getvalue()

    @classmethod
    def decode(cls, files: Iterable[bytes], landmarks: np.ndarray, light: np.ndarray) -> "OccluderBank":
        """The bank of the pictures that `encode` gave."""
        pictures = [np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")) for data in files]
        return cls(_premultiplied(np.stack(pictures)), landmarks, light)

    @cached_property
    def _shapes(self) -> np.ndarray:
        """The points as complex numbers `(2 n, 5)`: each occluder's, then its mirror image's."""
        points = self.landmarks @ np.array([1, 1j])
        mirrored = (self.pictures.shape[2] - 1) - points[:, MIRRORED].conj()
        return np.stack([points, mirrored], axis=1).reshape(-1, 5)


def render_occluders(
    faces: FaceSet, occlusion: Any, count: int, *, seed: int = 0, batch_size: int = 50
) -> OccluderBank:
    """Draws `count` occluders for faces of the set, in their order and over again; needs TensorFlow.

    Args:
        faces: what the occluders are drawn for.
        occlusion: a `tfinpaint.data.occlusions` object, such as `default_occlusion()`; its draws of nothing are kept.
        count: how many.
        seed: of the drawings; occluder k is a function of `(seed, k)` and its face.
        batch_size: drawn at a time.
    """
    import tensorflow as tf

    draw = tf.function(occlusion.layer, reduce_retracing=True)
    pictures = np.empty((count, faces.size, faces.size, 4), np.uint8)
    rows = np.arange(count) % len(faces)
    for first in range(0, count, batch_size):
        numbers = np.arange(first, min(first + batch_size, count))
        images = faces.images[rows[numbers]].astype(np.float32) / 127.5 - 1
        seeds = np.stack([np.full_like(numbers, seed), numbers], axis=1)
        colour, alpha = draw(tf.constant(images), tf.constant(faces.landmarks[rows[numbers]]), tf.constant(seeds))
        pictures[numbers, ..., :3] = np.rint((np.clip(colour, -1, 1) + 1) * 127.5)
        pictures[numbers, ..., 3:] = np.ceil(np.clip(alpha, 0, 1) * 255)  # what is hidden at all stays hidden
    return OccluderBank(_premultiplied(pictures), faces.landmarks[rows], photo_light(faces.images)[rows])


def photo_light(images: np.ndarray) -> np.ndarray:
    """How brightly each photo is lit, `(n,)` in (0, 1]: a mean of brightness that leans to the brightest parts.

    The sixth power mean over blocks of 4 x 4 pixels, which `FaceMask` takes for the photo's rendering of white.
    """
    side = max(images.shape[1] // 4, 1)
    luma = [cv2.cvtColor(cv2.resize(i, (side, side), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY) for i in images]
    return np.array([np.mean((grey / np.float32(255)) ** 6) ** (1 / 6) for grey in luma], np.float32).clip(0.02)


def fit_similarities(sources: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The similarities z -> factor z + shift from shapes `(n, 5)` to one `(5,)`, points as complex numbers.

    Returns factors `(n,)`, shifts `(n,)` and the sums of squared distances that are left `(n,)`.
    """
    source_mean, target_mean = sources.mean(1, keepdims=True), target.mean()
    centred, aim = sources - source_mean, target - target_mean
    spread = (np.abs(centred) ** 2).sum(1)
    factors = (centred.conj() * aim).sum(1) / spread
    errors = (np.abs(aim) ** 2).sum() - np.abs(factors) ** 2 * spread
    return factors, target_mean - factors * source_mean[:, 0], errors


def similarity_matrix(factor: complex, shift: complex) -> np.ndarray:
    """z -> factor z + shift as a 2x3 matrix."""
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])


def _premultiplied(pictures: np.ndarray) -> np.ndarray:
    for picture in pictures:  # one by one: a bank is large
        picture[..., :3] = np.rint(picture[..., :3] * (picture[..., 3:] / np.float32(255)))
    return pictures
