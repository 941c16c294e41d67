"""The one network of `WhatHides`, as a functional builder."""

from collections.abc import Sequence

import keras
from keras import layers

from tfinpaint.models.blocks import conv, convs, fold_pixels, head


def finder(side: int, widths: Sequence[int] = (32, 48, 64), families: int = 5, stem: int = 4) -> keras.Model:
    """Picture in [-1, 1] -> logits of the families at each pixel, `(batch, side, side, families)`, float32: a U-Net.

    A family is decided by what is seen from afar, an outline by what is near: hence dilated convolutions at the
    lowest resolution, and the higher ones handed across.

    Args:
        side: of the picture, divisible by `4 * stem`.
        widths: channels at full, half and quarter size of the folded picture.
        families: how many there are.
        stem: side of the pixel blocks that are folded into channels.
    """
    low, middle, high = widths
    picture = keras.Input((side, side, 3), name="picture")
    x = full = conv(fold_pixels(picture, stem, "stem_fold"), low, "relu", "full")
    x = half = convs(conv(x, middle, "relu", "to_half", strides=2), middle, 1, "relu", "half")
    x = conv(x, high, "relu", "to_quarter", strides=2)
    for rate in (1, 2):
        x = conv(x, high, "relu", f"dilated_{rate}", dilation_rate=rate)
    for level, skip, width in (("half", half, middle), ("full", full, low)):
        x = layers.UpSampling2D(name=f"up_{level}")(x)
        x = conv(layers.Concatenate(name=f"skip_{level}")([x, skip]), width, "relu", f"decode_{level}")
    return keras.Model(picture, head(x, families, stem), name="finder")
