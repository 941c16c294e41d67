"""Frozen networks that look at pictures for losses: keras.ops and Keras layers only."""

from tfinpaint.features.cosine import CosineHead, face_cosine
from tfinpaint.features.light_cnn import MaxFeatureMap, build_light_cnn
from tfinpaint.features.mobile_face_net import build_mobile_face_net
from tfinpaint.features.resnet50_v2 import build_resnet50_v2
from tfinpaint.features.squeeze_net import build_squeeze_net
from tfinpaint.features.table import NETWORKS, feature_network
from tfinpaint.features.vgg16 import build_vgg16
from tfinpaint.features.weights import weights_file

__all__ = [
    "NETWORKS",
    "CosineHead",
    "MaxFeatureMap",
    "build_light_cnn",
    "build_mobile_face_net",
    "build_resnet50_v2",
    "build_squeeze_net",
    "build_vgg16",
    "face_cosine",
    "feature_network",
    "weights_file",
]
