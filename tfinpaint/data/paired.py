"""Photos of hidden faces with the same faces bare: FMOR's layout of three folders, as one aligned set in memory."""

import os
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from tfinpaint.data.landmark_files import find_landmarks, read_landmarks
from tfinpaint.data.photo_faces import valid_map
from tfinpaint.data.picture_files import PictureFile, check_choice, pictures_of, stop_or_warn
from tfinpaint.errors import ImageFileError, InputError, TfinpaintError
from tfinpaint.faces import Detector, FaceFinder, align_mask, alignment_matrix, resample
from tfinpaint.framing import landmark_fault
from tfinpaint.images import SUFFIXES, read

if TYPE_CHECKING:
    import tensorflow as tf
FOLDERS = ("masked", "unmasked", "annotation")
Triple = tuple[PictureFile, PictureFile, PictureFile]


@dataclass(frozen=True)
class PairedFaces:
    """Aligned faces, each twice: as it is, and with something before it.

    Attributes:
        images: `(n, size, size, 3)` uint8 RGB, bare.
        occluded: the same faces hidden; the same shape.
        masks: `(n, size, size, 1)` uint8, 1 = hidden.
        valid: `(n, size, size, 1)` uint8, 0 where the crop reaches beyond the photo and its mirrored border is shown.
        landmarks: `(n, 5, 2)` float32, in pixels of the crop.
        names: what the three files have in common, in order.
        bad: names that were left out.
    """

    images: np.ndarray
    occluded: np.ndarray
    masks: np.ndarray
    valid: np.ndarray
    landmarks: np.ndarray
    names: tuple[str, ...]
    bad: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)


def load_pairs(
    path: str | os.PathLike,
    *,
    size: int = 128,
    folders: tuple[str, str, str] = FOLDERS,
    landmarks: str | os.PathLike | Mapping[str, np.ndarray] | None = None,
    detector: Detector | None = None,
    limit: int | None = None,
    on_bad: str = "stop",
    progress: bool = False,
) -> PairedFaces:
    """The pairs of a folder or zip that holds the folders `masked`, `unmasked` and `annotation`, in order of name.

    Files belong together when their names below these folders are the same but for the ending: `masked/a/1.jpg`,
    `unmasked/a/1.png`, `annotation/a/1.png`. The three show the same pixels, so they are framed by one matrix, from
    the landmarks of the bare face. In an annotation white (above 127, or above 0 where no value exceeds 1) is hidden;
    in the crop the mask is 1 wherever a hidden pixel shows.

    Args:
        path: a folder or a zip; `tfinpaint occlude` writes this layout, too.
        size: side of the crops in pixels.
        folders: the names of the three folders: hidden faces, bare faces, masks.
        landmarks: name (of the pair, or of its bare picture) -> `(5, 2)` points in pixels of the bare picture, or a
            file of them; see `load_faces`. By default the file beside `path`; where there is none, the detector looks.
        detector: finds the bare faces; by default `default_detector()`.
        limit: at most so many pairs.
        on_bad: `"stop"` at the first pair that cannot be used: one of the three is missing, cannot be read or has
            another size, or the face has no landmarks. `"skip"` leaves such pairs out, with one warning for all.
        progress: show a progress bar.

    Raises:
        InputError: a folder is missing, or an argument is wrong.
        ImageFileError: a pair cannot be used.

    Reference: the data set FMOR of "FMODR", 1,100 people, 27 types of mask; see `docs/data.md`.
    """
    check_choice(on_bad)
    path = Path(path)
    groups, bad = pair_files(path, folders)
    if on_bad == "stop":
        stop_or_warn(bad, len(groups) + len(bad), f"pairs in {path}", on_bad)
    unpaired, names = len(bad), list(groups)[:limit]
    points = _Points(path, landmarks, detector)
    arrays = _empty(len(names), size)

    def load(index: int) -> None:
        name = names[index]
        try:
            hidden, bare, mask = (read(Path(f.name), f.read()).pixels for f in groups[name])
            if not hidden.shape == bare.shape == mask.shape:
                sizes = ", ".join(
                    f"{k}/ {p.shape[1]}x{p.shape[0]}" for k, p in zip(folders, (hidden, bare, mask), strict=True)
                )
                raise ImageFileError(f"The pictures of the pair {name} must have one size. Received: {sizes}.")
            five = points(name, groups[name][1].name, bare)
            if fault := landmark_fault(five):
                raise ImageFileError(f"The landmarks of the pair {name} cannot be used: {fault}.")
        except TfinpaintError as error:
            bad[name] = str(error)
            return
        matrix = alignment_matrix(np.asarray(five, np.float64), size)
        arrays["images"][index] = resample(bare, matrix, (size, size))
        arrays["occluded"][index] = resample(hidden, matrix, (size, size))
        arrays["masks"][index, ..., 0] = align_mask(_binary(mask), matrix, size)
        arrays["valid"][index, ..., 0] = valid_map(matrix, bare.shape[1::-1], size)
        arrays["landmarks"][index] = five @ matrix[:, :2].T + matrix[:, 2]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(tqdm(pool.map(load, range(len(names))), path.name, len(names), disable=not progress))
    bad = dict(sorted(bad.items()))
    stop_or_warn(bad, unpaired + len(names), f"pairs in {path}", on_bad)
    good = np.array([name not in bad for name in names])
    kept = {key: array if good.all() else array[good] for key, array in arrays.items()}
    return PairedFaces(**kept, names=tuple(name for name in names if name not in bad), bad=tuple(bad))


def paired_batches(
    pairs: PairedFaces,
    *,
    batch_size: int,
    seed: int = 0,
    start: int = 0,
    shuffle: bool = True,
    flip: bool = True,
    repeat: bool = True,
) -> "tf.data.Dataset":
    """Batches of pairs, the same dict as `occlude` gives; sample k is a pure function of `(seed, k)`.

    Photographed pairs differ a little outside the mask, too; `occluded` is the photo and not composed.

    Args:
        pairs: what `load_pairs` gave.
        batch_size: samples a batch.
        seed: of the order and the flips.
        start: first batch to yield.
        shuffle: walk the pairs in a new order each epoch.
        flip: mirror every other sample, on average.
        repeat: go on for ever; one pass otherwise.
    """
    import tensorflow as tf

    from tfinpaint.data.occlusions.draws import Draws
    from tfinpaint.data.pipeline import flip_samples, numbered_rows

    rows = numbered_rows(len(pairs), batch_size=batch_size, seed=seed, start=start, shuffle=shuffle, repeat=repeat)
    pictures = {"image": tf.constant(pairs.images), "occluded": tf.constant(pairs.occluded)}
    maps = {"mask": tf.constant(pairs.masks), "valid": tf.constant(pairs.valid)}
    landmarks = tf.constant(pairs.landmarks)

    def batch(k: tf.Tensor, rows: tf.Tensor) -> dict[str, tf.Tensor]:
        sample = {key: tf.cast(tf.gather(value, rows), tf.float32) / 127.5 - 1 for key, value in pictures.items()}
        sample |= {key: tf.cast(tf.gather(value, rows), tf.float32) for key, value in maps.items()}
        sample["landmarks"] = tf.gather(landmarks, rows)
        if not flip:
            return sample
        draw = Draws(tf.stack([tf.fill(tf.shape(k), tf.constant(seed, tf.int64)), k], axis=1))
        return flip_samples(sample, draw.chance(0.5, shape=(1,)) > 0)

    return rows.map(batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(2)


class _Points:
    """The landmarks of a bare face: from a file where there is one, else a detector's, one thread at a time."""

    def __init__(self, path: Path, landmarks: Any, detector: Detector | None) -> None:
        if landmarks is None and detector is None:
            try:
                landmarks = find_landmarks(path)
            except InputError:
                landmarks = None
        given = landmarks is None or isinstance(landmarks, Mapping)
        self._known = landmarks if given else read_landmarks(landmarks)
        self._finder, self._lock = FaceFinder(detector), threading.Lock()

    def __call__(self, name: str, file: str, pixels: np.ndarray) -> np.ndarray:
        if self._known is None:
            with self._lock:
                return self._finder(pixels, f"the bare picture {file}")[0].landmarks
        for key in (name, file, PurePosixPath(file).name):
            if key in self._known:
                return self._known[key]
        raise ImageFileError(f"The pair {name} has no landmarks in the file or dict that was given.")


def pair_files(
    path: Path, folders: tuple[str, str, str] = FOLDERS, suffixes: Iterable[str] = SUFFIXES
) -> tuple[dict[str, Triple], dict[str, str]]:
    """Name -> hidden face, bare face, mask; and name -> a sentence, for files that are no triple. In order of name.

    Args:
        path: a folder or a zip, which holds the three folders at any depth.
        folders: their names: hidden faces, bare faces, masks.
        suffixes: of pictures.

    Raises:
        InputError: neither a folder nor a zip, or one of the three is missing.
    """
    groups: dict[str, dict[str, list[PictureFile]]] = {}
    for picture in pictures_of(path, suffixes):
        parts = PurePosixPath(picture.name).parts
        at = next((i for i, part in enumerate(parts[:-1]) if part in folders), None)
        if at is not None:
            name = str(PurePosixPath(*parts[at + 1 :]).with_suffix(""))
            groups.setdefault(name, {}).setdefault(parts[at], []).append(picture)
    seen = {folder for files in groups.values() for folder in files}
    missing = [folder for folder in folders if folder not in seen]
    if missing:
        raise InputError(
            f"`path` must hold the folders {', '.join(folders)} with pictures. "
            f"Received: {str(path)!r}, without {', '.join(missing)}."
        )
    triples, bad = {}, {}
    for name, files in sorted(groups.items()):
        if sentence := _unpaired(name, files, folders):
            bad[name] = sentence
        else:
            triples[name] = tuple(files[folder][0] for folder in folders)
    return triples, bad


def _binary(pixels: np.ndarray) -> np.ndarray:
    grey = pixels.max(-1)
    return grey > (127 if grey.max(initial=0) > 1 else 0)


def _empty(count: int, size: int) -> dict[str, np.ndarray]:
    pictures, maps = (count, size, size, 3), (count, size, size, 1)
    shapes = {"images": pictures, "occluded": pictures, "masks": maps, "valid": maps}
    return {k: np.empty(s, np.uint8) for k, s in shapes.items()} | {"landmarks": np.empty((count, 5, 2), np.float32)}


def _unpaired(name: str, files: dict[str, list], folders: tuple[str, str, str]) -> str:
    """What keeps these files from being a pair, as a sentence; empty where nothing does."""
    hidden, bare, mask = (len(files.get(folder, ())) for folder in folders)
    if hidden == bare == mask == 1:
        return ""
    for folder, found in files.items():
        if len(found) > 1:
            return f"{folder}/ must hold one picture {name}. Received: {', '.join(f.name for f in found)}."
    if mask and not (hidden or bare):
        return f"The mask {files[folders[2]][0].name} matches no picture."
    missing = [f"{folder}/" for folder in folders if folder not in files]
    return f"The pair {name} must have a picture in each folder. Received: none in {' and '.join(missing)}."
