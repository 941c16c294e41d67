"""FMODR's detector and critic, as functional builders; `models/u_net.py` and `models/two_branches.py` have the others.

All take and give float32 NHWC tensors; pictures in [-1, 1], masks 1 = hidden. With `stem=1` and the default widths they
are the paper-size networks; `stem=2` folds 2x2 pixels into channels first and unfolds them last, which keeps a small
network's arithmetic where a processor is fast.

Reference: Lu et al., "Toward High-quality Face-Mask Occluded Restoration", ACM TOMM 2022, sections 4.1 and 4.3 (the
paper gives no layer list: widths are ours within its text).
"""

from collections.abc import Sequence

import keras
from keras import layers

from tfinpaint.models.blocks import conv, fold_pixels, head


def detector(size: int, widths: Sequence[int] = (32, 64, 128), dilations: Sequence[int] = (2,), stem: int = 1,
             skips: bool = False) -> keras.Model:  # fmt: skip
    """Picture -> soft mask in (0, 1), `(batch, size, size, 1)`: a few convolutions down, as many up (section 4.1).

    Args:
        size: side of the picture.
        widths: channels at full, half and quarter resolution (of the stem's output).
        dilations: of the convolutions at the lowest resolution.
        stem: side of the pixel blocks that are folded into channels.
        skips: hand the higher resolutions across, for sharp outlines.
    """
    image = keras.Input((size, size, 3), name="image")
    x = full = conv(fold_pixels(image, stem, "stem_fold"), widths[0], "relu", "full", 5)
    x = half = conv(x, widths[1], "relu", "half", strides=2)
    x = conv(x, widths[2], "relu", "quarter", strides=2)
    for rate in dilations:
        x = conv(x, widths[2], "relu", f"dilated_{rate}", dilation_rate=rate)
    for level, skip, width in (("half", half, widths[1]), ("full", full, widths[0])):
        x = layers.UpSampling2D(name=f"up_{level}")(x)
        if skips:
            x = layers.Concatenate(name=f"skip_{level}")([x, skip])
        x = conv(x, width, "relu", f"decode_{level}")
    mask = layers.Activation("sigmoid", dtype="float32", name="mask")(head(x, 1, stem))
    return keras.Model(image, mask, name="detector")


def critic(size: int, widths: Sequence[int] = (64, 128, 256, 512, 512, 512), dense: int = 1024) -> keras.Model:
    """Picture and mask -> one logit: a tower for the whole, one for the hidden region, fused (section 4.3).

    Each tower: stride-2 5x5 convolutions, then `dense` features; the two make `2 * dense`. Leaky ReLU (0.2) after each
    convolution and after the features: without it there, these and the last layer would be one linear map.
    """
    image, mask = keras.Input((size, size, 3), name="image"), keras.Input((size, size, 1), name="mask")
    region = layers.Multiply(name="region")([image, mask])
    features = []
    for tower, x in (("global", image), ("region", region)):
        for i, width in enumerate(widths):
            x = conv(x, width, None, f"{tower}_{i}", 5, strides=2)
            x = layers.LeakyReLU(0.2, name=f"{tower}_{i}_leaky")(x)
        x = layers.Dense(dense, name=f"{tower}_features")(layers.Flatten(name=f"{tower}_flat")(x))
        features.append(layers.LeakyReLU(0.2, name=f"{tower}_features_leaky")(x))
    fused = layers.Concatenate(name="fused")(features)
    return keras.Model([image, mask], layers.Dense(1, dtype="float32", name="logit")(fused), name="critic")
