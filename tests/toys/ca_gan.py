"""CA-GAN, tiny: paints holes that it is told of, coarsely, then by contextual attention, against Wasserstein critics.

What it asks of the training that the zoo's first models do not: several fresh batches a step, a gradient of a gradient,
a term that reaches one of two painters only, an output without its gradient, a key of the batch that not all have.
"""

from typing import Any

import keras
from keras import layers, ops

from tfinpaint.engine import Contract
from tfinpaint.layers import ContextualAttention
from tfinpaint.losses import masked_mean
from tfinpaint.models.base import InpaintingModel
from tfinpaint.models.blocks import clip, conv, head
from tfinpaint.models.compose import compose
from tfinpaint.models.crop import crop, middle_of
from tfinpaint.training.backend import input_grad
from tfinpaint.training.declared import output, term
from tfinpaint.training.recipe import Recipe, Stage, Update


def _painter(size: int, name: str, attends: bool) -> keras.Model:
    """Picture and mask -> picture; perhaps the map of the attention, too."""
    picture, mask = keras.Input((size, size, 3), name="picture"), keras.Input((size, size, 1), name="hidden")
    x = layers.Concatenate(name="picture_and_mask")([picture, mask])
    x = conv(conv(x, 4, "elu", "full"), 8, "elu", "half", strides=2)
    attention = []
    if attends:
        small = layers.MaxPooling2D(2, name="small_mask")(mask)
        x, *attention = ContextualAttention(rate=2, return_attention=True, name="attention")([x, small])
    x = conv(layers.UpSampling2D(name="up")(conv(x, 8, "elu", "copied")), 4, "elu", "decode")
    return keras.Model([picture, mask], [clip(head(x, 3, 1)), *attention], name=name)


def _critic(side: int, name: str) -> keras.Model:
    """Picture -> one number; only differences count. In float32 always: of its gradient another one is taken."""
    x = picture = keras.Input((side, side, 3), name="picture", dtype="float32")
    for i, width in enumerate((4, 8)):
        x = conv(x, width, None, f"{name}_{i}", 5, strides=2, dtype="float32")
        x = layers.LeakyReLU(0.2, name=f"{name}_{i}_leaky", dtype="float32")(x)
    x = layers.Flatten(name=f"{name}_flat", dtype="float32")(x)
    return keras.Model(picture, layers.Dense(1, use_bias=False, name=f"{name}_score", dtype="float32")(x), name=name)


@keras.saving.register_keras_serializable("tfinpaint_tests")
class CAGAN(InpaintingModel):
    """Needs a mask, and fills the hole white itself."""

    contract = Contract(mask="needs", extras=("coarse", "offsets"))
    painter_names = ("coarse_network", "refine_network")
    default_recipe = "small"

    def __init__(self, image_size: int = 16, name: str = "ca_gan", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.remember(locals())
        self.image_size = image_size
        self.coarse_network = _painter(image_size, "coarse_network", attends=False)
        self.refine_network = _painter(image_size, "refine_network", attends=True)
        self.whole_critic, self.local_critic = _critic(image_size, "whole"), _critic(image_size // 2, "local")
        self.mix = keras.random.SeedGenerator(5)
        self.finish()

    def parts(self) -> dict[str, list]:
        critics = [self.whole_critic, self.local_critic]
        return {"coarse": [self.coarse_network], "refine": [self.refine_network], "critics": critics}

    def call(self, inputs: dict, training: bool = False) -> dict[str, Any]:
        batch = {"occluded": ops.cast(inputs["image"], "float32"), "mask": ops.cast(inputs["mask"], "float32")}
        found = self.forward(batch, ["refined", *self.contract.extras], training)
        extras = {name: found[name] for name in self.contract.extras}
        return {"image": found["refined"], "mask": batch["mask"], **extras}

    # ---- what the losses ask for -----------------------------------------------------------------------------------

    @output(by=("coarse",))
    def coarse(self, batch: dict, given: dict, training: bool) -> Any:
        image, mask = batch["occluded"], batch["mask"]
        return compose(image, self.coarse_network([compose(image, 1.0, mask), mask], training=training), mask)

    @output("coarse", by=("refine",))
    def rebuilt(self, batch: dict, given: dict, training: bool) -> tuple[Any, Any]:
        """What the refine network gives: the picture, and from where each place of its map was copied."""
        return tuple(self.refine_network([given["coarse"], batch["mask"]], training=training))

    @output("rebuilt")
    def refined(self, batch: dict, given: dict, training: bool) -> Any:
        return compose(batch["occluded"], given["rebuilt"][0], batch["mask"])

    @output("rebuilt")
    def offsets(self, batch: dict, given: dict, training: bool) -> Any:
        """How many places lower and farther right lies what was copied, `(batch, side, side, 2)`."""
        side, n = self.image_size // 4, given["rebuilt"][1].shape[-1]
        copied = ops.top_k(given["rebuilt"][1], 1)[1][..., 0]  # TFLite has no builtin for Keras's argmax
        away = ops.cast(copied, "float32") - ops.arange(n, dtype="float32")
        rows = ops.floor(away / side)  # in floats: integers are divided towards zero in ONNX
        away = ops.stack([rows, away - side * rows], axis=-1)
        maps = ops.reshape(away, (-1, side, side, 2))
        return ops.repeat(ops.repeat(maps, 4, axis=1), 4, axis=2)

    @output(by=("critics",))
    def real_score(self, batch: dict, given: dict, training: bool) -> Any:
        return self._score(batch["image"], batch["mask"])

    @output("refined", by=("critics",))
    def fake_score(self, batch: dict, given: dict, training: bool) -> Any:
        return self._score(given["refined"], batch["mask"])

    @output("refined", by=("critics",))
    def slope(self, batch: dict, given: dict, training: bool) -> Any:
        """Norms of the critics' gradients between the photo and the painting, `(batch, 2)`."""
        shape = (ops.shape(batch["image"])[0], 1, 1, 1)
        mix = batch["mix"] if "mix" in batch else keras.random.uniform(shape, seed=self.mix)
        between = ops.stop_gradient(mix * batch["image"] + (1.0 - mix) * given["refined"])
        cases = [(self.whole_critic, between), (self.local_critic, self._hole(between, batch["mask"]))]
        slopes = [ops.sum(ops.square(input_grad(critic, picture)), axis=(1, 2, 3)) for critic, picture in cases]
        return ops.sqrt(ops.stack(slopes, axis=-1) + 1e-12)

    def _score(self, picture: Any, mask: Any) -> Any:
        return self.whole_critic(picture)[:, 0] + self.local_critic(self._hole(picture, mask))[:, 0]

    def _hole(self, picture: Any, mask: Any) -> Any:
        return crop(picture, middle_of(mask), self.image_size // 2)


def _discounted(picture: Any, batch: dict) -> Any:
    """Mean error, the less the deeper in the hole; what lies around the hole counts in full."""
    error = ops.abs(ops.cast(picture, "float32") - batch["image"])
    return masked_mean(error * 0.9 ** batch["distance"], batch["mask"]) + masked_mean(error, 1.0 - batch["mask"])


CAGAN.terms = {
    "rec_coarse": term("coarse", reads=("distance",))(lambda model, batch, out: _discounted(out["coarse"], batch)),
    "rec_refine": term("refined", reads=("distance",))(lambda model, batch, out: _discounted(out["refined"], batch)),
    "wgan_d": term("real_score", "fake_score")(lambda model, batch, out: out["fake_score"] - out["real_score"]),
    "wgan_g": term("fake_score", against="wgan_d")(lambda model, batch, out: -out["fake_score"]),
    "gp": term("slope", steep=100.0)(lambda model, batch, out: ops.sum(ops.square(out["slope"] - 1.0), axis=-1)),
}
CAGAN.gates = {"hole_share": term()(lambda model, batch, out: ops.mean(batch["mask"], axis=(1, 2, 3)))}
_PAINTERS, _REC = {"coarse": 1e-3, "refine": 1e-3}, {"rec_coarse": 1.2, "rec_refine": 1.2}
_CRITICS = Update({"critics": 1e-3}, {"wgan_d": 1.0, "gp": 10.0}, times=5, fresh=True)
_PAINTS = Update(_PAINTERS, {**_REC, "wgan_g": 1.0}, route={"wgan_g": ("refine",)}, fresh=True)
_PAPER = Stage("adversarial", {"steps": 10}, 2, (_CRITICS, _PAINTS), picture="coarse")
_PIXELS = Stage("reconstruction", {"steps": 6}, 2, (Update(_PAINTERS, _REC, detach=("coarse",)),))
_ADAM = {"name": "adam", "beta_1": 0.5, "beta_2": 0.9}
CAGAN.recipes = {"paper": Recipe((_PAPER,), _ADAM), "small": Recipe((_PIXELS, _PAPER), _ADAM)}
