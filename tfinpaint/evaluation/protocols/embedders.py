"""Networks that turn a face into a vector, each with its framing and its own measure of how alike two faces are."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.faces.resample import resample
from tfinpaint.framing import ARCFACE, TEMPLATE
from tfinpaint.framing import similarity as similarity_transform

METRICS = ("cosine", "euclidean")
_BLOCK = 1024  # rows of a matrix of similarities that are made at once
_AT_ONCE = 256  # pictures whose chips are in memory together


def similarity(first: np.ndarray, second: np.ndarray, metric: str = "cosine") -> np.ndarray:
    """Scores `(n,)` of pairs, higher where two faces are more alike.

    Args:
        first: `(n, d)`.
        second: `(n, d)`.
        metric: `"cosine"`, or `"euclidean"`: minus the distance.
    """
    first, second = _prepared(first, metric), _prepared(second, metric)
    if metric == "cosine":
        return np.einsum("nd,nd->n", first, second)
    return -np.linalg.norm(first - second, axis=1)


def similarities(queries: np.ndarray, gallery: np.ndarray, metric: str = "cosine") -> np.ndarray:
    """Scores `(n, m)` of every query against every face of the gallery; see `similarity`."""
    queries, gallery = _prepared(queries, metric), _prepared(gallery, metric)
    scores = np.empty((len(queries), len(gallery)))
    squares = np.square(gallery).sum(1)
    for start in range(0, len(queries), _BLOCK):
        rows = queries[start : start + _BLOCK]
        block = rows @ gallery.T
        if metric == "euclidean":
            distances = np.square(rows).sum(1)[:, None] + squares - 2 * block
            block = -np.sqrt(np.maximum(distances, 0))
        scores[start : start + _BLOCK] = block
    return scores


def check_embeddings(embeddings: np.ndarray, count: int, argument: str, *, may_be_constant: bool = False) -> np.ndarray:
    """Embeddings as a float32 array, or an error that says what is wrong with them.

    Args:
        embeddings: should be `(count, d)`, finite, and not all the same.
        count: of the pictures.
        argument: what the message calls them.
        may_be_constant: whether one vector for all is right, because the pictures are all the same.

    Raises:
        InputError: they are not.
    """
    try:
        array = np.asarray(embeddings, np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{argument} must give an array (n, d) of numbers. Received: {type(embeddings).__name__} ({error})."
        ) from None
    if array.ndim != 2 or not array.shape[1]:
        raise InputError(f"{argument} must give one vector a picture, an array (n, d). Received: shape {array.shape}.")
    if len(array) != count:
        raise InputError(f"{argument} must give one vector a picture. Received: {len(array)} for {count} pictures.")
    bad = ~np.isfinite(array).all(1)
    if bad.any():
        raise InputError(
            f"{argument} must give finite numbers. Received: NaN or infinite values for {bad.sum()} of {count} "
            f"pictures, the first at {int(bad.argmax())}; mend the network or the picture."
        )
    if count > 1 and not may_be_constant and (array == array[0]).all():
        raise InputError(f"{argument} must tell faces apart. Received: the same vector for all {count} pictures.")
    return array


def check_metric(metric: str) -> None:
    """Refuses other names than those of `METRICS`."""
    if metric not in METRICS:
        raise InputError(f"`metric` must be one of {', '.join(METRICS)}. Received: {metric!r}.")


@dataclass(frozen=True, eq=False)
class Embedder:
    """Pictures with five landmarks each -> vectors that say who is seen.

    Attributes:
        name: for records and messages.
        function: chips `(n, size, size, 3)` uint8 RGB -> `(n, d)`.
        size: side of the chips in pixels.
        template: `(5, 2)` where the five points stand in a chip, in units of its side.
        metric: `"cosine"` or `"euclidean"`: how its vectors are compared.
        sha256: of the file of its weights; None where it has no file.
    """

    name: str
    function: Callable[[np.ndarray], Any]
    size: int
    template: np.ndarray
    metric: str = "cosine"
    sha256: str | None = None

    def __call__(self, pictures: Sequence[np.ndarray] | np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """Embeds faces.

        Args:
            pictures: n pictures `(height, width, 3)`, uint8 RGB, of any sizes.
            landmarks: `(n, 5, 2)` eyes, nose tip, mouth corners in pixels of each picture, centres at integers.

        Returns:
            `(n, d)` float32.

        Raises:
            InputError: other pictures or landmarks; or vectors that are not finite, of another number, not 2-D, or
                the same for all of these pictures.
        """
        landmarks = _checked_landmarks(landmarks, len(pictures))
        found = []
        for start in range(0, len(pictures), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            chips = np.stack([self.chip(*face) for face in zip(pictures[part], landmarks[part], strict=True)])
            alike = len(chips) > 1 and (chips == chips[0]).all()  # then the vectors must be, too
            vectors = check_embeddings(self.function(chips), len(chips), self._title, may_be_constant=alike)
            found.append(vectors)
        widths = sorted({vectors.shape[1] for vectors in found})
        if len(widths) > 1:
            raise InputError(f"{self._title} must give vectors of one width. Received: widths {widths}.")
        return np.concatenate(found) if found else np.zeros((0, 0), np.float32)

    def chip(self, picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """The face `(size, size, 3)` as the network was trained to see it, aligned once, straight from the picture.

        Beyond the picture its border is repeated; where the face shrinks, areas are averaged.
        """
        picture = np.asarray(picture)
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[-1] != 3:
            raise InputError(
                f"`pictures` must be uint8 RGB, (height, width, 3). Received: {picture.dtype} of shape {picture.shape}."
            )
        matrix = similarity_transform(landmarks, self.template * self.size - 0.5)
        size = (self.size, self.size)
        return resample(picture, matrix, size, border=cv2.BORDER_REPLICATE, interpolation=cv2.INTER_LINEAR)

    def similarity(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Scores `(n,)` of pairs of embeddings `(n, d)`, by the network's own metric; higher is more alike."""
        return similarity(first, second, self.metric)

    @property
    def _title(self) -> str:
        return f"The embedder {self.name!r}"


def load_embedder(name: str, weights: str | Path, *, batch_size: int = 64) -> Embedder:
    """A face recogniser of which the library knows the layout.

    Args:
        name: `"dlib"` (King's ResNet, 150 px, Euclidean distance) or `"mobile_face_net"` (112 px, cosine).
        weights: its file; see `build_face_judge` and `build_mobile_face_net`.
        batch_size: of the network's calls.

    Raises:
        InputError: an unknown name.
        WeightsError: the file cannot be read or is of another network.
    """
    from tfinpaint.evaluation.face_judge import build_face_judge
    from tfinpaint.features.face_crop import DLIB, behind_crop
    from tfinpaint.features.mobile_face_net import build_mobile_face_net
    from tfinpaint.records import hashes

    known = {
        # dlib's own chips count pixel centres at integers, so its points lie half a pixel further
        "dlib": (build_face_judge, DLIB + 0.5 / 150, "euclidean"),
        "mobile_face_net": (partial(build_mobile_face_net, dtype="float32"), ARCFACE, "cosine"),
    }
    if name not in known:
        raise InputError(f"`name` must be one of {', '.join(known)}. Received: {name!r}.")
    build, template, metric = known[name]
    network = behind_crop(build(weights))
    sha256 = hashes([weights])[Path(weights).name]
    return as_embedder(network, name=name, template=template, metric=metric, sha256=sha256, batch_size=batch_size)


def as_embedder(
    source: Any,
    *,
    name: str | None = None,
    size: int | None = None,
    template: np.ndarray = TEMPLATE,
    metric: str = "cosine",
    sha256: str | None = None,
    batch_size: int = 64,
) -> Embedder:
    """Makes an embedder of any network.

    Args:
        source: a Keras model of aligned faces `(n, s, s, 3)` in [-1, 1], or any function of chips `(n, s, s, 3)`, uint8
            RGB; it gives `(n, d)`.
        name: for records and messages; that of `source` by default.
        size: side of the chips in pixels; may be left out where the Keras model knows it.
        template: `(5, 2)` where it wants the five points, in units of the side: by default the library's own framing;
            `features.face_crop` has those of insightface (`ARCFACE`) and of dlib (`DLIB`).
        metric: `"cosine"` or `"euclidean"`.
        sha256: of the file of its weights, so that it is not made the judge of what it taught.
        batch_size: of a Keras model's calls.
    """
    from tfinpaint.evaluation.judging import look

    check_metric(metric)
    template = np.asarray(template, np.float64)
    if template.shape != (5, 2) or not np.isfinite(template).all():
        raise InputError(f"`template` must be five finite points, (5, 2). Received: shape {template.shape}.")
    is_model = hasattr(source, "predict_on_batch")
    if not is_model and not callable(source):
        raise InputError(f"`source` must be a Keras model or a function. Received: {type(source).__name__}.")
    size = size or (getattr(source, "input_shape", None) or (None, None))[1]
    if not isinstance(size, int) or size < 1:
        raise InputError(f"`size` must say how large the chips of the network are, in pixels. Received: size={size}.")
    name = name or str(getattr(source, "name", None) or getattr(source, "__name__", None) or type(source).__name__)
    function = (lambda chips: look(source, chips, batch_size)) if is_model else source
    return Embedder(name, function, size, template, metric, sha256)


def refuse_own_teacher(teachers: Collection[str], judge: str, sha256: str | None) -> None:
    """Refuses a judge that a loss of the judged model looked through: it would praise what it taught.

    Args:
        teachers: SHA-256 of the files of the loss networks that trained the model.
        judge: its name, for the message.
        sha256: of its file, such as `Embedder.sha256`. A judge without a file cannot be recognised, nor the same
            network in another file.

    Raises:
        InputError: the judge is among the teachers.
    """
    if sha256 is not None and sha256.lower() in {teacher.lower() for teacher in teachers}:
        raise InputError(
            "A judge must not be a network that a loss of the judged model looked through. "
            f"Received: {judge!r} (SHA-256 {sha256[:12]}...), one of its teachers; give another judge."
        )


def _prepared(embeddings: np.ndarray, metric: str) -> np.ndarray:
    check_metric(metric)
    embeddings = np.asarray(embeddings, np.float64)
    if metric == "euclidean":
        return embeddings
    length = np.linalg.norm(embeddings, axis=-1, keepdims=True)
    if (length == 0).any():
        raise InputError(
            f"`metric` must be 'euclidean' where vectors have length 0. Received: {int((length == 0).sum())} of those; "
            "a cosine needs a direction."
        )
    return embeddings / length


def _checked_landmarks(landmarks: np.ndarray, count: int) -> np.ndarray:
    landmarks = np.asarray(landmarks, np.float64)
    if landmarks.shape != (count, 5, 2) or not np.isfinite(landmarks).all():
        raise InputError(
            "`landmarks` must be five finite points (x, y) for each picture, (n, 5, 2). "
            f"Received: shape {landmarks.shape} for {count} pictures."
        )
    in_one_place = (np.ptp(landmarks, axis=1) == 0).all(1)
    if in_one_place.any():
        raise InputError(
            "`landmarks` must be five points in several places. "
            f"Received: picture {int(in_one_place.argmax())} with all five in one; find them anew."
        )
    return landmarks
