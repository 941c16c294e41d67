"""The critic of the finishing stage, as a functional builder."""

from collections.abc import Sequence

import keras
from keras import layers

from tfinpaint.models.blocks import conv, fold_pixels


def patch_critic(side: int, widths: Sequence[int] = (48, 96, 192, 256)) -> keras.Model:
    """A window of a picture, and what is hidden in it -> what looks real there, and the maps that say so.

    Pixels are folded 2x2; four convolutions with leaky ReLU (0.2), the last three with stride 2, and one more. A 3x3
    convolution makes a map of logits of the maps at an eighth of the window, another one of the last maps, at a
    sixteenth. Without normalisation: a critic that sees real and painted pictures in two batches must not know them by
    their statistics. The logits have no bias: only differences of them are ever compared.

    Args:
        side: of the window in pixels, divisible by 2.
        widths: channels at a half, a quarter, an eighth and a sixteenth of the side.

    Returns:
        A model on `[(batch, side, side, 3), (batch, side, side, 1)]`, picture in [-1, 1] and 1 = hidden. It gives a
        dict: `logits`, the fine map `(batch, s, s, 1)` and the wide one, float32, of any range; `maps`, the four that
        each convolution with a stride and the last one made.

    Reference: Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", 2017 (patches); Wang et
    al., "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs", 2018 (several scales).
    """
    picture, hole = keras.Input((side, side, 3), name="picture"), keras.Input((side, side, 1), name="hole")
    x = fold_pixels(layers.Concatenate(name="picture_and_hole")([picture, hole]), 2, "fold")
    maps = []
    for i, width in enumerate(widths):
        x = conv(x, width, "leaky_relu", f"down_{i}", 4 if i else 3, strides=2 if i else 1)
        maps.append(x)
    last = conv(x, widths[-1], "leaky_relu", "last")
    logits = [
        conv(seen, 1, None, name, use_bias=False, kernel_initializer="glorot_uniform", dtype="float32")
        for name, seen in (("fine", maps[2]), ("wide", last))
    ]
    return keras.Model([picture, hole], {"logits": logits, "maps": [*maps[1:], last]}, name="patch_critic")
