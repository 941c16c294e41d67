"""C2FDAN: finds words and rectangles on a face, paints it coarsely, then finely with two attentions side by side."""

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from tfinpaint.engine import Contract
from tfinpaint.errors import InputError
from tfinpaint.models.base import InpaintingModel
from tfinpaint.models.c2fdan import networks
from tfinpaint.models.c2fdan.critics import critics
from tfinpaint.models.c2fdan.crops import crop_side, part_centres, template_centres
from tfinpaint.models.c2fdan.recipe import PAPER, SMALL
from tfinpaint.models.c2fdan.terms import TERMS
from tfinpaint.models.compose import compose
from tfinpaint.models.crop import crop, middle_of
from tfinpaint.models.finishing import RECOGNISER, Finishing
from tfinpaint.training.declared import output
from tfinpaint.training.feature_slots import FeatureSlot


@keras.saving.register_keras_serializable("tfinpaint")
class C2FDAN(Finishing, InpaintingModel):
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
        patch_critic_widths: channels of the critic of the stage `finish`.
        framing: how faces are aligned, `"wide"` (`tfinpaint.faces`) or `"arcface"` (the paper): where the critics look
            where a batch has no `landmarks`, and the size of their squares.
        identity_window: side of the square around what is hidden that the identity terms look at; 0: everywhere.
        looks_at: the pictures that they compare with the clean one: `"raw"` is I_f, `"refined"` I_f,r.
        stem: side of the pixel blocks folded into channels in front of each painting network (1: none).
        threshold: a pixel is hidden where the mask's probability is above this.
        normalize: queries and keys of the self-attention have unit length, see `PixelSelfAttention`.

    Call arguments:
        inputs: `(batch, image_size, image_size, 3)` float in [-1, 1], or a dict with `image` and, where the caller
            knows better than the network, `mask` `(batch, image_size, image_size, 1)`, 1 = hidden.

    Returns:
        A dict: `image` (composed), `mask` (0 or 1), `mask_probability`, `coarse` (composed), `raw` (the
        fine picture, not composed). Training composes with the probability (eq. 2); here the mask is 0 or 1, so that
        known pixels are exact.

    Reference: Hörmann et al., "A Coarse-to-Fine Dual Attention Network for Blind Face Completion", FG 2021.
    """

    painter_names: ClassVar = ("coarse_network", "fine_network")
    entropies: ClassVar = ("attention_entropy",)
    # Where the fine network's branches meet at half size, and where the coarse face gets its highest resolution.
    sensitive = r"fine_network.*(half_|fused)|coarse_network.*(face_0|face_head)"
    terms: ClassVar = TERMS
    recipes: ClassVar = {"paper": PAPER, "small": SMALL}
    feature_slots: ClassVar = {
        "identity_maps": FeatureSlot(
            "light_cnn",
            default="compact",
            options={"light_cnn": {"taps": ("mfm2", "mfm5")}, "resnet50_v2": {"taps": ("block1", "block3")}},
        ),
        "recogniser": RECOGNISER,
    }

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
        patch_critic_widths: Sequence[int] = (48, 96, 192, 256),
        framing: str = "wide",
        identity_window: int = 0,
        looks_at: Sequence[str] = ("raw", "refined"),
        stem: int = 1,
        threshold: float = 0.5,
        normalize: bool = False,
        name: str = "c2fdan",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.remember(locals())
        self.contract = Contract(
            mask="finds",
            extras=("mask_probability", "coarse", "raw"),
            framing=framing,
            reach=2.0,
            occlusion="words_and_rectangles",
        )
        modulus = stem * max(8, 2 ** (len(coarse_widths) - 1))
        if image_size % modulus:
            raise InputError(f"`image_size` must be a multiple of {modulus}. Received: image_size={image_size}.")
        if near and not residual:
            raise InputError("`near` must go with `residual`. Received: near=True, residual=False.")
        self.coarse_network = networks.coarse_network(image_size, coarse_widths, mask_widths, mirrored, stem)
        self.fine_network = networks.fine_network(
            image_size, fine_widths, attention_width, gradient, residual, near, mirrored, stem, normalize
        )
        self.critics = critics(image_size, crop_side(image_size, framing), critic_widths)
        self.prepare_finishing((0, 0, image_size), patch_critic_widths)  # words and rectangles lie anywhere
        self.image_size, self.threshold = image_size, threshold
        self.identity_window, self.looks_at = identity_window, tuple(looks_at)
        self.default_recipe = "small" if stem > 1 else "paper"
        self.finish()
        self._untracked.before_attention = None

    def parts(self) -> dict[str, list]:
        return {
            "coarse": [self.coarse_network],
            "fine": [self.fine_network],
            "critics": [self.critics],
            "patch_critic": [self.patch_critic],
        }

    def call(self, inputs: Any, training: bool = False) -> dict[str, Any]:
        image, mask = (inputs["image"], inputs.get("mask")) if isinstance(inputs, dict) else (inputs, None)
        image = ops.cast(image, "float32")
        found = self._paint(image, mask, training)
        mask = ops.cast(found["mask_probability" if mask is None else "mask"] > self.threshold, "float32")
        return {
            "image": compose(image, found["raw"], mask),
            "mask": mask,
            "mask_probability": found["mask_probability"],
            "coarse": compose(image, found["painted"], mask),
            "raw": found["raw"],
        }

    # ---- what the losses ask for -----------------------------------------------------------------------------------

    @output(by=("coarse",))
    def found(self, batch: dict, given: dict, training: bool) -> dict[str, Any]:
        """What the coarse network gives: `mask_logit` and `painted`, not composed."""
        return self.coarse_network(batch["occluded"], training=training)

    @output("found")
    def mask_logit(self, batch: dict, given: dict, training: bool) -> Any:
        """The logit of the mask."""
        return given["found"]["mask_logit"]

    @output("mask_logit")
    def mask(self, batch: dict, given: dict, training: bool) -> Any:
        """The soft mask (eq. 2)."""
        return ops.sigmoid(given["mask_logit"])

    @output("found")
    def painted(self, batch: dict, given: dict, training: bool) -> Any:
        """The coarse picture, not composed."""
        return given["found"]["painted"]

    @output("painted", "mask")
    def coarse(self, batch: dict, given: dict, training: bool) -> Any:
        """It, composed by the soft mask."""
        return compose(batch["occluded"], given["painted"], given["mask"])

    @output("coarse", "mask", by=("fine",))
    def raw(self, batch: dict, given: dict, training: bool) -> Any:
        """The fine picture I_f, not composed."""
        return self.fine_network([given["coarse"], given["mask"]], training=training)

    @output("raw", "mask")
    def refined(self, batch: dict, given: dict, training: bool) -> Any:
        """It, composed by the soft mask: I_f,r."""
        return compose(batch["occluded"], given["raw"], given["mask"])

    @output("raw", "refined")
    def identity_maps(self, batch: dict, given: dict, training: bool) -> list[dict]:
        """Taps of the clean picture and of those that the model `looks_at`, through the slot of that name."""
        pictures = [batch["image"], *(given[name] for name in self.looks_at)]
        if self.identity_window:
            centres = middle_of(batch["mask"])
            pictures = [crop(picture, centres, self.identity_window) for picture in pictures]
        look = self.feature_networks.get("identity_maps")
        clean, painted = look(pictures[0]), look(ops.concatenate(pictures[1:], axis=0))
        parts = {tap: ops.split(maps, len(pictures) - 1, axis=0) for tap, maps in painted.items()}
        return [clean, *({tap: maps[i] for tap, maps in parts.items()} for i in range(len(pictures) - 1))]

    @output("refined")
    def finished(self, batch: dict, given: dict, training: bool) -> Any:
        """The picture that the stage `finish` looks at."""
        return given["refined"]

    @output(by=("critics",))
    def real_logits(self, batch: dict, given: dict, training: bool) -> dict[str, Any]:
        """What the critics say of the clean picture, by their names."""
        return self._critic_logits(batch, batch["image"], training)

    @output("refined", by=("critics",))
    def fake_logits(self, batch: dict, given: dict, training: bool) -> dict[str, Any]:
        """What they say of the refined one."""
        return self._critic_logits(batch, given["refined"], training)

    @output("coarse", "mask", by=("fine",))
    def attention_entropy(self, batch: dict, given: dict, training: bool) -> Any:
        """How evenly the pixels' self-attention looks around, `(batch,)`: 0 at one cell each, 1 at all alike."""
        attention = self.fine_network.get_layer("self_attention")
        if self._untracked.before_attention is None:
            self._untracked.before_attention = keras.Model(self.fine_network.inputs, attention.input)
        features = self._untracked.before_attention([given["coarse"], given["mask"]], training=training)
        return attention.entropy(features)

    # ---- private ---------------------------------------------------------------------------------------------------

    def _paint(self, image: Any, mask: Any, training: bool) -> dict[str, Any]:
        """Coarse and fine picture; the mask that joins them is the given one, else the network's, soft (eq. 2)."""
        found = self.coarse_network(image, training=training)
        probability = ops.sigmoid(found["mask_logit"])
        mask = probability if mask is None else ops.cast(mask, "float32")
        coarse = compose(image, found["painted"], mask)
        raw = self.fine_network([coarse, mask], training=training)
        return {**found, "mask_probability": probability, "mask": mask, "raw": raw}

    def _critic_logits(self, batch: dict, picture: Any, training: bool) -> dict[str, Any]:
        if "landmarks" in batch:
            centres = part_centres(ops.cast(batch["landmarks"], "float32"))
        else:
            centres = ops.ones((ops.shape(picture)[0], 1, 1)) * template_centres(self.image_size, self.contract.framing)
        return self.critics([picture, batch["occluded"], centres], training=training)
