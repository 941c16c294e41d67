"""LPIPS itself, where its authors' package is installed: no part of the library depends on it."""

from collections.abc import Callable

import numpy as np

from tfinpaint.errors import InputError, WeightsError

NETS = ("alex", "vgg", "squeeze")


def build_lpips_judge(net: str = "alex", *, batch_size: int = 32) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Makes a function of uint8 pictures and references `(n, height, width, 3)`, RGB -> LPIPS `(n,)`, version 0.1.

    Args:
        net: `"alex"` (the authors' choice for measuring), `"vgg"` or `"squeeze"`.
        batch_size: pictures at a time.

    Raises:
        InputError: an unknown `net`, or the package `lpips` (with PyTorch) cannot be imported.
        WeightsError: the package cannot fetch the weights of its network.

    Reference: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", 2018.
    """
    if net not in NETS:
        raise InputError(f"`net` must be one of {', '.join(NETS)}. Received: {net!r}.")
    try:
        import lpips
        import torch
    except Exception as error:  # a torchvision of another PyTorch raises RuntimeError
        raise InputError(
            f"LPIPS needs the packages lpips, torch and torchvision, which cannot be imported here ({error}): run "
            "`pip install lpips`, or measure without it: `feature_distance` over VGG16 or SqueezeNet has the same form."
        ) from error
    try:
        network = lpips.LPIPS(net=net, verbose=False).eval()
    except Exception as error:  # whatever the download raises: the answer is the same
        raise WeightsError(
            f"The weights of LPIPS ({net}) could not be fetched ({type(error).__name__}): connect once, or put the "
            "file of torchvision's network into ~/.cache/torch/hub/checkpoints."
        ) from error

    def judge(pictures: np.ndarray, references: np.ndarray) -> np.ndarray:
        _check(pictures, references)
        found = []
        with torch.no_grad():
            for start in range(0, len(pictures), batch_size):
                pair = (_channels_first(p[start : start + batch_size]) for p in (pictures, references))
                found.append(network(*map(torch.from_numpy, pair)).numpy().reshape(-1))
        return np.concatenate(found).astype(np.float64)

    return judge


def _check(pictures: np.ndarray, references: np.ndarray) -> None:
    forms = {(p.dtype.name, p.shape) for p in (pictures, references)}
    if len(forms) > 1 or pictures.dtype != np.uint8 or pictures.shape[3:] != (3,) or not len(pictures):
        raise InputError(
            "`pictures` and `references` must be uint8 of one shape (n, height, width, 3). Received: "
            + " and ".join(f"{p.dtype} of shape {p.shape}" for p in (pictures, references))
            + "."
        )


def _channels_first(pictures: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)
