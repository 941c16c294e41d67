"""FSG-GAN's networks, as functional builders: the two halves of the structure network, the generator, three heads.

All take and give NHWC tensors, pictures in [-1, 1]; what leaves a network for a loss is float32 under any policy. With
the default widths they are the paper-size networks. A cell is a convolution, batch normalisation and swish;
`norm=False` leaves the normalisation out (kernels then start as He et al. propose, else as Glorot and Bengio do).

Reference: Cheung, Li, Zou, "Facial Structure Guided GAN for Identity-preserved Face Image De-occlusion", ICMR 2021,
sections 3.2 and 3.3 (the paper gives modules and no widths: these are of its code, or ours).
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from tfinpaint.layers import DepthToSpace, HybridDilatedConv, StraightThroughClip
from tfinpaint.models.blocks import conv, fold_pixels, head

HALVINGS = 6  # of the structure network
LOG_VARIANCE = 12.0  # lies within +- this: beyond, exp is no number to learn from


def cell(x: Any, width: int, name: str, norm: bool, kernel: int = 3, **options: Any) -> Any:
    """Convolution, batch normalisation, swish."""
    return layers.Activation("silu", name=f"{name}_swish")(_normed_conv(x, width, name, norm, kernel, **options))


def residual(x: Any, name: str, norm: bool) -> Any:
    """Adds to `x` what a cell and a normalised convolution make of it, then swish."""
    width = x.shape[-1]
    added = _normed_conv(cell(x, width, f"{name}_a", norm), width, f"{name}_b", norm)
    return layers.Activation("silu", name=f"{name}_swish")(layers.Add(name=f"{name}_add")([x, added]))


def encoder(
    size: int, widths: Sequence[int] = (32, 64, 64, 128, 128, 256), latent: int = 512, norm: bool = True
) -> keras.Model:
    """Picture -> maps at three depths, and what is drawn of a face: mean and log variance of each number.

    Args:
        size: side of the picture, a multiple of 64.
        widths: channels behind each of the six halvings; behind the first of two stands a residual cell.
        latent: how many numbers a structure is drawn of.
        norm: normalise batches.

    Returns:
        A model that gives a list: maps at a quarter, a 16th and a 64th of the side; mean and log variance, float32,
        `(batch, 1, 1, latent)`, the latter in [-12, 12] with a gradient as if there were no bound.
    """
    picture = keras.Input((size, size, 3), name="picture")
    x, maps = picture, []
    for depth in range(HALVINGS // 2):
        first, second = widths[2 * depth : 2 * depth + 2]
        x = cell(x, first, f"half_{depth}", norm, strides=2)
        x = cell(residual(x, f"residual_{depth}", norm), second, f"depth_{depth}", norm, strides=2)
        maps.append(x)
    x = cell(x, latent, "gathered", norm, x.shape[1], padding="valid")
    x = conv(x, 2 * latent, None, "moments", 1, kernel_initializer="glorot_uniform", dtype="float32")
    mean, log_variance = ops.split(x, 2, axis=-1)
    bounded = StraightThroughClip(-LOG_VARIANCE, LOG_VARIANCE, dtype="float32", name="log_variance")(log_variance)
    return keras.Model(picture, [*maps, mean, bounded], name="encoder")


def decoder(
    size: int, widths: Sequence[int] = (256, 128, 128, 64, 64, 64), latent: int = 512, norm: bool = True
) -> keras.Model:
    """What was drawn, `(batch, 1, 1, latent)` -> the structure, `(batch, size, size, 3)`: a blurred face.

    A transposed convolution to a 64th of the side, five enlargements by convolution and unfolding, one by repetition.

    Args:
        size: side of the structure, a multiple of 64.
        widths: channels from the lowest resolution to half of the side.
        latent: numbers that were drawn.
        norm: normalise batches.
    """
    drawn = keras.Input((1, 1, latent), name="drawn")
    options = {"kernel_initializer": _start(norm), "name": "spread"}
    x = layers.Conv2DTranspose(widths[0], size // 2**HALVINGS, **options)(drawn)
    x = layers.BatchNormalization(name="spread_norm")(x) if norm else x
    x = layers.Activation("silu", name="spread_swish")(x)
    for i, width in enumerate(widths[1:], start=1):
        x = conv(x, 4 * width, "leaky_relu", f"shuffle_{i}", kernel_initializer=_start(norm))
        x = DepthToSpace(2, name=f"unfold_{i}")(x)
        if i in (1, 3, 5):
            x = residual(x, f"residual_{i}", norm)
    x = layers.UpSampling2D(name="up")(x)
    options = {"kernel_initializer": "glorot_uniform", "dtype": "float32"}
    return keras.Model(drawn, conv(x, 3, "tanh", "structure", **options), name="decoder")


def generator(
    size: int,
    widths: Sequence[int] = (64, 128, 256),
    full_width: int = 64,
    dilations: Sequence[int] = (1, 2, 5),
    arrangement: str = "parallel",
    global_pool: bool = False,
    norm: bool = True,
) -> keras.Model:
    """Occluded picture and structure -> the face without what hid it: a U-Net (section 3.3.1, figure 4).

    Args:
        size: side of the picture, a multiple of 8.
        widths: channels of the three encoder blocks: a halving, a `HybridDilatedConv`, a residual cell.
        full_width: channels of a cell in front, at full size; 0: 2x2 pixels are folded into channels there, which
            stands for the first halving, and unfolded last.
        dilations: rates of the dilated convolutions; empty: without those layers.
        arrangement: see `HybridDilatedConv`.
        global_pool: see there.
        norm: normalise batches.
    """
    picture, structure = (keras.Input((size, size, 3), name=name) for name in ("picture", "structure"))
    x = layers.Concatenate(name="picture_and_structure")([picture, structure])
    x = cell(x, full_width, "full", norm) if full_width else fold_pixels(x, 2, "fold")
    skips = [x] if full_width else []
    for level, width in enumerate(widths):
        x = cell(x, width, f"encode_{level}", norm, strides=2 if level or full_width else 1)
        if dilations:
            x = HybridDilatedConv(width, dilations, arrangement, norm, global_pool, name=f"hdc_{level}")(x)
        x = residual(x, f"residual_{level}", norm)
        skips.append(x)
    for level in reversed(range(len(skips) - 1)):
        skip = skips[level]
        x = cell(layers.UpSampling2D(name=f"up_{level}")(x), skip.shape[-1], f"decode_{level}_a", norm)
        x = cell(layers.Concatenate(name=f"skip_{level}")([x, skip]), skip.shape[-1], f"decode_{level}_b", norm)
    painted = layers.Activation("tanh", dtype="float32", name="painted")(head(x, 3, 1 if full_width else 2))
    return keras.Model([picture, structure], painted, name="generator")


def heads(maps: Sequence[Any], width: int = 256, norm: bool = True, plain: bool = False) -> keras.Model:
    """The encoder's three maps -> three maps of logits, float32: is this a photo? (section 3.3.2)

    The first two maps are halved and seen place by place, the last one as a whole.

    Args:
        maps: symbolic, of the encoder.
        width: channels of each head's hidden layer.
        norm: normalise batches.
        plain: as the paper's text has it: "a convolution, a nonlinear activation, and a linear unit", neither halving
            nor normalisation.
    """
    inputs = [keras.Input(x.shape[1:], name=f"depth_{i}") for i, x in enumerate(maps)]
    logits = []
    for i, x in enumerate(inputs):
        kernel = 1 if plain or i < len(maps) - 1 else x.shape[1]
        if not plain and i < len(maps) - 1:
            x = layers.AveragePooling2D(2, name=f"halved_{i}")(x)
        x = cell(x, width, f"hidden_{i}", norm and not plain, kernel, padding="valid")
        logits.append(conv(x, 1, None, f"logit_{i}", 1, kernel_initializer="glorot_uniform", dtype="float32"))
    return keras.Model(inputs, logits, name="heads")


def _start(norm: bool) -> str:
    return "glorot_uniform" if norm else "he_normal"


def _normed_conv(x: Any, width: int, name: str, norm: bool, kernel: int = 3, **options: Any) -> Any:
    x = conv(x, width, None, name, kernel, kernel_initializer=_start(norm), **options)
    return layers.BatchNormalization(name=f"{name}_norm")(x) if norm else x
