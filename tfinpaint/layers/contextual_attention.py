"""Contextual attention."""

from typing import Any

import keras
import numpy as np
from keras import ops

from tfinpaint.layers._patch_attention import PatchAttention, convolve_twice, unit_length


@keras.saving.register_keras_serializable("tfinpaint")
class ContextualAttention(PatchAttention):
    """Rebuild a feature map from its visible patches, each place from the patches that look like it.

    Patches of `kernel_size` on the map subsampled by `rate` are compared with the visible ones (scaled to length 1),
    scores of neighbouring pairs support each other, and the softmax of `scale` times the scores mixes the raw patches
    of `2 rate x 2 rate`, pasted at stride `rate` (for rate 1: 2x2 at stride 1, reaching down and right) and divided
    by the number of patches that overlap. Has no weights. Scores and softmax are float32 under any policy.

    Args:
        rate: scores are computed on every `rate`-th pixel.
        kernel_size: side of the compared patches, odd.
        scale: factor on the scores before the softmax.
        fuse: add the scores of diagonally neighbouring pairs, in row-major and then in column-major order.
        return_attention: also return the attention map.
        **kwargs: `name`, `dtype` and the other arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `[features, mask]`: `(batch, height, width, channels)`, sides divisible by `rate`, and
            `(batch, height, width, 1)`, 1 = hidden, each sample its own. A background patch is used only where the
            subsampled mask is 0 in all of it.

    Returns:
        `(batch, height, width, channels)`, 0 for a sample that is hidden everywhere; with `return_attention` a pair
        with `(batch, n, n)`: row = place, column = patch copied, in row-major order of the subsampled map.

    Raises:
        InputError: an argument is out of range, or the shapes do not fit each other or `rate`.

    Reference: J. Yu et al., "Generative Image Inpainting with Contextual Attention", CVPR 2018, section 4.1, as CA-GAN
    uses it; other than the authors' code, hidden patches have no share in the softmax, the true overlap count divides
    (also at the border), and masks may differ within a batch.
    """

    def __init__(
        self,
        rate: int = 2,
        kernel_size: int = 3,
        scale: float = 10.0,
        fuse: bool = True,
        return_attention: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(rate, kernel_size, scale, return_attention, **kwargs)
        self.fuse = fuse

    def match(self, patches: Any, penalty: Any) -> Any:
        return ops.matmul(patches, ops.transpose(unit_length(patches), (0, 2, 1)))

    def propagate(self, scores: Any, grid: tuple[int, int]) -> Any:
        identity = np.eye(3, dtype="float32")
        return convolve_twice(scores, identity, identity, grid) if self.fuse else scores

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "fuse": self.fuse}
