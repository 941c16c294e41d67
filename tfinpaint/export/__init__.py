"""Models as files that run elsewhere: SavedModel, TFLite, ONNX; and a runner that needs no TensorFlow.

tfinpaint.export.export_model("fmodr", "fmodr.tflite", quantize="float16")
restored = tfinpaint.export.Runner("fmodr.tflite").restore(faces)  # .images, .masks, .extras

Names are loaded when first used: writing files needs TensorFlow, running them does not.
"""

import importlib
from typing import Any

_NAMES = {"Runner": "runner", "export_model": "write", "read_about": "about"}

__all__ = [*_NAMES]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}.")
    return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
