"""What a model needs in order to be finished: a patch critic, and the outputs that the finishing terms ask for."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tfinpaint.models.finishing.patch_critic import patch_critic
from tfinpaint.models.measures import real_hole
from tfinpaint.training.declared import output
from tfinpaint.training.feature_slots import FeatureSlot

SHAKE = 0.05  # deviation of the noise under which the critic must stay calm
SHAKEN = 4  # of so many samples one is shaken
RECOGNISED = 2  # of so many samples one is shown to the recogniser

# Stands in a model's `feature_slots` as "recogniser". The default comes with the package and sees greys.
RECOGNISER = FeatureSlot(
    "light_cnn",
    default="compact",
    options={
        "light_cnn": {"taps": ("mfm2", "mfm5", "embedding")},
        "mobile_face_net": {"taps": ("blocks1", "blocks2", "embedding")},
    },
)


class Finishing:
    """Stands before `InpaintingModel` among the bases of a model whose recipe ends with the stage `finish`.

    The model calls `self.prepare_finishing(...)` in its constructor before `self.finish()`, has `self.patch_critic` as
    a part of that name, and declares an output `finished`: the composed picture to be finished.
    """

    def prepare_finishing(self, window: tuple[int, int, int], widths: Sequence[int]) -> None:
        """Makes `self.patch_critic`.

        Args:
            window: top, left and side of the square of the picture that it sees.
            widths: see `patch_critic`.
        """
        self.finishing_window = window
        self.patch_critic = patch_critic(window[2], widths)
        self.shaking = keras.random.SeedGenerator(0)

    def window(self, pictures: Any) -> Any:
        """What the patch critic sees of pictures or masks `(batch, side, side, c)`."""
        top, left, side = self.finishing_window
        return pictures[:, top : top + side, left : left + side]

    # ---- what the losses ask for -----------------------------------------------------------------------------------

    @output()
    def finishing_hole(self, batch: dict, given: dict, training: bool) -> Any:
        """Where the finishing terms look: what is hidden and comes from a photo."""
        return real_hole(batch)

    @output("finishing_hole", by=("patch_critic",))
    def real_verdict(self, batch: dict, given: dict, training: bool) -> dict[str, list]:
        """What the patch critic says of the photo."""
        return self._verdict(batch["image"], given["finishing_hole"], training)

    @output("finished", "finishing_hole", by=("patch_critic",))
    def painted_verdict(self, batch: dict, given: dict, training: bool) -> dict[str, list]:
        """What it says of the finished picture."""
        return self._verdict(given["finished"], given["finishing_hole"], training)

    @output("finished", "finishing_hole", by=("patch_critic",))
    def shaken_logits(self, batch: dict, given: dict, training: bool) -> list:
        """What it says of some photos and finished pictures, each with a little noise."""
        hole = given["finishing_hole"][::SHAKEN]
        pictures = [ops.cast(x[::SHAKEN], "float32") for x in (batch["image"], given["finished"])]
        if "shake" in batch:
            noise = [ops.cast(batch["shake"][::SHAKEN], "float32")] * 2
        else:
            noise = [keras.random.normal(ops.shape(x), stddev=SHAKE, seed=self.shaking) for x in pictures]
        return [self._verdict(x + n, hole, training)["logits"] for x, n in zip(pictures, noise, strict=True)]

    @output("finished")
    def recognised(self, batch: dict, given: dict, training: bool) -> tuple[dict, dict]:
        """What the recogniser sees in some of the finished pictures and in their photos."""
        look = self.feature_networks.get("recogniser")
        return look(given["finished"][::RECOGNISED]), look(batch["image"][::RECOGNISED])

    def _verdict(self, picture: Any, hole: Any, training: bool) -> dict[str, list]:
        return self.patch_critic([self.window(picture), self.window(hole)], training=training)
