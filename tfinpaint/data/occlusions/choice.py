"""One of several occlusions, drawn anew for each sample."""

from collections.abc import Sequence
from functools import cached_property

import tensorflow as tf

from tfinpaint.data.occlusions.base import Occlusion, as_occlusion, renumbered
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.errors import InputError


class Choice(Occlusion):
    """One of several kinds per sample.

    Args:
        kinds: the occlusions to choose from, or their names in the table, such as `["text", Rectangle(at="mouth")]`.
        weights: how often each is taken, in any unit; equally often by default.
    """

    def __init__(self, kinds: Sequence[Occlusion | str], weights: Sequence[float] | None = None):
        weights = [1.0] * len(kinds) if weights is None else list(weights)
        if not kinds or len(weights) != len(kinds) or min(weights) < 0 or sum(weights) <= 0:
            raise InputError(
                "`weights` must hold one non-negative number per kind, not all zero. "
                f"Received: {len(kinds)} kinds and weights {weights}."
            )
        self.choices = tuple(as_occlusion(kind) for kind in kinds)
        self.weights = tuple(weights)

    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The chosen kind's layer."""
        return self.labelled(images, landmarks, seeds)[:2]

    def labelled(
        self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Each kind draws from its own seeds and only on the samples that chose it."""
        draw = Draws(seeds)
        chosen = draw.choose(self.weights)
        where, layers = [], []
        for i, kind in enumerate(self.choices):
            kind_seeds = draw.seeds()
            rows = tf.where(chosen == i)[:, 0]
            *layer, part = kind.labelled(*(tf.gather(value, rows) for value in (images, landmarks, kind_seeds)))
            where.append(rows), layers.append((*layer, renumbered(part, kind.parts, self.parts)))
        order = tf.argsort(tf.concat(where, 0))
        return tuple(tf.gather(tf.concat(values, 0), order) for values in zip(*layers, strict=True))

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Those of all choices, each once."""
        return tuple(dict.fromkeys(name for choice in self.choices for name in choice.parts))

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of all choices in their order, each once; a choice among choices counts by what it chooses."""
        return tuple(dict.fromkeys(name for choice in self.choices for name in choice.kinds))

    def kind_of(self, seeds: tf.Tensor) -> tf.Tensor:
        """Which of `kinds` each sample gets, int32 `(batch,)`."""
        draw = Draws(seeds)
        chosen, result = draw.choose(self.weights), tf.zeros(tf.shape(seeds)[:1], tf.int32)
        for i, choice in enumerate(self.choices):
            ours = tf.constant([self.kinds.index(name) for name in choice.kinds])
            result = tf.where(chosen == i, tf.gather(ours, choice.kind_of(draw.seeds())), result)
        return result
