"""Self-adaptive contextual attention."""

from typing import Any

import keras
from keras import ops

from tfinpaint.errors import InputError
from tfinpaint.layers._patch_attention import PatchAttention, convolve_twice, unit_length


@keras.saving.register_keras_serializable("tfinpaint")
class SelfAdaptiveContextualAttention(PatchAttention):
    """Contextual attention whose propagation is learned: each place starts from its single most similar patch.

    As `ContextualAttention`, but the scores are cosines, of each row only the best is kept, and the two fixed
    propagations are convolutions with learned 3x3 kernels (`row_kernel`, `column_kernel`: 18 weights, at first the
    identity matrix, with which `select="soft", normalize="background"` is `ContextualAttention`).

    Args:
        rate: scores are computed on every `rate`-th pixel.
        kernel_size: side of the compared patches, odd.
        scale: factor on the scores before the softmax.
        select: "argmax" keeps the best visible patch of each place (all of them if several are equally good) times
            its cosine, through which the gradient passes; "soft" keeps all.
        normalize: "both" compares by cosine; "background" leaves the places' own patches at their length.
        return_attention: also return the attention map.
        **kwargs: `name`, `dtype` and the other arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `[features, mask]` as for `ContextualAttention`: `(batch, height, width, channels)` and
            `(batch, height, width, 1)`, 1 = hidden.

    Returns:
        `(batch, height, width, channels)`, 0 for a sample that is hidden everywhere; with `return_attention` a pair
        with `(batch, n, n)`: row = place, column = patch copied, in row-major order of the subsampled map.

    Raises:
        InputError: an argument is out of range, or the shapes do not fit each other or `rate`.

    Reference: FMODR, section 4.2 "Self-adaptive contextual attention model", equation 4. The softmax and its scale are
    those of contextual attention, for the paper names none; it names no initial values either ("initialized with the
    size of 3x3"). After the choice all other scores of a row are 0, so with the identity kernels the softmax leaves
    them `(n - 1) / (e^(scale c) + n - 1)` for a best cosine c: the smaller c and the more patches n, the softer.
    """

    def __init__(
        self,
        rate: int = 2,
        kernel_size: int = 3,
        scale: float = 10.0,
        select: str = "argmax",
        normalize: str = "both",
        return_attention: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(rate, kernel_size, scale, return_attention, **kwargs)
        if select not in ("argmax", "soft"):
            raise InputError(f"`select` must be 'argmax' or 'soft'. Received: select={select!r}. 'argmax' is FMODR's.")
        if normalize not in ("both", "background"):
            raise InputError(
                f"`normalize` must be 'both' or 'background'. Received: normalize={normalize!r}. 'both' is FMODR's."
            )
        self.select, self.normalize = select, normalize

    def build(self, input_shape: list[tuple]) -> None:
        super().build(input_shape)

        def identity(shape: tuple, dtype: Any = None) -> Any:
            return ops.eye(*shape, dtype=dtype)

        # Propagation is computed in float32 under any policy, so its kernels are not cast down.
        self.row_kernel = self.add_weight(shape=(3, 3), initializer=identity, autocast=False, name="row_kernel")
        self.column_kernel = self.add_weight(shape=(3, 3), initializer=identity, autocast=False, name="column_kernel")

    def match(self, patches: Any, penalty: Any) -> Any:
        background = unit_length(patches)
        queries = background if self.normalize == "both" else patches
        scores = ops.matmul(queries, ops.transpose(background, (0, 2, 1)))
        if self.select == "soft":
            return scores
        visible = scores + penalty
        return scores * ops.cast(visible >= ops.max(visible, axis=-1, keepdims=True), scores.dtype)

    def propagate(self, scores: Any, grid: tuple[int, int]) -> Any:
        return convolve_twice(scores, self.row_kernel, self.column_kernel, grid)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "select": self.select, "normalize": self.normalize}
