"""What can be said of really worn masks, which have no clean counterpart, and of masks labelled by hand."""

import csv
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.evaluation.metrics import mask_iou
from tfinpaint.evaluation.summary import summarise
from tfinpaint.faces.template import similarity, template_points

MASK_LABEL = 2
_POINTS = ("eye1", "eye2", "nose", "mouth1", "mouth2")


def read_points(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Five points `(5, 2)` by picture name, from a `.csv` with columns name, eye1_x, eye1_y, ... mouth2_y.

    Raises:
        InputError: the columns are others.
    """
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    try:
        return {row["name"]: np.array([[float(row[f"{p}_{a}"]) for a in "xy"] for p in _POINTS]) for row in rows}
    except (KeyError, ValueError) as error:
        raise InputError(
            f"The points must be columns name, eye1_x ... mouth2_y. Received: {path} ({error})."
        ) from error


def score_worn(model: Any, faces: Any) -> tuple[dict[str, Any], Any]:
    """Whether a model finds masks that are really worn; there are no true pixels, so the sheet must be looked at.

    Args:
        model: see `evaluate`.
        faces: a `FaceSet` of people who wear a mask; the points under the mask are a detector's guess.

    Returns:
        The scores: the share of faces whose nose tip and both mouth corners were found hidden, the share that lost an
        eye to the mask, the share where next to nothing was found, and the found share of the crop; and what
        `model.restore` gave.
    """
    restored = model.restore(faces.images)
    hidden = _at(restored.masks, faces.landmarks)
    area = restored.masks.mean((1, 2, 3))
    scores = {
        "faces": len(faces.images),
        "nose_and_mouth_found": float(hidden[:, 2:].all(1).mean()),
        "eye_lost": float(hidden[:, :2].any(1).mean()),
        "nothing_found": float((area < 0.01).mean()),
        "area": summarise(area),
    }
    return scores, restored


def score_labelled(
    model: Any,
    path: str | os.PathLike,
    find_points: Callable[[np.ndarray], np.ndarray | None],
) -> dict[str, Any]:
    """IoU of the found region with masks that were labelled by hand, by kind (the name up to its first `_`).

    Args:
        model: see `evaluate`; also tells its `image_size`.
        path: a zip of `<kind>_<number>.jpg` with `<kind>_<number>_label.png` (2 where the mask is).
        find_points: a picture -> its five points `(5, 2)`, or None where it finds no face.

    Returns:
        kind -> the interval of the IoU (see `summarise`) with `faces` and `without_face`.
    """
    pictures = _read_zip(path)
    scores: dict[str, Any] = {}
    for kind in sorted({name.split("_")[0] for name in pictures}):
        names = sorted(n for n in pictures if n.startswith(f"{kind}_") and not n.endswith("_label.png"))
        found = {name: find_points(pictures[name]) for name in names}
        pairs = [
            _aligned(pictures[n], pictures[f"{Path(n).stem}_label.png"][..., 0], points, model.image_size)
            for n, points in found.items()
            if points is not None
        ]
        counts = {"faces": len(names), "without_face": len(names) - len(pairs)}
        if pairs:
            images, masks, valid = (np.stack(part) for part in zip(*pairs, strict=True))
            counts |= {"mask_iou": summarise(mask_iou(model.restore(images).masks, masks, valid))}
        scores[kind] = counts
    return scores


def yunet(path: str | os.PathLike, score: float = 0.6) -> Callable[[np.ndarray], np.ndarray | None]:
    """A function that finds the five points of the best face in an RGB picture with OpenCV's YuNet."""
    if not Path(path).is_file():
        raise InputError(f"`path` must be the ONNX file of YuNet. Received: {str(path)!r}, which does not exist.")
    detector = cv2.FaceDetectorYN.create(str(path), "", (320, 320), score)

    def find_points(picture: np.ndarray) -> np.ndarray | None:
        detector.setInputSize((picture.shape[1], picture.shape[0]))
        _, found = detector.detect(np.ascontiguousarray(picture[..., ::-1]))
        return None if found is None else found[found[:, -1].argmax(), 4:14].reshape(5, 2)

    return find_points


def _at(masks: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Whether each point `(n, k, 2)` lies in its mask `(n, s, s, 1)`; outside the picture it does not."""
    side = masks.shape[1]
    x, y = np.moveaxis(np.rint(points).astype(int), -1, 0)
    inside = (x >= 0) & (y >= 0) & (x < side) & (y < side)
    rows = np.arange(len(masks))[:, None]
    return inside & (masks[rows, y.clip(0, side - 1), x.clip(0, side - 1), 0] > 0.5)


def _aligned(picture: np.ndarray, label: np.ndarray, points: np.ndarray, size: int) -> tuple[np.ndarray, ...]:
    matrix = similarity(points, template_points(size))
    shrink = max(1.0, 1 / float(np.hypot(*matrix[0, :2])))
    soft = cv2.GaussianBlur(picture, (0, 0), 0.4 * np.sqrt(shrink**2 - 1) + 1e-3)
    crop = cv2.warpAffine(soft, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    flat = {"flags": cv2.INTER_NEAREST, "borderValue": 0}
    mask = cv2.warpAffine((label == MASK_LABEL).astype(np.float32), matrix, (size, size), **flat)
    valid = cv2.warpAffine(np.ones_like(label, np.float32), matrix, (size, size), **flat)
    return crop, mask[..., None], valid[..., None]


def _read_zip(path: str | os.PathLike) -> Mapping[str, np.ndarray]:
    with zipfile.ZipFile(path) as archive:
        data = {n: archive.read(n) for n in archive.namelist() if n.lower().endswith((".jpg", ".png"))}
    return {n: cv2.imdecode(np.frombuffer(d, np.uint8), cv2.IMREAD_COLOR_RGB) for n, d in data.items()}
