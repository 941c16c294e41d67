"""C2FDAN's training, as data: the paper's two steps, and the same steps scaled to the small preset."""

from dataclasses import replace

from tfinpaint.models.finishing import finish_stage
from tfinpaint.training.recipe import Recipe, Stage, Update

_COARSE = {"mask_bce": 1.0, "occ_l1": 3.0, "nocc_l1": 1.0}

# Section IV-A; the momenta of Adam are ours (the paper gives none).
PAPER = Recipe(
    optimizer={"name": "adam", "beta_1": 0.5, "beta_2": 0.999},
    stages=(
        Stage("coarse", {"epochs": 1}, 8, (Update({"coarse": 2e-4}, _COARSE),), picture="coarse"),
        Stage(
            "joint",
            {"epochs": 5},
            8,
            (
                Update(
                    {"coarse": 5e-5, "fine": 1e-4},
                    {**_COARSE, "mask_bce": 10.0, "id_perceptual": 0.1, "id_style": 240.0, "adv_g": 1.0},
                ),
                Update({"critics": 1e-4}, {"adv_d": 1.0}),
            ),
            frozen=("identity_maps",),
            schedule={"name": "step", "every_epochs": 1, "factor": 0.1},
            measures=("hole_l1", "mask_iou", "hole_likeness"),
            monitor=("val_hole_likeness", "min"),  # by an error of pixels the blurriest epoch would win
        ),
    ),
)

# Between the paper's two steps stands one without feature network and critics: its steps are cheaper, and most of what
# can be learned from pixels is learned there. The weights of the fine picture's terms balance their gradients on the
# hidden pixels, with the published LightCNN in the slot: eq. 6 (on colour differences, too, which that network does
# not see) and structural similarity lead, the perceptual term follows, style and the critics come last.
_BOTH = {**_COARSE, "mask_bce": 10.0, "occ_l1_fine": 2.0, "ssim_fine": 10.0}
_DECAY = {"name": "cosine", "to": 0.05, "warmup": 100}
SMALL = Recipe(
    optimizer={"name": "adam", "beta_1": 0.9, "beta_2": 0.99},
    stages=(
        replace(
            PAPER.stage("coarse"),
            length={"steps": 8_000},
            batch=16,
            updates=(Update({"coarse": 6e-4}, {**_COARSE, "ssim_coarse": 6.0}),),
            schedule=_DECAY,
        ),
        Stage(
            "pixels",
            {"steps": 8_000},
            16,
            (Update({"coarse": 3e-4, "fine": 6e-4}, _BOTH),),
            schedule={**_DECAY, "to": 0.3},
        ),
        replace(
            PAPER.stage("joint"),
            length={"steps": 8_000},
            batch=16,
            updates=(
                Update(
                    {"coarse": 2e-4, "fine": 4e-4},
                    {
                        **_BOTH,
                        "ssim_coarse": 3.0,
                        "chroma_l1_fine": 3.0,
                        "id_perceptual": 0.5,
                        "id_style": 5.0,
                        "adv_g": 0.4,
                    },
                ),
                Update({"critics": 4e-4}, {"adv_d": 1.0}),
            ),
            schedule=_DECAY,
        ),
        finish_stage(
            {"coarse": 1e-4, "fine": 2e-4},
            16_000,
            frozen=("critics", "identity_maps"),
            others={"mask_bce": 10.0, "occ_l1": 1.0, "nocc_l1": 1.0},
        ),
    ),
)
