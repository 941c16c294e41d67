"""What a judge, a frozen network over aligned faces, says of pictures."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tfinpaint.errors import InputError


def look(judge: Any, faces: np.ndarray, batch_size: int = 32) -> np.ndarray:
    """What `judge` makes of aligned faces `(n, s, s, 3)`, uint8: embeddings `(n, d)` or landmarks `(n, 68, 2)`."""
    return np.concatenate(list(in_batches(judge, faces, batch_size)))


def pooled_features(network: Any, pictures: np.ndarray, *, tap: str | None = None, batch_size: int = 32) -> np.ndarray:
    """One vector a picture: `(n, d)`, float32, the features of `network` averaged over the pixels.

    Args:
        network: pictures in [-1, 1], RGB -> vectors, a map of features, or a dict of such.
        pictures: `(n, height, width, 3)`, uint8.
        tap: which entry of a dict is taken; it may be left out where there is only one.
        batch_size: pictures at a time; the last batch is padded, so the network sees one shape.

    Raises:
        InputError: pictures of another form, or a tap that is missing or unknown.
    """
    return np.concatenate([_pooled(_tapped(seen, tap)) for seen in in_batches(network, pictures, batch_size)])


def in_batches(network: Any, pictures: np.ndarray, batch_size: int = 32) -> Iterator[Any]:
    """What `network` makes of pictures `(n, h, w, 3)`, uint8: an array or a dict of arrays, a batch at a time.

    The last batch is filled up for the network, so that it compiles for one shape, and cut again.

    Raises:
        InputError: pictures of another form, or none.
    """
    if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[-1] != 3 or not len(pictures):
        raise InputError(
            "`pictures` must be uint8 of shape (n, height, width, 3), at least one. "
            f"Received: {pictures.dtype} of shape {pictures.shape}."
        )
    for start in range(0, len(pictures), batch_size):
        batch = pictures[start : start + batch_size]
        count = len(batch)
        padded = np.concatenate([batch, np.repeat(batch[-1:], batch_size - count, axis=0)])
        seen = network.predict_on_batch(padded.astype(np.float32) / 127.5 - 1)
        yield {name: s[:count] for name, s in seen.items()} if isinstance(seen, dict) else seen[:count]


def _tapped(seen: Any, tap: str | None) -> np.ndarray:
    if not isinstance(seen, dict):
        if tap is not None:
            raise InputError(f"`tap` must be None for a network with one output. Received: {tap!r}.")
        return seen
    if tap is None and len(seen) == 1:
        return next(iter(seen.values()))
    if tap not in seen:
        raise InputError(f"`tap` must be one of {', '.join(sorted(seen))}. Received: {tap!r}.")
    return seen[tap]


def _pooled(seen: np.ndarray) -> np.ndarray:
    if np.ndim(seen) not in (2, 4):
        raise InputError(
            "`network` must give vectors (n, d) or maps of features (n, height, width, d). "
            f"Received: shape {np.shape(seen)}."
        )
    seen = np.asarray(seen, np.float32)
    return seen if seen.ndim == 2 else seen.mean((1, 2))
