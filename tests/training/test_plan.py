"""The plan says what `fit_recipe` does: same stages, same lengths."""

import pytest

from tests.training.killed_run import RUN, resumable_data
from tests.training.toys import toy
from tfinpaint.errors import InputError, RecipeError
from tfinpaint.training.plan import plan_recipe, plan_table


@pytest.mark.parametrize("name", ["fmodr", "fsg_gan", "ca_gan"])
def test_the_plan_is_what_fit_recipe_runs(name):
    options = {k: v for k, v in RUN.items() if k != "verbose"}
    plan = plan_recipe(toy(name), **options)
    histories = toy(name).fit_recipe(resumable_data, **RUN)
    assert [row.name for row in plan] == list(histories)
    for row in plan:
        assert len(histories[row.name].epoch) == -(-row.steps // options["steps_per_epoch"])


def test_the_table_names_updates_and_sums_up():
    plan = plan_recipe(toy("fmodr"), resumable_data, scale=0.25, timed_steps=1)
    lines = plan_table(plan).splitlines()
    assert all(row.hours > 0 and row.hours == row.steps * row.seconds_per_step / 3600 for row in plan)
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == ["stage", *[r.name for r in plan], "all"]
    assert "rec_coarse" in lines[2] and lines[-1].split()[1] == str(sum(row.steps for row in plan))


def test_wrong_plans_are_refused():
    with pytest.raises(InputError, match="`scale` must be above 0"):
        plan_recipe(toy("fmodr"), scale=0)
    with pytest.raises(RecipeError, match="`stage` must be one of"):
        plan_recipe(toy("fmodr"), stages=["nonesuch"])
