"""The plan says what `fit_recipe` does: same stages, same lengths."""

import pytest

from tests.models.run_stages import at_stage
from tests.models.tiny import batch_of
from tfinpaint.errors import InputError, RecipeError
from tfinpaint.training.plan import plan_recipe, plan_table


def data_of(name):
    return lambda size, start: ((batch_of(name, i, size),) for i in range(start, 10_000))


@pytest.mark.parametrize("name", ["toy_can_dfe", "toy_fsg_gan"])
def test_the_plan_is_what_fit_recipe_runs(name):
    """Also where lengths count epochs, passes over the faces."""
    options = {"scale": 0.5, "faces_per_epoch": 3}
    for recipe in ("small", at_stage(name).recipes["paper"].scaled(steps=0.01)):
        plan = plan_recipe(at_stage(name, recipe=recipe), **options)
        histories = at_stage(name, recipe=recipe).fit_recipe(data_of(name), interval=2, verbose=0, **options)
        assert [row.name for row in plan] == list(histories)
        for row in plan:
            assert len(histories[row.name].epoch) == -(-row.steps // 2)


def test_the_table_names_updates_and_sums_up():
    plan = plan_recipe(at_stage("toy_ca_gan"), scale=0.5)
    timed = plan_recipe(at_stage("toy_can_dfe"), data_of("toy_can_dfe"), scale=0.5, timed_steps=1)
    assert all(row.hours > 0 and row.hours == row.steps * row.seconds_per_step / 3600 for row in timed)
    for rows in (plan, timed):
        lines = plan_table(rows).splitlines()
        starts = [line.split()[0] for line in lines if not line.startswith(" ")]
        assert starts == ["stage", *[row.name for row in rows], "all"]
        assert lines[-1].split()[1] == str(sum(row.steps for row in rows))
    assert "critics at 0.001 (5 times): wgan_d + 10 gp" in plan_table(plan)


def test_wrong_plans_are_refused():
    model = at_stage("toy_can_dfe")
    with pytest.raises(InputError, match="`scale` must be above 0"):
        plan_recipe(model, scale=0)
    with pytest.raises(RecipeError, match="`stage` must be one of"):
        plan_recipe(model, stages=["nonesuch"])
