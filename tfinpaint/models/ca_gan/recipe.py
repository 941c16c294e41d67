"""CA-GAN's training, as data: the paper's game, and one for the small presets."""

from tfinpaint.models.finishing import finish_stage
from tfinpaint.training.recipe import Recipe, Stage, Update

_RECONSTRUCTION = {"rec_coarse": 1.2, "rec_refine": 1.2}  # eq. 1

# By an error of pixels the blurriest epoch would win, so stages with critics are judged otherwise.
_JUDGED = {"measures": ("hole_l1", "hole_likeness"), "monitor": ("val_hole_likeness", "min")}

# Algorithm 1 and section V. The paper names Adam and no rate; rate and momenta are those of the code that it takes
# over, and 10 is the weight of the cited WGAN-GP.
PAPER = Recipe(
    optimizer={"name": "adam", "beta_1": 0.5, "beta_2": 0.9},
    stages=(
        Stage(
            "adversarial",
            {"steps": 10_000},
            16,
            (
                Update({"critics": 1e-4}, {"wgan_d": 1.0, "gp": 10.0}, times=5, fresh=True),
                Update(
                    {"coarse": 1e-4, "refine": 1e-4},
                    {**_RECONSTRUCTION, "wgan_g": 1.0},
                    route={"wgan_g": ("refine",)},
                    fresh=True,
                ),
            ),
            **_JUDGED,
        ),
    ),
)

_PAINTED = {**_RECONSTRUCTION, "ssim_coarse": 0.5, "ssim_refine": 0.5}
_DECAY = {"name": "cosine", "to": 0.05, "warmup": 100}

# First without critics, for five fresh critic steps are two thirds of the paper's bill; then the paper's game with one
# step of the critics on the batch that was painted anyway; then the stage that all small recipes end with. Until that
# one, what is said of the refined picture teaches the refine network alone: one backward pass through each.
SMALL = Recipe(
    optimizer={"name": "adam", "beta_1": 0.9, "beta_2": 0.99},
    stages=(
        Stage(
            "reconstruction",
            {"steps": 10_000},
            16,
            (Update({"coarse": 5e-4, "refine": 5e-4}, _PAINTED, detach=("coarse",)),),
            schedule=_DECAY,
        ),
        Stage(
            "adversarial",
            {"steps": 3_000},
            16,
            (
                Update({"coarse": 1e-4, "refine": 2e-4}, {**_PAINTED, "wgan_g": 1e-3}, detach=("coarse",)),
                Update({"critics": 1e-4}, {"wgan_d": 1.0, "gp": 10.0}),
            ),
            schedule=_DECAY,
            optimizer=PAPER.optimizer,
            **_JUDGED,
        ),
        finish_stage({"coarse": 1e-4, "refine": 2e-4}, 16_000, frozen=("critics",), others={"rec_coarse": 1.2}),
    ),
)
