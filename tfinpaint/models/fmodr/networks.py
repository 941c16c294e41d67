"""FMODR's four networks, as functional builders.

All take and give float32 NHWC tensors; pictures in [-1, 1], masks 1 = hidden. With `stem=1` and the default widths they
are the paper-size networks; `stem=2` folds 2x2 pixels into channels first and unfolds them last, which keeps a small
network's arithmetic where a processor is fast.

Reference: Lu et al., "Toward High-quality Face-Mask Occluded Restoration", ACM TOMM 2022, sections 3 and 4 (the paper
gives no layer list: widths are ours within its text).
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from tfinpaint.layers import DepthToSpace, SelfAdaptiveContextualAttention, SpaceToDepth


def detector(size: int, widths: Sequence[int] = (32, 64, 128), dilations: Sequence[int] = (2,), stem: int = 1,
             skips: bool = False) -> keras.Model:  # fmt: skip
    """Picture -> soft mask in (0, 1), `(batch, size, size, 1)`: a few convolutions down, as many up (section 3.1).

    Args:
        size: side of the picture.
        widths: channels at full, half and quarter resolution (of the stem's output).
        dilations: of the convolutions at the lowest resolution.
        stem: side of the pixel blocks that are folded into channels.
        skips: hand the higher resolutions across, for sharp outlines.
    """
    image = keras.Input((size, size, 3), name="image")
    x = full = _conv(_stem(image, stem), widths[0], 5, "relu", "full")
    x = half = _conv(x, widths[1], 3, "relu", "half", strides=2)
    x = _conv(x, widths[2], 3, "relu", "quarter", strides=2)
    for rate in dilations:
        x = _conv(x, widths[2], 3, "relu", f"dilated_{rate}", dilation_rate=rate)
    for level, skip, width in (("half", half, widths[1]), ("full", full, widths[0])):
        x = layers.UpSampling2D(name=f"up_{level}")(x)
        if skips:
            x = layers.Concatenate(name=f"skip_{level}")([x, skip])
        x = _conv(x, width, 3, "relu", f"decode_{level}")
    mask = layers.Activation("sigmoid", dtype="float32", name="mask")(_head(x, 1, stem))
    return keras.Model(image, mask, name="detector")


def coarse_generator(size: int, widths: Sequence[int] = (32, 64, 128, 256, 256), stem: int = 1) -> keras.Model:
    """Masked picture and mask -> coarse picture in [-1, 1]: a U-Net, ELU, no normalisation (section 3.2).

    Args:
        size: side of the picture, divisible by `stem * 2 ** (len(widths) - 1)`.
        widths: channels, from the highest resolution to the lowest.
        stem: side of the pixel blocks that are folded into channels.
    """
    visible, mask = keras.Input((size, size, 3), name="visible"), keras.Input((size, size, 1), name="mask")
    x = _stem(layers.Concatenate(name="visible_and_mask")([visible, mask]), stem)
    skips = []
    for level, width in enumerate(widths):
        x = _conv(x, width, 3, "elu", f"encode_{level}_a", strides=2 if level else 1)
        x = _conv(x, width, 3, "elu", f"encode_{level}_b")
        skips.append(x)
    for level in reversed(range(len(widths) - 1)):
        x = layers.UpSampling2D(name=f"up_{level}")(x)
        x = _conv(x, widths[level], 3, "elu", f"decode_{level}_a")
        x = layers.Concatenate(name=f"skip_{level}")([x, skips[level]])
        x = _conv(x, widths[level], 3, "elu", f"decode_{level}_b")
    return keras.Model([visible, mask], _clip(_head(x, 3, stem)), name="coarse_generator")


def refine_generator(size: int, widths: Sequence[int] = (32, 64, 128), dilations: Sequence[int] = (2, 4, 8, 16),
                     stem: int = 1, residual: bool = False) -> keras.Model:  # fmt: skip
    """Coarsely filled picture and mask -> refined picture in [-1, 1], in two branches (section 3.3).

    One branch sees far through dilated convolutions, the other copies from what is visible by self-adaptive contextual
    attention at a quarter of the size; both meet in one decoder. The layer named `attention` holds the learned kernels.

    Args:
        size: side of the picture.
        widths: channels at full, half and quarter size.
        dilations: of the first branch.
        stem: 1, or 2 where the first halving is a folding of pixels.
        residual: add the result to the coarse picture instead of drawing it anew.
    """
    filled, mask = keras.Input((size, size, 3), name="filled"), keras.Input((size, size, 1), name="mask")
    ones = ops.ones_like(mask)  # shows the zero padding where the picture ends
    inputs = layers.Concatenate(name="filled_ones_mask")([filled, ones, mask])
    low, middle, high = widths
    x = _to_quarter(inputs, (low, middle, middle), stem, "far")
    x = _convs(x, high, 2, "elu", "far")
    for rate in dilations:
        x = _conv(x, high, 3, "elu", f"far_dilated_{rate}", dilation_rate=rate)
    far = x
    x = _to_quarter(inputs, (low, middle, high), stem, "copy")
    x = _conv(x, high, 3, "elu", "copy_0")
    x = _conv(x, high, 3, "relu", "copy_1")
    small_mask = layers.MaxPooling2D(4, name="mask_at_quarter")(mask)
    x = SelfAdaptiveContextualAttention(rate=2, name="attention")([x, small_mask])
    copied = _convs(x, high, 2, "elu", "copied")
    x = _convs(layers.Concatenate(name="far_and_copied")([far, copied]), high, 2, "elu", "joint")
    x = _convs(layers.UpSampling2D(name="up_half")(x), middle, 2, "elu", "half")
    if stem == 1:
        x = layers.UpSampling2D(name="up_full")(x)
        x = _conv(x, low, 3, "elu", "full_0")
        x = _conv(x, low // 2, 3, "elu", "full_1")
    else:
        x = _conv(x, low, 3, "elu", "half_low")
    x = _head(x, 3, stem)
    if residual:
        x = layers.Add(dtype="float32", name="residual")([x, filled])
    return keras.Model([filled, mask], _clip(x), name="refine_generator")


def critic(size: int, widths: Sequence[int] = (64, 128, 256, 512, 512, 512), dense: int = 1024) -> keras.Model:
    """Picture and mask -> one logit: a tower for the whole, one for the hidden region, fused (section 3.4).

    Each tower: stride-2 5x5 convolutions with leaky ReLU (0.2), then `dense` features; the two make `2 * dense`.
    """
    image, mask = keras.Input((size, size, 3), name="image"), keras.Input((size, size, 1), name="mask")
    region = layers.Multiply(name="region")([image, mask])
    features = []
    for tower, x in (("global", image), ("region", region)):
        for i, width in enumerate(widths):
            x = _conv(x, width, 5, None, f"{tower}_{i}", strides=2)
            x = layers.LeakyReLU(0.2, name=f"{tower}_{i}_leaky")(x)
        features.append(layers.Dense(dense, name=f"{tower}_features")(layers.Flatten(name=f"{tower}_flat")(x)))
    fused = layers.Concatenate(name="fused")(features)
    return keras.Model([image, mask], layers.Dense(1, dtype="float32", name="logit")(fused), name="critic")


def _conv(x: Any, width: int, kernel: int, activation: str | None, name: str, **kwargs: Any) -> Any:
    return layers.Conv2D(
        width, kernel, padding="same", activation=activation, kernel_initializer="he_normal", name=name, **kwargs
    )(x)


def _convs(x: Any, width: int, count: int, activation: str, name: str) -> Any:
    for i in range(count):
        x = _conv(x, width, 3, activation, f"{name}_{i}")
    return x


def _to_quarter(x: Any, widths: Sequence[int], stem: int, name: str) -> Any:
    """From full to quarter size; a folding stem stands for the first halving."""
    x = _conv(_stem(x, stem, name), widths[0], 5, "elu", f"{name}_stem")
    if stem == 1:
        x = _conv(x, widths[0], 3, "elu", f"{name}_half", strides=2)
        x = _conv(x, widths[1], 3, "elu", f"{name}_middle")
    return _conv(x, widths[2], 3, "elu", f"{name}_quarter", strides=2)


def _stem(x: Any, block: int, name: str = "stem") -> Any:
    return x if block == 1 else SpaceToDepth(block, name=f"{name}_fold")(x)


def _head(x: Any, channels: int, block: int) -> Any:
    x = layers.Conv2D(channels * block**2, 3, padding="same", dtype="float32", name="head")(x)
    return x if block == 1 else DepthToSpace(block, dtype="float32", name="unfold")(x)


def _clip(x: Any) -> Any:
    return ops.clip(x, -1.0, 1.0)
