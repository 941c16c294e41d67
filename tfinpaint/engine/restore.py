"""From pictures of any size to the network's square and back; kept pixels are the input's, bit for bit."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from tfinpaint.engine.engine import Restoration, check_request
from tfinpaint.errors import InputError


def restore_pictures(
    run: Callable, engine: Any, images: Any, masks: Any = None, seed: int | None = None, batch_size: int = 16
) -> Restoration:
    """Runs an engine's network over pictures of any size; see `Engine.restore`.

    Args:
        run: takes and gives what `InpaintingModel.answer_pictures` does, as arrays.
        engine: says by its `contract` what it asks and gives, and by `image_size` at which side.
        images: `(n, height, width, 3)` or `(height, width, 3)`, uint8, RGB, or pictures of Pillow, all of one size.
        masks: `(n, height, width)` or `(n, height, width, 1)`, 1 (or above half the range) = hidden; None for none.
        seed: the numbers that a picture gets are a function of it and of its place.
        batch_size: faces at a time; the last batch is padded, so that one shape is compiled.
    """
    contract, size = engine.contract, engine.image_size
    images = _check_images(images)
    masks = None if masks is None else _check_masks(masks, images.shape)
    check_request(engine, "masks", masks, seed)
    painted, found = np.empty_like(images), np.zeros((*images.shape[:3], 1), np.float32)
    extras: dict[str, list] = {name: [] for name in contract.extras}
    batch_size = min(batch_size, len(images)) or 1
    for start in range(0, len(images), batch_size):
        rows = slice(start, start + batch_size)
        inputs = _inputs(images[rows], None if masks is None else masks[rows], size, batch_size)
        if seed is not None:
            inputs |= _noise(contract.noise, seed, start, batch_size)
        answer = run(inputs)
        outputs = {name: np.asarray(answer[name])[: len(images[rows])] for name in ("image", "mask", *extras)}
        painted[rows] = [_resize(picture, *images.shape[1:3]) for picture in outputs["image"]]
        found[rows] = (
            masks[rows]
            if masks is not None
            else [_resize_mask(mask.astype(np.float32), *images.shape[1:3]) for mask in outputs["mask"]]
        )
        for name, parts in extras.items():
            parts.append(outputs[name].astype(np.float32))
    together = {name: np.concatenate(parts) for name, parts in extras.items() if parts}
    return Restoration(np.where(found > 0, painted, images), found, together)


def _inputs(images: np.ndarray, masks: np.ndarray | None, size: int, batch_size: int) -> dict[str, np.ndarray]:
    inputs = {"image": _pad(np.stack([_resize(i, size, size) for i in images]), batch_size)}
    if masks is not None:
        inputs["mask"] = _pad(np.stack([_resize_mask(m, size, size) for m in masks]).astype(np.uint8), batch_size)
    return inputs


def _noise(shapes: Any, seed: int, start: int, count: int) -> dict[str, np.ndarray]:
    """Standard normal numbers for the pictures from `start` on, the same on every backend."""
    draws: dict[str, list] = {name: [] for name in shapes}
    for k in range(start, start + count):
        rng = np.random.default_rng([seed, k])
        for name, shape in shapes.items():
            draws[name].append(rng.standard_normal(shape, np.float32))
    return {name: np.stack(rows) for name, rows in draws.items()}


def _check_images(images: Any) -> np.ndarray:
    images = _array(images)
    images = images[None] if images.ndim == 3 else images
    if images.ndim != 4 or images.shape[-1] != 3 or images.dtype != np.uint8 or 0 in images.shape[1:]:
        raise InputError(
            "`images` must be uint8 RGB pictures of shape (n, height, width, 3) or (height, width, 3). "
            f"Received: shape {images.shape}, dtype {images.dtype}."
        )
    return images


def _array(images: Any) -> np.ndarray:
    """Pictures as one array; those of Pillow as RGB."""
    if isinstance(images, list | tuple):
        pictures = [_array(picture) for picture in images]
        shapes = {picture.shape for picture in pictures}
        if len(shapes) > 1:
            raise InputError(
                "`images` must be pictures of one size; restore others one by one. "
                f"Received: {len(pictures)} pictures of {len(shapes)} shapes, such as {sorted(shapes)[:2]}."
            )
        return np.stack(pictures) if pictures else np.zeros((0, 1, 1, 3), np.uint8)
    if hasattr(images, "convert") and hasattr(images, "getbands"):  # a picture of Pillow
        return np.asarray(images.convert("RGB"))
    return np.asarray(images)


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
