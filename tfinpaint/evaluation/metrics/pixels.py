"""How near a picture is to another one: NumPy arrays in [0, 1], one value per picture.

`where` restricts a metric to pixels, for instance to the hole or to the band along its border (`border_band`); a
picture with none of them gets NaN.
"""

import cv2
import numpy as np

from tfinpaint.errors import InputError

_SIGMA, _RADIUS = 1.5, 5
_C1, _C2 = 0.01**2, 0.03**2


def psnr(pictures: np.ndarray, references: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """Peak signal-to-noise ratio in dB; infinite where both are equal.

    Args:
        pictures: `(n, height, width, c)`.
        references: the same shape.
        where: `(n, height, width, 1)`, pixels above 0 count; all by default.
    """
    with np.errstate(divide="ignore"):
        return -10 * np.log10(masked_mean(_square(pictures, references), where))


def l1_percent(pictures: np.ndarray, references: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """Mean absolute difference in percent of the range."""
    return 100 * masked_mean(np.abs(pictures.astype(np.float64) - references), where)


def l2_percent(pictures: np.ndarray, references: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """Mean squared difference in percent of the squared range."""
    return 100 * masked_mean(_square(pictures, references), where)


def ssim(pictures: np.ndarray, references: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """Structural similarity, averaged over channels and pixels.

    Without `where`, over the pixels whose window lies inside, so it equals scikit-image's `structural_similarity`
    with `gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1`. To average over several regions,
    compute `ssim_maps` once and take the `masked_mean` of each.
    """
    maps = ssim_maps(pictures, references)
    if where is None:
        maps = maps[:, _RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
        if not maps.size:
            raise InputError(
                f"`pictures` must be at least {2 * _RADIUS + 1} pixels high and wide for SSIM. "
                f"Received: shape {pictures.shape}; give `where` to average over mirrored borders, too."
            )
    return masked_mean(maps, where)


def ssim_maps(pictures: np.ndarray, references: np.ndarray) -> np.ndarray:
    """SSIM at every pixel and channel: `(n, height, width, c)` of pictures of that shape; mirrored borders."""
    maps = np.empty(pictures.shape)
    for place, picture, reference in zip(maps, pictures, references, strict=True):
        place[:] = ssim_map(picture, reference)
    return maps


def ssim_map(picture: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """SSIM at every pixel and channel of two pictures `(height, width, c)`; mirrored borders.

    Reference: Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", 2004, eq. 13.
    """
    x, y = picture.astype(np.float64), reference.astype(np.float64)
    mean_x, mean_y = _blur(x), _blur(y)
    product, squares = mean_x * mean_y, mean_x**2 + mean_y**2
    variances = _blur(x * x + y * y) - squares  # only the sum of both variances is needed: four blurs instead of five
    covariance = _blur(x * y) - product
    return (2 * product + _C1) * (2 * covariance + _C2) / ((squares + _C1) * (variances + _C2))


def sharpness(pictures: np.ndarray, references: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """Share of fine detail: the mean absolute Laplacian of the brightness, over that of the reference.

    1: as sharp as the reference; below, softer; above, noisier. The Laplacian is four times a pixel less its four
    neighbours, borders repeated; brightness is the mean of the channels. NaN where the reference has no detail at all.

    Args:
        pictures: `(n, height, width, c)`.
        references: the same shape.
        where: `(n, height, width, 1)`, pixels above 0 count; all by default.
    """
    ours, theirs = (masked_mean(_laplacian(x), where) for x in (pictures, references))
    return np.where(theirs > 0, ours / np.where(theirs > 0, theirs, 1), np.nan)


def mask_iou(found: np.ndarray, true: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """Intersection over union of masks `(n, height, width, 1)` (hidden: above 0.5); NaN where both are empty."""
    found, true = found > 0.5, true > 0.5
    if where is not None:
        found, true = found & (where > 0), true & (where > 0)
    axes = tuple(range(1, found.ndim))
    union = (found | true).sum(axes)
    return np.where(union > 0, (found & true).sum(axes) / np.maximum(union, 1), np.nan)


def border_band(masks: np.ndarray, width: float) -> np.ndarray:
    """The pixels along the hole's border, where a seam would show: `(n, height, width, 1)`, float32, 0 or 1.

    A pixel of the hole belongs to it if a kept pixel is at most `width` pixels away (Euclidean distance of the
    centres), a kept one if the hole is as near. The edge of the picture is no border, so an empty or a full mask has
    no band.

    Args:
        masks: `(n, height, width, 1)`, 1 = hidden (above 0.5).
        width: on each side, in pixels, at least 1.

    Raises:
        InputError: another shape of masks, or a smaller width.
    """
    if masks.ndim != 4 or masks.shape[-1] != 1:
        raise InputError(f"`masks` must have the shape (n, height, width, 1). Received: {masks.shape}.")
    if not width >= 1:
        raise InputError(f"`width` must be at least 1 pixel. Received: {width}.")
    band = np.zeros(masks.shape, np.float32)
    for place, hole in zip(band, masks[..., 0] > 0.5, strict=True):
        if hole.any() and not hole.all():
            distance = sum(_distance(side) for side in (hole, ~hole))  # each is 0 on the other side
            place[..., 0] = np.rint(distance**2) <= width**2  # whole squares: float32 roots are a little off
    return band


def masked_mean(values: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """Means `(n,)` of `(n, height, width, c)` over channels and the pixels where `where` `(n, height, width, 1)` > 0.

    All pixels count without `where`; a picture with no such pixel gets NaN.
    """
    count, channels = len(values), values.shape[-1]
    if where is None:
        return values.reshape(count, -1).mean(1)
    weights = (np.broadcast_to(where, (*values.shape[:-1], 1)) > 0).astype(np.float64).reshape(count, 1, -1)
    total = np.matmul(weights, values.reshape(count, -1, channels)).sum((1, 2))
    pixels = weights.sum((1, 2))
    return np.where(pixels > 0, total / (np.maximum(pixels, 1) * channels), np.nan)


def _square(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a.astype(np.float64) - b) ** 2


def _laplacian(pictures: np.ndarray) -> np.ndarray:
    grey = np.pad(pictures.mean(-1, dtype=np.float64), ((0, 0), (1, 1), (1, 1)), "edge")
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    return np.abs(4 * grey[:, 1:-1, 1:-1] - around)[..., None]


def _distance(inside: np.ndarray) -> np.ndarray:
    return cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def _blur(x: np.ndarray) -> np.ndarray:
    side = 2 * _RADIUS + 1
    blurred = cv2.GaussianBlur(x, (side, side), _SIGMA, borderType=cv2.BORDER_REFLECT)
    return blurred.reshape(x.shape)
