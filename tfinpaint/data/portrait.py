"""A portrait in the public domain, which scikit-image carries: for where no other faces are at hand."""

import numpy as np

from tfinpaint.errors import InputError

# Its five points, so that what is drawn lies the same whatever detector then finds the face behind it.
LANDMARKS = ((202, 101), (246, 103), (223, 126), (203, 143), (241, 144))


def load_portrait() -> np.ndarray:
    """The portrait, `(512, 512, 3)` uint8, RGB.

    Raises:
        InputError: scikit-image is not installed.
    """
    try:
        from skimage import data
    except ImportError:
        raise InputError("The portrait comes with scikit-image: pip install 'tfinpaint[demo]'.") from None
    return data.astronaut()
