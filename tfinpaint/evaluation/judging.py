"""What a judge, a frozen network over aligned faces, says of pictures."""

from typing import Any

import numpy as np


def look(judge: Any, faces: np.ndarray, batch_size: int = 32) -> np.ndarray:
    """What `judge` makes of aligned faces `(n, s, s, 3)`, uint8: embeddings `(n, d)` or landmarks `(n, 68, 2)`."""
    seen = []
    for start in range(0, len(faces), batch_size):
        batch = faces[start : start + batch_size]
        padded = np.concatenate([batch, np.repeat(batch[-1:], batch_size - len(batch), axis=0)])  # one shape to compile
        seen.append(judge.predict_on_batch(padded.astype(np.float32) / 127.5 - 1)[: len(batch)])
    return np.concatenate(seen)


def distance(seen: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Euclidean distances `(n,)` of embeddings; the mean over the points for landmarks."""
    return np.linalg.norm(seen - other, axis=-1).reshape(len(seen), -1).mean(-1)
