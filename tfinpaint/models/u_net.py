"""The U-Net that paints coarsely in FMODR, and in small presets of CA-GAN and FSG-GAN, as a functional builder.

It takes and gives float32 NHWC tensors; pictures in [-1, 1], masks 1 = hidden.

Reference: Lu et al., "Toward High-quality Face-Mask Occluded Restoration", ACM TOMM 2022, section 4.1 (the paper gives
no layer list: widths are ours within its text).
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from tfinpaint.layers import HybridDilatedConv
from tfinpaint.models.blocks import clip, conv, fold_pixels, head


def u_net(
    size: int,
    widths: Sequence[int] = (32, 64, 128, 256, 256),
    stem: int = 1,
    limit: float | None = None,
    beside: str = "mask",
    dilations: Sequence[int] = (),
    arrangement: str = "parallel",
    name: str = "coarse_generator",
) -> keras.Model:
    """Picture and what is known beside it -> picture in [-1, 1]: ELU, no normalisation.

    Args:
        size: side of the picture, divisible by `stem * 2 ** (len(widths) - 1)`.
        widths: channels, from the highest resolution to the lowest.
        stem: side of the pixel blocks that are folded into channels.
        limit: the greatest value of an activation at the highest resolution; with each halving of the side it doubles.
            Without one a few pixels of a few faces grow by a factor of hundreds in the last convolutions.
        beside: `"mask"`, the picture is hidden there; or `"structure"`, a picture that leads.
        dilations: the three highest resolutions add to what they see what a `HybridDilatedConv` of these rates sees;
            empty: they do not.
        arrangement: of these.
        name: of the network.
    """

    def bounded(x: Any, level: int) -> Any:
        return x if limit is None else ops.minimum(x, limit * 2**level)

    visible = keras.Input((size, size, 3), name="visible")
    known = keras.Input((size, size, {"mask": 1, "structure": 3}[beside]), name=beside)
    x = fold_pixels(layers.Concatenate(name=f"visible_and_{beside}")([visible, known]), stem, "stem_fold")
    skips = []
    for level, width in enumerate(widths):
        x = bounded(conv(x, width, "elu", f"encode_{level}_a", strides=2 if level else 1), level)
        if dilations and level < 3:
            seen = HybridDilatedConv(width, dilations, arrangement, norm=False, name=f"hdc_{level}")(x)
            x = layers.Add(name=f"hdc_{level}_add")([x, seen])
        x = bounded(conv(x, width, "elu", f"encode_{level}_b"), level)
        skips.append(x)
    for level in reversed(range(len(widths) - 1)):
        x = layers.UpSampling2D(name=f"up_{level}")(x)
        x = bounded(conv(x, widths[level], "elu", f"decode_{level}_a"), level)
        x = layers.Concatenate(name=f"skip_{level}")([x, skips[level]])
        x = bounded(conv(x, widths[level], "elu", f"decode_{level}_b"), level)
    return keras.Model([visible, known], clip(head(x, 3, stem)), name=name)
