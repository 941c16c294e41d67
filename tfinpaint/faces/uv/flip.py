"""The field of a mirrored picture."""

from typing import Any

import numpy as np

# Half precision promotes to whatever it meets, in NumPy and in TensorFlow.
_SIGN, _OFFSET = np.array([-1, 1], np.float16), np.array([1, 0], np.float16)


def flip_uv(uv: Any, valid: Any) -> tuple[Any, Any]:
    """Mirrors a field: the columns change sides and u becomes 1 - u, so that u still grows to the picture's right.

    Args:
        uv: `(..., height, width, 2)`, a NumPy array or a tensor of floats, 0 where `valid` is.
        valid: `(..., height, width, 1)`, 0 or 1; for tensors of the same type as `uv`.
    """
    valid = valid[..., ::-1, :]
    return uv[..., ::-1, :] * _SIGN + valid * _OFFSET, valid
