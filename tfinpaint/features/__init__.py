"""Frozen networks that look at pictures for losses: keras.ops and Keras layers only."""

from tfinpaint.features.mobile_face_net import build_mobile_face_net
from tfinpaint.features.table import feature_network
from tfinpaint.features.vgg16 import build_vgg16

__all__ = ["build_mobile_face_net", "build_vgg16", "feature_network"]
