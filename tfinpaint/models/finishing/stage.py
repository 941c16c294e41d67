"""The stage `finish`, as data."""

from collections.abc import Mapping

from tfinpaint.training.recipe import Governor, Stage, Update

# The hole's error leads in the gradient of the hidden pixels. With four times the adversary's weight skin and jaws get
# specks and stains where a face may go on in several ways.
_PAINTER = {
    "finish_l1": 6.0,
    "finish_ssim": 1.5,
    "finish_chroma": 2.0,
    "finish_features": 4.0,
    "finish_recognised": 3.0,
    "finish_identity": 4.0,
}
_CRITIC = {"finish_critic": 1.0, "finish_steady": 60.0}


def finish_stage(
    parts: Mapping[str, float],
    steps: int,
    *,
    frozen: tuple[str, ...] = (),
    adversary: float = 0.1,
    momentum: float = 0.0,
    others: Mapping[str, float] | None = None,
) -> Stage:
    """A critic on patches against the finished picture, which must also stay near the photo and the person.

    Three things keep the critic weak, for one that has won asks for texture before anatomy: it is steadied strongly, it
    learns slowly, and it makes only every third step while it leads by too much.

    Args:
        parts: what paints -> its rate.
        steps: length of the stage.
        frozen: parts that stand still.
        adversary: weight of the patch critic's say; a painter that has not learned much yet stains where it is large.
        momentum: Adam's beta_1, of what paints and of the critic; with 0.9 the same painter stains less.
        others: terms of the model's own for what paints -> weight.
    """
    governor = Governor("finish_critic", advantage=0.16, every=3)
    return Stage(
        "finish",
        {"steps": steps},
        16,
        (
            Update(dict(parts), {**_PAINTER, "finish_adversary": adversary, **(others or {})}),
            Update({"patch_critic": 1e-4}, _CRITIC, governor=governor),
        ),
        frozen=(*frozen, "recogniser"),
        schedule={"name": "cosine", "to": 0.05, "warmup": 100},
        optimizer={"name": "adam", "beta_1": momentum, "beta_2": 0.99},
        measures=("hole_l1", "hole_ssim", "hole_detail", "hole_likeness"),
        monitor=("val_hole_likeness", "min"),  # by an error of pixels the blurriest epoch would win
    )
