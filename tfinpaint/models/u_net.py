"""The U-Net that paints coarsely in FMODR, and in small presets of CA-GAN and FSG-GAN, as a functional builder.

It takes and gives float32 NHWC tensors; pictures in [-1, 1], masks 1 = hidden.

Reference: Lu et al., "Toward High-quality Face-Mask Occluded Restoration", ACM TOMM 2022, section 4.1 (the paper gives
no layer list: widths are ours within its text).
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tfinpaint.errors import InputError
from tfinpaint.layers import HybridDilatedConv
from tfinpaint.models.blocks import clip, conv, fold_pixels, head

_BESIDE = {"mask": 1, "structure": 3}  # channels of what is known beside the picture
_FIRST = "encode_0_a"  # the layer that sees them


def u_net(
    size: int,
    widths: Sequence[int] = (32, 64, 128, 256, 256),
    stem: int = 1,
    limit: float | None = None,
    beside: str = "mask",
    dilations: Sequence[int] = (),
    arrangement: str = "parallel",
    name: str = "coarse_generator",
) -> keras.Model:
    """Picture and what is known beside it -> picture in [-1, 1]: ELU, no normalisation.

    Args:
        size: side of the picture, divisible by `stem * 2 ** (len(widths) - 1)`.
        widths: channels, from the highest resolution to the lowest.
        stem: side of the pixel blocks that are folded into channels.
        limit: the greatest value of an activation at the highest resolution; with each halving of the side it doubles.
            Without one a few pixels of a few faces grow by a factor of hundreds in the last convolutions.
        beside: `"mask"`, the picture is hidden there; or `"structure"`, a picture that leads.
        dilations: the three highest resolutions add to what they see what a `HybridDilatedConv` of these rates sees;
            empty: they do not.
        arrangement: of these.
        name: of the network.
    """

    def bounded(x: Any, level: int) -> Any:
        return x if limit is None else ops.minimum(x, limit * 2**level)

    visible = keras.Input((size, size, 3), name="visible")
    known = keras.Input((size, size, _BESIDE[beside]), name=beside)
    x = fold_pixels(layers.Concatenate(name=f"visible_and_{beside}")([visible, known]), stem, "stem_fold")
    skips = []
    for level, width in enumerate(widths):
        x = bounded(conv(x, width, "elu", f"encode_{level}_a", strides=2 if level else 1), level)
        if dilations and level < 3:
            seen = HybridDilatedConv(width, dilations, arrangement, norm=False, name=f"hdc_{level}")(x)
            x = layers.Add(name=f"hdc_{level}_add")([x, seen])
        x = bounded(conv(x, width, "elu", f"encode_{level}_b"), level)
        skips.append(x)
    for level in reversed(range(len(widths) - 1)):
        x = layers.UpSampling2D(name=f"up_{level}")(x)
        x = bounded(conv(x, widths[level], "elu", f"decode_{level}_a"), level)
        x = layers.Concatenate(name=f"skip_{level}")([x, skips[level]])
        x = bounded(conv(x, widths[level], "elu", f"decode_{level}_b"), level)
    return keras.Model([visible, known], clip(head(x, 3, stem)), name=name)


def take_over(network: keras.Model, other: keras.Model) -> None:
    """Lets a U-Net begin as another one that has learned to paint.

    It then paints what the other one paints where nothing is marked as hidden: kernels that see what lies beside the
    picture begin at 0, and so does what hybrid dilated convolutions add.

    Args:
        network: by `u_net`; its weights are replaced.
        other: by `u_net`, of the same widths and folding.

    Raises:
        InputError: these are no U-Nets of the same widths.
    """
    mine, theirs = ({layer.name: layer for layer in x.layers if layer.weights} for x in (network, other))
    new = {name for name, layer in mine.items() if isinstance(layer, HybridDilatedConv)}
    if mine.keys() - new != theirs.keys() or any(
        mine[name].bias.shape != layer.bias.shape for name, layer in theirs.items()
    ):
        raise InputError(
            "A U-Net begins as another one of the same widths and folding. "
            f"Received: {network.name!r} and {other.name!r}, which differ."
        )
    for name in new:
        mine[name].convs["fuse"].kernel.assign(0 * mine[name].convs["fuse"].kernel)
    for name, layer in theirs.items():
        kernel = ops.convert_to_numpy(layer.kernel)
        if name == _FIRST:
            (height, width, channels, filters), seen = kernel.shape, 3 + _BESIDE[other.inputs[1].name]
            added = [(0, 0)] * 3 + [(0, _BESIDE[network.inputs[1].name]), (0, 0)]
            blocks = kernel.reshape(height, width, channels // seen, seen, filters)[..., :3, :]
            kernel = np.pad(blocks, added).reshape(height, width, -1, filters)
        mine[name].set_weights([kernel, ops.convert_to_numpy(layer.bias)])
