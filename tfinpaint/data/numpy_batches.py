"""Aligned faces and rendered occluders -> batches of occluded faces, in NumPy: training data without TensorFlow."""

import copy
import functools
import os
from collections.abc import Iterable

import cv2
import keras
import numpy as np

from tfinpaint.data.batch_keys import OPTIONS, options_for
from tfinpaint.data.face_set import FaceSet
from tfinpaint.data.occluder_bank import OccluderBank, photo_light
from tfinpaint.data.stored_uv import decode_uv
from tfinpaint.errors import InputError
from tfinpaint.faces.uv.render_mesh import flip_uv
from tfinpaint.framing import MIRRORED

_MADE = tuple(key for key in OPTIONS if key not in ("kind", "family"))  # a bank does not know what its occluders are


class NumpyBatches(keras.utils.PyDataset):
    """The twin of `occlude` for machines without TensorFlow: the same dict, sample k a pure function of `(seed, k)`.

    Each batch is a dict: `image` and `occluded`, float32 `(batch, size, size, 3)` in [-1, 1]; `mask`, 1 exactly where
    the occluder's opacity is above 0, and `valid`, 0 = border made up by the alignment, float32
    `(batch, size, size, 1)`; `landmarks` `(batch, 5, 2)`, pixels. Outside the mask `occluded` has the bits of `image`.

    Worker threads prepare batches while the accelerator computes; the order does not depend on them. Indexing gives
    a batch at once: `batches[0]` is batch `start`.

    Args:
        faces: the aligned faces.
        bank: the occluders, laid on the faces by their landmarks; see `OccluderBank.draw` and `OccluderBank.gain`.
        batch_size: samples a batch; the last batch of one pass may be smaller.
        seed: of the order, the flips and the occlusions.
        start: first batch to give. A run resumed at batch b continues bit for bit with `start=b`.
        shuffle: walk the faces in a new order each epoch; in order of index otherwise.
        flip: mirror every other sample, on average, together with its landmarks.
        repeat: go on for ever; one pass otherwise.
        real_only: hide nothing where the picture is a border made up by the alignment, as in `occlude`.
        keys: what else the batches must hold, as for `occlude`: `uv` and `uv_valid`, `occluded2` and `mask2`,
            `distance`. What the other keys hold does not depend on them.
        workers: threads; by default one for each processor, at most 16.

    Raises:
        InputError: a key that no batch has (`kind` and `family` are none here), no face at all, or impossible numbers.
    """

    def __init__(
        self,
        faces: FaceSet,
        bank: OccluderBank,
        *,
        batch_size: int,
        seed: int = 0,
        start: int = 0,
        shuffle: bool = True,
        flip: bool = True,
        repeat: bool = True,
        real_only: bool = False,
        keys: Iterable[str] = (),
        workers: int | None = None,
    ) -> None:
        if batch_size < 1 or start < 0:
            raise InputError(f"`batch_size` must be at least 1 and `start` 0. Received: {batch_size} and {start}.")
        if not len(faces):
            raise InputError("`faces` must hold at least one face. Received: an empty set.")
        workers = min(os.cpu_count() or 1, 16) if workers is None else workers
        super().__init__(workers=workers, max_queue_size=workers + 4)
        self._faces, self._bank, self._light = faces, bank, photo_light(faces.images)
        self._batch_size, self._seed, self._start, self._flip, self._repeat = batch_size, seed, start, flip, repeat
        self._real_only = real_only
        self._stacked: int | None = None
        self._options = options_for(keys, _MADE)
        self._fields = faces.generic_uv if "uv" in self._options else None
        count = len(faces)

        @functools.lru_cache(maxsize=4)
        def order(epoch: int) -> np.ndarray:
            return _generator(seed, epoch + 2**63).permutation(count) if shuffle else np.arange(count)

        self._order = order

    def batch(self, count: int, drop_remainder: bool = True) -> "NumpyBatches":
        """The same stream for stages that eat `count` batches a step: each item has a new leading axis of `count`."""
        if not (self._repeat and drop_remainder and self._stacked is None):
            raise InputError("Only an endless stream of single batches can be stacked: leave `repeat` true.")
        stacked = copy.copy(self)
        stacked._stacked = count
        return stacked

    @property
    def num_batches(self) -> int | None:
        """None for an endless stream."""
        return None if self._repeat else max(-(-len(self._faces) // self._batch_size) - self._start, 0)

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        if self._stacked is None:
            return self._batch(self._start + index)
        parts = [self._batch(self._start + index * self._stacked + i) for i in range(self._stacked)]
        return {key: np.stack([part[key] for part in parts]) for key in parts[0]}

    def _batch(self, number: int) -> dict[str, np.ndarray]:
        faces, last = self._faces, None if self._repeat else len(self._faces)
        samples = range(number * self._batch_size, min((number + 1) * self._batch_size, last or 2**62))
        rows = np.array([self._order(k // len(faces))[k % len(faces)] for k in samples])
        images, valid, landmarks = faces.images[rows], faces.valid[rows], faces.landmarks[rows]
        views = 1 + ("second_view" in self._options)
        layers, gains, fields = np.empty((views, *images.shape[:3], 4), np.uint8), np.empty((views, len(rows))), []
        for i, (k, row) in enumerate(zip(samples, rows, strict=True)):
            rng = _generator(self._seed, k)
            flipped = self._flip and rng.random() < 0.5
            if flipped:
                images[i], valid[i] = images[i, :, ::-1].copy(), valid[i, :, ::-1].copy()
                landmarks[i] = landmarks[i, MIRRORED, :] * (-1, 1) + (images.shape[2] - 1, 0)
            for view in range(views):
                occluder = self._bank.draw(landmarks[i], rng, out=layers[view, i])
                gains[view, i] = self._bank.gain(occluder, self._light[row], rng)
            if self._real_only:
                layers[:, i] *= valid[i]
            if self._fields is not None:
                field = [array.astype(np.float32) for array in decode_uv(self._fields[row])]
                fields.append(flip_uv(*field) if flipped else field)
        image = images.astype(np.float32)
        image /= 127.5
        image -= 1
        batch = {"image": image, "valid": valid.astype(np.float32), "landmarks": landmarks}
        for name, some, light in zip(("", "2"), layers, gains, strict=False):
            pairs = zip(image, some, light, strict=True)
            batch[f"occluded{name}"] = np.stack([_compose(*sample) for sample in pairs])
            batch[f"mask{name}"] = (some[..., 3:] > 0).astype(np.float32)
        if "distance" in self._options:
            batch["distance"] = np.stack([_distance(mask) for mask in batch["mask"]])
        if fields:
            for name, arrays in zip(("uv", "uv_valid"), zip(*fields, strict=True), strict=True):
                batch[name] = np.stack(arrays)
        return batch


def _generator(seed: int, number: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array([seed % 2**64, number], np.uint64)))


def _compose(image: np.ndarray, layer: np.ndarray, gain: float) -> np.ndarray:
    """One picture in [-1, 1] under a layer of the bank; only the pixels that it hides are computed."""
    hidden = np.flatnonzero(layer[..., 3])
    layer = layer.reshape(-1, 4).take(hidden, axis=0).astype(np.float32) / 255
    alpha = layer[:, 3:]
    colour = np.minimum(layer[:, :3] * np.float32(gain), alpha)  # both times the opacity: no channel above 1
    occluded = image.reshape(-1, 3).copy()
    occluded[hidden] = (1 - alpha) * occluded.take(hidden, axis=0) + 2 * colour - alpha
    return occluded.reshape(image.shape)


def _distance(mask: np.ndarray) -> np.ndarray:
    """What `hole_distance` gives for one mask `(side, side, 1)`."""
    hidden = np.ascontiguousarray(mask[..., 0] > 0).astype(np.uint8)
    reach = max(mask.shape[1] // 2, 1)
    distance = np.minimum(cv2.distanceTransform(hidden, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32(reach))
    return np.sqrt(np.rint(np.square(distance)))[..., None]  # OpenCV's last bit differs from call to call
