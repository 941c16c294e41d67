"""CAN-DFE: an encoder learned by momentum contrast, a decoder that blends by attention and predicts a dense field."""

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from tfinpaint import losses
from tfinpaint.engine import Contract
from tfinpaint.errors import InputError
from tfinpaint.models.base import InpaintingModel, cannot_begin
from tfinpaint.models.blocks import shrink
from tfinpaint.models.can_dfe import networks
from tfinpaint.models.can_dfe.contrast import HOOKS
from tfinpaint.models.can_dfe.recipe import PAPER, SMALL
from tfinpaint.models.can_dfe.terms import MEASURES, TERMS
from tfinpaint.models.finishing import RECOGNISER, Finishing
from tfinpaint.models.told import begin_finder, hidden_logit, told
from tfinpaint.models.u_net import take_over
from tfinpaint.models.what_hides.networks import finder
from tfinpaint.training.declared import output
from tfinpaint.training.feature_slots import FeatureSlot
from tfinpaint.training.recipe import Stage

GREY = 0.0  # what the encoder sees in place of what is hidden, as FMODR's coarse network does
TEXTURED = 3  # of the outermost pictures, so many are looked at for texture and identity (the paper's Q)


@keras.saving.register_keras_serializable("tfinpaint")
class CANDFE(Finishing, InpaintingModel):
    """Repaints a whole face whatever hides it, blind, and predicts where on a face's chart each pixel lies.

    Args:
        image_size: side of the aligned face in pixels.
        encoder_widths: channels of the encoder's maps, the largest map first.
        decoder_widths: channels of the decoder's levels, the deepest first; as many.
        scales: how many of the decoder's outermost levels give a picture and a field.
        shared: encoder and decoder are halves of the U-Net of all small painters, `models/u_net.py`; the deepest map
            shows something, too. A finder tells the encoder what hides the face, and each alpha begins from what it
            says.
        finder_widths: channels of this finder, which is the network of `WhatHides` and can begin as that.
        limit: of its activations, see there.
        norm: batch normalisation in encoder and decoder, where these are not `shared`.
        transposed: the decoder enlarges by transposed convolutions; else by repeating pixels.
        ratio: of the fusions' channel attention.
        fusion_width: channels between the convolutions of their blending maps.
        dimension: of the embeddings that are contrasted.
        queue: how many keys of earlier samples are remembered; fewer than there are faces.
        temperature: divides the cosines of embeddings.
        patch_critic_widths: channels of the critic of the stage `finish`.
        threshold: a pixel is pasted where the mean of its blending values is above this.

    Call arguments:
        inputs: `(batch, image_size, image_size, 3)` float in [-1, 1], or a dict with it as `image`.

    Returns:
        A dict: `raw`, the outermost picture, not composed; `alpha` `(batch, image_size, image_size, 3)` in [0, 1], how
        much of it is restored; `field` `(batch, image_size, image_size, 2)`, u and v in [0, 1].

    Raises:
        InputError: sides that cannot be halved so often, or numbers of levels that do not agree.

    Reference: Ma et al., "Contrastive Attention Network with Dense Field Estimation for Face Completion", Pattern
    Recognition 2022, arXiv:2112.10310.
    """

    contract = Contract(mask="whole", extras=("raw", "alpha", "field"))
    terms: ClassVar = TERMS
    hooks: ClassVar = HOOKS
    measures: ClassVar = MEASURES
    recipes: ClassVar = {"paper": PAPER, "small": SMALL}
    feature_slots: ClassVar = {
        "style": FeatureSlot("vgg16", default="imagenet", options={"vgg16": {"taps": ("pool1", "pool2", "pool3")}}),
        "recogniser": RECOGNISER,
    }

    def __init__(
        self,
        image_size: int = 256,
        encoder_widths: Sequence[int] = networks.WIDTHS,
        decoder_widths: Sequence[int] = (512, 512, 512, 256, 128, 64, 32),
        scales: int = 6,
        shared: bool = False,
        finder_widths: Sequence[int] = (32, 48, 64),
        limit: float | None = None,
        norm: bool = True,
        transposed: bool = True,
        ratio: int = 16,
        fusion_width: int = 32,
        dimension: int = 128,
        queue: int = 65_536,
        temperature: float = 0.07,
        patch_critic_widths: Sequence[int] = (48, 96, 192, 256),
        threshold: float = 0.5,
        name: str = "can_dfe",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.remember(locals())
        _check(image_size, encoder_widths, decoder_widths, scales, len(encoder_widths) + shared, queue)
        self.encoder, self.twin = (
            networks.shared_encoder(image_size, encoder_widths, limit, which)
            if shared
            else networks.encoder(image_size, encoder_widths, norm, which)
            for which in ("encoder", "twin")
        )
        self.head, self.twin_head = (
            networks.head(encoder_widths[-1], dimension, which) for which in ("head", "twin_head")
        )
        widths = (image_size, encoder_widths, decoder_widths, scales)
        self.decoder = (
            networks.shared_decoder(*widths, limit, ratio, fusion_width)
            if shared
            else networks.decoder(*widths, norm, transposed, ratio, fusion_width)
        )
        self.finder = finder(image_size, finder_widths) if shared else None
        self._begin_twins()
        options = {"trainable": False, "aggregation": "only_first_replica", "autocast": False}
        self.queue = self.add_weight(shape=(queue, dimension), initializer="zeros", name="queue", **options)
        self.queue.assign(_directions(queue, dimension))
        self.pointer = self.add_weight(shape=(), dtype="int32", initializer="zeros", name="pointer", **options)
        # The lower three quarters of the aligned face, where a mask sits.
        self.prepare_finishing((image_size // 4, image_size // 8, image_size * 3 // 4), patch_critic_widths)
        self.image_size, self.scales, self.temperature, self.threshold = image_size, scales, temperature, threshold
        self.default_recipe = "small" if shared else "paper"
        self.finish()

    @property
    def painter_names(self) -> tuple[str, ...]:
        return (*(["finder"] if self.finder else []), "encoder", "decoder")

    def parts(self) -> dict[str, list]:
        """The twins are in none: no gradient moves them, and nothing freezes their batch normalisation."""
        fusions, fields = (
            [layer for layer in self.decoder.layers if layer.name.startswith(what)] for what in ("fusion_", "field_")
        )
        return {
            **({"finder": [self.finder]} if self.finder else {}),
            "encoder": [self.encoder],
            "head": [self.head],
            "decoder": [layer for layer in self.decoder.layers if layer not in fusions + fields],
            "fusions": fusions,
            "fields": fields,
            "patch_critic": [self.patch_critic],
        }

    def begin_as(self, other: InpaintingModel) -> None:
        """Encoder and decoder begin as the two halves of another model's U-Net, the twin as the encoder.

        The outermost fusion takes the colours that the other model paints; its channel attention, which is new, halves
        what it sees, so they are doubled. Of a model without a U-Net the finder begins as the other one's.

        Raises:
            InputError: they have neither in common, or differ in width.
        """
        if begin_finder(self.finder, other):
            return
        theirs = getattr(other, other.u_net_name, None)
        if not self._config["shared"] or theirs is None:
            raise InputError(cannot_begin(self, other))
        take_over([self.encoder, self.decoder], theirs)
        restore = self.decoder.get_layer("fusion_1").restore
        restore.set_weights([2 * np.eye(*restore.kernel.shape[2:])[None, None], np.zeros(restore.bias.shape)])
        self._begin_twins()

    def begin(self, stage: str, *, length: int | None = None, faces_per_epoch: int | None = None) -> Stage:
        """Enters a stage; see `RecipeTrainer.begin`.

        Raises:
            InputError: the stage fills the queue, and there are not more faces than it holds.
        """
        begun = super().begin(stage, length=length, faces_per_epoch=faces_per_epoch)
        fills = any(entry["hook"] == "enqueue" for entries in begun.hooks.values() for entry in entries)
        keys = self.queue.shape[0]
        if fills and faces_per_epoch is not None and faces_per_epoch <= keys:
            raise InputError(
                f"`queue` must be below the number of faces, or a face is contrasted with itself. Received: "
                f"queue={keys}, {faces_per_epoch} faces in stage {stage!r}; make the model with a smaller queue, or "
                "leave the stage out."
            )
        return begun

    def call(self, inputs: Any, training: bool = False) -> dict[str, Any]:
        image = inputs["image"] if isinstance(inputs, dict) else inputs
        found = self.forward({"occluded": ops.cast(image, "float32")}, ["restored"], training)["restored"]
        raw = ops.clip(found["picture_1"], -1.0, 1.0)  # the fusion may mix a colour beyond
        return {"raw": raw, "alpha": found["alpha_1"], "field": found["field_1"]}

    def paste_mask(self, image: Any, outputs: dict) -> Any:
        """Where more was restored than kept, `(batch, side, side, 1)`, 0 or 1."""
        return ops.cast(ops.mean(outputs["alpha"], axis=-1, keepdims=True) > self.threshold, "float32")

    # ---- what the losses ask for -----------------------------------------------------------------------------------

    @output(by=("finder",))
    def found(self, batch: dict, given: dict, training: bool) -> list:
        """The finder's logit of "something hides the face here", `(batch, side, side, 1)`; nothing without a finder."""
        return self._found(batch["occluded"], training)

    @output("found", by=("encoder",))
    def maps(self, batch: dict, given: dict, training: bool) -> list:
        """The encoder's maps of the occluded picture."""
        return self.encoder(_told(batch["occluded"], given["found"]), training=training)

    @output("maps", by=("head",))
    def query(self, batch: dict, given: dict, training: bool) -> Any:
        """Its embedding."""
        return self.head(given["maps"][-1], training=training)

    @output(reads=("occluded2",))
    def keys(self, batch: dict, given: dict, training: bool) -> Any:
        """What the twins say of the second view; the loss lets no gradient through."""
        seen = _told(batch["occluded2"], self._found(batch["occluded2"], training))
        return self.twin_head(self.twin(seen, training=training)[-1], training=training)

    @output("query", "keys")
    def logits(self, batch: dict, given: dict, training: bool) -> Any:
        """Likeness of each query to its own key, and to all in the queue, `(batch, 1 + queue)`."""
        queue = ops.convert_to_tensor(self.queue)
        return losses.contrast_logits(given["query"], given["keys"], queue, self.temperature)

    @output("found", "maps", by=("decoder", "fusions", "fields"))
    def restored(self, batch: dict, given: dict, training: bool) -> dict[str, Any]:
        """What the decoder gives: `picture_k`, `alpha_k` and `field_k` of each scale k from 1, the outermost."""
        return self.decoder([batch["occluded"], *given["found"], *given["maps"]], training=training)

    @output("restored")
    def finished(self, batch: dict, given: dict, training: bool) -> Any:
        """The picture that the stage `finish` looks at: the outermost one, blended as the network will have it."""
        return given["restored"]["picture_1"]

    @output("restored")
    def style_levels(self, batch: dict, given: dict, training: bool) -> list[tuple]:
        """What the network in the slot `style` sees in the outermost pictures and in their photos, by level."""
        return self._seen("style", batch, given["restored"])

    @output("restored")
    def recognised_levels(self, batch: dict, given: dict, training: bool) -> list[tuple]:
        """The same of the recogniser."""
        return self._seen("recogniser", batch, given["restored"])

    # ---- private ---------------------------------------------------------------------------------------------------

    def _begin_twins(self) -> None:
        for slow, fast in ((self.twin, self.encoder), (self.twin_head, self.head)):
            slow.set_weights(fast.get_weights())

    def _found(self, picture: Any, training: bool) -> list:
        return [hidden_logit(self.finder, picture, training)] if self.finder else []

    def _seen(self, slot: str, batch: dict, restored: dict) -> list[tuple]:
        look, pairs = self.feature_networks.get(slot), []
        for level in range(1, 1 + min(TEXTURED, self.scales)):
            painted = restored[f"picture_{level}"]
            pairs.append((look(painted), look(shrink(batch["image"], self.image_size // painted.shape[1]))))
        return pairs


def _told(picture: Any, found: list) -> Any:
    """What an encoder sees of a picture."""
    return told(picture, *found, hole=GREY) if found else picture


def _check(
    size: int, encoder_widths: Sequence[int], decoder_widths: Sequence[int], scales: int, most: int, queue: int
) -> None:
    levels = len(encoder_widths)
    if size % 2**levels:
        raise InputError(f"`image_size` must be a multiple of {2**levels}. Received: image_size={size}.")
    if len(decoder_widths) != levels or not 1 <= scales <= most:
        raise InputError(
            f"`decoder_widths` must be as many as `encoder_widths`, and `scales` from 1 to {most}. Received: "
            f"{levels} encoder_widths, {len(decoder_widths)} decoder_widths, scales={scales}."
        )
    if queue < 1:
        raise InputError(f"`queue` must be at least 1. Received: queue={queue}.")


def _directions(count: int, dimension: int) -> np.ndarray:
    """What stands in a new queue: random embeddings of length 1, always the same."""
    rows = np.random.default_rng(0).normal(size=(count, dimension)).astype("float32")
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
