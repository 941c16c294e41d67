"""Pieces that networks of several models are built of; each takes and gives NHWC tensors of a functional model.

Convolutions are 3x3, pad with zeros and start as He et al. propose, unless told otherwise. Folding 2x2 pixels into
channels first and unfolding them last keeps a small network's arithmetic where a processor is fast.
"""

from typing import Any

from keras import layers, ops

from tfinpaint.layers import DepthToSpace, SpaceToDepth, StraightThroughClip


def conv(x: Any, width: int, activation: str | None, name: str, kernel: int = 3, **options: Any) -> Any:
    """One convolution to `width` channels; `options` are those of `keras.layers.Conv2D`."""
    options = {"padding": "same", "kernel_initializer": "he_normal", **options}
    return layers.Conv2D(width, kernel, activation=activation, name=name, **options)(x)


def convs(x: Any, width: int, count: int, activation: str | None, name: str) -> Any:
    """`count` convolutions to `width` channels, named `name_0`, `name_1` and so on."""
    for i in range(count):
        x = conv(x, width, activation, f"{name}_{i}")
    return x


def fold_pixels(x: Any, block: int, name: str) -> Any:
    """Blocks of `block x block` pixels become channels; 1: as it was."""
    return x if block == 1 else SpaceToDepth(block, name=name)(x)


def head(
    x: Any, channels: int, block: int, name: str = "head", unfold: str = "unfold", start: str = "glorot_uniform"
) -> Any:
    """The last convolution, float32 under any policy, and back to full size where `block` pixels were folded.

    Args:
        x: `(batch, height, width, c)`.
        channels: of the result `(batch, block * height, block * width, channels)`, of any range.
        block: side of the blocks that were folded.
        name: of the convolution.
        unfold: name of the layer that unfolds.
        start: initialiser of its kernel; "zeros" where the result is added to something.
    """
    x = conv(x, channels * block**2, None, name, kernel_initializer=start, dtype="float32")
    return x if block == 1 else DepthToSpace(block, dtype="float32", name=unfold)(x)


def clip(x: Any) -> Any:
    """To [-1, 1], float32; the gradient passes as if there were no clip."""
    return StraightThroughClip(dtype="float32", name="clip")(x)


def shrink(x: Any, by: int) -> Any:
    """Means of blocks of `by x by` pixels; 1: as it was."""
    return x if by == 1 else ops.average_pool(ops.cast(x, "float32"), by, by)


def enlarge(x: Any, by: int) -> Any:
    """Each side times `by`, bilinear; 1: as it was."""
    return x if by == 1 else ops.image.resize(x, (by * x.shape[1], by * x.shape[2]), interpolation="bilinear")
