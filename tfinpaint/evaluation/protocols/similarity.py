"""How alike two faces are, from their embeddings."""

import numpy as np

from tfinpaint.errors import InputError

METRICS = ("cosine", "euclidean")
_BLOCK = 1024  # rows of a matrix of similarities that are made at once


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
