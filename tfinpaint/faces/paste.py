"""Puts restored pixels back into the photo: the hidden ones only, without a seam."""

import cv2
import numpy as np

from tfinpaint.faces.colour import matched_grain, rim_correction
from tfinpaint.faces.resample import resample


def paste(
    pixels: np.ndarray,
    restored: np.ndarray,
    mask: np.ndarray,
    matrix: np.ndarray,
    *,
    crop: np.ndarray | None = None,
    hole: np.ndarray | None = None,
    feather: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """The photo with the restored face in it, and which of its pixels are new.

    Only masked pixels are replaced, in the photo's own resolution; all others are the photo's, bit for bit, and a crop
    that came back unchanged leaves the whole photo alone. The colours are moved towards those around the mask
    (`rim_correction`), and an enlarged patch gets the noise of its surroundings (`matched_grain`). Just inside the
    mask the patch fades into the colours from just outside, so that nothing of what hid the face shines through.

    Args:
        pixels: the photo, `(height, width, 3)`, uint8, RGB.
        restored: the restored crop, `(size, size, 3)`, uint8.
        mask: `(size, size)` or `(size, size, 1)`, above 0 where the crop was painted.
        matrix: `(2, 3)`, from photo to crop, as `align` gives it.
        crop: `(size, size, 3)`, what the photo shows there, where the caller has it.
        hole: `(height, width)` bool, the very pixels that are hidden, where the caller knows them; those in the crop
            are replaced. Otherwise it is `mask` with its outline smoothly enlarged.
        feather: width of the transition in pixels of the crop.

    Returns:
        The new photo, uint8, and `(height, width)` bool, True where it was painted.
    """
    size = restored.shape[0]
    mask = np.asarray(mask).reshape(size, size) > 0
    result, painted = pixels.copy(), np.zeros(pixels.shape[:2], bool)
    crop = resample(pixels, matrix, (size, size)) if crop is None else crop
    if (restored == crop)[mask].all():
        return result, painted
    window, to_window = _window(mask, matrix, pixels.shape)
    part, extent = pixels[window], pixels[window].shape[1::-1]
    enlargement = float(np.sqrt(abs(np.linalg.det(to_window[:, :2]))))
    hidden = mask.astype(np.float32)
    hidden = resample(hidden, to_window, extent, border=cv2.BORDER_CONSTANT, interpolation=cv2.INTER_LINEAR)
    inside = hidden > 0.5 if hole is None else hole[window] & (hidden > 0.2)
    known = ~inside if hole is None else ~hole[window]
    colours = resample(restored + rim_correction(crop, restored, mask), to_window, extent)
    blended = _faded(colours, part, inside, known, feather * enlargement) + matched_grain(part, known, enlargement)
    blended = np.rint(np.clip(blended, 0, 255)).astype(np.uint8)
    result[window] = np.where(inside[..., None], blended, part)
    painted[window] = inside
    return result, painted


def _window(mask: np.ndarray, matrix: np.ndarray, shape: tuple[int, ...]) -> tuple[tuple[slice, slice], np.ndarray]:
    """The part of the photo around the mask, and the map from the crop to that part."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    rim = 8  # pixels of the crop around the mask: enough surroundings to measure noise in
    x, y = (columns[0] - rim, columns[-1] + rim), (rows[0] - rim, rows[-1] + rim)
    to_photo = cv2.invertAffineTransform(np.asarray(matrix, np.float64))
    corners = np.array([[u, v] for u in x for v in y]) @ to_photo[:, :2].T + to_photo[:, 2]
    bounds = np.array(shape[1::-1])
    low = np.clip(np.floor(corners.min(0)), 0, bounds - 1).astype(int)
    high = np.clip(np.ceil(corners.max(0)) + 1, low + 1, bounds).astype(int)
    to_window = to_photo - np.column_stack([np.zeros((2, 2)), low])
    return (slice(low[1], high[1]), slice(low[0], high[0])), to_window


def _faded(colours: np.ndarray, part: np.ndarray, inside: np.ndarray, known: np.ndarray, width: float) -> np.ndarray:
    """The colours, within `width` of the outline faded into the known pixels of the photo continued inwards."""
    distance = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    opacity = np.clip(distance / (width + 1), 0, 1)[..., None]
    sigma = (width + 1) / 2
    near = cv2.GaussianBlur(known.astype(np.float32), (0, 0), sigma)[..., None]
    continued = cv2.GaussianBlur(part * known[..., None].astype(np.float32), (0, 0), sigma) / np.maximum(near, 1e-6)
    opacity = np.where(near > 1e-3, opacity, 1)
    return opacity * colours + (1 - opacity) * continued
