"""Dense multi-scale fusion block."""

from typing import Any

import keras
from keras import layers, ops

from tfinpaint.errors import InputError


@keras.saving.register_keras_serializable("tfinpaint")
class DMFB(layers.Layer):
    """Adds to its input what four dilated convolutions, each built on the one before, see of it.

    With m = channels / 4: `h = act(conv3(x))`, `x_r = conv3(h)` with dilation r = 1, 2, 4, 8; `y_1 = x_1`, `y_i =
    conv3(y_(i-1) + x_i)`; `x + conv1(act(concat(y_1 ... y_4)))`. All inner convolutions have m channels.

    Args:
        activation: name of a Keras activation; `"leaky_relu"` has the slope 0.2.
        **kwargs: `name`, `dtype` and the other arguments of `keras.layers.Layer`.

    Call arguments:
        x: `(batch, height, width, channels)`, channels divisible by 4.

    Returns:
        The same shape.

    Raises:
        InputError: the channels are not divisible by 4.

    Reference: Hui et al., "Image Fine-grained Inpainting", 2020, section 3.2 without its
    instance normalisation, as C2FDAN uses it. (Their repository has no convolution in the additions, and a 3x3 one at
    the end.)
    """

    RATES = (1, 2, 4, 8)

    def __init__(self, activation: str = "relu", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activation
        self._act = keras.activations.get(activation)

    def build(self, input_shape: tuple) -> None:
        channels = self.compute_output_shape(input_shape)[-1]
        width = channels // 4

        # Sums are fed to the additions' convolutions and the last one adds to x: with He's gain there, each block would
        # multiply its input by five.
        def conv(name: str, inputs: int, filters: int, size: int = 3, rate: int = 1, start: str = "glorot_uniform"):
            arguments = {"padding": "same", "kernel_initializer": start, "dtype": self.dtype_policy, "name": name}
            layer = layers.Conv2D(filters, size, dilation_rate=rate, **arguments)
            layer.build((*input_shape[:-1], inputs))
            return layer

        self.reduce = conv("reduce", channels, width, start="he_normal")
        self.dilated = [conv(f"rate_{rate}", width, width, rate=rate, start="he_normal") for rate in self.RATES]
        self.add = [conv(f"add_{rate}", width, width) for rate in self.RATES[1:]]
        self.fuse = conv("fuse", 4 * width, channels, size=1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        if len(input_shape) != 4 or not input_shape[-1] or input_shape[-1] % 4:
            raise InputError(
                "`x` must have the shape (batch, height, width, channels), channels divisible by 4. "
                f"Received: {tuple(input_shape)}. Give the convolution before it another number of filters."
            )
        return tuple(input_shape)

    def scales(self, x: Any) -> list[Any]:
        """y_1 to y_4, each `(batch, height, width, channels / 4)`: they see 5, 9, 13 and 21 pixels of `x` across."""
        x = self._act(self.reduce(x))
        first, *others = (conv(x) for conv in self.dilated)
        found = [first]
        for conv, other in zip(self.add, others, strict=True):
            found.append(conv(found[-1] + other))
        return found

    def call(self, x: Any) -> Any:
        return x + self.fuse(self._act(ops.concatenate(self.scales(x), axis=-1)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": self.activation}
