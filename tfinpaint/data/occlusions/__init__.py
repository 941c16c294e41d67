"""Occlusions: what hides a face, one kind a file, found by name in one table."""

from tfinpaint.data.occlusions.base import Occlusion
from tfinpaint.data.occlusions.choice import Choice
from tfinpaint.data.occlusions.face_mask import FaceMask
from tfinpaint.data.occlusions.from_bank import FromBank
from tfinpaint.data.occlusions.lower_face_rectangle import LowerFaceRectangle
from tfinpaint.data.occlusions.mask_templates import MaskTemplates
from tfinpaint.data.occlusions.no_occlusion import NoOcclusion
from tfinpaint.errors import InputError

TABLE: dict[str, type[Occlusion]] = {
    "face_mask": FaceMask,
    "lower_face_rectangle": LowerFaceRectangle,
    "no_occlusion": NoOcclusion,
}

__all__ = [
    "TABLE",
    "Choice",
    "FaceMask",
    "FromBank",
    "LowerFaceRectangle",
    "MaskTemplates",
    "NoOcclusion",
    "Occlusion",
    "get",
]


def get(name: str, **arguments) -> Occlusion:
    """The occlusion of that name in `TABLE`, built with `arguments`."""
    if name not in TABLE:
        raise InputError(f"`name` must be one of {', '.join(sorted(TABLE))}. Received: {name!r}.")
    return TABLE[name](**arguments)
