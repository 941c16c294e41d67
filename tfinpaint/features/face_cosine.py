"""How alike two faces look to an identity network."""

from collections.abc import Callable, Mapping
from typing import Any

from keras import ops


def face_cosine(network: Callable, first: Any, second: Any) -> Any:
    """Cosines `(batch,)` of the embeddings of two batches of aligned faces, in [-1, 1], float32.

    Args:
        network: any callable from faces `(batch, s, s, 3)` in [-1, 1] to embeddings `(batch, n)`, or to a dict that
            holds them as `embedding`.
        first: the one batch of faces.
        second: the other.
    """
    first, second = (ops.normalize(ops.cast(_embedding(network(x)), "float32"), axis=-1) for x in (first, second))
    return ops.sum(first * second, axis=-1)


def _embedding(output: Any) -> Any:
    return output["embedding"] if isinstance(output, Mapping) else output
