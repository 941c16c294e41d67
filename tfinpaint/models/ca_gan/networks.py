"""CA-GAN's coarse network and critics, as functional builders; `models/two_branches.py` has the refine network.

All take and give float32 NHWC tensors; pictures in [-1, 1], masks 1 = hidden. With `stem=1` and the default widths they
are the paper-size networks; `stem=2` folds 2x2 pixels into channels first and unfolds them last, which keeps a small
network's arithmetic where a processor is fast.

Reference: Shah et al., "Generative Adversarial Networks for Inpainting Occluded Face Images", sections IV-A and IV-C.
The paper gives no layer list: layers and widths are those of the code of the network that it takes over (J. Yu et al.,
"Generative Image Inpainting with Contextual Attention", CVPR 2018).
"""

from collections.abc import Sequence

import keras
from keras import layers, ops

from tfinpaint.models.blocks import clip, conv, convs, fold_pixels, head


def coarse_generator(
    size: int, widths: Sequence[int] = (32, 64, 128), dilations: Sequence[int] = (2, 4, 8, 16), stem: int = 1
) -> keras.Model:
    """Picture with white holes and mask -> coarse picture in [-1, 1]: down, dilated convolutions, up (section IV-A).

    ELU, no normalisation, nothing handed across.

    Args:
        size: side of the picture, divisible by `4 * stem`.
        widths: channels at full, half and quarter size (of the stem's output).
        dilations: of the convolutions at the lowest resolution.
        stem: side of the pixel blocks that are folded into channels.
    """
    low, middle, high = widths
    visible, mask = keras.Input((size, size, 3), name="visible"), keras.Input((size, size, 1), name="mask")
    ones = ops.ones_like(mask)  # shows the zero padding where the picture ends
    x = layers.Concatenate(name="visible_ones_mask")([visible, ones, mask])
    x = conv(fold_pixels(x, stem, "stem_fold"), low, "elu", "stem", 5)
    x = conv(conv(x, middle, "elu", "to_half", strides=2), middle, "elu", "half")
    x = convs(conv(x, high, "elu", "to_quarter", strides=2), high, 2, "elu", "quarter")
    for rate in dilations:
        x = conv(x, high, "elu", f"dilated_{rate}", dilation_rate=rate)
    x = convs(x, high, 2, "elu", "latent")
    x = convs(layers.UpSampling2D(name="up_half")(x), middle, 2, "elu", "decode_half")
    x = conv(layers.UpSampling2D(name="up_full")(x), low, "elu", "decode_full_0")
    if stem == 1:
        x = conv(x, low // 2, "elu", "decode_full_1")
    return keras.Model([visible, mask], clip(head(x, 3, stem)), name="coarse_generator")


def critic(side: int, widths: Sequence[int] = (64, 128, 256, 256), name: str = "critic") -> keras.Model:
    """Picture -> one number of any range, `(batch, 1)`, the higher the more real (section IV-C).

    Stride-2 5x5 convolutions with leaky ReLU (0.2), then one dense layer. It has no bias, because only differences of
    its answers are ever taken. Float32 under every policy: the gradient penalty is a gradient of a gradient.

    Args:
        side: of the picture.
        widths: channels after each convolution; the paper-size local critic, on 128 px, has (64, 128, 256, 512).
        name: of the network.
    """
    x = picture = keras.Input((side, side, 3), name="picture", dtype="float32")
    for i, width in enumerate(widths):
        x = conv(x, width, None, f"{name}_{i}", 5, strides=2, dtype="float32")
        x = layers.LeakyReLU(0.2, name=f"{name}_{i}_leaky", dtype="float32")(x)
    x = layers.Flatten(name=f"{name}_flat", dtype="float32")(x)
    score = layers.Dense(1, use_bias=False, name=f"{name}_score", dtype="float32")(x)
    return keras.Model(picture, score, name=name)
