"""Faces in, batches of occluded faces out: sources, occlusions, the `tf.data` pipeline."""

from tfinpaint.data.occlusions import Choice, FaceMask, LowerFaceRectangle, NoOcclusion, Occlusion
from tfinpaint.data.pipeline import default_occlusion, occlude
from tfinpaint.data.sources import FaceSet, concatenate, load_faces

__all__ = [
    "Choice",
    "FaceMask",
    "FaceSet",
    "LowerFaceRectangle",
    "NoOcclusion",
    "Occlusion",
    "concatenate",
    "default_occlusion",
    "load_faces",
    "occlude",
]
