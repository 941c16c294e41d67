"""The U-Net that paints coarsely in FMODR, and in small presets of CA-GAN and FSG-GAN, as a functional builder.

It takes and gives float32 NHWC tensors; pictures in [-1, 1], masks 1 = hidden.

Reference: Lu et al., "Toward High-quality Face-Mask Occluded Restoration", ACM TOMM 2022, section 4.1 (the paper gives
no layer list: widths are ours within its text).
"""

import itertools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tfinpaint.errors import InputError
from tfinpaint.layers import HybridDilatedConv
from tfinpaint.models.blocks import clip, conv, fold_pixels, head

WHITE = 1.0  # what the U-Nets of CA-GAN and FSG-GAN see in place of what is hidden
_BESIDE = {"mask": 1, "structure": 3, "seen": 3}  # channels of what is known beside the picture
_FIRST = "encode_0_a"  # the layer that sees them


def u_net(
    size: int,
    widths: Sequence[int] = (32, 64, 128, 256, 256),
    stem: int = 1,
    limit: float | None = None,
    beside: Sequence[str] = ("mask",),
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
        beside: what it sees in this order: `"mask"`, the picture is hidden there; `"structure"`, a picture that leads;
            `"seen"`, the picture with what hides it.
        dilations: the three highest resolutions add to what they see what a `HybridDilatedConv` of these rates sees;
            empty: they do not.
        arrangement: of these.
        name: of the network.
    """

    visible = keras.Input((size, size, 3), name="visible")
    inputs = [visible, *(keras.Input((size, size, _BESIDE[known]), name=known) for known in beside)]
    x = fold_pixels(layers.Concatenate(name="visible_and_known")(inputs), stem, "stem_fold")
    x = decode(encode(x, widths, limit, dilations, arrangement), widths[-2::-1], limit)[-1]
    return keras.Model(inputs, clip(head(x, 3, stem)), name=name)


def refining_u_net(
    size: int, widths: Sequence[int], stem: int = 1, limit: float | None = None, name: str = "refine_generator"
) -> keras.Model:
    """Filled picture and mask -> refined picture in [-1, 1]: a U-Net that adds detail to it, and at first nothing.

    Args:
        size: see `u_net`, as for the others.
        widths: see there.
        stem: see there.
        limit: see there.
        name: of the network.
    """
    filled, mask = keras.Input((size, size, 3), name="filled"), keras.Input((size, size, 1), name="mask")
    x = fold_pixels(layers.Concatenate(name="filled_and_mask")([filled, mask]), stem, "stem_fold")
    maps = encode(x, widths, limit)
    x = head(decode(maps, widths[-2::-1], limit)[-1], 3, stem, start="zeros")
    return keras.Model([filled, mask], clip(layers.Add(dtype="float32", name="residual")([x, filled])), name=name)


def encode(
    x: Any,
    widths: Sequence[int],
    limit: float | None = None,
    dilations: Sequence[int] = (),
    arrangement: str = "parallel",
    prefix: str = "",
) -> list[Any]:
    """The half of a U-Net that goes down: two convolutions at each resolution, and their maps, the largest first.

    Args:
        x: `(batch, height, width, c)`, folded.
        widths: see `u_net`, as for the others.
        limit: see there.
        dilations: see there.
        arrangement: see there.
        prefix: of the layers' names.
    """
    maps = []
    for level, width in enumerate(widths):
        x = conv(x, width, "elu", f"{prefix}encode_{level}_a", strides=2 if level else 1)
        x = _bounded(x, limit, level)
        if dilations and level < 3:
            seen = HybridDilatedConv(width, dilations, arrangement, norm=False, name=f"hdc_{level}")(x)
            x = layers.Add(name=f"hdc_{level}_add")([x, seen])
        x = _bounded(conv(x, width, "elu", f"{prefix}encode_{level}_b"), limit, level)
        maps.append(x)
    return maps


def decode(maps: Sequence[Any], widths: Sequence[int], limit: float | None = None) -> list[Any]:
    """The half that comes up again: what it sees at each resolution, the lowest first.

    Args:
        maps: of `encode`.
        widths: channels at each resolution but the lowest, from the second lowest up.
        limit: see `u_net`.
    """
    x = maps[-1]
    seen = [x]
    for level, width in zip(reversed(range(len(maps) - 1)), widths, strict=True):
        x = layers.UpSampling2D(name=f"up_{level}")(x)
        x = _bounded(conv(x, width, "elu", f"decode_{level}_a"), limit, level)
        x = layers.Concatenate(name=f"skip_{level}")([x, maps[level]])
        x = _bounded(conv(x, width, "elu", f"decode_{level}_b"), limit, level)
        seen.append(x)
    return seen


def _bounded(x: Any, limit: float | None, level: int) -> Any:
    return x if limit is None else ops.minimum(x, limit * 2**level)


def take_over(networks: Sequence[keras.Model], other: keras.Model) -> None:
    """Lets a U-Net begin as another one that has learned to paint.

    It then paints what the other one paints, where nothing is marked as hidden if only the other one is told a mask:
    kernels that see what the other one does not see begin at 0, and so does what hybrid dilated convolutions add.
    Layers that the other one does not have, and channels of the last convolution beyond the three colours, stay as
    they are.

    Args:
        networks: by `u_net`, or made of `encode`, `decode` and `head`; their weights are replaced.
        other: by `u_net`, of the same widths and folding.

    Raises:
        InputError: these are no U-Nets of the same widths.
    """
    mine = {layer.name: layer for network in networks for layer in network.layers if layer.weights}
    theirs = {layer.name: layer for layer in other.layers if layer.weights}
    if (
        not _fits(mine, theirs)
        or len(blocks := {_folded(x[_FIRST], network) for x, network in ((mine, networks[0]), (theirs, other))}) > 1
    ):
        raise InputError(
            "A U-Net begins as another one of the same widths and folding. "
            f"Received: {networks[0].name!r} and {other.name!r}, which differ."
        )
    for layer in mine.values():
        if isinstance(layer, HybridDilatedConv):
            layer.convs["fuse"].kernel.assign(0 * layer.convs["fuse"].kernel)
    (pixels,) = blocks
    for name, layer in theirs.items():
        kernel, bias = layer.get_weights()
        if name == _FIRST:
            kernel = _first_channels(kernel, _seen_by_both(networks[0], other), mine[name].kernel.shape[2], pixels)
        elif name == "head":
            kernel, bias = (
                _last_colours(new, old, pixels)
                for new, old in zip(mine[name].get_weights(), (kernel, bias), strict=True)
            )
        mine[name].set_weights([kernel, bias])


def _fits(mine: dict[str, layers.Layer], theirs: dict[str, layers.Layer]) -> bool:
    """Whether both are U-Nets of the same levels and widths; their last convolutions may differ."""
    ours, others = ({name for name in x if name.startswith(("encode_", "decode_"))} for x in (mine, theirs))
    if ours != others or not ours or not {_FIRST, "head"} <= mine.keys() & theirs.keys():
        return False
    return all(mine[name].bias.shape == theirs[name].bias.shape for name in ours)


def _folded(first: layers.Layer, network: keras.Model) -> int:
    """How many pixels are folded into the channels that the first convolution sees."""
    return first.kernel.shape[2] // sum(x.shape[-1] for x in network.inputs)


def _seen_by_both(network: keras.Model, other: keras.Model) -> int:
    """Channels of the picture, and of what follows it in both."""
    pairs = zip(network.inputs[1:], other.inputs[1:], strict=False)
    both = itertools.takewhile(lambda pair: pair[0].name == pair[1].name, pairs)
    return 3 + sum(mine.shape[-1] for mine, _ in both)


def _first_channels(kernel: np.ndarray, shared: int, channels: int, pixels: int) -> np.ndarray:
    """A kernel on folded pixels as one of another number of channels, which sees the first ones of each pixel."""
    height, width, _, filters = kernel.shape
    kept = kernel.reshape(height, width, pixels, -1, filters)[..., :shared, :]
    added = [(0, 0)] * 3 + [(0, channels // pixels - shared), (0, 0)]
    return np.pad(kept, added).reshape(height, width, channels, filters)


def _last_colours(new: np.ndarray, old: np.ndarray, pixels: int) -> np.ndarray:
    """Weights of the last convolution, the first three channels of each folded pixel replaced."""
    parts = new.reshape(*new.shape[:-1], pixels, -1).copy()
    parts[..., :3] = old.reshape(*old.shape[:-1], pixels, 3)
    return parts.reshape(new.shape)
