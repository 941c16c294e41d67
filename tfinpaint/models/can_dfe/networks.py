"""CAN-DFE's networks, as functional builders.

All take and give NHWC tensors; pictures in [-1, 1]. With the default widths they are the paper-size networks: a pyramid
of 4x4 convolutions with stride 2 and one of transposed ones, both with batch normalisation. `shared_encoder` and
`shared_decoder` are the two halves of the U-Net that all small painters share, and can begin as one of them.

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
from tfinpaint.models.blocks import head as last_convolution
from tfinpaint.models.u_net import decode, encode

WIDTHS = (64, 128, 256, 512, 512, 512, 512)


def encoder(size: int, widths: Sequence[int] = WIDTHS, norm: bool = True, name: str = "encoder") -> keras.Model:
    """Picture -> its maps at a half, a quarter and so on of its side, one for each of `widths`.

    Args:
        size: side of the picture, divisible by `2 ** len(widths)`.
        widths: channels of the maps, the largest map first.
        norm: normalise the batch in all levels but the first.
        name: of the network.
    """
    picture = keras.Input((size, size, 3), name="picture")
    x, maps = picture, []
    for level, width in enumerate(widths, 1):
        x = conv(x, width, None, f"{name}_{level}", 4, strides=2, use_bias=level == 1 or not norm)
        x = _activated(x, norm and level > 1, f"{name}_{level}")
        maps.append(x)
    return keras.Model(picture, maps, name=name)


def shared_encoder(size: int, widths: Sequence[int], limit: float | None = None, name: str = "encoder") -> keras.Model:
    """The same as half of a U-Net: 2x2 pixels folded, then two 3x3 convolutions at each resolution.

    It sees what is visible, what is hidden, and the picture as it is (`models.told`).

    Args:
        size: side of the picture, divisible by `2 ** len(widths)`.
        widths: channels of the maps, the largest map first.
        limit: of activations, see `models.u_net`.
        name: of the network; layers of another one than the encoder have it before their names.
    """
    inputs = [keras.Input((size, size, n), name=known) for known, n in (("visible", 3), ("mask", 1), ("seen", 3))]
    prefix = "" if name == "encoder" else f"{name}_"
    x = fold_pixels(layers.Concatenate(name=f"{prefix}told")(inputs), 2, f"{prefix}fold")
    return keras.Model(inputs, encode(x, widths, limit, prefix=prefix), name=name)


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
            found |= _blended(x, [picture], level, ratio, fusion_width) | _field(_field_logit(x, level), level)
        if level > 1:
            x = layers.Concatenate(name=f"skip_{level}")([x, maps[level - 2]])
    return keras.Model([picture, *maps], found, name="decoder")


def shared_decoder(
    size: int,
    encoder_widths: Sequence[int],
    widths: Sequence[int],
    scales: int = 6,
    limit: float | None = None,
    ratio: int = 8,
    fusion_width: int = 16,
) -> keras.Model:
    """The same as the other half of a U-Net; the deepest map is a level, too.

    What a level shows is made of its features after the encoder's map has joined them. Those at full size are what the
    U-Net's last convolution gives, with more channels than three. Before the maps it takes the logit of what is hidden,
    from which each level's blending map begins. A level's field adds to that of the level below: where on a face a
    pixel lies is known to maps that see the whole of it, and where exactly to those that see edges. Features count by
    their direction there, because a sum of many large ones swings about at any rate that suits a painter.

    Args:
        size: side of the picture.
        encoder_widths: channels of the maps, the largest first.
        widths: channels of the levels above the deepest map; as many as there are maps.
        scales: how many of the outermost levels show something.
        limit: of activations, see `models.u_net`.
        ratio: of the fusions' channel attention.
        fusion_width: channels between the convolutions of their blending maps.
    """
    picture, logit = keras.Input((size, size, 3), name="picture"), keras.Input((size, size, 1), name="logit")
    sides = [size >> level for level in range(1, 1 + len(encoder_widths))]
    maps = [keras.Input((s, s, w), name=f"map_{s}") for s, w in zip(sides, encoder_widths, strict=True)]
    seen = decode(maps, widths[:-1], limit)
    levels = list(enumerate([last_convolution(seen[-1], widths[-1], 2), *reversed(seen)][:scales], 1))
    found, below = {}, None
    for level, x in reversed(levels):
        unit = layers.UnitNormalization(dtype="float32", name=f"field_{level}_length")(x)
        below = _field_logit(unit, level, below)
        found |= _blended(x, [picture, logit], level, ratio, fusion_width) | _field(below, level)
    return keras.Model([picture, logit, *maps], found, name="decoder")


def _blended(x: Any, known: list[Any], level: int, ratio: int, fusion_width: int) -> dict[str, Any]:
    """Picture and blending map of a level, made of its features and of what is known at full size."""
    fusion = DualAttentionFusion(ratio, fusion_width, True, dtype="float32", name=f"fusion_{level}")
    blended, _, alpha = fusion([x, *known])
    return {f"picture_{level}": blended, f"alpha_{level}": alpha}


def _field_logit(x: Any, level: int, below: Any = None) -> Any:
    """What a level's features say of u and v, beside what the level below says."""
    logit = conv(x, 2, None, f"field_{level}", kernel_initializer="glorot_uniform", dtype="float32")
    if below is None:
        return logit
    larger = layers.UpSampling2D(interpolation="bilinear", dtype="float32", name=f"field_{level}_below")(below)
    return layers.Add(dtype="float32", name=f"field_{level}_sum")([larger, logit])


def _field(logit: Any, level: int) -> dict[str, Any]:
    return {f"field_{level}": layers.Activation("sigmoid", dtype="float32", name=f"field_{level}_shown")(logit)}


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
