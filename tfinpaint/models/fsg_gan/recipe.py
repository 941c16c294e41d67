"""FSG-GAN's training, as data: the paper's two stages, and the same scaled to the small presets."""

from dataclasses import replace

from tfinpaint.models.finishing import finish_stage
from tfinpaint.models.told import finder_stage
from tfinpaint.training.recipe import Recipe, Stage, Update

_BOUND = {"vae_nll": 1.0, "vae_kl": 1.0}  # eq. 4: both are sums

# Algorithm 1 and section 4.1, which gives three weights only: optimizer, rates, batches and lengths are of its code.
PAPER = Recipe(
    optimizer={"name": "adam", "beta_1": 0.5, "beta_2": 0.999},
    stages=(
        Stage("structure", {"epochs": 500}, 128, (Update({"vae": 1e-4}, _BOUND),), picture="structure"),
        Stage(
            "synthesis",
            {"epochs": 500},
            30,
            (
                Update({"generator": 1e-4}, {"pixel_l1": 100.0, "id_cosine": 50.0, "adv_g": 1.0}),
                Update({"heads": 1e-4}, {"adv_d": 1.0}),
            ),
            frozen=("vae", "identity"),
            measures=("hole_l1", "mask_iou", "hole_ssim", "hole_likeness"),
            monitor=("val_hole_ssim", "min"),  # the best by similarity, as in the code
        ),
    ),
)

_DECAY = {"name": "cosine", "to": 0.05, "warmup": 100}

# The identity term is weaker than the paper's, which leads the errors of pixels five to one and is then answered with
# stripes that only a recogniser sees; structural similarity is added. In the last stage the whole picture is held near
# the photo by `pixel_l1`.
_PAINTED = {"pixel_l1": 100.0, "pixel_ssim": 30.0, "id_cosine": 5.0, "adv_g": 1.0}
SMALL = Recipe(
    optimizer={"name": "adam", "beta_1": 0.9, "beta_2": 0.99},
    stages=(
        replace(
            PAPER.stage("structure"),
            length={"steps": 8_000},
            batch=64,
            updates=(Update({"vae": 1e-3}, _BOUND),),
            schedule=_DECAY,
        ),
        finder_stage(),
        replace(
            PAPER.stage("synthesis"),
            length={"steps": 20_000},
            batch=16,
            frozen=("vae", "finder", "identity"),
            updates=(
                Update({"generator": 6e-4}, _PAINTED),
                Update({"heads": 2e-4}, {"adv_d": 1.0}),
            ),
            schedule=_DECAY,
            monitor=("val_hole_likeness", "min"),  # by similarity alone the blurriest epoch may win
        ),
        finish_stage(
            {"generator": 2e-4},
            16_000,
            frozen=("vae", "finder", "heads"),
            adversary=0.06,
            momentum=0.9,
            others={"pixel_l1": 6.0},
        ),
    ),
)
