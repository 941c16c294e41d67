"""The dense fields of a set of faces, in memory."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from tfinpaint.data.face_set import FaceSet
from tfinpaint.data.stored_uv import encode_uv
from tfinpaint.errors import InputError
from tfinpaint.faces.uv import GenericHead


def uv_fields(
    faces: FaceSet, provider: Callable[..., Any], *, progress: Callable[[int, int], Any] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The field of every face: `uv` float16 `(n, size, size, 2)` in [0, 1], `valid` uint8 `(n, size, size, 1)`.

    Half precision keeps u and v to 0.00025, hundredths of a pixel at 128 px. `occlude(..., uv=...)` takes the two.

    Args:
        faces: aligned faces; fields are those of the clean pictures.
        provider: `provider(image, landmarks) -> (uv, valid)`, see `tfinpaint.faces.uv`; called from several threads at
            once. One with an attribute `by_name` that is true is given the picture's name, too.
        progress: called with the number of faces done and of all, after each face.

    Raises:
        InputError: the provider's arrays are not of the picture's size, or hold numbers outside [0, 1].

    Example:
        uv, valid = uv_fields(faces, GenericHead())
    """
    uv = np.empty((len(faces), faces.size, faces.size, 2), np.float16)
    valid = np.empty((len(faces), faces.size, faces.size, 1), np.uint8)

    def fill(index: int) -> None:
        name = faces.names[index]
        named = (name,) if getattr(provider, "by_name", False) else ()
        field, defined = provider(faces.images[index], faces.landmarks[index], *named)
        shapes = np.shape(field), np.shape(defined)
        if shapes != (uv.shape[1:], valid.shape[1:]):
            raise InputError(
                f"`provider` must return arrays of shapes {uv.shape[1:]} and {valid.shape[1:]}. "
                f"Received: {shapes[0]} and {shapes[1]} for {name}."
            )
        valid[index] = np.asarray(defined) > 0
        uv[index] = np.where(valid[index], field, 0)
        if not (uv[index].min() >= 0 and uv[index].max() <= 1):
            raise InputError(f"`provider` must return uv in [0, 1]. Received: other numbers for {name}.")

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, _ in enumerate(pool.map(fill, range(len(faces))), start=1):
            if progress is not None:
                progress(done, len(faces))
    return uv, valid


def generic_fields(faces: FaceSet) -> tuple[bytes, ...]:
    """What `uv_fields(faces, GenericHead())` gives, each face's in one PNG (`stored_uv.encode_uv`)."""
    head = GenericHead()

    def field(index: int) -> bytes:
        return encode_uv(*head(faces.images[index], faces.landmarks[index]))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return tuple(pool.map(field, range(len(faces))))
