"""From uint8 pictures of any size to the network's square and back; kept pixels are the input's, bit for bit."""

from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np

from tfinpaint.errors import InputError


class Restoration(NamedTuple):
    """What a model gives back.

    Attributes:
        images: uint8, the input's shape, `(n, height, width, 3)`.
        masks: float32, `(n, height, width, 1)`, 1 where the picture was painted, else 0.
    """

    images: np.ndarray
    masks: np.ndarray


def restore_pictures(run: Callable, size: int, images: Any, masks: Any = None, batch_size: int = 16) -> Restoration:
    """Runs a model's compiled `run` over uint8 pictures; see `InpaintingModel.restore`.

    Args:
        run: takes `{"image": (b, size, size, 3) in [-1, 1]}`, perhaps with `"mask"`; returns `image` and `mask`.
        size: side of the network's input.
        images: see `InpaintingModel.restore`.
        masks: see `InpaintingModel.restore`.
        batch_size: faces at a time; the last batch is padded, so that one shape is compiled.
    """
    images = _check_images(images)
    masks = None if masks is None else _check_masks(masks, images.shape)
    painted, found = np.empty_like(images), np.zeros((*images.shape[:3], 1), np.float32)
    batch_size = min(batch_size, len(images)) or 1
    for start in range(0, len(images), batch_size):
        batch = images[start : start + batch_size]
        given = None if masks is None else masks[start : start + batch_size]
        out_images, out_masks = _run_batch(run, size, batch, given, batch_size)
        painted[start : start + batch_size], found[start : start + batch_size] = out_images, out_masks
    return Restoration(np.where(found > 0, painted, images), found)


def _run_batch(run: Callable, size: int, images: np.ndarray, masks: Any, batch_size: int) -> tuple[Any, Any]:
    height, width = images.shape[1:3]
    inputs = {
        "image": _pad(np.stack([_resize(i, size, size) for i in images]), batch_size).astype(np.float32) / 127.5 - 1
    }
    if masks is not None:
        small = np.stack([_resize_mask(m, size, size) for m in masks])
        inputs["mask"] = _pad(small, batch_size)
    outputs = run(inputs)
    image, mask = (np.asarray(outputs[k])[: len(images)] for k in ("image", "mask"))
    image = np.rint((np.clip(image, -1, 1) + 1) * 127.5).astype(np.uint8)
    image = np.stack([_resize(i, height, width) for i in image])
    if masks is not None:
        return image, masks
    return image, np.stack([_resize_mask(m, height, width) for m in mask])


def _check_images(images: Any) -> np.ndarray:
    images = np.asarray(images)
    images = images[None] if images.ndim == 3 else images
    if images.ndim != 4 or images.shape[-1] != 3 or images.dtype != np.uint8 or 0 in images.shape[1:]:
        raise InputError(
            "`images` must be uint8 RGB pictures of shape (n, height, width, 3) or (height, width, 3). "
            f"Received: shape {images.shape}, dtype {images.dtype}."
        )
    return images


def _check_masks(masks: Any, shape: tuple[int, ...]) -> np.ndarray:
    masks = np.asarray(masks)
    if masks.ndim >= 2 and masks.shape[-1] != 1:
        masks = masks[..., None]
    masks = masks[None] if masks.ndim == 3 else masks
    if masks.shape != (*shape[:3], 1):
        raise InputError(
            f"`masks` must have one mask for each picture, shape {(*shape[:3], 1)}. Received: shape {masks.shape}."
        )
    half = 127 if masks.dtype == np.uint8 and masks.max(initial=0) > 1 else 0.5
    return (masks.astype(np.float32) > half).astype(np.float32)


def _resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    if image.shape[:2] == (height, width):
        return image
    shrinks = height * width < image.shape[0] * image.shape[1]
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def _resize_mask(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """A shrunk mask hides every pixel that holds a hidden one; a grown one keeps its outline smooth."""
    if mask.shape[:2] == (height, width):
        return mask
    shrinks = height * width < mask.shape[0] * mask.shape[1]
    resized = _resize(np.ascontiguousarray(mask[..., 0]), height, width)
    return (resized > (1e-6 if shrinks else 0.5)).astype(np.float32)[..., None]


def _pad(batch: np.ndarray, size: int) -> np.ndarray:
    missing = size - len(batch)
    return batch if missing <= 0 else np.concatenate([batch, np.repeat(batch[-1:], missing, axis=0)])
