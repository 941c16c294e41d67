"""Makes a painted patch belong to its photo: colours matched across the rim, noise matched to the surroundings."""

import cv2
import numpy as np

_SPREAD = 12.0  # grey levels; steps this far from the usual one are edges of the scene rather than a cast
_LIMIT = 30.0  # grey levels; a larger usual step is no cast either
_LOCAL = 0.5  # share of the local departures from the usual step that is followed
_GRAIN_LIMIT = 6.0  # grey levels (standard deviation) of noise that are matched at most


def rim_correction(crop: np.ndarray, restored: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What to add to the restored colours so that no cast shows along the mask's outline.

    Just outside the outline stands the photo, just inside the painting. A face has edges there too, so the cast is the
    step on which most of the outline agrees (the mode, by mean shift), added everywhere, plus half of what
    neighbouring parts of the outline agree to depart from it, spread smoothly inwards.

    Args:
        crop: `(size, size, 3)`, uint8, what the network saw.
        restored: `(size, size, 3)`, uint8, what it gave back.
        mask: `(size, size)` bool, where it painted.

    Returns:
        `(size, size, 3)`, float32, in grey levels, 0 outside the mask.
    """
    # The first pixels outside are left out: they may still show the edge of what hid the face.
    inside, inner = _local_mean(restored, _ring(mask, 0, 1))
    outside, outer = _local_mean(crop, _ring(~mask, 1, 2))
    step = outside - inside
    outline = mask & cv2.dilate((~mask).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    outline &= (inner > 1e-3) & (outer > 1e-3)
    if not outline.any():
        return np.zeros(crop.shape, np.float32)
    usual = np.median(step[outline], axis=0)
    for _ in range(5):
        trust = np.exp(-np.square((step - usual) / _SPREAD).sum(-1)) * outline
        usual = np.einsum("hw,hwc->c", trust, step) / max(trust.sum(), 1e-6)
    agreement = min(1.0, 2 * trust.sum() / outline.sum()) if np.abs(usual).max() <= _LIMIT else 0.0
    trust = np.exp(-np.square((step - usual) / _SPREAD).max(-1)) * outline
    local = np.zeros(crop.shape, np.float32)
    for sigma in (len(mask) / 4, len(mask) / 8):  # where the finer mean sees no outline, the coarser one stays
        departure, weight = _blur(trust[..., None] * (step - usual), sigma), _blur(trust, sigma)
        floor = 0.1 * weight.max() + 1e-6
        local = (departure + floor * local) / (weight + floor)[..., None]
    return (agreement * (usual + _LOCAL * local) * mask[..., None]).astype(np.float32)


def matched_grain(part: np.ndarray, known: np.ndarray, enlargement: float) -> np.ndarray:
    """Noise like that of the surroundings, `(height, width, 1)` float32, for a patch enlarged by more than 1.5.

    An enlarged patch is smooth where the photo has grain. The grain is what the pixels around the patch differ from
    their own smoothed picture (a median, so that edges do not count); always the same for the same photo.
    """
    height, width = known.shape
    if enlargement < 1.5 or not known.any():
        return np.zeros((height, width, 1), np.float32)
    grey = part.mean(-1, dtype=np.float32)
    detail = np.abs(grey - _blur(grey, 1.0))[known]
    noise = np.random.default_rng(0).standard_normal((height, width), np.float32)
    noise = noise - _blur(noise, 1.0)
    level = min(1.4826 * float(np.median(detail)), _GRAIN_LIMIT)
    return (level / max(noise.std(), 1e-6) * noise)[..., None]


def _ring(mask: np.ndarray, low: float, high: float) -> np.ndarray:
    """The pixels of the mask whose distance from its outline is above `low` and at most `high`."""
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return (distance > low) & (distance <= high)


def _local_mean(image: np.ndarray, where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the chosen pixels around each pixel, and how many there are."""
    weight = _blur(where.astype(np.float32), 1.5)
    total = _blur(where[..., None] * image.astype(np.float32), 1.5)
    return total / np.maximum(weight, 1e-6)[..., None], weight


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(image.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
