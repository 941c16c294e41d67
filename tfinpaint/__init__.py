"""tfinpaint: finds what hides a face and paints the face back.

Rooms are loaded when they are first named, so `import tfinpaint` costs nothing heavy.
"""

import importlib
from typing import Any

from tfinpaint._keras_objects import register_with_keras
from tfinpaint._version import __version__

_ROOMS = (
    "callbacks",
    "data",
    "engine",
    "errors",
    "evaluation",
    "export",
    "faces",
    "features",
    "framing",
    "images",
    "layers",
    "losses",
    "models",
    "restoration",
    "training",
    "zoo",
)

__all__ = [*_ROOMS, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'tfinpaint' has no attribute {name!r}; it has {', '.join(_ROOMS)}.")
    return importlib.import_module(f"tfinpaint.{name}")


def __dir__() -> list[str]:
    return sorted(__all__)


register_with_keras()
