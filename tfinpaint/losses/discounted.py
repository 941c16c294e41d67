"""A reconstruction error that counts the less, or the more, the deeper a pixel lies in the hole."""

from typing import Any

from keras import ops

from tfinpaint.errors import InputError
from tfinpaint.losses.pixel import as_float, masked_mean

DISCOUNTS = ("power", "literal", "none")


def hole_discount(distance: Any, mask: Any, discount: str = "power", gamma: float = 0.99) -> Any:
    """How much each hidden pixel counts, `(batch, height, width, 1)`; outside the hole of no meaning.

    Args:
        distance: `(batch, height, width, 1)`, from each hidden pixel to the nearest visible one, at least 1.
        mask: `(batch, height, width, 1)`, 1 = hidden.
        discount: `"power"`: `gamma ** distance`, which falls towards the middle, where a hole may be filled in many
            ways; `"literal"`: `distance ** gamma`, which grows, divided by its mean over each sample's hole; `"none"`:
            1.
        gamma: see `discount`.

    Raises:
        InputError: an unknown discount.

    Reference: J. Yu et al., "Generative Image Inpainting with Contextual Attention", CVPR 2018, section 3.2 (power);
    CA-GAN, section IV-D, by its words ("a distance matrix [...] taken to the power of" 0.99; literal).
    """
    distance = as_float(distance)
    if discount == "power":
        return ops.power(gamma, distance)
    if discount == "literal":
        weight = ops.power(ops.maximum(distance, 1.0), gamma)
        return weight / (masked_mean(weight, mask)[:, None, None, None] + 1e-6)
    if discount == "none":
        return ops.ones_like(distance)
    raise InputError(f"`discount` must be one of {', '.join(DISCOUNTS)}. Received: discount={discount!r}.")


def discounted_l1(
    predicted: Any, target: Any, distance: Any, mask: Any, discount: str = "power", gamma: float = 0.99
) -> Any:
    """Mean over the hole of the absolute difference, each pixel times its `hole_discount`, shape `(batch,)`.

    Args:
        predicted: `(batch, height, width, channels)`.
        target: same shape.
        distance: see `hole_discount`; also `mask`, `discount` and `gamma`.
        mask: 1 where a pixel counts; an empty one gives 0.
        discount: kind of the weights.
        gamma: their base or power.
    """
    error = ops.abs(as_float(predicted) - as_float(target))
    return masked_mean(error * hole_discount(distance, mask, discount, gamma), mask)
