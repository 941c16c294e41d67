"""FMODR's training, as data: the paper's table, and the same stages scaled to the small preset."""

from dataclasses import replace

from tfinpaint.models.finishing import finish_stage
from tfinpaint.training.recipe import Gate, Recipe, Stage, Update

UNSOLVED = {"unsolved": Gate(value="coarse_hole_l1", at_least=0.1)}
_RATE = 1.5e-5


def _g(parts: dict[str, float], terms: dict[str, float], **options: object) -> Update:
    return Update(parts, terms, **options)


def _d(term: str, rate: float) -> Update:
    return Update({"critic": rate}, {term: 1.0})


_REFINE = {"refine": _RATE, "sca": _RATE}

# By an error of pixels the blurriest epoch would win, so stages with a critic are judged otherwise.
_COARSE_PICTURE = {"picture": "coarse"}
_JUDGED = {"measures": ("hole_l1", "mask_iou", "hole_likeness"), "monitor": ("val_hole_likeness", "min")}

# Section 5.1; the detector's length is ours (the paper gives none).
PAPER = Recipe(
    optimizer={"name": "adam"},
    gates=UNSOLVED,
    stages=(
        Stage(
            "detector",
            {"steps": 10_000},
            4,
            (_g({"detector": _RATE}, {"mask_mse": 1.0}),),
            monitor=("val_mask_iou", "max"),
        ),
        Stage(
            "coarse",
            {"steps": 10_000},
            4,
            (_g({"coarse": _RATE}, {"rec_coarse": 1.0}),),
            frozen=("detector",),
            **_COARSE_PICTURE,
        ),
        Stage(
            "coarse_critic",
            {"steps": 1_000},
            4,
            (_d("adv_d_coarse", _RATE),),
            frozen=("detector", "coarse"),
            **_COARSE_PICTURE,
        ),
        Stage(
            "coarse_joint",
            {"steps": 24_000},
            4,
            (_g({"coarse": _RATE}, {"rec_coarse": 1.0, "adv_g_coarse": 0.05}), _d("adv_d_coarse", _RATE)),
            frozen=("detector",),
            **_COARSE_PICTURE,
            **_JUDGED,
        ),
        Stage(
            "refine",
            {"steps": 10_000},
            4,
            (
                _g(
                    _REFINE,
                    {"rec_refine": 1.0, "perceptual": 1.0},
                    route={"rec_refine": ("refine",), "perceptual": ("sca",)},
                    gate="unsolved",
                ),
            ),
            frozen=("detector", "coarse", "perceptual"),
        ),
        Stage(
            "refine_critic",
            {"steps": 1_000},
            4,
            (_d("adv_d_refine", _RATE),),
            frozen=("detector", "coarse", "refine", "sca"),
        ),
        Stage(
            "refine_joint",
            {"steps": 20_000},
            4,
            (
                _g(
                    _REFINE,
                    {"rec_refine": 0.5, "adv_g_refine": 0.1, "perceptual": 1.0},
                    route={"rec_refine": ("refine",), "adv_g_refine": ("refine",), "perceptual": ("sca",)},
                    gate="unsolved",
                ),
                _d("adv_d_refine", _RATE),
            ),
            frozen=("detector", "coarse", "perceptual"),
            **_JUDGED,
        ),
        Stage(
            "refine_perceptual",
            {"steps": 80_000},
            4,
            (
                _g(
                    _REFINE,
                    {"perceptual": 1.0, "adv_g_refine": 0.1},
                    route={"adv_g_refine": ("refine",)},
                    gate="unsolved",
                ),
                _d("adv_d_refine", _RATE),
            ),
            frozen=("detector", "coarse", "perceptual"),
            **_JUDGED,
        ),
    ),
)

_SMALL_D = 1e-4
_DECAY = {"name": "cosine", "to": 0.05, "warmup": 100}


def _small(name: str, steps: int, *updates: Update, decay: bool = True) -> Stage:
    return replace(
        PAPER.stage(name), length={"steps": steps}, batch=16, updates=updates, schedule=_DECAY if decay else None
    )


# Every term but the perceptual one reaches the refine network only; the kernels learn from eq. 3 alone.
def _to_refine(*terms: str) -> dict[str, tuple[str, ...]]:
    return {term: ("refine",) for term in terms}


# The weights balance the terms' gradients on the hidden pixels: structural similarity leads, identity follows, then L1
# and perceptual. An identity term that is any stronger is answered with stripes that only a recogniser sees.
_COARSE = {"ssim_coarse": 1.0, "perceptual_coarse": 3.3e-4, "identity_coarse": 0.02, "adv_g_coarse": 1e-3}
_REFINED = {"ssim_refine": 1.0, "identity": 0.02, "adv_g_refine": 1e-3}

# The paper's stages with the rates of a small network; what differs otherwise is in zoo/fmodr/ledger.csv.
SMALL = Recipe(
    optimizer={"name": "adam", "beta_1": 0.9, "beta_2": 0.99},
    gates=UNSOLVED,
    stages=(
        _small("detector", 4_000, _g({"detector": 1e-3}, {"mask_mse": 1.0})),
        _small("coarse", 9_000, _g({"coarse": 5e-4}, {"rec_coarse": 1.0, "ssim_coarse": 0.6})),
        _small("coarse_critic", 200, _d("adv_d_coarse", _SMALL_D), decay=False),
        _small(
            "coarse_joint",
            3_400,
            _g({"coarse": 3e-4}, {"rec_coarse": 1.0, **_COARSE}),
            _d("adv_d_coarse", _SMALL_D),
        ),
        _small(
            "refine",
            600,
            _g(
                {"refine": 4e-4, "sca": 4e-4},
                {"rec_refine": 1.0, "ssim_refine": 0.6, "perceptual": 1.0},
                route={**_to_refine("rec_refine", "ssim_refine"), "perceptual": ("sca",)},
                gate="unsolved",
            ),
        ),
        _small("refine_critic", 200, _d("adv_d_refine", _SMALL_D), decay=False),
        _small(
            "refine_joint",
            700,
            _g(
                {"refine": 2e-4, "sca": 2e-4},
                {"rec_refine": 1.0, **_REFINED, "perceptual": 1.0},
                route={**_to_refine("rec_refine", *_REFINED), "perceptual": ("sca",)},
                gate="unsolved",
            ),
            _d("adv_d_refine", _SMALL_D),
        ),
        _small(
            "refine_perceptual",
            700,
            _g(
                {"refine": 2e-4, "sca": 2e-4},
                {"rec_refine": 0.5, **_REFINED, "perceptual": 3.3e-4},
                route=_to_refine("rec_refine", *_REFINED),
                gate="unsolved",
            ),
            _d("adv_d_refine", _SMALL_D),
        ),
        finish_stage(
            {"coarse": 2e-4, "refine": 2e-4, "sca": 2e-4},
            16_000,
            frozen=("detector", "critic"),
            others={"hole_coarse": 1.0},
        ),
    ),
)

# For a model without a refine network.
SMALL_COARSE = Recipe(
    optimizer=SMALL.optimizer,
    stages=(
        *(SMALL.stage(name) for name in ("detector", "coarse", "coarse_critic", "coarse_joint")),
        finish_stage({"coarse": 2e-4}, 16_000, frozen=("detector", "critic")),
    ),
)

# For a model of twice the side whose detector and coarse network are a smaller model's, as they are: only what adds the
# larger picture's detail learns.
SMALL_ENLARGED = Recipe(
    optimizer=SMALL.optimizer,
    stages=(finish_stage({"refine": 4e-4}, 16_000, frozen=("detector", "coarse", "critic"), momentum=0.9),),
)
