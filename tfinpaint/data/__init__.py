"""Data: pictures with landmarks -> aligned faces -> batches of occluded faces.

Names are loaded when first used: `pipeline` and `occlusions` need TensorFlow, the rest does not.
"""

import importlib
from typing import Any

_NAMES = {
    "FaceSet": "face_set",
    "NumpyBatches": "numpy_batches",
    "OccluderBank": "occluder_bank",
    "PairedFaces": "paired",
    "Shards": "shards",
    "align_picture": "framing",
    "concatenate": "face_set",
    "load_faces": "sources",
    "default_occlusion": "pipeline",
    "load_pairs": "paired",
    "load_uv": "stored_uv",
    "occlude": "pipeline",
    "paired_batches": "paired",
    "prepare_faces": "prepare",
    "render_occluders": "occluder_bank",
    "split_by_identity": "face_set",
    "tfds_faces": "tfds_source",
    "uv_fields": "dense_fields",
}
_ROOMS = ("occlusions", "pipeline", "sources")

__all__ = [*_NAMES, *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}.")
    return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
