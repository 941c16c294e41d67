"""Occlusions: what hides a face, one kind a file, found by name in one table."""

from tfinpaint.data.occlusions.base import Occlusion
from tfinpaint.data.occlusions.center_square import CenterSquare
from tfinpaint.data.occlusions.choice import Choice
from tfinpaint.data.occlusions.compose import Compose
from tfinpaint.data.occlusions.drawings import KINDS
from tfinpaint.data.occlusions.face_mask import NAMED, FaceMask
from tfinpaint.data.occlusions.free_form import FreeForm
from tfinpaint.data.occlusions.from_bank import FromBank
from tfinpaint.data.occlusions.from_mask import FromMask
from tfinpaint.data.occlusions.half_face import HalfFace
from tfinpaint.data.occlusions.lower_face_rectangle import LowerFaceRectangle
from tfinpaint.data.occlusions.mask_templates import MaskTemplates
from tfinpaint.data.occlusions.mixtures import MIXTURES
from tfinpaint.data.occlusions.no_occlusion import NoOcclusion
from tfinpaint.data.occlusions.objects import HELD_OUT, Objects
from tfinpaint.data.occlusions.rectangle import Rectangle
from tfinpaint.data.occlusions.text import Text
from tfinpaint.errors import InputError

TABLE: dict[str, type[Occlusion]] = {
    "center_square": CenterSquare,
    "face_mask": FaceMask,
    "free_form": FreeForm,
    "half_face": HalfFace,
    "lower_face_rectangle": LowerFaceRectangle,
    "no_occlusion": NoOcclusion,
    "objects": Objects,
    "rectangle": Rectangle,
    "text": Text,
}

# FSG-GAN's two test sets: things that its training may draw, and things that are new to it.
OBJECTS: dict[str, dict[str, tuple[str, ...]]] = {
    "seen_objects": {"held_out": HELD_OUT},
    "held_out_objects": {"kinds": HELD_OUT},
}

__all__ = [
    "MIXTURES",
    "OBJECTS",
    "TABLE",
    "CenterSquare",
    "Choice",
    "Compose",
    "FaceMask",
    "FreeForm",
    "FromBank",
    "FromMask",
    "HalfFace",
    "LowerFaceRectangle",
    "MaskTemplates",
    "NoOcclusion",
    "Objects",
    "Occlusion",
    "Rectangle",
    "Text",
    "get",
    "names",
]


def get(name: str, **arguments) -> Occlusion:
    """The occlusion of that name, built with `arguments`.

    A name of `TABLE`; of a mixture that the zoo's models are trained on, `MIXTURES` (takes no arguments); of one drawn
    thing, such as `sunglasses` (see `drawings.KINDS`); of the things that training may draw or may not, `OBJECTS`; or
    of one of CAN-DFE's nine masks, such as `n95` (see `FaceMask.named`; takes no arguments).
    """
    if name in TABLE:
        return TABLE[name](**arguments)
    if name in MIXTURES:
        return MIXTURES[name](**arguments)
    if name in OBJECTS:
        return Objects(**OBJECTS[name], **arguments)
    if name in KINDS:
        return Objects(kinds=(name,), **arguments)
    if name in NAMED:
        return FaceMask.named(name, **arguments)
    known = ", ".join(sorted({*TABLE, *MIXTURES, *OBJECTS, *KINDS, *NAMED}))
    raise InputError(f"`name` must be one of {known}. Received: {name!r}.")


def names(name: str) -> list[str]:
    """What a mixture hides faces with, by names for `get`: its kinds, and the sets of things that it has all of."""
    kinds = [kind for kind in get(name).kinds if kind != "no_occlusion"]
    return kinds + [things for things in OBJECTS if set(get(things).kinds) <= set(kinds)]
