"""FSG-GAN: draws the structure of a face behind anything, then paints the face anew by it; no mask is needed."""

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from tfinpaint.engine import Contract
from tfinpaint.errors import InputError
from tfinpaint.models.base import InpaintingModel
from tfinpaint.models.blocks import enlarge, shrink
from tfinpaint.models.compose import compose
from tfinpaint.models.finishing import RECOGNISER, Finishing
from tfinpaint.models.fsg_gan import networks
from tfinpaint.models.fsg_gan.recipe import PAPER, SMALL
from tfinpaint.models.fsg_gan.terms import TERMS
from tfinpaint.models.paste_mask import THRESHOLD, where_it_differs
from tfinpaint.models.told import hidden_logit, told
from tfinpaint.models.u_net import WHITE, u_net
from tfinpaint.models.what_hides.networks import finder
from tfinpaint.training.declared import output
from tfinpaint.training.feature_slots import FeatureSlot


@keras.saving.register_keras_serializable("tfinpaint")
class FSGGAN(Finishing, InpaintingModel):
    """Restoration of a face behind things of any kind: the whole face is painted anew, and pasted where it differs.

    A variational autoencoder draws a blurred complete face, the structure; a U-Net with hybrid dilated convolutions
    paints by it, in small presets told by a finder where something lies. Three heads judge, on the autoencoder's own
    frozen encoder.

    Args:
        image_size: side of the aligned face in pixels, a multiple of `structure_size`.
        structure_size: side of the structure, a multiple of 64; larger pictures are reduced for it and for the heads.
        encoder_widths: channels behind each of the encoder's six halvings.
        decoder_widths: channels of the decoder, from the lowest resolution up.
        latent: how many numbers a structure is drawn of.
        generator_widths: channels of the generator's encoder blocks, three where it is not `shared`.
        full_width: channels of its cell at full size; 0: pixels are folded 2x2 there instead.
        shared: the generator is the U-Net of all small painters, `models/u_net.py`, with `generator_widths` of any
            number and HDC; it can begin as one of them. A finder tells it what hides the face, alpha, by which the
            losses see its picture blended with what was seen.
        finder_widths: channels of this finder, which is the network of `WhatHides` and can begin as that.
        limit: of its activations, see there.
        dilations: rates of its hybrid dilated convolutions; empty: there are none.
        arrangement: of these, `"parallel"` or `"chained"`.
        global_pool: they see the mean of the picture, too.
        head_width: channels of each head's hidden layer.
        plain_heads: heads as the paper's text has them, see `networks.heads`.
        norm: normalise batches in all these networks.
        patch_critic_widths: channels of the critic of the stage `finish`.
        threshold: the face is pasted where alpha is above this; without one, where the face differs by more than this
            from what was seen, see `where_it_differs`.

    Call arguments:
        inputs: `(batch, image_size, image_size, 3)` float in [-1, 1], or a dict with `image` and, to draw another
            structure than the likeliest, `noise`, `(batch, 1, 1, latent)` standard normal.

    Returns:
        A dict: `raw`, the whole face painted anew, and `structure`, both `(batch, image_size, image_size, 3)`; where
        `shared` also `alpha`, `(batch, image_size, image_size, 1)` in [0, 1].

    Raises:
        InputError: a size is no multiple of what it must be.

    Reference: Cheung, Li, Zou, "Facial Structure Guided GAN for Identity-preserved Face Image De-occlusion", ICMR 2021,
    doi:10.1145/3460426.3463642.
    """

    # Pixels at the finder's threshold decide what is pasted, and the highest resolution gives the detail.
    sensitive = r"finder|generator.*(encode_0|decode_0|head)"
    u_net_name = "generator"
    terms: ClassVar = TERMS
    recipes: ClassVar = {"paper": PAPER, "small": SMALL}
    feature_slots: ClassVar = {
        "identity": FeatureSlot("light_cnn", default="compact"),
        "recogniser": RECOGNISER,
    }

    def __init__(
        self,
        image_size: int = 128,
        structure_size: int = 128,
        encoder_widths: Sequence[int] = (32, 64, 64, 128, 128, 256),
        decoder_widths: Sequence[int] = (256, 128, 128, 64, 64, 64),
        latent: int = 512,
        generator_widths: Sequence[int] = (64, 128, 256),
        full_width: int = 64,
        shared: bool = False,
        finder_widths: Sequence[int] = (32, 48, 64),
        limit: float | None = None,
        dilations: Sequence[int] = (1, 2, 5),
        arrangement: str = "parallel",
        global_pool: bool = False,
        head_width: int = 256,
        plain_heads: bool = False,
        norm: bool = True,
        patch_critic_widths: Sequence[int] = (48, 96, 192, 256),
        threshold: float = THRESHOLD,
        name: str = "fsg_gan",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.remember(locals())
        if structure_size < 64 or structure_size % 64:
            raise InputError(f"`structure_size` must be a multiple of 64. Received: structure_size={structure_size}.")
        if image_size < structure_size or image_size % structure_size:
            raise InputError(
                f"`image_size` must be a multiple of `structure_size`, {structure_size}. "
                f"Received: image_size={image_size}."
            )
        extras = ("structure", "raw", *(["alpha"] if shared else []))
        self.contract = Contract(mask="whole", extras=extras, noise={"noise": (1, 1, latent)}, occlusion="things")
        self.encoder = networks.encoder(structure_size, encoder_widths, latent, norm)
        self.decoder = networks.decoder(structure_size, decoder_widths, latent, norm)
        self.finder = None
        if shared:
            self.finder = finder(structure_size, finder_widths)
            options = {"dilations": dilations, "arrangement": arrangement, "name": "generator"}
            self.generator = u_net(
                image_size, generator_widths, 2, limit, beside=("mask", "structure", "seen"), **options
            )
        else:
            widths = (generator_widths, full_width, dilations, arrangement, global_pool, norm)
            self.generator = networks.generator(image_size, *widths)
        self.trunk = keras.Model(self.encoder.input, self.encoder.output[:3], name="trunk")  # the very same layers
        self.heads = networks.heads(self.trunk.output, head_width, norm, plain_heads)
        self.prepare_finishing((0, 0, image_size), patch_critic_widths)  # things lie anywhere
        self.drawing = keras.random.SeedGenerator(0)
        self.image_size, self.structure_scale = image_size, image_size // structure_size
        self.threshold = threshold
        self.default_recipe = "small" if shared else "paper"
        self.finish()

    @property
    def painter_names(self) -> tuple[str, ...]:
        return ("encoder", "decoder", *(["finder"] if self.finder else []), "generator")

    def parts(self) -> dict[str, list]:
        return {
            "vae": [self.encoder, self.decoder],
            **({"finder": [self.finder]} if self.finder else {}),
            "generator": [self.generator],
            "heads": [self.heads],
            "patch_critic": [self.patch_critic],
        }

    def call(self, inputs: Any, training: bool = False) -> dict[str, Any]:
        inputs = inputs if isinstance(inputs, dict) else {"image": inputs}
        batch, known = {"occluded": ops.cast(inputs["image"], "float32")}, {}
        if "noise" in inputs:
            known["structure"] = self._whole(self._draw(self._moments(batch, False), inputs["noise"], False))
        found = self.forward(batch, ["structure", "found", "painted"], training, known=known)
        alpha = {"alpha": ops.sigmoid(found["found"][0])} if self.finder else {}
        return {"raw": found["painted"], "structure": found["structure"], **alpha}

    def paste_mask(self, image: Any, outputs: dict) -> Any:
        """Where alpha says so, or the painted face differs from what was seen, `(batch, side, side, 1)`, 0 or 1."""
        if self.finder:
            return ops.cast(outputs["alpha"] > self.threshold, "float32")
        return where_it_differs(image, outputs["raw"], self.threshold)

    # ---- what the losses ask for -----------------------------------------------------------------------------------

    @output(by=("vae",))
    def moments(self, batch: dict, given: dict, training: bool) -> tuple[Any, Any]:
        """Mean and log variance of what the structure is drawn of."""
        return self._moments(batch, training)

    @output("moments", by=("vae",))
    def drawn(self, batch: dict, given: dict, training: bool) -> Any:
        """A structure at random, at its own size."""
        mean = given["moments"][0]
        noise = batch["noise"] if "noise" in batch else keras.random.normal(ops.shape(mean), seed=self.drawing)
        return self._draw(given["moments"], noise, training)

    @output(by=("vae",))
    def structure(self, batch: dict, given: dict, training: bool) -> Any:
        """The likeliest structure, as it will be met when faces are restored: by gathered batch statistics."""
        return self._whole(self._decode(self._moments(batch, False)[0], False))

    @output(by=("finder",))
    def found(self, batch: dict, given: dict, training: bool) -> list:
        """The finder's logit of "something hides the face here", `(batch, side, side, 1)`; nothing without a finder."""
        if not self.finder:
            return []
        logit = hidden_logit(self.finder, shrink(batch["occluded"], self.structure_scale), training)
        return [enlarge(logit, self.structure_scale)]

    @output("structure", "found", by=("generator",))
    def painted(self, batch: dict, given: dict, training: bool) -> Any:
        """The whole face, painted anew."""
        if not self.finder:
            return self.generator([batch["occluded"], given["structure"]], training=training)
        visible, hidden, seen = told(batch["occluded"], *given["found"], hole=WHITE)
        return self.generator([visible, hidden, given["structure"], seen], training=training)

    @output("painted", "found")
    def restored(self, batch: dict, given: dict, training: bool) -> Any:
        """The same, where a finder finds little blended with what was seen: the losses look at what will be pasted."""
        picture = given["painted"]
        for logit in given["found"]:
            alpha = ops.sigmoid(logit)
            picture = alpha * picture + (1.0 - alpha) * batch["occluded"]
        return picture

    @output("restored")
    def finished(self, batch: dict, given: dict, training: bool) -> Any:
        """The picture that the stage `finish` looks at: pasted where something truly lies."""
        return compose(batch["occluded"], given["restored"], batch["mask"])

    @output(by=("vae",))
    def real_maps(self, batch: dict, given: dict, training: bool) -> list:
        """What the encoder sees in the photo, at three depths."""
        return self._look(batch["image"])

    @output("restored", by=("vae",))
    def fake_maps(self, batch: dict, given: dict, training: bool) -> list:
        """What it sees in the restored face."""
        return self._look(given["restored"])

    @output("real_maps", by=("heads",))
    def real_logits(self, batch: dict, given: dict, training: bool) -> list:
        """What the heads say of the photo."""
        return self.heads(given["real_maps"], training=training)

    @output("fake_maps", by=("heads",))
    def fake_logits(self, batch: dict, given: dict, training: bool) -> list:
        """What they say of the restored face, in a batch of its own."""
        return self.heads(given["fake_maps"], training=training)

    @output("fake_maps", by=("heads",))
    def verdict(self, batch: dict, given: dict, training: bool) -> list:
        """The same as the generator's step asks for it: the heads' batch statistics stand still."""
        return self.heads(given["fake_maps"], training=False)

    # ---- private ---------------------------------------------------------------------------------------------------

    def _moments(self, batch: dict, training: bool) -> tuple[Any, Any]:
        seen = shrink(batch["occluded"], self.structure_scale)
        return tuple(self.encoder(seen, training=training)[3:])

    def _draw(self, moments: tuple[Any, Any], noise: Any, training: bool) -> Any:
        mean, log_variance = moments
        return self._decode(mean + ops.exp(0.5 * log_variance) * noise, training)

    def _decode(self, drawn: Any, training: bool) -> Any:
        """A structure at its own size; noise may come with sides that are not known."""
        return self.decoder(ops.reshape(drawn, (-1, *self.contract.noise["noise"])), training=training)

    def _look(self, picture: Any) -> list:
        return self.trunk(shrink(picture, self.structure_scale), training=False)

    def _whole(self, structure: Any) -> Any:
        return enlarge(structure, self.structure_scale)
