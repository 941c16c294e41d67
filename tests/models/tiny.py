"""The one table of models under test, each in a tiny size, and what they are fed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Tiny(NamedTuple):
    """How a model is tested.

    Attributes:
        cls: dotted name of the class.
        arguments: of a tiny model's constructor.
        features: for `compile`: random stand-ins, so that nothing is fetched.
        prepare: takes the new model and makes its weights fit the test's pictures.
    """

    cls: str
    arguments: dict[str, Any]
    features: dict[str, str]
    prepare: Callable


def see_white(model: Any) -> None:
    """Sets a few of FMODR's detector weights so that it finds what is white; all others stay random."""
    full, decode, head = (model.detector.get_layer(n) for n in ("full", "decode_full", "head"))
    kernel, bias = (w.numpy() for w in full.weights)
    kernel[..., 0], bias[0] = 0, -8
    kernel[2, 2, :, 0] = 10 / kernel.shape[2]
    full.set_weights([kernel, bias])
    kernel, bias = (w.numpy() for w in decode.weights)
    kernel[..., 0] = 0
    kernel[1, 1, -full.filters, 0] = 1
    decode.set_weights([kernel, bias])
    kernel, bias = (w.numpy() for w in head.weights)
    kernel *= 0.01
    kernel[:, :, 0] = 0
    kernel[1, 1, 0] = 10
    head.set_weights([kernel, bias - 5])


def add_little(model: Any) -> None:
    """Lets C2FDAN's fine network add little to the coarse picture, as a new one does; random heads saturate."""
    kernel = model.fine_network.get_layer("head").kernel
    kernel.assign(kernel * 0.05)


MODELS = {
    "c2fdan": Tiny(
        "tfinpaint.models.C2FDAN",
        {
            "image_size": 64,
            "coarse_widths": (4, 8, 8),
            "mask_widths": (4, 4),
            "fine_widths": (4, 8, 8),
            "attention_width": 4,
            "gradient": "straight_through",
            "residual": True,
            "near": True,
            "mirrored": True,
            "critic_widths": (4, 8, 8),
            "identity_window": 32,
            "stem": 2,
        },
        {"identity_maps": "random"},
        prepare=add_little,
    ),
    "fmodr": Tiny(
        "tfinpaint.models.FMODR",
        {
            "image_size": 64,
            "detector_widths": (4, 8, 8),
            "detector_skips": True,
            "coarse_widths": (4, 8, 8, 8),
            "refine_widths": (4, 4, 8),
            "refine_dilations": (2,),
            "residual": True,
            "critic_widths": (4, 8, 8),
            "critic_dense": 8,
            "stem": 2,
        },
        {"perceptual": "random", "identity": "random"},
        prepare=see_white,
    ),
}


def make(name: str, seed: int = 0, **changes: Any) -> Any:
    """The tiny model of that name, with weights that are a function of the seed."""
    import importlib

    module, cls = MODELS[name].cls.rsplit(".", 1)
    model = getattr(importlib.import_module(module), cls)(**{**MODELS[name].arguments, **changes})
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        if variable.path.endswith("kernel") and variable.name not in ("row_kernel", "column_kernel"):
            fan_in = int(np.prod(variable.shape[:-1]))
            variable.assign(rng.normal(0, np.sqrt(2 / fan_in), variable.shape))
        elif variable.path.endswith("bias"):  # at exactly 0 the backends stand on different sides of a ReLU's kink
            variable.assign(rng.normal(0, 0.02, variable.shape))
    MODELS[name].prepare(model)
    return model


def stages(name: str) -> list[str]:
    """The names of the stages of the small recipe of a model."""
    import importlib

    module, cls = MODELS[name].cls.rsplit(".", 1)
    return [s.name for s in getattr(importlib.import_module(module), cls).recipes["small"].stages]


def batch(seed: int = 0, count: int = 2, size: int = 64) -> dict[str, np.ndarray]:
    """A batch of smooth dim noise with a white block in front, as the pipeline would give it."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(-1, 1, (count, size // 8, size // 8, 3))
    image = np.clip(np.kron(coarse, np.ones((1, 8, 8, 1))) + rng.normal(0, 0.05, (count, size, size, 3)), -0.6, 0.6)
    mask = np.zeros((count, size, size, 1))
    for i in range(count):
        top, left = rng.integers(2, size // 4, 2) * 2  # on the grid of the folding stem
        mask[i, top : top + size // 4, left : left + size // 4] = 1
    occluded = image * (1 - mask) + mask
    valid = np.ones_like(mask)
    return {k: v.astype("float32") for k, v in dict(image=image, occluded=occluded, mask=mask, valid=valid).items()}
