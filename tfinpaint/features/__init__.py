"""Frozen networks that look at pictures for losses: keras.ops and Keras layers only."""

from tfinpaint.features.cosine_head import CosineHead
from tfinpaint.features.face_cosine import face_cosine
from tfinpaint.features.light_cnn import build_light_cnn
from tfinpaint.features.max_feature_map import MaxFeatureMap
from tfinpaint.features.mobile_face_net import build_mobile_face_net
from tfinpaint.features.presets import weights_file
from tfinpaint.features.resnet50_v2 import build_resnet50_v2
from tfinpaint.features.squeeze_net import build_squeeze_net
from tfinpaint.features.table import NETWORKS, feature_network
from tfinpaint.features.vgg16 import build_vgg16

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
