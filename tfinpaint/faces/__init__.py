"""Faces in photos: find them, align them, paste them back."""

from tfinpaint.faces.align import align, align_mask, alignment_matrix, whole_picture_matrix, widened
from tfinpaint.faces.detect import Detector, MTCNNDetector, default_detector
from tfinpaint.faces.face import Face, largest
from tfinpaint.faces.find import FaceFinder, face_from_landmarks, face_in_box
from tfinpaint.faces.paste import paste
from tfinpaint.faces.resample import resample
from tfinpaint.faces.yunet import YuNet
from tfinpaint.framing import TEMPLATE, similarity, template_points

__all__ = [
    "TEMPLATE",
    "Detector",
    "Face",
    "FaceFinder",
    "MTCNNDetector",
    "YuNet",
    "align",
    "align_mask",
    "alignment_matrix",
    "default_detector",
    "face_from_landmarks",
    "face_in_box",
    "largest",
    "paste",
    "resample",
    "similarity",
    "template_points",
    "whole_picture_matrix",
    "widened",
]
