"""Makes a painted patch belong to its photo: colours matched across the rim, noise matched to the surroundings."""

import cv2
import numpy as np

_RING = 3  # pixels on either side of the outline whose mean colours are compared
_EDGE = 30.0  # grey levels; a step across the outline of this height is rather an edge of the scene than a cast
_LIMIT = 30.0  # grey levels by which a colour is moved at most
_GRAIN_LIMIT = 6.0  # grey levels (standard deviation) of noise that are matched at most


def rim_correction(crop: np.ndarray, restored: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What to add to the restored colours so that no step shows along the mask's outline.

    Just outside the outline stands the photo, just inside the painting. The step between their local means is taken
    along the outline, steps that look like edges of the scene count little, and the rest is spread smoothly inwards.

    Args:
        crop: `(size, size, 3)`, uint8, what the network saw.
        restored: `(size, size, 3)`, uint8, what it gave back.
        mask: `(size, size)` bool, where it painted.

    Returns:
        `(size, size, 3)`, float32, in grey levels, 0 outside the mask.
    """
    inner, outer = _ring(mask), _ring(~mask)
    inside, inner_weight = _local_mean(restored, inner, _RING)
    outside, outer_weight = _local_mean(crop, outer, _RING)
    step = outside - inside
    outline = mask & cv2.dilate((~mask).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    seen = outline & (inner_weight > 1e-3) & (outer_weight > 1e-3)
    trust = seen * np.exp(-((np.abs(step).max(-1) / _EDGE) ** 2))
    if not seen.any():
        return np.zeros(crop.shape, np.float32)
    # From the coarsest mean to the finest; where a finer one sees no outline, the coarser one stays.
    field = np.einsum("hw,hwc->c", trust, step) / seen.sum() * np.ones(crop.shape, np.float32)
    for sigma in len(mask) / np.array([4, 8, 16]):
        weighted, weight = (_blur(x, sigma) for x in (trust[..., None] * step, trust))
        floor = 0.1 * weight.max() + 1e-6
        field = (weighted + floor * field) / (weight + floor)[..., None]
    return (np.clip(field, -_LIMIT, _LIMIT) * mask[..., None]).astype(np.float32)


def matched_grain(part: np.ndarray, inside: np.ndarray, enlargement: float) -> np.ndarray:
    """Noise like that of the surroundings, `(height, width, 1)` float32, for a patch enlarged by more than 1.5.

    An enlarged patch is smooth where the photo has grain. The grain is what the pixels around the patch differ from
    their own smoothed picture (a median, so that edges do not count); always the same for the same photo.
    """
    height, width = inside.shape
    if enlargement < 1.5 or inside.all():
        return np.zeros((height, width, 1), np.float32)
    grey = part.mean(-1, dtype=np.float32)
    detail = np.abs(grey - _blur(grey, 1.0))[~inside]
    noise = np.random.default_rng(0).standard_normal((height, width), np.float32)
    noise = noise - _blur(noise, 1.0)
    level = min(1.4826 * float(np.median(detail)), _GRAIN_LIMIT)
    return (level / noise.std() * noise)[..., None]


def _ring(mask: np.ndarray) -> np.ndarray:
    """The pixels of the mask within `_RING` of its outline, less the outermost, which mix both sides."""
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return (distance > 1) & (distance <= _RING + 1)


def _local_mean(image: np.ndarray, where: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    weight = _blur(where.astype(np.float32), sigma)
    total = _blur(where[..., None] * image.astype(np.float32), sigma)
    return total / np.maximum(weight, 1e-6)[..., None], weight


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(image.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
