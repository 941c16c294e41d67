"""CA-GAN's generator at the paper's size in PyTorch, for `benchmarks.attention_forms`: for its time only."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

UP = "up"
SEEN = 5  # channels: picture, ones, mask
DILATED = tuple((128, 3, 1, rate) for rate in (2, 4, 8, 16))
TO_PICTURE = (UP, (64,), (64,), UP, (32,), (16,))


class Generator(nn.Module):
    """Picture and mask, `(batch, 3 and 1, side, side)`, -> completed picture.

    Args:
        attend: features and mask at a quarter of the side -> features.
    """

    def __init__(self, attend: Callable) -> None:
        super().__init__()
        self.attend = attend
        down = ((32, 5), (64, 3, 2), (64,), (128, 3, 2), (128,), (128,))
        self.coarse = nn.Sequential(_chain(SEEN, *down, *DILATED, (128,), (128,), *TO_PICTURE), _last())
        self.far = _chain(SEEN, (32, 5), (32, 3, 2), (64,), (64, 3, 2), (128,), (128,), *DILATED)
        self.copy = _chain(SEEN, (32, 5), (32, 3, 2), (64,), (128, 3, 2), (128,), (128,))
        self.copied = _chain(128, (128,), (128,))
        self.joint = nn.Sequential(_chain(256, (128,), (128,), *TO_PICTURE), _last())

    def forward(self, picture: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        visible = picture * (1 - mask)
        coarse = visible + mask * self.coarse(_seen(visible + mask, mask)).float().clamp(-1, 1)
        seen = _seen(coarse, mask)
        attended = self.attend(self.copy(seen), functional.max_pool2d(mask, 4))
        both = torch.cat([self.far(seen), self.copied(attended)], 1)
        return visible + mask * self.joint(both).float().clamp(-1, 1)


def _seen(picture: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return torch.cat([picture, torch.ones_like(mask), mask], 1)


def _chain(inputs: int, *layers: tuple[int, ...] | str) -> nn.Sequential:
    """Convolutions `(width, kernel, stride, dilation)`, the last three 3, 1 and 1 where left out, and doublings."""
    made: list[nn.Module] = []
    for layer in layers:
        if layer == UP:
            made.append(nn.Upsample(scale_factor=2, mode="nearest"))
            continue
        width, kernel, stride, dilation = (*layer, *(3, 1, 1)[len(layer) - 1 :])
        made += [nn.Conv2d(inputs, width, kernel, stride, dilation * (kernel // 2), dilation), nn.ELU()]
        inputs = width
    return nn.Sequential(*made)


def _last() -> nn.Module:
    return nn.Conv2d(16, 3, 3, 1, 1)
