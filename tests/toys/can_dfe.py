"""CAN-DFE, tiny: an encoder learned by momentum contrast, a decoder that gives pictures and fields at two scales.

What it asks of the training that the zoo's first models do not: a twin that no gradient moves, a queue that outlives
the step, hooks, a part with two optimizers, keys of the batch that not all have, and an own rule of what is pasted.
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tfinpaint import losses
from tfinpaint.engine import Contract
from tfinpaint.models.base import InpaintingModel
from tfinpaint.models.blocks import conv
from tfinpaint.models.measures import MEASURES
from tfinpaint.training.declared import hook, output, term
from tfinpaint.training.recipe import Recipe, Stage, Update

KEYS, DIMENSION, SCALES = 10, 6, (1, 2)
TEMPERATURE = 0.5  # at the paper's 0.07 so small an encoder takes steps that are too long


def _encoder(size: int, name: str) -> keras.Model:
    """Picture -> maps at half and a quarter of the size."""
    picture = keras.Input((size, size, 3), name="picture")
    half = conv(picture, 4, "leaky_relu", f"{name}_half", 4, strides=2)
    return keras.Model(picture, [half, conv(half, 8, "leaky_relu", f"{name}_quarter", 4, strides=2)], name=name)


def _head(name: str) -> keras.Model:
    """The deepest map -> an embedding of length 1."""
    deepest = keras.Input((None, None, 8), name="deepest")
    x = layers.Dense(DIMENSION, name=f"{name}_dense", dtype="float32")(
        layers.GlobalAveragePooling2D(name=f"{name}_pooled", dtype="float32")(deepest)
    )
    return keras.Model(deepest, layers.UnitNormalization(name=f"{name}_unit", dtype="float32")(x), name=name)


def _decoder(size: int) -> keras.Model:
    """Occluded picture and its maps -> for each scale a picture, a field (u, v), and how much of it is painted."""
    picture = keras.Input((size, size, 3), name="picture")
    half, quarter = (
        keras.Input((size // 2, size // 2, 4), name="half"),
        keras.Input((size // 4, size // 4, 8), name="quarter"),
    )
    x, found = quarter, {}
    for scale in reversed(SCALES):
        x = conv(layers.UpSampling2D(name=f"up_{scale}")(x), 4, "leaky_relu", f"decode_{scale}")
        if scale == 2:
            x = layers.Concatenate(name="skip")([x, half])
        seen = picture if scale == 1 else layers.AveragePooling2D(scale, name=f"seen_{scale}")(picture)
        painted = conv(x, 3, "tanh", f"painted_{scale}", 1, dtype="float32")
        both = layers.Concatenate(name=f"both_{scale}", dtype="float32")([painted, seen])
        alpha = conv(both, 1, "sigmoid", f"alpha_{scale}", dtype="float32")
        found[f"picture_{scale}"] = alpha * painted + (1.0 - alpha) * ops.cast(seen, "float32")
        found[f"alpha_{scale}"] = alpha
        found[f"field_{scale}"] = conv(x, 2, "sigmoid", f"field_{scale}", dtype="float32")
    return keras.Model([picture, half, quarter], found, name="decoder")


@keras.saving.register_keras_serializable("tfinpaint_tests")
class CANDFE(InpaintingModel):
    """Repaints a whole face, and says by its blending map what of it is to be pasted."""

    contract = Contract(mask="whole", extras=("alpha", "field"))
    painter_names = ("encoder", "decoder")
    default_recipe = "small"

    def __init__(self, image_size: int = 16, name: str = "can_dfe", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.remember(locals())
        self.image_size = image_size
        self.encoder, self.head, self.decoder = _encoder(image_size, "encoder"), _head("head"), _decoder(image_size)
        self.twin, self.twin_head = _encoder(image_size, "twin"), _head("twin_head")
        self.queue = self.add_weight(shape=(KEYS, DIMENSION), initializer="zeros", trainable=False, name="queue")
        rows = np.random.default_rng(3).normal(size=(KEYS, DIMENSION))
        self.queue.assign(rows / np.linalg.norm(rows, axis=1, keepdims=True))
        self.pointer = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False, name="pointer")
        self.finish()

    def parts(self) -> dict[str, list]:
        return {"encoder": [self.encoder], "head": [self.head], "decoder": [self.decoder]}

    def call(self, inputs: Any, training: bool = False) -> dict[str, Any]:
        image = inputs["image"] if isinstance(inputs, dict) else inputs
        found = self.forward({"occluded": ops.cast(image, "float32")}, ["restored"], training)["restored"]
        return {"raw": found["picture_1"], "alpha": found["alpha_1"], "field": found["field_1"]}

    def paste_mask(self, image: Any, outputs: dict) -> Any:
        """Where more was painted than kept."""
        return ops.cast(outputs["alpha"] > 0.5, "float32")

    # ---- what the losses ask for -----------------------------------------------------------------------------------

    @output(by=("encoder",))
    def maps(self, batch: dict, given: dict, training: bool) -> list:
        return self.encoder(batch["occluded"], training=training)

    @output("maps", by=("head",))
    def query(self, batch: dict, given: dict, training: bool) -> Any:
        return self.head(given["maps"][-1], training=training)

    @output(reads=("occluded2",))
    def keys(self, batch: dict, given: dict, training: bool) -> Any:
        """What the twins say of the second view, without a gradient."""
        return ops.stop_gradient(self.twin_head(self.twin(batch["occluded2"], training=training)[-1]))

    @output("query", "keys")
    def logits(self, batch: dict, given: dict, training: bool) -> Any:
        """Likeness of each query to its own key, and to all in the queue, `(batch, 1 + keys)`."""
        own = ops.sum(given["query"] * given["keys"], axis=-1, keepdims=True)
        others = ops.matmul(given["query"], ops.transpose(ops.convert_to_tensor(self.queue)))
        return ops.concatenate([own, others], axis=-1) / TEMPERATURE

    @output("maps", by=("decoder",))
    def restored(self, batch: dict, given: dict, training: bool) -> dict[str, Any]:
        return self.decoder([batch["occluded"], *given["maps"]], training=training)


def _small(picture: Any, scale: int) -> Any:
    return picture if scale == 1 else ops.average_pool(picture, scale, scale)


def _rec(model: Any, batch: dict, out: dict) -> Any:
    pairs = [(out["restored"][f"picture_{scale}"], _small(batch["image"], scale)) for scale in SCALES]
    return sum(losses.mean_l1(painted, clean) for painted, clean in pairs)


def _both_hidden(model: Any, batch: dict, out: dict) -> Any:
    return losses.masked_l1(out["restored"]["picture_1"], batch["image"], batch["mask"] * batch["mask2"])


def _uv(model: Any, batch: dict, out: dict) -> Any:
    """Of the field where it is defined; smaller ones are means over what is defined."""
    total = 0.0
    for scale in SCALES:
        share = _small(batch["uv_valid"], scale)
        field = _small(batch["uv"] * batch["uv_valid"], scale) / (share + 1e-6)
        total += losses.masked_l1(out["restored"][f"field_{scale}"], field, ops.cast(share > 0, "float32"))
    return total


def _momentum_update(model: Any, batch: dict, out: dict, m: float) -> None:
    fast = [*model.encoder.trainable_variables, *model.head.trainable_variables]
    for slow, new in zip(_twins(model), fast, strict=True):
        slow.assign(m * slow + (1.0 - m) * new)


def _enqueue(model: Any, batch: dict, out: dict) -> None:
    count = ops.shape(out["keys"])[0]
    places = (ops.arange(count, dtype="int32") + model.pointer) % KEYS
    model.queue.assign(ops.scatter_update(ops.convert_to_tensor(model.queue), places[:, None], out["keys"]))
    model.pointer.assign((model.pointer + count) % KEYS)


def _twins(model: Any) -> list:
    return [*model.twin.trainable_variables, *model.twin_head.trainable_variables]


CANDFE.terms = {
    "info_nce": term("logits")(lambda model, batch, out: ops.logsumexp(out["logits"], -1) - out["logits"][:, 0]),
    "rec": term("restored")(_rec),
    "both_hidden": term("restored", reads=("mask2",))(_both_hidden),
    "uv": term("restored", reads=("uv", "uv_valid"))(_uv),
}
CANDFE.hooks = {
    "momentum_update": hook(moves=_twins)(_momentum_update),
    "enqueue": hook("keys", moves=lambda model: [model.queue, model.pointer])(_enqueue),
}
CANDFE.measures = {
    **MEASURES,
    "contrast_top1": term("logits")(lambda model, batch, out: ops.cast(ops.argmax(out["logits"], -1) == 0, "float32")),
}
_HOOKS = {"before": ({"hook": "momentum_update", "m": 0.9},), "after": ({"hook": "enqueue"},)}
_SGD = {"name": "sgd", "momentum": 0.9, "weight_decay": 1e-4}
_COMPLETION = Update({"encoder": 1e-3, "decoder": 1e-3}, {"rec": 6.0, "both_hidden": 1.0, "uv": 0.1, "perceptual": 0.0})


def _recipe(length: dict[str, int]) -> Recipe:
    contrast = Stage(
        "contrast",
        length,
        2,
        (Update({"encoder": 0.015, "head": 0.015}, {"info_nce": 1.0}, optimizer=_SGD),),
        hooks=_HOOKS,
        measures=("contrast_top1",),
        monitor=("val_contrast_top1", "max"),
    )
    return Recipe((contrast, Stage("completion", length, 2, (_COMPLETION,))))


CANDFE.recipes = {"paper": _recipe({"epochs": 200}), "small": _recipe({"steps": 6})}
