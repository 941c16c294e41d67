"""FMODR's coarse generator in PyTorch, for `benchmarks.train_step`: the same convolutions, for their time only."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional


class CoarseGenerator(nn.Module):
    """Visible picture and mask, `(batch, 4, side, side)`, -> picture `(batch, 3, side, side)`."""

    def __init__(self, widths: Sequence[int], stem: int) -> None:
        super().__init__()
        self.stem = stem
        before = [4 * stem**2, *widths[:-1]]
        self.encoders = nn.ModuleList(
            nn.ModuleList([_conv(i, o, 2 if level else 1), _conv(o, o)])
            for level, (i, o) in enumerate(zip(before, widths, strict=True))
        )
        self.decoders = nn.ModuleList(
            nn.ModuleList([_conv(widths[level + 1], widths[level]), _conv(2 * widths[level], widths[level])])
            for level in reversed(range(len(widths) - 1))
        )
        self.head = _conv(widths[0], 3 * stem**2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x, skips = functional.pixel_unshuffle(x, self.stem), []
        for first, second in self.encoders:
            x = functional.elu(second(functional.elu(first(x))))
            skips.append(x)
        for (first, second), skip in zip(self.decoders, reversed(skips[:-1]), strict=True):
            x = functional.elu(first(functional.interpolate(x, scale_factor=2, mode="nearest")))
            x = functional.elu(second(torch.cat([x, skip], 1)))
        return functional.pixel_shuffle(self.head(x), self.stem).clamp(-1, 1)


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, 1)
