"""Faces and models that need no training."""

from typing import NamedTuple

import cv2
import numpy as np


class Restored(NamedTuple):
    images: np.ndarray
    masks: np.ndarray


class Faces:
    """What `evaluate` reads of a `FaceSet`: smooth pictures with texture, the left eighth of each made up."""

    def __init__(self, count: int, size: int = 48) -> None:
        from tfinpaint.faces.template import template_points

        rng = np.random.default_rng(0)
        noise = rng.uniform(0, 255, (count, size, size, 3)).astype("float32")
        self.images = np.stack([cv2.GaussianBlur(n, (0, 0), 2) for n in noise]).astype("uint8")
        self.landmarks = np.repeat(template_points(size)[None], count, axis=0)
        self.valid = np.ones((count, size, size, 1), "uint8")
        self.valid[:, :, : size // 8] = 0

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices) -> "Faces":
        some = Faces.__new__(Faces)
        some.images, some.landmarks, some.valid = (a[indices] for a in (self.images, self.landmarks, self.valid))
        return some


class Square:
    """An occlusion: a white square in the middle, a third of the side wide; no draw at all."""

    def __call__(self, images, landmarks, seed):
        import tensorflow as tf

        size = images.shape[1]
        hole = np.zeros((1, size, size, 1), "float32")
        hole[:, size // 3 : 2 * size // 3, size // 3 : 2 * size // 3] = 1
        mask = tf.ones_like(images[..., :1]) * hole
        return images * (1 - mask) + mask, mask


class WhiteFinder:
    """A model that takes white pixels for the mask and paints them with `answers` (grey by default)."""

    image_size = 48

    def __init__(self, answers=None) -> None:
        self.answers, self.seen = answers, 0

    def restore(self, images) -> Restored:
        masks = (images == 255).all(-1, keepdims=True).astype("float32")
        painted = np.full_like(images, 128)
        if self.answers is not None:
            painted = self.answers[self.seen : self.seen + len(images)]
            self.seen += len(images)
        return Restored(np.where(masks > 0, painted, images).astype("uint8"), masks)


class MeanColour:
    """A judge that sees the mean colour of each face."""

    def predict_on_batch(self, faces):
        return faces.mean((1, 2))
