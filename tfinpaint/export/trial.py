"""Faces that a quantised file is calibrated and measured on, and what it loses on them."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfinpaint.data import FaceSet, align_picture, default_occlusion, load_faces, occlude
from tfinpaint.data.portrait import LANDMARKS, load_portrait
from tfinpaint.engine import Engine
from tfinpaint.errors import InputError
from tfinpaint.evaluation.metrics import psnr

_FEWEST = 4


@dataclass(frozen=True, eq=False)
class Trial:
    """Hidden faces.

    Attributes:
        clean: `(n, side, side, 3)` uint8.
        hidden: the same with something in front.
        masks: `(n, side, side, 1)` uint8, 1 where that is.
    """

    clean: np.ndarray
    hidden: np.ndarray
    masks: np.ndarray

    def __len__(self) -> int:
        return len(self.clean)

    def take(self, indices: Any) -> "Trial":
        """Some of the faces."""
        return Trial(self.clean[indices], self.hidden[indices], self.masks[indices])


def draw_trial(model: Any, data: str | os.PathLike | None = None, count: int = 80, seed: int = 0) -> Trial:
    """Faces behind what the model is trained to take off, the same for the same seed.

    Args:
        model: says how its faces are framed and hidden.
        data: a folder or zip of faces, see `tfinpaint.data.load_faces`; None takes the portrait that scikit-image
            carries, cut, mirrored and lit in `count` ways.
        count: of faces, at most.
        seed: of what is drawn.

    Raises:
        InputError: there are too few faces.
    """
    side, framing = model.image_size, model.contract.framing
    if data is None:
        faces = _portraits(side, framing, count, seed)
    else:
        faces = load_faces(data, size=side, framing=framing, limit=count)
    if len(faces) < _FEWEST:
        raise InputError(
            f"`data` must hold at least {_FEWEST} faces to measure a quantised file on. Received: {data}, {len(faces)}."
        )
    batches = occlude(
        faces,
        default_occlusion(model.contract.occlusion),
        batch_size=16,
        seed=seed,
        shuffle=False,
        repeat=False,
        colour_jitter=0.7 if data is None else 0.0,
    )
    drawn = [{key: batch[key].numpy() for key in ("image", "occluded", "mask")} for batch in batches]
    clean, hidden, masks = (np.concatenate([batch[key] for batch in drawn]) for key in drawn[0])
    clean, hidden = (np.rint((pictures + 1) * 127.5).astype(np.uint8) for pictures in (clean, hidden))
    return Trial(clean, hidden, (masks > 0).astype(np.uint8)).take(masks.any((1, 2, 3)))


def losses(file: Engine, model: Engine, trial: Trial) -> np.ndarray:
    """How much less like the clean face each hole is that the file paints, dB of PSNR, `(n,)`.

    Args:
        file: what is measured.
        model: what it was made of.
        trial: on which faces.
    """
    masks = trial.masks if model.contract.needs_mask else None
    clean, where = trial.clean / 255, trial.masks.astype(np.float32)
    ours, its = (psnr(engine.restore(trial.hidden, masks).images / 255, clean, where) for engine in (model, file))
    return np.asarray(ours - its)


def _portraits(side: int, framing: str, count: int, seed: int) -> FaceSet:
    photo, points, rng = load_portrait(), np.array(LANDMARKS, np.float32), np.random.default_rng(seed)
    cuts = [align_picture(photo, points, side, 0.1, rng, framing=framing) for _ in range(count)]
    images, landmarks, valid = (np.stack(arrays) for arrays in zip(*cuts, strict=True))
    return FaceSet(images, landmarks, valid, tuple(f"portrait {k}" for k in range(count)))
