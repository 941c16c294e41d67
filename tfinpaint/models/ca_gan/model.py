"""CA-GAN: completes holes that it is told of, coarsely first, then with contextual attention."""

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from tfinpaint.engine import Contract
from tfinpaint.errors import InputError
from tfinpaint.losses.discounted import DISCOUNTS
from tfinpaint.models.base import InpaintingModel
from tfinpaint.models.blocks import enlarge, shrink
from tfinpaint.models.ca_gan import networks
from tfinpaint.models.ca_gan.recipe import PAPER, SMALL
from tfinpaint.models.ca_gan.terms import TERMS
from tfinpaint.models.compose import compose
from tfinpaint.models.crop import crop, middle_of
from tfinpaint.models.finishing import RECOGNISER, Finishing
from tfinpaint.models.two_branches import refine_generator
from tfinpaint.models.u_net import WHITE, u_net
from tfinpaint.training.backend import input_grad
from tfinpaint.training.declared import output


@keras.saving.register_keras_serializable("tfinpaint")
class CAGAN(Finishing, InpaintingModel):
    """Completion of a face behind a hole of any form, which must be given; what lies in the hole is never looked at.

    Args:
        image_size: side of the aligned face in pixels.
        coarse_widths: channels of the coarse network at full, half and quarter size.
        coarse_dilations: dilation rates of its convolutions at quarter size. Without any it is FMODR's U-Net, and
            `coarse_widths` are those of `models.u_net`.
        coarse_limit: of that U-Net's activations.
        coarse_scale: the coarse network looks at the picture reduced so many times; 1 or 2.
        refine_widths: channels of the refine network at full, half and quarter size.
        refine_dilations: dilation rates of its far-sighted branch.
        residual: the refine network adds to the coarse picture instead of drawing it anew.
        local_critic_widths: channels of the critic of the hole, a square of half the side.
        global_critic_widths: channels of the critic of the whole picture.
        patch_critic_widths: channels of the critic of the stage `finish`.
        stem: side of the pixel blocks folded into channels in front of each generator network, 1 (none) or 2.
        discount: how an error counts by its depth in the hole, see `losses.hole_discount`.
        gamma: see there.

    Call arguments:
        inputs: a dict with `image`, `(batch, image_size, image_size, 3)` float in [-1, 1], and `mask` `(batch,
            image_size, image_size, 1)`, 1 = hidden (above a half).

    Returns:
        A dict: `image` (composed), `mask` (0 or 1), `coarse` (composed), and `offsets` `(batch, image_size, image_size,
        2)`: how many pixels lower and farther right lies what the attention copies most of into a hidden place; 0 where
        nothing is hidden, and everywhere where all is.

    Raises:
        InputError: an argument is out of range, or `inputs` have no mask.

    Reference: Shah et al., "Generative Adversarial Networks for Inpainting Occluded Face Images", after J. Yu et al.,
    "Generative Image Inpainting with Contextual Attention", CVPR 2018.
    """

    contract = Contract(mask="needs", extras=("coarse", "offsets"), reach=2.0, occlusion="holes")
    painter_names = ("coarse_generator", "refine_generator")
    u_net_name = "coarse_generator"
    sensitive = r"coarse_generator.*(encode_0|decode_0|head)"
    terms: ClassVar = TERMS
    recipes: ClassVar = {"paper": PAPER, "small": SMALL}
    feature_slots: ClassVar = {"recogniser": RECOGNISER}

    def __init__(
        self,
        image_size: int = 256,
        coarse_widths: Sequence[int] = (32, 64, 128),
        coarse_dilations: Sequence[int] = (2, 4, 8, 16),
        coarse_limit: float | None = None,
        coarse_scale: int = 1,
        refine_widths: Sequence[int] = (32, 64, 128),
        refine_dilations: Sequence[int] = (2, 4, 8, 16),
        residual: bool = False,
        local_critic_widths: Sequence[int] = (64, 128, 256, 512),
        global_critic_widths: Sequence[int] = (64, 128, 256, 256),
        patch_critic_widths: Sequence[int] = (48, 96, 192, 256),
        stem: int = 1,
        discount: str = "power",
        gamma: float = 0.99,
        name: str = "ca_gan",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.remember(locals())
        for argument, value, known in (("coarse_scale", coarse_scale, (1, 2)), ("stem", stem, (1, 2))):
            if value not in known:
                raise InputError(f"`{argument}` must be 1 or 2. Received: {argument}={value}.")
        if discount not in DISCOUNTS:
            raise InputError(f"`discount` must be one of {', '.join(DISCOUNTS)}. Received: discount={discount!r}.")
        # Of the attention's grid, and of the coarse network.
        modulus = max(8, coarse_scale * stem * 2 ** (2 if coarse_dilations else len(coarse_widths) - 1))
        if image_size % modulus or image_size < 16:
            raise InputError(f"`image_size` must be a multiple of {modulus}. Received: image_size={image_size}.")
        small = image_size // coarse_scale
        if coarse_dilations:
            self.coarse_generator = networks.coarse_generator(small, coarse_widths, coarse_dilations, stem)
        else:
            self.coarse_generator = u_net(small, coarse_widths, stem, coarse_limit)
        self.refine_generator = refine_generator(
            image_size, refine_widths, refine_dilations, stem, residual, "contextual", return_attention=True
        )
        self.local_critic = networks.critic(image_size // 2, local_critic_widths, "local_critic")
        self.global_critic = networks.critic(image_size, global_critic_widths, "global_critic")
        self.prepare_finishing((0, 0, image_size), patch_critic_widths)  # holes lie anywhere
        self.mixing = keras.random.SeedGenerator(0)
        self.image_size, self.coarse_scale = image_size, coarse_scale
        self.discount, self.gamma = discount, gamma
        self.default_recipe = "small" if stem > 1 else "paper"
        self.finish()

    def parts(self) -> dict[str, list]:
        return {
            "coarse": [self.coarse_generator],
            "refine": [self.refine_generator],
            "critics": [self.local_critic, self.global_critic],
            "patch_critic": [self.patch_critic],
        }

    def call(self, inputs: Any, training: bool = False) -> dict[str, Any]:
        if not isinstance(inputs, dict) or "mask" not in inputs:
            raise InputError(
                "`inputs` must say what is hidden. Received: no mask; give a dict with `image` and `mask`, 1 = hidden."
            )
        mask = ops.cast(ops.cast(inputs["mask"], "float32") > 0.5, "float32")
        batch = {"occluded": ops.cast(inputs["image"], "float32"), "mask": mask}
        found = self.forward(batch, ["refined", *self.contract.extras], training)
        return {"image": found["refined"], "mask": mask, **{name: found[name] for name in self.contract.extras}}

    # ---- what the losses ask for -----------------------------------------------------------------------------------

    @output(by=("coarse",))
    def coarse_raw(self, batch: dict, given: dict, training: bool) -> Any:
        """The coarse picture, not composed."""
        image, mask, scale = batch["occluded"], batch["mask"], self.coarse_scale
        visible = _white_in(image, mask)
        if scale > 1:
            mask = ops.max_pool(mask, scale, scale)  # what is hidden anywhere stays hidden
            visible = _white_in(shrink(visible, scale), mask)
        return enlarge(self.coarse_generator([visible, mask], training=training), scale)

    @output("coarse_raw")
    def coarse(self, batch: dict, given: dict, training: bool) -> Any:
        """It, composed."""
        return compose(batch["occluded"], given["coarse_raw"], batch["mask"])

    @output("coarse", by=("refine",))
    def rebuilt(self, batch: dict, given: dict, training: bool) -> tuple[Any, Any]:
        """What the refine network gives: the picture, not composed, and the map of the attention."""
        return tuple(self.refine_generator([given["coarse"], batch["mask"]], training=training))

    @output("rebuilt")
    def refined_raw(self, batch: dict, given: dict, training: bool) -> Any:
        """The refined picture, not composed."""
        return given["rebuilt"][0]

    @output("refined_raw")
    def refined(self, batch: dict, given: dict, training: bool) -> Any:
        """It, composed: what is restored."""
        return compose(batch["occluded"], given["refined_raw"], batch["mask"])

    @output("refined")
    def finished(self, batch: dict, given: dict, training: bool) -> Any:
        """The picture that the stage `finish` looks at."""
        return given["refined"]

    @output("rebuilt")
    def offsets(self, batch: dict, given: dict, training: bool) -> Any:
        """How far below and to the right lies what is copied most, in pixels, `(batch, side, side, 2)`."""
        attention, side = given["rebuilt"][1], self.image_size // 8
        most, place = ops.top_k(attention, 1)  # TFLite has no builtin for Keras's argmax
        # In floats: integers are divided towards zero in ONNX.
        copied, here = ops.cast(place[..., 0], "float32"), ops.arange(side**2, dtype="float32")
        rows = ops.floor(copied / side) - ops.floor(here / side)
        columns = copied - here - side * rows
        away = 8.0 * ops.stack([rows, columns], axis=-1) * ops.cast(most > 0, "float32")
        maps = ops.reshape(away, (-1, side, side, 2))
        return ops.repeat(ops.repeat(maps, 8, axis=1), 8, axis=2) * batch["mask"]

    @output(by=("critics",))
    def real_score(self, batch: dict, given: dict, training: bool) -> Any:
        """What both critics say of the photo together, `(batch, 1)`."""
        return self._score(batch["image"], batch["mask"])

    @output("refined", by=("critics",))
    def fake_score(self, batch: dict, given: dict, training: bool) -> Any:
        """What they say of the refined picture."""
        return self._score(given["refined"], batch["mask"])

    @output("refined", by=("critics",))
    def slopes(self, batch: dict, given: dict, training: bool) -> list[tuple[Any, Any]]:
        """The critics' gradients somewhere between refined picture and photo, each with the hole that it sees.

        How near to the photo is drawn for each sample, evenly between 0 and 1 (Algorithm 1, line 7).
        """
        shape = (ops.shape(batch["image"])[0], 1, 1, 1)
        mix = batch["mix"] if "mix" in batch else keras.random.uniform(shape, seed=self.mixing)
        between = ops.stop_gradient(mix * batch["image"] + (1.0 - mix) * given["refined"])
        hole = batch["mask"]
        cases = [(self.global_critic, between, hole)]
        cases += [(self.local_critic, *(self._around_hole(x, hole) for x in (between, hole)))]
        return [(input_grad(critic, picture), seen) for critic, picture, seen in cases]

    # ---- private ---------------------------------------------------------------------------------------------------

    def _score(self, picture: Any, mask: Any) -> Any:
        return self.global_critic(picture) + self.local_critic(self._around_hole(picture, mask))

    def _around_hole(self, picture: Any, mask: Any) -> Any:
        """The square of half the side around the middle of the hole."""
        return crop(picture, middle_of(mask), self.image_size // 2)


def _white_in(image: Any, mask: Any) -> Any:
    """The picture with white where it is hidden, whatever lies there."""
    return ops.where(mask > 0, WHITE, image)
