"""What a judge, a frozen network over aligned faces, says of pictures."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tfinpaint.errors import InputError


def look(judge: Any, faces: np.ndarray, batch_size: int = 32) -> np.ndarray:
    """What `judge` makes of aligned faces `(n, s, s, 3)`, uint8: embeddings `(n, d)` or landmarks `(n, 68, 2)`."""
    return np.concatenate(list(in_batches(judge, faces, batch_size)))


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
