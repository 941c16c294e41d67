"""What can be said of really worn masks, which have no clean counterpart, and of masks labelled by hand.

Faces take the road of a user's photo: a detector finds them, `tfinpaint.faces.align` cuts them out.
"""

import os
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from tfinpaint import faces
from tfinpaint.errors import InputError
from tfinpaint.evaluation.bootstrap import summarise
from tfinpaint.evaluation.metrics import mask_iou

MASK_LABEL = 2


class FoundFaces(NamedTuple):
    """The largest face of each photo, aligned.

    Attributes:
        names: of the photos in which a face was found.
        images: `(n, size, size, 3)` uint8.
        landmarks: `(n, 5, 2)`, pixels of the crop; under a mask they are the detector's guess.
        valid: `(n, size, size, 1)`, 0 where the crop reaches beyond the photo.
        labels: `(n, size, size, 1)`, 1 where the label says mask; None where the photos have no labels.
        missed: names of the photos without a face.
    """

    names: tuple[str, ...]
    images: np.ndarray
    landmarks: np.ndarray
    valid: np.ndarray
    labels: np.ndarray | None
    missed: tuple[str, ...]


def find_faces(path: str | os.PathLike, size: int, detector: Any, limit: int | None = None) -> FoundFaces:
    """Reads a zip of photos and aligns the largest face of each.

    Args:
        path: a zip of `<name>.jpg`, perhaps with `<name>_label.png` (2 where a mask is) for each.
        size: side of the crops.
        detector: a `tfinpaint.faces.Detector`.
        limit: at most so many photos.

    Raises:
        InputError: no photo, or none with a face; labels for some photos only.
    """
    photos, labels = _read_zip(path, limit)
    if labels and set(labels) != set(photos):
        raise InputError(f"`path` must hold a label for each photo or for none. Received: {path}.")
    names, crops, missed = [], [], []
    for name, photo in photos.items():
        found = detector(photo)
        if found:
            names.append(name)
            crops.append(_crop(photo, labels.get(name), faces.largest(found).landmarks, size))
        else:
            missed.append(name)
    if not crops:
        raise InputError(f"`path` must be a zip of photos of faces. Received: {path}, with {len(photos)} and no face.")
    images, landmarks, valid, masks = (np.stack(part) for part in zip(*crops, strict=True))
    return FoundFaces(tuple(names), images, landmarks, valid, masks if labels else None, tuple(missed))


def score_worn(masks: np.ndarray, found: FoundFaces) -> dict[str, Any]:
    """Whether the regions `masks` `(n, size, size, 1)` that a model found are worn masks, as far as five points tell.

    Returns:
        The shares of faces whose nose tip and both mouth corners are in the region, that lost an eye to it, and where
        it is next to nothing (below 1 % of the photo's pixels in the crop); and the interval of the region's share.
    """
    hidden = _at(masks, found.landmarks)
    area = (masks * found.valid).sum((1, 2, 3)) / found.valid.sum((1, 2, 3))
    return {
        "faces": len(found.names),
        "without_face": len(found.missed),
        "nose_and_mouth_found": float(hidden[:, 2:].all(1).mean()),
        "eye_lost": float(hidden[:, :2].any(1).mean()),
        "nothing_found": float((area < 0.01).mean()),
        "area": summarise(area),
    }


def score_labelled(masks: np.ndarray, found: FoundFaces) -> dict[str, Any]:
    """IoU of the regions that a model found with labels by hand, by kind: the photo's name up to its first `_`."""
    if found.labels is None:
        raise InputError("`found` must have labels: <name>_label.png beside each <name>.jpg. Received: none.")
    iou = mask_iou(masks, found.labels, found.valid)
    kinds = np.array([name.split("_")[0] for name in found.names])
    return {kind: {"mask_iou": summarise(iou[kinds == kind])} for kind in sorted(set(kinds.tolist()))}


def _crop(photo: np.ndarray, label: np.ndarray | None, points: np.ndarray, size: int) -> tuple[np.ndarray, ...]:
    crop, matrix = faces.align(photo, points, size)
    label = np.zeros(photo.shape[:2], np.float32) if label is None else (label == MASK_LABEL).astype(np.float32)
    flat = {"dsize": (size, size), "flags": cv2.INTER_NEAREST, "borderValue": 0}
    mask, valid = (cv2.warpAffine(plane, matrix, **flat)[..., None] for plane in (label, np.ones_like(label)))
    return crop, points @ matrix[:, :2].T + matrix[:, 2], valid, mask


def _at(masks: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Whether each point `(n, k, 2)` lies in its mask `(n, s, s, 1)`; outside the picture it does not."""
    side = masks.shape[1]
    x, y = np.moveaxis(np.rint(points).astype(int), -1, 0)
    inside = (x >= 0) & (y >= 0) & (x < side) & (y < side)
    rows = np.arange(len(masks))[:, None]
    return inside & (masks[rows, y.clip(0, side - 1), x.clip(0, side - 1), 0] > 0.5)


def _read_zip(path: str | os.PathLike, limit: int | None) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(n for n in archive.namelist() if n.endswith(".jpg"))[:limit]
            photos = {Path(n).stem: _decode(archive.read(n), cv2.IMREAD_COLOR_RGB) for n in names}
            beside = {Path(n).stem: f"{n.removesuffix('.jpg')}_label.png" for n in names}
            known = set(archive.namelist())
            labels = {k: _decode(archive.read(n), cv2.IMREAD_GRAYSCALE) for k, n in beside.items() if n in known}
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"`path` must be a zip of photos. Received: {path} ({error}).") from error
    return photos, labels


def _decode(data: bytes, flags: int) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
