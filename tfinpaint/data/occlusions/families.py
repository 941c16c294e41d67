"""What hides a face, in the few words that people have for it."""

from collections.abc import Sequence

import tensorflow as tf

from tfinpaint.data.occlusions.drawings import KINDS
from tfinpaint.data.occlusions.face_mask import NAMED
from tfinpaint.engine import FAMILIES
from tfinpaint.errors import InputError

_OF = {
    **dict.fromkeys(KINDS, "thing"),
    **dict.fromkeys(("face_mask", "mask_templates", *NAMED), "worn_mask"),
    **dict.fromkeys(("text", "rectangle", "lower_face_rectangle", "half_face", "center_square"), "word_or_box"),
    "free_form": "strokes",
    "no_occlusion": "nothing",
}


def family_map(part: tf.Tensor, names: Sequence[str]) -> tf.Tensor:
    """Indices into `FAMILIES` for indices into the names of occlusions, as `Occlusion.hide` gives them.

    Args:
        part: int32, any shape, -1 for nothing.
        names: the occlusion's `parts`.

    Raises:
        InputError: an occlusion that belongs to no family.
    """
    unknown = sorted(set(names) - set(_OF))
    if unknown:
        raise InputError(f"Occlusions must belong to one of {', '.join(FAMILIES)}. Received: {', '.join(unknown)}.")
    table = [0, *(FAMILIES.index(_OF[name]) for name in names)]
    return tf.gather(tf.constant(table), part + 1)
