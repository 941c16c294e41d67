"""Several occlusions on one picture, one over the other."""

import itertools
from collections.abc import Sequence
from functools import cached_property

import tensorflow as tf

from tfinpaint.data.occlusions.base import Occlusion, as_occlusion, renumbered
from tfinpaint.data.occlusions.choice import Choice
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.occlusions.no_occlusion import NoOcclusion
from tfinpaint.errors import InputError

_NOTHING = "no_occlusion"


class Compose(Occlusion):
    """Several kinds on the same picture, later ones on top.

    Each kind draws from its own seeds and sees the picture as it was, not what the kinds below it hid. What is
    half opaque lets the kinds below it show through.

    Args:
        kinds: the occlusions from the bottom up, or their names in the table.
        probabilities: how often each is there, in [0, 1], one independent of the other; always by default.

    Reference: the "over" operator of Porter and Duff, "Compositing digital images", 1984.
    """

    def __init__(self, kinds: Sequence[Occlusion | str], probabilities: Sequence[float] | None = None) -> None:
        shares = [1.0] * len(kinds) if probabilities is None else list(probabilities)
        if not kinds or len(shares) != len(kinds) or not all(0 <= share <= 1 for share in shares):
            raise InputError(
                "`probabilities` must hold one number in [0, 1] per kind, and there must be a kind. "
                f"Received: {len(kinds)} kinds and probabilities {shares}."
            )
        self.probabilities = tuple(shares)
        self.layers = tuple(
            as_occlusion(kind) if share == 1 else Choice([kind, NoOcclusion()], [share, 1 - share])
            for kind, share in zip(kinds, shares, strict=True)
        )

    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """All layers as one colour and one opacity."""
        return self.labelled(images, landmarks, seeds)[:2]

    def labelled(
        self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """A pixel is what lies on top, unless more than half of what is below shows through."""
        draw, lowest = Draws(seeds), self.layers[0]
        colour, alpha, part = lowest.labelled(images, landmarks, draw.seeds())
        part = renumbered(part, lowest.parts, self.parts)
        for kind in self.layers[1:]:
            upper, cover, above = kind.labelled(images, landmarks, draw.seeds())
            seen = (cover > 0.5) | ((cover > 0) & (part < 0))
            part = tf.where(seen, renumbered(above, kind.parts, self.parts), part)
            # A maximum, because rounding must not take opacity away: what hides anything stays in the mask.
            total = tf.clip_by_value(cover + (1 - cover) * alpha, tf.maximum(cover, alpha), 1.0)
            share = tf.math.divide_no_nan(cover, total)
            colour, alpha = (1 - share) * colour + share * upper, total
        return colour, alpha, part

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Those of all layers, each once."""
        return tuple(dict.fromkeys(name for kind in self.layers for name in kind.parts))

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """All that may come together, such as `"face_mask+text"`: names from the bottom up."""
        combined = itertools.product(*(kind.kinds for kind in self.layers))
        return tuple("+".join(name for name in names if name != _NOTHING) or _NOTHING for names in combined)

    def kind_of(self, seeds: tf.Tensor) -> tf.Tensor:
        """Which of `kinds` each sample gets, int32 `(batch,)`."""
        draw, result = Draws(seeds), tf.zeros(tf.shape(seeds)[:1], tf.int32)
        for kind in self.layers:
            result = result * len(kind.kinds) + kind.kind_of(draw.seeds())
        return result
