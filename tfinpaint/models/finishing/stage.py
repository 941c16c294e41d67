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
    "finish_adversary": 0.1,
}
_CRITIC = {"finish_critic": 1.0, "finish_steady": 60.0}


def finish_stage(
    parts: Mapping[str, float],
    steps: int,
    *,
    frozen: tuple[str, ...] = (),
    others: Mapping[str, float] | None = None,
) -> Stage:
    """A critic on patches against the finished picture, which must also stay near the photo and the person.

    Three things keep the critic weak, for one that has won asks for texture before anatomy: it is steadied strongly, it
    learns slowly, and it makes only every third step while it leads by too much.

    Args:
        parts: what paints -> its rate.
        steps: length of the stage.
        frozen: parts that stand still.
        others: terms of the model's own for what paints -> weight.
    """
    governor = Governor("finish_critic", advantage=0.16, every=3)
    return Stage(
        "finish",
        {"steps": steps},
        16,
        (
            Update(dict(parts), {**_PAINTER, **(others or {})}),
            Update({"patch_critic": 1e-4}, _CRITIC, governor=governor),
        ),
        frozen=(*frozen, "recogniser"),
        schedule={"name": "cosine", "to": 0.05, "warmup": 100},
        optimizer={"name": "adam", "beta_1": 0.0, "beta_2": 0.99},
        measures=("hole_l1", "hole_ssim", "hole_detail", "hole_likeness"),
        monitor=("val_hole_likeness", "min"),  # by an error of pixels the blurriest epoch would win
    )
