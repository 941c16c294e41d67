"""A user's own fields, one .npz a picture: ready ones, and those of fitted face meshes."""

import os
import zipfile
from pathlib import Path

import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.faces.uv.render_mesh import render_mesh
from tfinpaint.framing import similarity

_KEYS = ("vertices", "triangles", "uv")


def read_arrays(folder: Path, name: str | None, keys: tuple[str, ...]) -> tuple[Path, dict[str, np.ndarray]]:
    """The file of a picture and its numeric arrays, `keys` among them.

    The file of `a/face.jpg` is `a/face.npz` or, if that is not there, `face.npz`.
    """
    if not name:
        raise InputError("`name` must be the picture's file name, because fields are read from files. Received: none.")
    inner = Path(name).with_suffix(".npz")
    file = next((f for f in (folder / inner, folder / inner.name) if f.is_file()), None)
    if file is None:
        raise InputError(f"`folder` must hold {inner.name} for the picture {name}. Received: {folder}, without it.")
    try:
        with np.load(file, allow_pickle=False) as stored:
            missing = [key for key in keys if key not in stored.files]
            if not missing:
                return file, {key: stored[key] for key in stored.files}
            found = ", ".join(stored.files) or "nothing"
    except (OSError, ValueError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{file} must be an .npz of arrays. Received: one that cannot be read ({error}).") from error
    raise InputError(f"{file} must hold the arrays {', '.join(keys)}. Received: {found}.")


class _PictureFiles:
    """A folder with one file a picture."""

    by_name = True  # asks for the picture's name

    def __init__(self, folder: str | os.PathLike) -> None:
        if not Path(folder).is_dir():
            raise InputError(f"`folder` must be a folder of .npz files, one per picture. Received: {str(folder)!r}.")
        self._folder = Path(folder)


class UVFiles(_PictureFiles):
    """Reads ready fields from files, however they were made.

    The file of `a/face.jpg` is `a/face.npz` or `face.npz` in the folder, with the arrays `uv` `(height, width, 2)` in
    [0, 1] and `valid` `(height, width, 1)` or `(height, width)`, 1 where the field is defined, both of the picture's
    size. For faces that `load_faces` aligned, make the fields of the aligned pictures.

    Args:
        folder: of the files.

    Example:
        uv, valid = UVFiles("fields")(image, landmarks, "face.jpg")
    """

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


class MeshFits(_PictureFiles):
    """Draws the mesh that a 3D face model fitted to a picture; the fits come from outside, as files.

    The file of `a/face.jpg` is `a/face.npz` or `face.npz` in the folder, with the arrays

    - `vertices` `(n, 3)`: pixel x, pixel y, depth growing towards the camera;
    - `triangles` `(m, 3)`: integers, rows of `vertices`;
    - `uv` `(n, 2)`: the chart, in [0, 1];
    - `landmarks` `(5, 2)`, optional: the five points in the pixels of `vertices`. With them the mesh follows the face
      into an aligned (moved, scaled, turned) crop; without them the vertices must be in the crop's own pixels.

    Args:
        folder: of the files.

    Example:
        uv, valid = MeshFits("fits")(image, landmarks, "face.jpg")
    """

    def __call__(
        self, image: np.ndarray, landmarks: np.ndarray, name: str | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """`uv` float32 `(height, width, 2)` in [0, 1] and `valid` float32 `(height, width, 1)`, 0 or 1.

        Args:
            image: `(height, width, channels)`; only its size is used.
            landmarks: `(5, 2)` points in pixels; used if the file holds `landmarks`.
            name: the picture's file name.

        Raises:
            InputError: no file of that name, or its arrays are not as described above.
        """
        file, arrays = read_arrays(self._folder, name, _KEYS)
        vertices, triangles, uv = (arrays[key] for key in _KEYS)
        _check(file, vertices, triangles, uv)
        if "landmarks" in arrays:
            matrix = similarity(_five_points(file, arrays["landmarks"]), landmarks).astype(np.float64)
            # The order of depths survives a similarity, so they stay as they are.
            vertices = np.hstack([vertices[:, :2] @ matrix[:, :2].T + matrix[:, 2], vertices[:, 2:]])
        return render_mesh(*np.shape(image)[:2], vertices, triangles, uv)


def _check(file: Path, vertices: np.ndarray, triangles: np.ndarray, uv: np.ndarray) -> None:
    count = len(vertices) if vertices.ndim else 0
    if vertices.shape != (count, 3) or uv.shape != (count, 2) or triangles.shape[1:] != (3,) or not triangles.size:
        raise InputError(
            f"{file} must hold vertices (n, 3), triangles (m, 3) and uv (n, 2), none of them empty. "
            f"Received: shapes {vertices.shape}, {triangles.shape} and {uv.shape}."
        )
    if triangles.dtype.kind not in "iu" or triangles.min() < 0 or triangles.max() >= count:
        raise InputError(
            f"`triangles` of {file} must be integers from 0 to {count - 1}. "
            f"Received: {triangles.dtype} from {triangles.min()} to {triangles.max()}."
        )
    if vertices.dtype.kind not in "fiu" or not np.isfinite(vertices).all():
        raise InputError(f"`vertices` of {file} must be finite numbers. Received: {vertices.dtype}, some not finite.")
    if uv.dtype.kind not in "fiu" or not (np.min(uv) >= 0 and np.max(uv) <= 1):
        raise InputError(f"`uv` of {file} must be numbers in [0, 1]. Received: from {np.min(uv)} to {np.max(uv)}.")


def _five_points(file: Path, points: np.ndarray) -> np.ndarray:
    if points.shape != (5, 2) or points.dtype.kind not in "fiu" or not np.isfinite(points).all():
        raise InputError(f"`landmarks` of {file} must be five finite points (5, 2). Received: shape {points.shape}.")
    return points
