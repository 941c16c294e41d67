"""The one table of models under test, each in a tiny size, that of the toys, and what they are fed."""

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from tfinpaint.engine import FAMILIES


@dataclass(frozen=True)
class Tiny:
    """How a model is tested; what it can and cannot do stands in its contract.

    Attributes:
        cls: dotted name of the class.
        arguments: of a tiny model's constructor.
        features: for `compile`: random stand-ins, so that nothing is fetched.
        prepare: takes the new model and makes its weights fit the test's pictures.
        apart: arguments with which no sample knows of the others in its batch, where the usual ones let it.
    """

    cls: str
    arguments: dict[str, Any] = field(default_factory=dict)
    features: dict[str, str] = field(default_factory=dict)
    prepare: Callable = lambda model: None
    apart: dict[str, Any] = field(default_factory=dict)


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


def see_white_and_paint_greys(model: Any) -> None:
    """The same, and what FMODR paints is not saturated."""
    see_white(model)
    paint_greys(model)


def paint_greys(model: Any) -> None:
    """What coarse and refine network paint is not saturated: there, equal colours are a kink of a loss."""
    for network in filter(None, (model.coarse_generator, model.refine_generator)):
        kernel = network.get_layer("head").kernel
        kernel.assign(kernel * 0.1)


def draw_greys(model: Any) -> None:
    """What FSG-GAN draws and paints is not saturated, and its draws are neither all alike nor all noise."""
    layers = [(model.encoder, "moments"), (model.decoder, "structure"), (model.generator, "head")]
    for kernel in (network.get_layer(name).kernel for network, name in layers):
        kernel.assign(kernel * 0.1)


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
            "patch_critic_widths": (4, 4, 8, 8),
            "identity_window": 32,
            "stem": 2,
        },
        {"identity_maps": "random", "recogniser": "random"},
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
            "patch_critic_widths": (4, 4, 8, 8),
            "stem": 2,
        },
        {"perceptual": "random", "identity": "random", "recogniser": "random"},
        prepare=see_white_and_paint_greys,
    ),
    "ca_gan": Tiny(
        "tfinpaint.models.CAGAN",
        {
            "image_size": 64,
            "coarse_widths": (4, 4, 8),
            "coarse_dilations": (2,),
            "refine_widths": (4, 4, 8),
            "refine_dilations": (2,),
            "local_critic_widths": (4, 8),
            "global_critic_widths": (4, 8),
            "patch_critic_widths": (4, 4, 8, 8),
            "stem": 2,
        },
        {"recogniser": "random"},
        prepare=paint_greys,
    ),
    "can_dfe": Tiny(
        "tfinpaint.models.CANDFE",
        {
            "image_size": 32,
            "encoder_widths": (4, 6, 8),
            "decoder_widths": (6, 5, 4),
            "scales": 3,
            "shared": True,
            "limit": 40.0,
            "finder_widths": (4, 4, 4),
            "ratio": 2,
            "fusion_width": 4,
            "dimension": 6,
            "queue": 10,
            "temperature": 0.5,  # at the paper's 0.07 so small an encoder takes steps that are too long
            "patch_critic_widths": (4, 4, 8, 8),
        },
        {"style": "random", "recogniser": "random"},
    ),
    "fsg_gan": Tiny(
        "tfinpaint.models.FSGGAN",
        {
            "image_size": 64,
            "structure_size": 64,
            "encoder_widths": (4, 4, 4, 8, 8, 8),
            "decoder_widths": (8, 8, 8, 4, 4, 4),
            "latent": 8,
            "generator_widths": (4, 8, 8, 8),
            "shared": True,
            "limit": 40.0,
            "finder_widths": (4, 4, 4),
            "threshold": 0.5,
            "head_width": 4,
            "norm": False,
            "patch_critic_widths": (4, 4, 8, 8),
        },
        {"identity": "random", "recogniser": "random"},
        prepare=draw_greys,
    ),
    "what_hides": Tiny("tfinpaint.models.WhatHides", {"image_size": 32, "widths": (4, 6, 8), "stem": 2}),
}


# Small models that the tests of training stand on: each is a game of another kind, and cheaper than the zoo's.
TOYS = {
    "toy_ca_gan": Tiny("tests.toys.ca_gan.CAGAN"),
    "toy_can_dfe": Tiny("tests.toys.can_dfe.CANDFE"),
    "toy_fsg_gan": Tiny("tests.toys.fsg_gan.FSGGAN", features={"identity": "random"}, apart={"norm": False}),
}


def described(name: str) -> Tiny:
    """How the model or toy of that name is tested."""
    return MODELS[name] if name in MODELS else TOYS[name]


def class_of(name: str) -> type:
    """The class of the model of that name."""
    module, cls = described(name).cls.rsplit(".", 1)
    return getattr(importlib.import_module(module), cls)


def make(name: str, seed: int = 0, **changes: Any) -> Any:
    """The tiny model of that name, with weights that are a function of the seed."""
    model = with_weights(class_of(name)(**{**described(name).arguments, **changes}), seed)
    described(name).prepare(model)
    return model


def with_weights(model: Any, seed: int = 0) -> Any:
    """The model, its trainable weights drawn alike on every backend."""
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        if variable.path.endswith("kernel") and variable.name not in ("row_kernel", "column_kernel"):
            fan_in = int(np.prod(variable.shape[:-1]))
            variable.assign(rng.normal(0, np.sqrt(2 / fan_in), variable.shape))
        elif variable.path.endswith("bias"):  # at exactly 0 the backends stand on different sides of a ReLU's kink
            variable.assign(rng.normal(0, 0.02, variable.shape))
    return model


def stages(name: str) -> list[str]:
    """The names of the stages of the small recipe of a model."""
    return [s.name for s in class_of(name).recipes["small"].stages]


def batch(seed: int = 0, count: int = 2, size: int = 64) -> dict[str, np.ndarray]:
    """A batch of smooth dim noise with a white block in front, as the pipeline would give it."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(-1, 1, (count, size // 8, size // 8, 3))
    image = np.clip(np.kron(coarse, np.ones((1, 8, 8, 1))) + rng.normal(0, 0.05, (count, size, size, 3)), -0.6, 0.6)
    mask = _blocks(rng, count, size)
    occluded = image * (1 - mask) + mask
    return _float({"image": image, "occluded": occluded, "mask": mask, "valid": np.ones_like(mask)})


def batch_of(model: Any, seed: int = 0, count: int = 2, draws: bool = True) -> dict[str, np.ndarray]:
    """A batch of the model's size with every key that any stage of any model reads.

    Args:
        model: a model, or the name of one.
        seed: the batch is a function of it.
        count: samples.
        draws: with the random numbers, too, that a step else draws itself, each backend its own.
    """
    model = _some(model) if isinstance(model, str) else model
    size, rng = model.image_size, np.random.default_rng(1000 + seed)
    data, mask2 = batch(seed, count, size), _blocks(rng, count, size)
    rows = np.linspace(0, 1, size)
    uv = np.broadcast_to(np.stack(np.meshgrid(rows, rows), axis=-1), (count, size, size, 2))
    distance = [cv2.distanceTransform(m.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for m in data["mask"]]
    data |= {"mask2": mask2, "occluded2": data["image"] * (1 - mask2) + mask2, "uv": uv}
    data["family"] = data["mask"] * rng.integers(1, len(FAMILIES), (count, 1, 1, 1))
    data |= {"uv_valid": 1 - _blocks(rng, count, size), "distance": np.stack(distance)[..., None]}
    if draws:
        data |= {name: rng.normal(size=(count, *shape)) for name, shape in model.contract.noise.items()}
        data["mix"] = rng.random((count, 1, 1, 1))
        data["shake"] = rng.normal(0, 0.05, data["image"].shape)
    return _float(data)


def step_batch(model: Any, index: int = 0, count: int = 2, draws: bool = True) -> dict[str, np.ndarray]:
    """What step `index` of the model's stage eats, with what the stage reads only; several batches are stacked."""
    several = model.stage.batches_per_step
    keys = {
        "image",
        "occluded",
        "mask",
        "valid",
        *model.batch_keys(),
        *(("mix", "shake", *model.contract.noise) if draws else ()),
    }
    batches = [batch_of(model, several * index + i, count, draws) for i in range(several)]
    return {k: batches[0][k] if several == 1 else np.stack([b[k] for b in batches]) for k in batches[0] if k in keys}


def moved_by_hooks(model: Any) -> list:
    """The variables that the hooks of the model's stage assign."""
    hooks = [model.hooks[entry["hook"]] for entries in model.stage.hooks.values() for entry in entries]
    return [variable for hook in hooks for variable in hook.moves(model)]


@functools.cache
def _some(name: str) -> Any:
    return make(name)


def _blocks(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    mask = np.zeros((count, size, size, 1))
    for i in range(count):
        top, left = rng.integers(2, size // 4, 2) * 2  # on the grid of the folding stem
        mask[i, top : top + size // 4, left : left + size // 4] = 1
    return mask


def _float(data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key: np.asarray(value, "float32") for key, value in data.items()}
