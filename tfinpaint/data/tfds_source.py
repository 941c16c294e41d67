"""Faces of data sets that `tensorflow_datasets` knows by name."""

import os
from typing import Any

import numpy as np
from tqdm import tqdm

from tfinpaint.data.face_set import FaceSet
from tfinpaint.data.framing import align_picture
from tfinpaint.data.picture_files import check_choice, stop_or_warn
from tfinpaint.errors import InputError
from tfinpaint.faces import Detector, default_detector, largest

_POINTS = ("lefteye", "righteye", "nose", "leftmouth", "rightmouth")  # left on the picture, in celeb_a's words


def tfds_faces(
    name: str,
    split: str = "train",
    *,
    size: int = 128,
    detector: Detector | None = None,
    data_dir: str | os.PathLike | None = None,
    jitter: float = 0.0,
    seed: int = 0,
    limit: int | None = None,
    on_bad: str = "skip",
    progress: bool = False,
) -> FaceSet:
    """The faces of a data set, aligned to the template; it is downloaded and prepared first where it is not yet.

    `celeb_a` has landmarks; of any other set with a feature `image` (`lfw`, or `tfinpaint_faces/ffhq` of
    `tfds_builder`) the largest face that the detector finds is taken. Identities come from `identity`, or from `lfw`'s
    label.

    Args:
        name: as `tfds.builder` takes it.
        split: as tfds writes it, such as `"train[:1000]"`.
        size: side of the crops in pixels.
        detector: finds faces where there are no landmarks; by default `default_detector()`.
        data_dir: where tfds keeps its data sets.
        jitter: see `load_faces`.
        seed: of the jitter.
        limit: at most so many pictures.
        on_bad: `"skip"` pictures without a face, or `"stop"`.
        progress: show a progress bar.

    Raises:
        InputError: tfds is not installed, does not know the name or the split, or cannot fetch the data.
        ImageFileError: a picture shows no face and `on_bad` is `"stop"`, or none shows one.
    """
    check_choice(on_bad)
    builder, count = _builder(name, split, data_dir)
    count = count if limit is None else min(count, limit)
    if not {"image"} <= set(builder.info.features):
        raise InputError(f"`name` must be a data set with a feature `image`. Received: {name!r}, without one.")
    given = "landmarks" in builder.info.features and "lefteye_x" in builder.info.features["landmarks"]
    images, valid = np.empty((count, size, size, 3), np.uint8), np.empty((count, size, size, 1), np.uint8)
    points, names, people, bad = np.empty((count, 5, 2), np.float32), [], [], {}
    detector = detector or (None if given else default_detector())
    examples = builder.as_dataset(split=split, shuffle_files=False).take(count).as_numpy_iterator()
    for index, example in enumerate(tqdm(examples, name, count, disable=not progress)):
        title = _text(example.get("name", f"{split}/{index:06}"))
        if given:
            five = np.array([[example["landmarks"][f"{p}_{axis}"] for axis in "xy"] for p in _POINTS], np.float32)
        else:
            found = detector(example["image"])
            if not found:
                bad[title] = f"No face was found in {title} of {name}."
                continue
            five = largest(found).landmarks
        row, rng = len(names), np.random.default_rng([seed, index])
        images[row], points[row], valid[row] = align_picture(example["image"], five, size, jitter, rng)
        names.append(title)
        people.append(_identity(example))
    stop_or_warn(bad, count, f"pictures of {name}", on_bad)
    n, known = len(names), None if None in people else tuple(people)
    return FaceSet(images[:n], points[:n], valid[:n], tuple(names), tuple(bad), known)


def _builder(name: str, split: str, data_dir: Any) -> tuple[Any, int]:
    """The prepared data set and the number of its examples in the split."""
    try:
        import tensorflow_datasets as tfds
    except ModuleNotFoundError:
        raise InputError("`tfds_faces` needs the package tensorflow-datasets: pip install 'tfinpaint[tfds]'.") from None
    from tfinpaint.data import tfds_builder  # noqa: F401 (makes our own data sets known)

    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except (tfds.core.DatasetNotFoundError, ValueError) as error:
        raise InputError(f"`name` must be a data set that tfds knows. Received: {name!r} ({_first(error)}).") from None
    try:
        builder.download_and_prepare()
    except InputError:
        raise
    except Exception as error:  # downloads fail in many ways
        raise InputError(
            f"The data set {name!r} could not be fetched ({type(error).__name__}: {_first(error)}); docs/data.md says "
            "how to bring it by hand."
        ) from error
    try:
        return builder, builder.info.splits[split].num_examples
    except (KeyError, ValueError) as error:
        known = ", ".join(builder.info.splits)
        raise InputError(f"`split` must be made of {known}. Received: {split!r} ({_first(error)}).") from None


def _identity(example: dict[str, Any]) -> str | None:
    identity = example.get("identity", example.get("label"))
    if isinstance(identity, dict):
        identity = next(iter(identity.values()))
    return _text(identity) or None if isinstance(identity, bytes) else None if identity is None else str(int(identity))


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0]
