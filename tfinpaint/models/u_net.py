"""The U-Net that paints coarsely in FMODR, and in CA-GAN's small presets, as a functional builder.

It takes and gives float32 NHWC tensors; pictures in [-1, 1], masks 1 = hidden.

Reference: Lu et al., "Toward High-quality Face-Mask Occluded Restoration", ACM TOMM 2022, section 4.1 (the paper gives
no layer list: widths are ours within its text).
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from tfinpaint.models.blocks import clip, conv, fold_pixels, head


def u_net(
    size: int, widths: Sequence[int] = (32, 64, 128, 256, 256), stem: int = 1, limit: float | None = None
) -> keras.Model:
    """Masked picture and mask -> coarse picture in [-1, 1]: ELU, no normalisation.

    Args:
        size: side of the picture, divisible by `stem * 2 ** (len(widths) - 1)`.
        widths: channels, from the highest resolution to the lowest.
        stem: side of the pixel blocks that are folded into channels.
        limit: the greatest value of an activation at the highest resolution; with each halving of the side it doubles.
            Without one a few pixels of a few faces grow by a factor of hundreds in the last convolutions.
    """

    def bounded(x: Any, level: int) -> Any:
        return x if limit is None else ops.minimum(x, limit * 2**level)

    visible, mask = keras.Input((size, size, 3), name="visible"), keras.Input((size, size, 1), name="mask")
    x = fold_pixels(layers.Concatenate(name="visible_and_mask")([visible, mask]), stem, "stem_fold")
    skips = []
    for level, width in enumerate(widths):
        x = bounded(conv(x, width, "elu", f"encode_{level}_a", strides=2 if level else 1), level)
        x = bounded(conv(x, width, "elu", f"encode_{level}_b"), level)
        skips.append(x)
    for level in reversed(range(len(widths) - 1)):
        x = layers.UpSampling2D(name=f"up_{level}")(x)
        x = bounded(conv(x, widths[level], "elu", f"decode_{level}_a"), level)
        x = layers.Concatenate(name=f"skip_{level}")([x, skips[level]])
        x = bounded(conv(x, widths[level], "elu", f"decode_{level}_b"), level)
    return keras.Model([visible, mask], clip(head(x, 3, stem)), name="coarse_generator")
