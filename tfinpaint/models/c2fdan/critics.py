"""C2FDAN's seven critics as one functional model: the whole face twice, its parts, and both eyes together.

Reference: Hörmann et al., "A Coarse-to-Fine Dual Attention Network for Blind Face Completion", FG 2021, III-B.2.
The paper gives the number of convolutions, their strides and the sizes of the maps; widths are ours within its text.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from tfinpaint.models.blocks import conv
from tfinpaint.models.c2fdan.crops import PARTS
from tfinpaint.models.crop import crop

CRITICS = ("global", "whole", *PARTS, "eye_pair")


def critics(size: int, side: int, widths: Sequence[int] = (64, 128, 256)) -> keras.Model:
    """Picture to judge, occluded picture, middles of the parts -> dict of logits by the names in `CRITICS`.

    `"global"`: `(batch, 1)`; the others a map, a quarter of what they see: `"whole"` of the picture, a part of its
    square, `"eye_pair"` of the left eye beside the mirrored right one.

    Args:
        size: side of the pictures, divisible by 4.
        side: of the squares in pixels, divisible by 4.
        widths: channels of the first three convolutions of each critic.
    """
    picture, occluded = keras.Input((size, size, 3), name="picture"), keras.Input((size, size, 3), name="occluded")
    centres = keras.Input((len(PARTS), 2), name="centres")
    seen = views(picture, occluded, centres, side)
    logits = {name: critic(seen[name].shape[1:], widths, name)(seen[name]) for name in CRITICS}
    return keras.Model([picture, occluded, centres], logits, name="critics")


def views(picture: Any, occluded: Any, centres: Any, side: int) -> dict[str, Any]:
    """What each critic sees: the picture and the occluded one as 6 channels, or 12 of both eyes."""
    both = ops.concatenate([picture, occluded], axis=-1)
    parts = {name: crop(both, centres[:, i], side) for i, name in enumerate(PARTS)}
    pair = ops.concatenate([parts["left_eye"], mirror(parts["right_eye"])], axis=-1)
    return {"global": both, "whole": both, **parts, "eye_pair": pair}


def critic(shape: tuple[int, int, int], widths: Sequence[int], name: str) -> keras.Model:
    """Four 3x3 convolutions, the first two with stride 2, leaky ReLU (0.2) between; "global" ends in a dense logit."""
    x = inputs = keras.Input(shape, name="seen")
    for i, (width, strides) in enumerate(zip((*widths, 1), (2, 2, 1, 1), strict=True)):
        last = i == 3
        activation = None if last and name != "global" else "leaky_relu"
        x = conv(x, width, activation, f"conv_{i}", strides=strides, dtype="float32" if last else None)
    if name == "global":
        x = layers.Dense(1, dtype="float32", name="logit")(layers.Flatten(name="flat")(x))
    return keras.Model(inputs, x, name=name)


def mirror(images: Any) -> Any:
    """Left and right exchanged, `(batch, height, width, channels)`."""
    return ops.flip(images, axis=2)
