"""C2FDAN: finds words and rectangles on a face, paints it coarsely, then finely with two attentions side by side."""

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from tfinpaint.errors import InputError
from tfinpaint.models.base import InpaintingModel
from tfinpaint.models.c2fdan import networks
from tfinpaint.models.c2fdan.critics import critics
from tfinpaint.models.c2fdan.crops import FRAMINGS, crop_side, part_centres, template_centres
from tfinpaint.models.c2fdan.recipe import PAPER, SMALL
from tfinpaint.models.c2fdan.terms import TERMS
from tfinpaint.models.compose import compose
from tfinpaint.training.feature_slots import FeatureSlot


@keras.saving.register_keras_serializable("tfinpaint")
class C2FDAN(InpaintingModel):
    """Blind completion of a face behind words, rectangles and the like.

    Args:
        image_size: side of the aligned face in pixels.
        coarse_widths: channels of the coarse network, from the highest resolution down.
        mask_widths: of its decoder for the mask, without the lowest; None for those of the picture.
        fine_widths: channels of the fine network at full, half and quarter size.
        attention_width: channels of its branch with cross-attention.
        gradient: "hard" or "straight_through", see `PatchCrossAttention`.
        residual: the fine network adds to the coarse picture instead of drawing it anew.
        near: it also chooses where colours that spread from around the hole stand in that picture's place.
        mirrored: both painting networks also see their skips with left and right exchanged: where a face is hidden on
            one side only, its other side.
        critic_widths: channels of the first three convolutions of each critic.
        framing: how faces are aligned, `"wide"` (`tfinpaint.faces`) or `"arcface"` (the paper): where the critics look
            where a batch has no `landmarks`, and the size of their squares.
        identity_window: side of the square around what is hidden that the identity terms look at; 0: everywhere.
        looks_at: the pictures that they compare with the clean one: `"raw"` is I_f, `"refined"` I_f,r.
        stem: side of the pixel blocks folded into channels in front of each painting network (1: none).
        threshold: a pixel is hidden where the mask's probability is above this.

    Call arguments:
        inputs: `(batch, image_size, image_size, 3)` float in [-1, 1], or a dict with `image` and, where the caller
            knows better than the network, `mask` `(batch, image_size, image_size, 1)`, 1 = hidden.

    Returns:
        A dict: `image` (composed), `mask` (0 or 1), `mask_probability`, `mask_logit`, `coarse` (composed), `raw` (the
        fine picture, not composed). Training composes with the probability (eq. 2); here the mask is 0 or 1, so that
        known pixels are exact.

    Reference: Hörmann et al., "A Coarse-to-Fine Dual Attention Network for Blind Face Completion", FG 2021.
    """

    painter_names: ClassVar = ("coarse_network", "fine_network")
    terms: ClassVar = TERMS
    recipes: ClassVar = {"paper": PAPER, "small": SMALL}
    occlusion: ClassVar = "words_and_rectangles"
    reach: ClassVar = 2.0
    feature_slots: ClassVar = {
        "identity_maps": FeatureSlot(
            "light_cnn",
            default="compact",
            options={"light_cnn": {"taps": ("mfm2", "mfm5")}, "resnet50_v2": {"taps": ("block1", "block3")}},
        )
    }
    handed_on: ClassVar = ("refined",)
    term_features: ClassVar = {"id_perceptual": "identity_maps", "id_style": "identity_maps"}

    def __init__(
        self,
        image_size: int = 112,
        coarse_widths: Sequence[int] = (64, 128, 256),
        mask_widths: Sequence[int] | None = None,
        fine_widths: Sequence[int] = (64, 128, 256),
        attention_width: int = 64,
        gradient: str = "hard",
        residual: bool = False,
        near: bool = False,
        mirrored: bool = False,
        critic_widths: Sequence[int] = (64, 128, 256),
        framing: str = "wide",
        identity_window: int = 0,
        looks_at: Sequence[str] = ("raw", "refined"),
        stem: int = 1,
        threshold: float = 0.5,
        name: str = "c2fdan",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        modulus = stem * max(8, 2 ** (len(coarse_widths) - 1))
        if image_size % modulus:
            raise InputError(f"`image_size` must be a multiple of {modulus}. Received: image_size={image_size}.")
        if near and not residual:
            raise InputError("`near` must go with `residual`. Received: near=True, residual=False.")
        if framing not in FRAMINGS:
            raise InputError(f"`framing` must be one of {', '.join(FRAMINGS)}. Received: framing={framing!r}.")
        self.coarse_network = networks.coarse_network(image_size, coarse_widths, mask_widths, mirrored, stem)
        self.fine_network = networks.fine_network(
            image_size, fine_widths, attention_width, gradient, residual, near, mirrored, stem
        )
        self.critics = critics(image_size, crop_side(image_size, framing), critic_widths)
        self.image_size, self.threshold = image_size, threshold
        self.identity_window, self.looks_at = identity_window, tuple(looks_at)
        self.default_recipe = "small" if stem > 1 else "paper"
        self._config = {
            "image_size": image_size,
            "coarse_widths": list(coarse_widths),
            "mask_widths": None if mask_widths is None else list(mask_widths),
            "fine_widths": list(fine_widths),
            "attention_width": attention_width,
            "gradient": gradient,
            "residual": residual,
            "near": near,
            "mirrored": mirrored,
            "critic_widths": list(critic_widths),
            "framing": framing,
            "identity_window": identity_window,
            "looks_at": list(looks_at),
            "stem": stem,
            "threshold": threshold,
        }
        self.finish()

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, **self._config}

    def parts(self) -> dict[str, list]:
        return {"coarse": [self.coarse_network], "fine": [self.fine_network], "critics": [self.critics]}

    def call(self, inputs: Any, training: bool = False) -> dict[str, Any]:
        image, mask = (inputs["image"], inputs.get("mask")) if isinstance(inputs, dict) else (inputs, None)
        image = ops.cast(image, "float32")
        found = self._paint(image, mask, training)
        mask = ops.cast(found["mask_probability" if mask is None else "mask"] > self.threshold, "float32")
        return {
            "image": compose(image, found["raw"], mask),
            "mask": mask,
            "mask_probability": found["mask_probability"],
            "mask_logit": found["mask_logit"],
            "coarse": compose(image, found["painted"], mask),
            "raw": found["raw"],
        }

    def forward(self, batch: dict, player: str, stage: str, training: bool) -> dict[str, Any]:
        if player == "D":
            fake = batch["refined"] if "refined" in batch else self._forward(batch, stage, training)["refined"]
            logits = [self._judge(batch, x, training) for x in (batch["image"], ops.stop_gradient(fake))]
            return dict(zip(("real_logits", "fake_logits"), logits, strict=True))
        outputs = self._forward(batch, stage, training)
        if any(u.terms.get("adv_g") for u in self.stage.updates):
            outputs["fake_logits"] = self._judge(batch, outputs["refined"], training)
        return outputs

    def stage_picture(self, outputs: dict) -> Any:
        return outputs["coarse" if self.stage.name == "coarse" else "image"]

    def _forward(self, batch: dict, stage: str, training: bool) -> dict[str, Any]:
        outputs = self._paint(batch["occluded"], None, training, fine=stage != "coarse")
        if stage != "coarse":
            outputs["refined"] = compose(batch["occluded"], outputs["raw"], outputs["mask"])
        return outputs

    def _paint(self, image: Any, mask: Any, training: bool, fine: bool = True) -> dict[str, Any]:
        """Coarse and fine picture; the mask that joins them is the given one, else the network's, soft (eq. 2)."""
        found = self.coarse_network(image, training=training)
        probability = ops.sigmoid(found["mask_logit"])
        mask = probability if mask is None else ops.cast(mask, "float32")
        coarse = compose(image, found["painted"], mask)
        found = {**found, "mask_probability": probability, "mask": mask, "coarse": coarse}
        return {**found, "raw": self.fine_network([coarse, mask], training=training)} if fine else found

    def _judge(self, batch: dict, picture: Any, training: bool) -> dict[str, Any]:
        if "landmarks" in batch:
            centres = part_centres(ops.cast(batch["landmarks"], "float32"))
        else:
            centres = ops.ones((ops.shape(picture)[0], 1, 1)) * template_centres(self.image_size, self._framing)
        return self.critics([picture, batch["occluded"], centres], training=training)

    @property
    def _framing(self) -> str:
        return self._config["framing"]
