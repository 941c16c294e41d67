"""The refine network of the DeepFill line in two branches, which FMODR and CA-GAN share, as a functional builder.

It takes and gives float32 NHWC tensors; pictures in [-1, 1], masks 1 = hidden.

Reference: J. Yu et al., "Generative Image Inpainting with Contextual Attention", CVPR 2018, section 4.2 (layers and
widths are those of its authors' code).
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from tfinpaint.errors import InputError
from tfinpaint.layers import ContextualAttention, SelfAdaptiveContextualAttention
from tfinpaint.models.blocks import clip, conv, convs, fold_pixels, head

ATTENTIONS = {"self_adaptive": SelfAdaptiveContextualAttention, "contextual": ContextualAttention}


def refine_generator(
    size: int,
    widths: Sequence[int] = (32, 64, 128),
    dilations: Sequence[int] = (2, 4, 8, 16),
    stem: int = 1,
    residual: bool = False,
    attention: str = "self_adaptive",
    return_attention: bool = False,
) -> keras.Model:
    """Coarsely filled picture and mask -> refined picture in [-1, 1], in two branches.

    One branch sees far through dilated convolutions, the other copies from what is visible by contextual attention at a
    quarter of the size, in the layer named `attention`; both meet in one decoder.

    Args:
        size: side of the picture.
        widths: channels at full, half and quarter size.
        dilations: of the first branch.
        stem: 1, or 2 where the first halving is a folding of pixels.
        residual: add the result to the coarse picture instead of drawing it anew.
        attention: `"self_adaptive"`, with learned kernels (FMODR), or `"contextual"`, without weights (CA-GAN).
        return_attention: also give its map, `(batch, n, n)`, see `ContextualAttention`; n = (size / 8)**2.
    """
    if attention not in ATTENTIONS:
        raise InputError(f"`attention` must be one of {', '.join(ATTENTIONS)}. Received: attention={attention!r}.")
    filled, mask = keras.Input((size, size, 3), name="filled"), keras.Input((size, size, 1), name="mask")
    ones = ops.ones_like(mask)  # shows the zero padding where the picture ends
    inputs = layers.Concatenate(name="filled_ones_mask")([filled, ones, mask])
    low, middle, high = widths
    x = _to_quarter(inputs, (low, middle, middle), stem, "far")
    x = convs(x, high, 2, "elu", "far")
    for rate in dilations:
        x = conv(x, high, "elu", f"far_dilated_{rate}", dilation_rate=rate)
    far = x
    x = _to_quarter(inputs, (low, middle, high), stem, "copy")
    x = conv(x, high, "elu", "copy_0")
    x = conv(x, high, "relu", "copy_1")
    small_mask = layers.MaxPooling2D(4, name="mask_at_quarter")(mask)
    x = ATTENTIONS[attention](rate=2, return_attention=return_attention, name="attention")([x, small_mask])
    x, *maps = x if return_attention else [x]
    copied = convs(x, high, 2, "elu", "copied")
    x = convs(layers.Concatenate(name="far_and_copied")([far, copied]), high, 2, "elu", "joint")
    x = convs(layers.UpSampling2D(name="up_half")(x), middle, 2, "elu", "half")
    if stem == 1:
        x = layers.UpSampling2D(name="up_full")(x)
        x = conv(x, low, "elu", "full_0")
        x = conv(x, low // 2, "elu", "full_1")
    else:
        x = conv(x, low, "elu", "half_low")
    x = head(x, 3, stem)
    if residual:
        x = layers.Add(dtype="float32", name="residual")([x, filled])
    return keras.Model([filled, mask], [clip(x), *maps] if maps else clip(x), name="refine_generator")


def _to_quarter(x: Any, widths: Sequence[int], stem: int, name: str) -> Any:
    """From full to quarter size; a folding stem stands for the first halving."""
    x = conv(fold_pixels(x, stem, f"{name}_fold"), widths[0], "elu", f"{name}_stem", 5)
    if stem == 1:
        x = conv(x, widths[0], "elu", f"{name}_half", strides=2)
        x = conv(x, widths[1], "elu", f"{name}_middle")
    return conv(x, widths[2], "elu", f"{name}_quarter", strides=2)
