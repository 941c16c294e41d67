"""FMODR: finds a worn mask, paints the face coarsely, then refines it with self-adaptive contextual attention."""

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
from tfinpaint.models.fmodr import networks
from tfinpaint.models.fmodr.recipe import PAPER, SMALL, SMALL_COARSE, SMALL_ENLARGED
from tfinpaint.models.fmodr.terms import GATES, TERMS
from tfinpaint.models.two_branches import refine_generator
from tfinpaint.models.u_net import refining_u_net, u_net
from tfinpaint.training.declared import output
from tfinpaint.training.feature_slots import FeatureSlot


@keras.saving.register_keras_serializable("tfinpaint")
class FMODR(Finishing, InpaintingModel):
    """Blind restoration of a face behind a worn mask.

    Args:
        image_size: side of the aligned face in pixels.
        detector_widths: channels of the mask detector at full, half and quarter resolution.
        detector_dilations: dilation rates of its deepest convolutions.
        detector_skips: hand its higher resolutions across.
        coarse_widths: channels of the coarse U-Net, from the highest resolution down.
        coarse_limit: of the coarse U-Net's activations, see `models.u_net`.
        coarse_scale: detector and coarse network look at the picture reduced so many times; 1 or 2.
        refine_widths: channels of the refine network at full, half and quarter size; empty: there is none, and the
            coarse picture is the result.
        refine_dilations: dilation rates of its far-sighted branch.
        residual: the refine network adds to the coarse picture instead of drawing it anew.
        attention: the refine network has the paper's two branches, one with attention; else it is a small U-Net that
            adds detail, of any number of `refine_widths`.
        critic_widths: channels of each tower of the critic.
        critic_dense: features of each tower.
        patch_critic_widths: channels of the critic of the stage `finish`.
        stem: side of the pixel blocks folded into channels in front of each generator network (1: none).
        threshold: a pixel is hidden where the detector says more than this.

    Call arguments:
        inputs: `(batch, image_size, image_size, 3)` float in [-1, 1], or a dict with `image` and, where the caller
            knows better than the detector, `mask` `(batch, image_size, image_size, 1)`, 1 = hidden.

    Returns:
        A dict: `image` (composed), `mask` (0 or 1), `mask_probability`, `coarse` (composed), `raw` (not composed).

    Reference: Lu et al., "Toward High-quality Face-Mask Occluded Restoration", ACM TOMM 2022, doi:10.1145/3524137.
    """

    contract = Contract(mask="finds", extras=("mask_probability", "coarse", "raw"))
    # Pixels at the detector's threshold decide what is painted, and the highest resolution gives the detail.
    sensitive = r"detector|coarse_generator.*(encode_0|decode_0|head)"
    u_net_name = "coarse_generator"
    terms: ClassVar = TERMS
    gates: ClassVar = GATES
    recipes: ClassVar = {"paper": PAPER, "small": SMALL}
    feature_slots: ClassVar = {
        "perceptual": FeatureSlot("vgg16", default="imagenet"),
        "identity": FeatureSlot("mobile_face_net", optional=True),
        "recogniser": RECOGNISER,
    }

    def __init__(
        self,
        image_size: int = 256,
        detector_widths: Sequence[int] = (32, 64, 128),
        detector_dilations: Sequence[int] = (2,),
        detector_skips: bool = False,
        coarse_widths: Sequence[int] = (32, 64, 128, 256, 256),
        coarse_limit: float | None = None,
        coarse_scale: int = 1,
        refine_widths: Sequence[int] = (32, 64, 128),
        refine_dilations: Sequence[int] = (2, 4, 8, 16),
        residual: bool = False,
        attention: bool = True,
        critic_widths: Sequence[int] = (64, 128, 256, 512, 512, 512),
        critic_dense: int = 1024,
        patch_critic_widths: Sequence[int] = (48, 96, 192, 256),
        stem: int = 1,
        threshold: float = 0.5,
        name: str = "fmodr",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.remember(locals())
        if coarse_scale not in (1, 2):
            raise InputError(f"`coarse_scale` must be 1 or 2. Received: coarse_scale={coarse_scale}.")
        modulus = coarse_scale * stem * 2 ** max(len(coarse_widths) - 1, 3)
        if image_size % modulus:
            raise InputError(f"`image_size` must be a multiple of {modulus}. Received: image_size={image_size}.")
        small = image_size // coarse_scale
        self.detector = networks.detector(small, detector_widths, detector_dilations, stem, detector_skips)
        self.coarse_generator = u_net(small, coarse_widths, stem, coarse_limit)
        self.refine_generator = None
        if refine_widths and attention:
            self.refine_generator = refine_generator(image_size, refine_widths, refine_dilations, stem, residual)
        elif refine_widths:
            self.refine_generator = refining_u_net(image_size, refine_widths, stem, coarse_limit)
        self.critic = networks.critic(image_size, critic_widths, critic_dense)
        # The lower three quarters of the aligned face, where a mask sits.
        self.prepare_finishing((image_size // 4, image_size // 8, image_size * 3 // 4), patch_critic_widths)
        self.image_size = image_size
        self.coarse_scale = coarse_scale
        self.threshold = threshold
        if not refine_widths:
            self.recipes = {"small": SMALL_COARSE}
        elif not attention:
            self.recipes = {"small": SMALL_ENLARGED}
        self.default_recipe = "paper" if small >= 256 and refine_widths else "small"
        self.finish()

    @property
    def painter_names(self) -> tuple[str, ...]:
        return ("detector", "coarse_generator", *(["refine_generator"] if self.refine_generator else []))

    @property
    def perceptual_window(self) -> tuple[int, int, int]:
        """Top, left and side of the square that the perceptual term looks at.

        The whole picture at paper size; below 256 px the lower face, where a mask sits: half of the side (plus an
        eighth of that), because VGG16 costs more than all networks of a small preset together.
        """
        if self.image_size >= 256:
            return 0, 0, self.image_size
        side = self.image_size * 9 // 16
        return self.image_size * 7 // 16, (self.image_size - side) // 2, side

    def parts(self) -> dict[str, list]:
        refining = {}
        if self.refine_generator and not self._config["attention"]:
            refining["refine"] = [self.refine_generator]
        elif self.refine_generator:
            attention = self.refine_generator.get_layer("attention")
            refining["refine"] = [layer for layer in self.refine_generator.layers if layer is not attention]
            refining["sca"] = [attention]
        return {
            "detector": [self.detector],
            "coarse": [self.coarse_generator],
            **refining,
            "critic": [self.critic],
            "patch_critic": [self.patch_critic],
        }

    def begin_as(self, other: InpaintingModel) -> None:
        """Its coarse network begins as another model's U-Net; of an FMODR, its detector, too, and all exactly.

        So a model of twice the side (`coarse_scale=2`) begins with the smaller model's picture.

        Raises:
            InputError: the other model has no U-Net, or one of another form.
        """
        pairs = []
        if isinstance(other, FMODR):
            pairs = [(self.detector, other.detector), (self.coarse_generator, other.coarse_generator)]
        if not pairs or any(_shapes(mine) != _shapes(theirs) for mine, theirs in pairs):
            super().begin_as(other)
            return
        for mine, theirs in pairs:
            mine.set_weights(theirs.get_weights())

    def call(self, inputs: Any, training: bool = False) -> dict[str, Any]:
        image, mask = (inputs["image"], inputs.get("mask")) if isinstance(inputs, dict) else (inputs, None)
        image = ops.cast(image, "float32")
        probability = self._detect(image, training)
        mask = self._binarise(probability) if mask is None else self._binarise(mask)
        refined, raw = coarse, _ = self._paint_coarse(image, mask, training)
        if self.refine_generator:
            refined, raw = self._refine(image, coarse, mask, training)
        return {"image": refined, "mask": mask, "mask_probability": probability, "coarse": coarse, "raw": raw}

    # ---- what the losses ask for -----------------------------------------------------------------------------------

    @output(by=("detector",))
    def mask_probability(self, batch: dict, given: dict, training: bool) -> Any:
        """The detector's soft mask."""
        return self._detect(batch["occluded"], training)

    @output("mask_probability")
    def mask(self, batch: dict, given: dict, training: bool) -> Any:
        """It, as 0 and 1, without a gradient."""
        return self._binarise(given["mask_probability"])

    @output("mask", by=("coarse",))
    def coarse(self, batch: dict, given: dict, training: bool) -> Any:
        """The coarse picture, composed."""
        return self._paint_coarse(batch["occluded"], given["mask"], training)[0]

    @output("mask", "coarse", by=("refine", "sca"))
    def refined(self, batch: dict, given: dict, training: bool) -> Any:
        """The refined picture, composed; the coarse one where no network refines."""
        if not self.refine_generator:
            return given["coarse"]
        return self._refine(batch["occluded"], given["coarse"], given["mask"], training)[0]

    @output("refined")
    def finished(self, batch: dict, given: dict, training: bool) -> Any:
        """The picture that the stage `finish` looks at."""
        return given["refined"]

    @output("mask", by=("critic",))
    def real_logit(self, batch: dict, given: dict, training: bool) -> Any:
        """What the critic says of the clean picture; as that of the painted ones, of the region that was found."""
        return self.critic([batch["image"], given["mask"]], training=training)

    @output("mask", "coarse", by=("critic",))
    def coarse_logit(self, batch: dict, given: dict, training: bool) -> Any:
        """What it says of the coarse picture."""
        return self.critic([given["coarse"], given["mask"]], training=training)

    @output("mask", "refined", by=("critic",))
    def refined_logit(self, batch: dict, given: dict, training: bool) -> Any:
        """What it says of the refined picture."""
        return self.critic([given["refined"], given["mask"]], training=training)

    # ---- private ---------------------------------------------------------------------------------------------------

    def _binarise(self, probability: Any) -> Any:
        return ops.stop_gradient(ops.cast(ops.cast(probability, "float32") > self.threshold, "float32"))

    def _detect(self, image: Any, training: bool) -> Any:
        return enlarge(self.detector(shrink(image, self.coarse_scale), training=training), self.coarse_scale)

    def _paint_coarse(self, image: Any, mask: Any, training: bool) -> tuple[Any, Any]:
        scale = self.coarse_scale
        small = mask if scale == 1 else ops.max_pool(mask, scale, scale)  # what is hidden anywhere stays hidden
        visible = shrink(image, scale) * (1.0 - small)
        raw = enlarge(self.coarse_generator([visible, small], training=training), scale)
        return compose(image, raw, mask), raw

    def _refine(self, image: Any, coarse: Any, mask: Any, training: bool) -> tuple[Any, Any]:
        raw = self.refine_generator([coarse, mask], training=training)
        return compose(image, raw, mask), raw


def _shapes(network: keras.Model) -> list[tuple]:
    return [tuple(w.shape) for w in network.weights]
