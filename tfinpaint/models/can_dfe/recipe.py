"""CAN-DFE's training, as data: the paper's two stages, and the same stages scaled to the small preset."""

from dataclasses import replace

from tfinpaint.models.finishing import finish_stage
from tfinpaint.models.told import finder_stage
from tfinpaint.training.recipe import Recipe, Stage, Update

_SGD = {"name": "sgd", "momentum": 0.9, "weight_decay": 1e-4}
_CONTRAST = Update({"encoder": 0.015, "head": 0.015}, {"info_nce": 1.0}, optimizer=_SGD)
_MOMENTUM = {"before": ({"hook": "momentum_update", "m": 0.9},), "after": ({"hook": "enqueue"},)}
_STRUCTURE = {"rec": 6.0, "uv": 0.1}
_MEASURES = ("hole_l1", "mask_iou", "field_error")

# Rates and weights: sections 3.4 and 4.1. Lengths, batches, SGD's momentum and decay are ours (those of MoCo). Losses
# that the text announces and then leaves out of its sums are named with the weight 0.
PAPER = Recipe(
    optimizer={"name": "adam"},
    stages=(
        Stage(
            "contrast",
            {"epochs": 200},
            256,
            (_CONTRAST,),
            hooks=_MOMENTUM,
            measures=("contrast_top1",),
            monitor=("val_contrast_top1", "max"),
        ),
        Stage(
            "completion",
            {"epochs": 100},
            16,
            (
                Update(
                    {"encoder": 1e-4, "decoder": 1e-4, "fusions": 1e-4, "fields": 1e-4},
                    {**_STRUCTURE, "style": 240.0, "id_mse": 0.1, "perceptual": 0.0, "adv_g": 0.0},
                ),
            ),
            frozen=("style", "recogniser"),
            picture="raw",
            measures=_MEASURES,
        ),
    ),
)

# Style and identity look through the recogniser that comes with the package, in one pass. What differs otherwise is in
# zoo/can_dfe/ledger.csv.
_DECAY = {"name": "cosine", "to": 0.05, "warmup": 100}
_SMALL = {**_STRUCTURE, "hole": 2.0, "ssim": 2.0, "chroma": 1.0, "alpha": 0.5, "style_recognised": 5.0, "id_mse": 0.02}
SMALL = Recipe(
    optimizer={"name": "adam", "beta_1": 0.9, "beta_2": 0.99},
    stages=(
        finder_stage(),
        replace(PAPER.stage("contrast"), length={"steps": 6_000}, batch=64, frozen=("finder",), schedule=_DECAY),
        # A decoder that begins as a painter's has learned what it sees; what it shows of that begins at random.
        replace(
            PAPER.stage("completion"),
            name="scales",
            length={"steps": 3_000},
            updates=(Update({"fusions": 3e-3, "fields": 1e-3}, _SMALL),),
            frozen=("finder", "encoder", "decoder", "recogniser"),
            schedule=_DECAY,
        ),
        replace(
            PAPER.stage("completion"),
            length={"steps": 24_000},
            updates=(Update({"encoder": 5e-4, "decoder": 5e-4, "fusions": 1e-3, "fields": 1e-3}, _SMALL),),
            frozen=("finder", "recogniser"),
            schedule=_DECAY,
        ),
        # Nothing painted depends on the field, so it is read off once more, of features that stand still.
        replace(
            PAPER.stage("completion"),
            name="fields",
            length={"steps": 2_000},
            updates=(Update({"fields": 1e-3}, {"uv": 1.0}),),
            frozen=("finder", "encoder", "decoder", "fusions"),
            schedule=_DECAY,
        ),
        finish_stage(
            {"encoder": 1e-4, "decoder": 2e-4, "fusions": 2e-4, "fields": 2e-4},
            16_000,
            frozen=("finder", "head"),
            adversary=0.06,
            momentum=0.9,
            others={"rec": 1.0, "uv": 0.1, "alpha": 0.5},
        ),
    ),
)
