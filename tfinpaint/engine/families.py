"""The families of what hides a face."""

import numpy as np

FAMILIES = ("nothing", "worn_mask", "word_or_box", "thing", "strokes")

_LEAST = 0.002  # share of a crop: less of a family than this is not seen


def seen(families: np.ndarray) -> tuple[str, ...]:
    """The names of what hides one face, the largest first; empty for a bare one.

    Args:
        families: `(side, side, 5)`, how likely each of `FAMILIES` is at each pixel.
    """
    shares = np.bincount(families.argmax(-1).ravel(), minlength=len(FAMILIES)) / families[..., 0].size
    return tuple(FAMILIES[i] for i in np.argsort(-shares) if i and shares[i] >= _LEAST)
