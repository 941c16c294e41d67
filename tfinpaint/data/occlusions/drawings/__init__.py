"""Sprites drawn by code: things that come between a camera and a face, several variants of each kind."""

import functools
import zlib

import numpy as np

from tfinpaint.data.occlusions.drawings import clothes, eyewear, flat, hands, held, things
from tfinpaint.data.occlusions.drawings.canvas import SIDE
from tfinpaint.data.occlusions.drawings.clothes import HAIR
from tfinpaint.data.occlusions.drawings.hands import SKIN

VARIANTS = 6

_ARTISTS = {
    "ball": things.ball,
    "bar": flat.bar,
    "book": flat.book,
    "bottle": held.bottle,
    "cap": clothes.cap,
    "cup": held.cup,
    "eye_patch": eyewear.eye_patch,
    "eyeglasses": eyewear.eyeglasses,
    "face_shield": eyewear.face_shield,
    "fan": flat.fan,
    "flower": things.flower,
    "fruit": things.fruit,
    "glass": held.glass,
    "goggles": eyewear.goggles,
    "hair_strand": clothes.hair_strand,
    "hand": hands.hand,
    "leaf": things.leaf,
    "microphone": held.microphone,
    "phone": held.phone,
    "plaster": flat.plaster,
    "scarf": clothes.scarf,
    "sleep_mask": eyewear.sleep_mask,
    "sticker": flat.sticker,
    "sunglasses": eyewear.sunglasses,
}
KINDS = tuple(_ARTISTS)

__all__ = ["HAIR", "KINDS", "SIDE", "SKIN", "VARIANTS", "drawn"]


@functools.cache
def drawn(kind: str) -> np.ndarray:
    """The variants of one kind, uint8 `(VARIANTS, SIDE, SIDE, 4)`: red, green, blue, opacity.

    The same in every process; drawn when first asked for, in about a tenth of a second.
    """
    seed = zlib.crc32(kind.encode())
    pictures = np.stack([_ARTISTS[kind](np.random.default_rng([seed, k])) for k in range(VARIANTS)])
    pictures.flags.writeable = False
    return pictures
