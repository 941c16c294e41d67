"""Layers that Keras lacks: `keras.ops` only, so they run on TensorFlow and JAX and convert to TFLite builtins."""

from tfinpaint.layers.channel_attention import ChannelAttention
from tfinpaint.layers.contextual_attention import ContextualAttention
from tfinpaint.layers.depth_to_space import DepthToSpace
from tfinpaint.layers.dmfb import DMFB
from tfinpaint.layers.dual_attention_fusion import DualAttentionFusion
from tfinpaint.layers.hybrid_dilated_conv import HybridDilatedConv
from tfinpaint.layers.patch_cross_attention import PatchCrossAttention
from tfinpaint.layers.patches import extract_patches, fold, overlap_count
from tfinpaint.layers.pixel_self_attention import PixelSelfAttention
from tfinpaint.layers.pull_push import PullPush
from tfinpaint.layers.self_adaptive_contextual_attention import SelfAdaptiveContextualAttention
from tfinpaint.layers.space_to_depth import SpaceToDepth
from tfinpaint.layers.straight_through_clip import StraightThroughClip

__all__ = [
    "DMFB",
    "ChannelAttention",
    "ContextualAttention",
    "DepthToSpace",
    "DualAttentionFusion",
    "HybridDilatedConv",
    "PatchCrossAttention",
    "PixelSelfAttention",
    "PullPush",
    "SelfAdaptiveContextualAttention",
    "SpaceToDepth",
    "StraightThroughClip",
    "extract_patches",
    "fold",
    "overlap_count",
]
