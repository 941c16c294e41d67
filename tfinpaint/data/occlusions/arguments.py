"""Arguments that several occlusions share: numbers or intervals of them, and colours."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.errors import InputError

Interval = float | tuple[float, float]
Colour = float | tuple[float, float, float] | None


def interval(name: str, value: Interval, low: float, high: float) -> tuple[float, float]:
    """A number or a pair of them as a pair in order, within [low, high]."""
    bounds = _numbers(value)
    if bounds is None or bounds.size not in (1, 2) or not low <= bounds[0] <= bounds[-1] <= high:
        raise InputError(
            f"`{name}` must be one number or two in order, between {low:g} and {high:g}. Received: {value!r}."
        )
    return float(bounds[0]), float(bounds[-1])


def colour_argument(value: Colour) -> Colour:
    """`None`, one grey value or three of RGB in [-1, 1]."""
    values = None if value is None else _numbers(value)
    if value is not None and (values is None or values.size not in (1, 3) or not (np.abs(values) <= 1).all()):
        raise InputError(
            "`colour` must be None for a random one, or one grey value or three of red, green and blue in [-1, 1]. "
            f"Received: {value!r}."
        )
    return value if value is None else tuple(float(v) for v in np.broadcast_to(values, 3))


def draw_flat_colour(draw: Draws, colour: Colour, images: tf.Tensor) -> tf.Tensor:
    """One colour all over, of the shape of `images`; drawn uniformly from the RGB cube where `colour` is None."""
    return tf.zeros_like(images) + (draw.uniform(-1.0, 1.0, shape=(1, 1, 3)) if colour is None else colour)


def names(argument: str, value: str | Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """One name or several, each one of `known`."""
    several = (value,) if isinstance(value, str) else value
    if not isinstance(several, Sequence) or not several or not all(name in known for name in several):
        raise InputError(f"`{argument}` must be one or several of {', '.join(known)}. Received: {value!r}.")
    return tuple(several)


def _numbers(value) -> np.ndarray | None:
    try:
        return np.atleast_1d(np.asarray(value, np.float64))
    except (TypeError, ValueError):
        return None
