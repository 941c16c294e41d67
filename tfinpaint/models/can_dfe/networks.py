"""CAN-DFE's networks, as functional builders.

All take and give NHWC tensors; pictures in [-1, 1]. With the default widths they are the paper-size networks: a pyramid
of 4x4 convolutions with stride 2 and one of transposed ones, both with batch normalisation. `stem=2` folds 2x2 pixels
into channels in place of the first stride, and `norm=False, transposed=False` leave the normalisation out and enlarge
by repeating pixels, which a small network on a processor is trained without.

Levels are counted from the outermost: a map of level k has the side `size / 2 ** k`, a picture of level k
`size / 2 ** (k - 1)`.

Reference: Ma et al., "Contrastive Attention Network with Dense Field Estimation for Face Completion", 2022, sections
3.1 to 3.3. The paper gives no layer list: widths are ours, after Liu et al., "Image Inpainting for Irregular Holes
Using Partial Convolutions", 2018, and Xie et al., "Image Inpainting with Learnable Bidirectional Attention Maps", 2019.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfinpaint.layers import DualAttentionFusion
from tfinpaint.models.blocks import conv, fold_pixels

WIDTHS = (64, 128, 256, 512, 512, 512, 512)


def encoder(
    size: int, widths: Sequence[int] = WIDTHS, norm: bool = True, stem: int = 1, name: str = "encoder"
) -> keras.Model:
    """Picture -> its maps at a half, a quarter and so on of its side, one for each of `widths`.

    Args:
        size: side of the picture, divisible by `2 ** len(widths)`.
        widths: channels of the maps, the largest map first.
        norm: normalise the batch in all levels but the first.
        stem: 1, or 2 where the first halving is a folding of pixels.
        name: of the network.
    """
    picture = keras.Input((size, size, 3), name="picture")
    x, maps = picture, []
    for level, width in enumerate(widths, 1):
        if level == 1 and stem == 2:
            x = conv(fold_pixels(x, 2, f"{name}_fold"), width, None, f"{name}_1")
        else:
            x = conv(x, width, None, f"{name}_{level}", 4, strides=2, use_bias=level == 1 or not norm)
        x = _activated(x, norm and level > 1, f"{name}_{level}")
        maps.append(x)
    return keras.Model(picture, maps, name=name)


def head(channels: int, dimension: int = 128, name: str = "head") -> keras.Model:
    """The encoder's last map, of any side -> an embedding of length 1, `(batch, dimension)`, float32.

    Args:
        channels: of the map.
        dimension: of the embedding.
        name: of the network.
    """
    deepest = keras.Input((None, None, channels), name="deepest")
    x = layers.GlobalAveragePooling2D(dtype="float32", name=f"{name}_mean")(deepest)
    x = layers.Dense(dimension, dtype="float32", name=f"{name}_dense")(x)
    return keras.Model(deepest, layers.UnitNormalization(dtype="float32", name=f"{name}_unit")(x), name=name)


def decoder(
    size: int,
    encoder_widths: Sequence[int] = WIDTHS,
    widths: Sequence[int] = (512, 512, 512, 256, 128, 64, 32),
    scales: int = 6,
    norm: bool = True,
    transposed: bool = True,
    ratio: int = 16,
    fusion_width: int = 32,
) -> keras.Model:
    """Occluded picture and the maps of `encoder` -> a picture, a blending map and a field (u, v) at each scale.

    Each level doubles the side of what lies below it and is then joined by the encoder's map of that side. What a level
    shows is made of its features before that, by `DualAttentionFusion` with the occluded picture.

    Args:
        size: side of the picture.
        encoder_widths: channels of the maps, the largest first.
        widths: channels of the decoder's levels, the deepest first; as many as there are maps.
        scales: how many of the outermost levels show something.
        norm: normalise the batch in each level.
        transposed: enlarge by transposed 4x4 convolutions; else by repeating pixels before 3x3 convolutions.
        ratio: of the fusions' channel attention.
        fusion_width: channels between the convolutions of their blending maps.

    Returns:
        A model on `[picture, *maps]`. It gives a dict, float32, for each level k from 1: `picture_k` `(batch, s, s, 3)`
        with s = `size / 2 ** (k - 1)`; `alpha_k`, of that shape, 1 = restored; `field_k` `(batch, s, s, 2)` in [0, 1].
    """
    picture = keras.Input((size, size, 3), name="picture")
    sides = [size >> level for level in range(1, 1 + len(encoder_widths))]
    maps = [keras.Input((s, s, w), name=f"map_{s}") for s, w in zip(sides, encoder_widths, strict=True)]
    x, found = maps[-1], {}
    for level in range(len(widths), 0, -1):
        x = _doubled(x, widths[-level], norm, transposed, f"decode_{level}")
        if level <= scales:
            fusion = DualAttentionFusion(ratio, fusion_width, True, dtype="float32", name=f"fusion_{level}")
            found[f"picture_{level}"], _, found[f"alpha_{level}"] = fusion([x, picture])
            start = {"kernel_initializer": "glorot_uniform", "dtype": "float32"}
            found[f"field_{level}"] = conv(x, 2, "sigmoid", f"field_{level}", **start)
        if level > 1:
            x = layers.Concatenate(name=f"skip_{level}")([x, maps[level - 2]])
    return keras.Model([picture, *maps], found, name="decoder")


def _doubled(x: Any, width: int, norm: bool, transposed: bool, name: str) -> Any:
    """Features of twice the side."""
    if transposed:
        options = {"padding": "same", "use_bias": not norm, "kernel_initializer": "he_normal"}
        x = layers.Conv2DTranspose(width, 4, strides=2, name=name, **options)(x)
    else:
        x = conv(layers.UpSampling2D(name=f"{name}_up")(x), width, None, name, use_bias=not norm)
    return _activated(x, norm, name)


def _activated(x: Any, norm: bool, name: str) -> Any:
    if norm:
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
    return layers.LeakyReLU(0.2, name=f"{name}_leaky")(x)
