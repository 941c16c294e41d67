"""tfinpaint: finds what hides a face and paints the face back.

Rooms are loaded when they are first named, so `import tfinpaint` costs nothing heavy.
"""

import importlib
from typing import TYPE_CHECKING, Any

from tfinpaint._keras_objects import register_with_keras
from tfinpaint._version import __version__

if TYPE_CHECKING:  # so that editors and type checkers know what the rooms hold
    from tfinpaint import callbacks, data, engine, errors, evaluation, export, faces, features, framing, images
    from tfinpaint import layers, losses, models, restoration, training, zoo  # isort: skip

__all__ = [
    "__version__",
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
]
_ROOMS = __all__[1:]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'tfinpaint' has no attribute {name!r}; it has {', '.join(_ROOMS)}.")
    return importlib.import_module(f"tfinpaint.{name}")


def __dir__() -> list[str]:
    return sorted(__all__)


register_with_keras()
