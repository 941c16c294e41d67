"""Putting a painted picture into the one that was given."""

from typing import Any

from keras import ops


def compose(image: Any, painted: Any, mask: Any) -> Any:
    """`image` where `mask` is 0, `painted` where it is 1, float32; with a binary mask the known pixels are exact."""
    image, painted, mask = (ops.cast(x, "float32") for x in (image, painted, mask))
    return (1.0 - mask) * image + mask * painted
