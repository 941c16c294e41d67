"""FSG-GAN, tiny: draws a blurred face, then paints a sharp one on it, against heads on the first network's encoder.

What it asks of the training that the zoo's first models do not: random draws, a network that one stage trains and
another one looks through, standing still with its batch statistics, and a painter of whole faces without a mask.
"""

import math
from typing import Any

import keras
from keras import layers, ops

from tfinpaint import losses
from tfinpaint.engine import Contract
from tfinpaint.models.base import InpaintingModel
from tfinpaint.models.blocks import conv
from tfinpaint.training.declared import output, term
from tfinpaint.training.feature_slots import FeatureSlot
from tfinpaint.training.recipe import Recipe, Stage, Update

LATENT = 8


def _cell(x: Any, width: int, name: str, norm: bool, **options: Any) -> Any:
    x = conv(x, width, None, name, use_bias=not norm, **options)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x) if norm else x
    return layers.Activation("silu", name=f"{name}_swish")(x)


def _encoder(size: int, norm: bool) -> keras.Model:
    """Picture -> maps at three depths, and mean and log variance of what is drawn."""
    x, maps = keras.Input((size, size, 3), name="picture"), []
    picture = x
    for i, width in enumerate((4, 6, 8)):
        x = _cell(x, width, f"down_{i}", norm, strides=2)
        maps.append(x)
    x = layers.GlobalAveragePooling2D(keepdims=True, name="pooled")(x)
    return keras.Model(
        picture, [*maps, layers.Conv2D(2 * LATENT, 1, dtype="float32", name="moments")(x)], name="encoder"
    )


def _decoder(size: int, norm: bool) -> keras.Model:
    draw = keras.Input((1, 1, LATENT), name="draw")
    x = layers.UpSampling2D(size // 8, name="spread")(draw)
    for i, width in enumerate((8, 6, 4)):
        x = layers.UpSampling2D(name=f"up_{i}")(_cell(x, width, f"cell_{i}", norm))
    return keras.Model(draw, conv(x, 3, "tanh", "structure", dtype="float32"), name="decoder")


def _generator(size: int, norm: bool) -> keras.Model:
    """Occluded picture and structure -> picture."""
    picture, structure = (keras.Input((size, size, 3), name=name) for name in ("picture", "structure_seen"))
    full = _cell(layers.Concatenate(name="seen")([picture, structure]), 4, "full", norm)
    x = layers.UpSampling2D(name="up")(_cell(full, 8, "half", norm, strides=2))
    x = _cell(layers.Concatenate(name="skip")([x, full]), 4, "decode", norm)
    return keras.Model([picture, structure], conv(x, 3, "tanh", "painted", dtype="float32"), name="generator")


def _heads(maps: list, norm: bool) -> keras.Model:
    """Maps -> logits, one map for each depth."""
    inputs = [keras.Input(x.shape[1:], name=f"depth_{i}") for i, x in enumerate(maps)]
    cells = [_cell(x, 4, f"head_{i}", norm, kernel=1) for i, x in enumerate(inputs)]
    logits = [layers.Conv2D(1, 1, dtype="float32", name=f"logit_{i}")(x) for i, x in enumerate(cells)]
    return keras.Model(inputs, logits, name="heads")


@keras.saving.register_keras_serializable("tfinpaint_tests")
class FSGGAN(InpaintingModel):
    """Repaints a whole face; a seed chooses which structure."""

    contract = Contract(mask="whole", extras=("structure", "raw"), noise={"noise": (1, 1, LATENT)})
    painter_names = ("encoder", "decoder", "generator")
    default_recipe = "small"
    feature_slots = {"identity": FeatureSlot("mobile_face_net", optional=True)}

    def __init__(self, image_size: int = 16, norm: bool = True, name: str = "fsg_gan", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.remember(locals())
        self.image_size, self.norm = image_size, norm
        self.encoder, self.decoder = _encoder(image_size, norm), _decoder(image_size, norm)
        self.generator = _generator(image_size, norm)
        self.trunk = keras.Model(self.encoder.input, self.encoder.output[:3], name="trunk")  # the very same layers
        self.heads = _heads(self.trunk.output, norm)
        self.draws = keras.random.SeedGenerator(7)
        self.finish()

    def parts(self) -> dict[str, list]:
        return {"vae": [self.encoder, self.decoder], "generator": [self.generator], "heads": [self.heads]}

    def call(self, inputs: Any, training: bool = False) -> dict[str, Any]:
        inputs = inputs if isinstance(inputs, dict) else {"image": inputs}
        batch = {"occluded": ops.cast(inputs["image"], "float32")}
        known = {}
        if "noise" in inputs:
            moments = self.forward(batch, ["moments"], training)["moments"]
            known = {"moments": moments, "structure": self._draw(moments, inputs["noise"], training)}
        found = self.forward(batch, ["structure", "restored"], training, known=known)
        return {"raw": found["restored"], "structure": found["structure"]}

    # ---- what the losses ask for -----------------------------------------------------------------------------------

    @output(by=("vae",))
    def moments(self, batch: dict, given: dict, training: bool) -> tuple[Any, Any]:
        mean, spread = ops.split(self.encoder(batch["occluded"], training=training)[3], 2, axis=-1)
        return mean, ops.clip(spread, -12.0, 12.0)

    @output("moments", by=("vae",))
    def drawn(self, batch: dict, given: dict, training: bool) -> Any:
        """A structure at random."""
        mean = given["moments"][0]
        noise = batch["noise"] if "noise" in batch else keras.random.normal(ops.shape(mean), seed=self.draws)
        return self._draw(given["moments"], noise, training)

    @output("moments", by=("vae",))
    def structure(self, batch: dict, given: dict, training: bool) -> Any:
        """The likeliest one."""
        return self.decoder(given["moments"][0], training=training)

    @output("structure", by=("generator",))
    def restored(self, batch: dict, given: dict, training: bool) -> Any:
        return self.generator([batch["occluded"], given["structure"]], training=training)

    @output(by=("vae", "heads"))
    def real_logits(self, batch: dict, given: dict, training: bool) -> list:
        return self._judge(batch["image"], training)

    @output("restored", by=("vae", "heads"))
    def fake_logits(self, batch: dict, given: dict, training: bool) -> list:
        return self._judge(given["restored"], training)

    @output("restored", by=("vae", "heads"))
    def verdict(self, batch: dict, given: dict, training: bool) -> list:
        """As the generator's step asks for it: the heads' batch statistics stand still."""
        return self._judge(given["restored"], training=False)

    def _judge(self, picture: Any, training: bool) -> list:
        return self.heads(self.trunk(picture, training=training), training=training)

    def _draw(self, moments: tuple[Any, Any], noise: Any, training: bool) -> Any:
        return self.decoder(moments[0] + ops.exp(0.5 * moments[1]) * noise, training=training)


def _log_share(logits: list, sign: float) -> Any:
    """Log of the mean probability of "photo" (sign 1) or "painted" (-1); heads that say "photo" weigh more."""
    photo = ops.stack([losses.log_mean_sigmoid(x) for x in logits], axis=-1)
    says = ops.stack([losses.log_mean_sigmoid(sign * x) for x in logits], axis=-1)
    return ops.logsumexp(ops.log_softmax(ops.exp(photo), axis=-1) + says, axis=-1)


def _nll(model: Any, batch: dict, out: dict) -> Any:
    return 0.5 * ops.sum(ops.square(out["drawn"] - batch["image"]), axis=(1, 2, 3))


def _kl(model: Any, batch: dict, out: dict) -> Any:
    mean, spread = out["moments"]
    return 0.5 * ops.sum(ops.exp(spread) + ops.square(mean) - 1.0 - spread, axis=(1, 2, 3))


def _id_cosine(model: Any, batch: dict, out: dict) -> Any:
    look = model.feature_networks.get("identity")
    return losses.cosine_distance(look(out["restored"]), look(batch["image"]))


FSGGAN.terms = {
    "vae_nll": term("drawn")(_nll),
    "vae_kl": term("moments")(_kl),
    "pixel_l1": term("restored")(lambda model, batch, out: losses.mean_l1(out["restored"], batch["image"])),
    "id_cosine": term("restored", features="identity")(_id_cosine),
    "adv_g": term("verdict", against="adv_d")(lambda model, batch, out: -_log_share(out["verdict"], 1)),
    "adv_d": term("real_logits", "fake_logits", chance=2 * math.log(2))(
        lambda model, batch, out: -_log_share(out["real_logits"], 1) - _log_share(out["fake_logits"], -1)
    ),
}
_STRUCTURE = Update({"vae": 1e-3}, {"vae_nll": 1.0, "vae_kl": 1.0})
_PAINTS = Update({"generator": 1e-3}, {"pixel_l1": 100.0, "id_cosine": 50.0, "adv_g": 1.0})
_JUDGES = Update({"heads": 1e-3}, {"adv_d": 1.0})


def _recipe(length: dict[str, int]) -> Recipe:
    structure = Stage("structure", length, 2, (_STRUCTURE,), picture="structure")
    synthesis = Stage("synthesis", length, 2, (_PAINTS, _JUDGES), ("vae", "identity"))
    return Recipe((structure, synthesis), {"name": "adam", "beta_1": 0.5, "beta_2": 0.999})


FSGGAN.recipes = {"paper": _recipe({"epochs": 500}), "small": _recipe({"steps": 6})}
