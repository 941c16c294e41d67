"""Layers that Keras lacks: `keras.ops` only, so they run on TensorFlow and JAX and convert to TFLite builtins."""

from tfinpaint.layers.depth_to_space import DepthToSpace
from tfinpaint.layers.space_to_depth import SpaceToDepth

__all__ = ["DepthToSpace", "SpaceToDepth"]
