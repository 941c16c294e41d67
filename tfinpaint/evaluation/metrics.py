"""How near a picture is to another one: NumPy arrays in [0, 1], one value per picture.

`where` restricts a metric to pixels, for instance to the hole; a picture with none of them gets NaN.
"""

import cv2
import numpy as np

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
        return -10 * np.log10(_mean(_square(pictures, references), where))


def l1_percent(pictures: np.ndarray, references: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """Mean absolute difference in percent of the range."""
    return 100 * _mean(np.abs(pictures.astype(np.float64) - references), where)


def l2_percent(pictures: np.ndarray, references: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """Mean squared difference in percent of the squared range."""
    return 100 * _mean(_square(pictures, references), where)


def ssim(pictures: np.ndarray, references: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """Structural similarity, averaged over channels and pixels.

    Without `where`, over the pixels whose window lies inside, so it equals scikit-image's `structural_similarity`
    with `gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1`.
    """
    maps = np.stack([ssim_map(p, r) for p, r in zip(pictures, references, strict=True)])
    if where is None:
        maps = maps[:, _RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
    return _mean(maps, where)


def ssim_map(picture: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """SSIM at every pixel and channel of two pictures `(height, width, c)`; mirrored borders.

    Reference: Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", 2004.
    """
    x, y = picture.astype(np.float64), reference.astype(np.float64)
    mean_x, mean_y = _blur(x), _blur(y)
    variance_x, variance_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    return luminance * (2 * covariance + _C2) / (variance_x + variance_y + _C2)


def mask_iou(found: np.ndarray, true: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """Intersection over union of masks `(n, height, width, 1)` (hidden: above 0.5); NaN where both are empty."""
    found, true = found > 0.5, true > 0.5
    if where is not None:
        found, true = found & (where > 0), true & (where > 0)
    axes = tuple(range(1, found.ndim))
    union = (found | true).sum(axes)
    return np.where(union > 0, (found & true).sum(axes) / np.maximum(union, 1), np.nan)


def _square(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a.astype(np.float64) - b) ** 2


def _mean(values: np.ndarray, where: np.ndarray | None) -> np.ndarray:
    axes = tuple(range(1, values.ndim))
    if where is None:
        return values.mean(axes)
    weights = np.broadcast_to(where > 0, values.shape)
    count = weights.sum(axes)
    return np.where(count > 0, (values * weights).sum(axes) / np.maximum(count, 1), np.nan)


def _blur(x: np.ndarray) -> np.ndarray:
    side = 2 * _RADIUS + 1
    blurred = cv2.GaussianBlur(x, (side, side), _SIGMA, borderType=cv2.BORDER_REFLECT)
    return blurred.reshape(x.shape)
