"""What the zoo's models are trained on: mixtures of occlusions by name, with a few bare faces (shares are ours)."""

from collections.abc import Callable, Mapping

from tfinpaint.data.occlusions.base import Occlusion
from tfinpaint.data.occlusions.center_square import CenterSquare
from tfinpaint.data.occlusions.choice import Choice
from tfinpaint.data.occlusions.compose import Compose
from tfinpaint.data.occlusions.face_mask import FaceMask
from tfinpaint.data.occlusions.free_form import FreeForm
from tfinpaint.data.occlusions.half_face import HalfFace
from tfinpaint.data.occlusions.lower_face_rectangle import LowerFaceRectangle
from tfinpaint.data.occlusions.no_occlusion import NoOcclusion
from tfinpaint.data.occlusions.objects import HELD_OUT, Objects
from tfinpaint.data.occlusions.rectangle import Rectangle
from tfinpaint.data.occlusions.text import Text


def worn_masks() -> Choice:
    """FMODR's: mostly worn masks, and some rectangles over the lower face."""
    return Choice([FaceMask(), LowerFaceRectangle(), NoOcclusion()], weights=[0.82, 0.12, 0.06])


def words_and_rectangles() -> Choice:
    """C2FDAN's (section IV-A): a word or a rectangle of one colour; most rectangles lie on a part of the face.

    In the wide framing a rectangle laid anywhere hides hair and background more often than an eye. Those on the face
    lean and fade as far as they do in photos.
    """
    return Choice([Text(), _box_on_the_face(), Rectangle(), NoOcclusion()], weights=[0.42, 0.36, 0.14, 0.08])


def holes() -> Choice:
    """CA-GAN's: white holes of which it is told, the paper's square in the middle (section IV) and others.

    Strokes and halves teach it that a hole may lie anywhere and have any form; the paper trains with the square alone.
    """
    kinds = [CenterSquare(), FreeForm(colour=1.0), HalfFace(colour=1.0), NoOcclusion()]
    return Choice(kinds, weights=[0.35, 0.4, 0.17, 0.08])


def things() -> Choice:
    """FSG-GAN's (section 4.1): things that people wear or hold, half of them where they do and half anywhere.

    Worn masks, words, boxes and bare faces are ours: one model for whatever hides a face. The kinds `HELD_OUT` are
    never drawn, so that a test with new things (the paper's Set2) can be made.
    """
    worn, strewn = (Objects(held_out=HELD_OUT, placement=where) for where in ("semantic", "anywhere"))
    kinds = [worn, strewn, FaceMask(), Text(), _box_on_the_face(), NoOcclusion()]
    return Choice(kinds, weights=[0.26, 0.26, 0.22, 0.08, 0.1, 0.08])


def everything() -> Compose:
    """What `what_hides` learns to tell apart: all that the other models take off, sometimes two on one face.

    A quarter of the faces is bare, so that beards, glasses, hats and microphones of the photos themselves stay.
    """
    worn, strewn = (Objects(held_out=HELD_OUT, placement=where) for where in ("semantic", "anywhere"))
    kinds = [FaceMask(), Text(), _box_on_the_face(), Rectangle(), LowerFaceRectangle()]
    kinds += [HalfFace(), worn, strewn, FreeForm(), NoOcclusion()]
    one = Choice(kinds, weights=[0.2, 0.11, 0.09, 0.04, 0.03, 0.02, 0.13, 0.05, 0.08, 0.25])
    return Compose([one, Choice([worn, Text(), FreeForm()], weights=[0.6, 0.2, 0.2])], [1, 0.1])


def _box_on_the_face() -> Rectangle:
    return Rectangle(at=("eyes", "nose", "mouth"), turn=(-15, 15), edge=(0, 2.5))


MIXTURES: Mapping[str, Callable[[], Occlusion]] = {
    "everything": everything,
    "holes": holes,
    "things": things,
    "words_and_rectangles": words_and_rectangles,
    "worn_masks": worn_masks,
}
