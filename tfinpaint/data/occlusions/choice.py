"""One of several occlusions, drawn anew for each sample."""

from collections.abc import Sequence

import tensorflow as tf

from tfinpaint.data.occlusions.base import Occlusion
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.errors import InputError


class Choice(Occlusion):
    """One of several kinds per sample.

    Args:
        kinds: the occlusions to choose from.
        weights: how often each is taken, in any unit; equally often by default.
    """

    def __init__(self, kinds: Sequence[Occlusion], weights: Sequence[float] | None = None):
        weights = [1.0] * len(kinds) if weights is None else list(weights)
        if not kinds or len(weights) != len(kinds) or min(weights) < 0 or sum(weights) <= 0:
            raise InputError(
                "`weights` must hold one non-negative number per kind, not all zero. "
                f"Received: {len(kinds)} kinds and weights {weights}."
            )
        self.kinds = tuple(kinds)
        self.weights = tuple(weights)

    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The chosen kind's layer; each kind draws from its own seeds and only on the samples that chose it."""
        draw = Draws(seeds)
        chosen = draw.choose(self.weights)
        where, colours, alphas = [], [], []
        for i, kind in enumerate(self.kinds):
            kind_seeds = draw.seeds()
            rows = tf.where(chosen == i)[:, 0]
            colour, alpha = kind.layer(*(tf.gather(value, rows) for value in (images, landmarks, kind_seeds)))
            where.append(rows), colours.append(colour), alphas.append(alpha)
        order = tf.argsort(tf.concat(where, 0))
        return tf.gather(tf.concat(colours, 0), order), tf.gather(tf.concat(alphas, 0), order)
