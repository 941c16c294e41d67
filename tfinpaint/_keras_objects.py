"""Lets Keras load saved models of this package in a process that has only imported it, without importing more.

Keras finds classes of saved models among those that have been registered, which happens when their modules are
imported; `import tfinpaint` imports none. So a stand-in is registered for each as soon as Keras itself is imported; the
module is imported when a saved model asks for the class, which then takes the stand-in's place.
"""

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

OBJECTS = {
    "tfinpaint.models": ("C2FDAN", "CAGAN", "CANDFE", "FMODR", "FSGGAN", "WhatHides"),
    "tfinpaint.layers": (
        "ChannelAttention",
        "ContextualAttention",
        "DMFB",
        "DepthToSpace",
        "DualAttentionFusion",
        "HybridDilatedConv",
        "PatchCrossAttention",
        "PixelSelfAttention",
        "PullPush",
        "SelfAdaptiveContextualAttention",
        "SpaceToDepth",
        "StraightThroughClip",
    ),
    "tfinpaint.features.cosine": ("CosineHead",),
    "tfinpaint.features.face_crop": ("FaceCrop",),
    "tfinpaint.features.light_cnn": ("MaxFeatureMap",),
    "tfinpaint.training.optimizers": ("PartOptimizers",),
}


class StandIn:
    """Makes objects of a class that is imported only then.

    Args:
        module: dotted name.
        name: of the class in it.
    """

    def __init__(self, module: str, name: str) -> None:
        self.module, self.__name__ = module, name

    def from_config(self, config: dict[str, Any]) -> Any:
        """The class's own `from_config`."""
        return getattr(importlib.import_module(self.module), self.__name__).from_config(config)


def register_with_keras() -> None:
    """Registers the stand-ins now, or when Keras is imported."""
    if "keras" in sys.modules and hasattr(sys.modules["keras"], "saving"):
        _register()
    else:
        sys.meta_path.insert(0, _AfterKeras())


class _AfterKeras:
    """Finds nothing; where `keras` is looked for, it lets the others find it and registers once it has been run."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec("keras")
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_register(module: ModuleType) -> None:
                run(module)
                _register()

            spec.loader.exec_module = run_and_register
        return spec


def _register() -> None:
    known = sys.modules["keras"].saving.get_custom_objects()
    for module, names in OBJECTS.items():
        for name in names:
            known.setdefault(f"tfinpaint>{name}", StandIn(module, name))
