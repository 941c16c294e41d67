"""C2FDAN's two painting networks, as functional builders; `critics.py` has those that judge.

All take and give float32 NHWC tensors; pictures in [-1, 1], masks 1 = hidden. With `stem=1` and the default widths they
are the paper-size networks; `stem=2` folds 2x2 pixels into channels first and unfolds them last, which keeps a small
network's arithmetic where a processor is fast.

Reference: Hörmann et al., "A Coarse-to-Fine Dual Attention Network for Blind Face Completion", FG 2021, section III-B.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from tfinpaint.layers import DMFB, PatchCrossAttention, PixelSelfAttention, PullPush
from tfinpaint.models.blocks import clip, conv, convs, fold_pixels, head
from tfinpaint.models.c2fdan.critics import mirror


def coarse_network(
    size: int,
    widths: Sequence[int] = (64, 128, 256),
    mask_widths: Sequence[int] | None = None,
    mirrored: bool = False,
    stem: int = 1,
) -> keras.Model:
    """Occluded picture -> coarse picture in [-1, 1] and the logit of the mask: one encoder, two decoders.

    Args:
        size: side of the picture, divisible by `stem * 2 ** (len(widths) - 1)`.
        widths: channels, from the highest resolution to the lowest.
        mask_widths: of the mask's decoder, without the lowest; None for those of the picture's, as in the paper.
        mirrored: the picture's decoder also sees each skip mirrored: an aligned face's left eye where its right one is.
        stem: side of the pixel blocks that are folded into channels.
    """
    image = keras.Input((size, size, 3), name="occluded")
    x, skips = fold_pixels(image, stem, "fold"), []
    for level, width in enumerate(widths):
        x = conv(x, width, "leaky_relu", f"encode_{level}_a", strides=2 if level else 1)
        x = conv(x, width, "leaky_relu", f"encode_{level}_b")
        skips.append(x)
    x = DMFB("leaky_relu", name="dmfb")(x)
    latent = conv(x, widths[-1], "leaky_relu", "latent")
    outputs = {}
    for branch, channels, branch_widths in (("face", 3, widths[:-1]), ("mask", 1, mask_widths or widths[:-1])):
        x = latent
        for level in reversed(range(len(widths) - 1)):
            x = layers.UpSampling2D(name=f"{branch}_up_{level}")(x)
            x = _join(
                [x, skips[level]], skips[level] if mirrored and branch == "face" else None, f"{branch}_skip_{level}"
            )
            x = convs(x, branch_widths[level], 3, "relu", f"{branch}_{level}")
        outputs[branch] = head(x, channels, stem, f"{branch}_head", f"{branch}_head_unfold")
    outputs["face"] = clip(outputs["face"])
    return keras.Model(image, {"painted": outputs["face"], "mask_logit": outputs["mask"]}, name="coarse_network")


def fine_network(
    size: int,
    widths: Sequence[int] = (64, 128, 256),
    attention_width: int = 64,
    gradient: str = "hard",
    residual: bool = False,
    near: bool = False,
    mirrored: bool = False,
    stem: int = 1,
    normalize: bool = False,
) -> keras.Model:
    """Coarsely filled picture and soft mask -> fine picture in [-1, 1]; ELU everywhere.

    Three branches meet at half size: the encoder's skip, the patch-wise cross-attention, and the pixel-wise
    self-attention, which works at a quarter of the size.

    Args:
        size: side of the picture, divisible by `8 * stem`.
        widths: channels at full, half and quarter size (of the stem's output).
        attention_width: channels of the branch with cross-attention.
        gradient: see `PatchCrossAttention`.
        residual: add the result to the filled picture instead of drawing it anew.
        near: see the colours that spread into the hole from around it, too, and choose for each pixel how much of them
            stands in the picture that the result is added to; needs `residual`.
        mirrored: see the skips at full and at half size mirrored, too.
        stem: side of the pixel blocks that are folded into channels.
        normalize: of the self-attention, see `PixelSelfAttention`.
    """
    picture, mask = keras.Input((size, size, 3), name="filled"), keras.Input((size, size, 1), name="mask")
    filled = picture
    low, middle, high = widths
    spread = [PullPush(dtype="float32", name="spread")([filled, mask])] if near else []
    x = fold_pixels(layers.Concatenate(name="filled_and_mask")([filled, mask, *spread]), stem, "fold")
    full = convs(x, low, 2, "elu", "full")
    half = _halve(full, middle, "half")
    small_mask = layers.AveragePooling2D(2 * stem, dtype="float32", name="mask_at_half")(mask)
    copied = PatchCrossAttention(attention_width, gradient, name="cross_attention")([half, small_mask])
    copied = conv(DMFB("elu", name="cross_dmfb")(copied), attention_width, "elu", "cross")
    x = PixelSelfAttention(normalize=normalize, name="self_attention")(_halve(half, high, "quarter"))
    x = conv(DMFB("elu", name="self_dmfb")(x), high, "elu", "self")
    gathered = conv(layers.UpSampling2D(name="up_half")(x), middle, "elu", "self_half")
    x = _join([half, copied, gathered], half if mirrored else None, "three_branches")
    x = DMFB("elu", name="fused_dmfb")(conv(x, middle, "elu", "fused"))
    x = _join([layers.UpSampling2D(name="up_full")(x), full], full if mirrored else None, "skip_full")
    start = "zeros" if residual else "glorot_uniform"  # an adding network begins at the coarse picture
    x = head(convs(x, low, 3, "elu", "decode"), 4 if near else 3, stem, "head", "head_unfold", start)
    if near:
        share = ops.sigmoid(x[..., 3:])
        filled, x = (1.0 - share) * filled + share * spread[0], x[..., :3]
    if residual:
        x = layers.Add(dtype="float32", name="residual")([x, filled])
    return keras.Model([picture, mask], clip(x), name="fine_network")


def _halve(x: Any, width: int, name: str) -> Any:
    return conv(conv(x, width, "elu", f"{name}_0", strides=2), width, "elu", f"{name}_1")


def _join(maps: list, turned: Any, name: str) -> Any:
    """As channels; behind them `turned`, where one is given, with left and right exchanged."""
    return layers.Concatenate(name=name)(maps if turned is None else [*maps, mirror(turned)])
