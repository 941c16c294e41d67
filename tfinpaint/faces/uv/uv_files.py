"""Fields that are ready, one `.npz` per picture."""

import os

import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.faces.uv.files import existing_folder, read_arrays


class UVFiles:
    """Reads ready fields from files, however they were made.

    The file of `a/face.jpg` is `a/face.npz` or `face.npz` in the folder, with the arrays `uv` `(height, width, 2)` in
    [0, 1] and `valid` `(height, width, 1)` or `(height, width)`, 1 where the field is defined, both of the picture's
    size. For faces that `load_faces` aligned, make the fields of the aligned pictures.

    Args:
        folder: of the files.

    Example:
        uv, valid = UVFiles("fields")(image, landmarks, "face.jpg")
    """

    by_name = True  # asks for the picture's name

    def __init__(self, folder: str | os.PathLike) -> None:
        self._folder = existing_folder(folder)

    def __call__(
        self, image: np.ndarray, landmarks: np.ndarray, name: str | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """`uv` float32 `(height, width, 2)` in [0, 1] and `valid` float32 `(height, width, 1)`, 0 or 1.

        Args:
            image: `(height, width, channels)`; its size is compared with the field's.
            landmarks: not used.
            name: the picture's file name.

        Raises:
            InputError: no file of that name, or its arrays are not as described above.
        """
        file, arrays = read_arrays(self._folder, name, ("uv", "valid"))
        uv, valid = arrays["uv"], arrays["valid"]
        valid = valid[..., None] if valid.ndim == 2 else valid
        size = np.shape(image)[:2]
        if uv.shape != (*size, 2) or valid.shape != (*size, 1):
            raise InputError(
                f"{file} must hold uv {(*size, 2)} and valid {(*size, 1)}, as large as the picture. "
                f"Received: shapes {uv.shape} and {arrays['valid'].shape}."
            )
        if uv.dtype.kind not in "fiu" or valid.dtype.kind not in "fiub":
            raise InputError(f"uv and valid of {file} must be numbers. Received: {uv.dtype} and {valid.dtype}.")
        valid = (valid > 0).astype(np.float32)
        uv = np.where(valid > 0, uv, 0).astype(np.float32)
        if not (uv.min() >= 0 and uv.max() <= 1):  # not a number fails, too
            raise InputError(f"`uv` of {file} must lie in [0, 1] where valid is 1. Received: {uv.min()} to {uv.max()}.")
        return uv, valid
