"""Faults of training: what moves, how far, and how a run goes on after it was stopped."""

from benchmarks.faults.fault import Fault

_RECIPES = "tests/training/test_recipes.py"

TRAINING = (
    Fault(
        "freezing does nothing",
        "tfinpaint/training/trainer.py",
        "self.freeze(self.stage.frozen)",
        "self.freeze(())",
        (f"{_RECIPES}::test_a_frozen_part_keeps_its_weights_and_batch_statistics_though_others_look_through_it",),
    ),
    Fault(
        "a route is ignored",
        "tfinpaint/training/recipe.py",
        "if w and part in self.route.get(t, self.parts)",
        "if w and part in self.parts",
        (f"{_RECIPES}::test_a_routed_term_reaches_only_its_parts",),
    ),
    Fault(
        "a detached output passes its gradient",
        "tfinpaint/training/trainer.py",
        "ops.stop_gradient(v) if need in detach else v",
        "v",
        ("tests/models/test_outputs.py::test_detached_outputs_pass_no_gradient_to_others",),
    ),
    Fault(
        "a gate opens for what is solved",
        "tfinpaint/training/step.py",
        "value >= rule.at_least",
        "value < rule.at_least",
        ("tests/models/test_fmodr.py::test_a_solved_sample_is_skipped",),
    ),
    Fault(
        "a closed gate lets the optimizer step",
        "tfinpaint/training/step.py",
        "may_move = None if update.gate is None else count > 0",
        "may_move = None",
        ("tests/models/test_fmodr.py::test_a_batch_of_solved_samples_moves_nothing",),
    ),
    Fault(
        "what an update has moved is taken as it was",
        "tfinpaint/training/step.py",
        " if not model.painted_by([name]) & set(update.parts)}",
        "}",
        ("tests/models/test_outputs.py::test_a_painter_that_moves_after_its_critic_paints_anew",),
    ),
    Fault(
        "a governor never waits",
        "tfinpaint/training/step.py",
        "> (1.0 - governor.advantage) * term.chance",
        "> 0.0",
        ("tests/models/test_finishing.py::test_a_critic_that_leads_too_much_waits",),
    ),
    Fault(
        "the patch critic is told that real is painted",
        "tfinpaint/models/finishing/terms.py",
        "losses.relativistic_loss, real, painted)",
        "losses.relativistic_loss, painted, real)",
        (
            "tests/models/test_finishing.py::test_at_chance_both_sides_have_2_ln_2_and_a_lead_helps_one_and_hurts_the_other",
        ),
    ),
    Fault(
        "what the patch critic says beside the hole counts",
        "tfinpaint/models/finishing/terms.py",
        'ops.max_pool(hole, block, block, padding="same")',
        "ops.ones_like(leader)",
        ("tests/models/test_finishing.py::test_logits_beside_the_hole_do_not_count",),
    ),
    Fault(
        "rates grow where they should fall",
        "tfinpaint/training/schedule.py",
        'ops.power(float(schedule["factor"]), ops.floor(step / every))',
        'ops.power(1.0 / float(schedule["factor"]), ops.floor(step / every))',
        (f"{_RECIPES}::test_an_epoch_is_a_pass_over_the_faces_and_a_step_schedule_falls_with_it",),
    ),
    Fault(
        "a logged gradient keeps the loss scale",
        "tfinpaint/training/step.py",
        "_norm([g / scaling.dynamic_scale for g in grads])",
        "_norm(grads)",
        (
            "tests/training/test_mixed_precision.py"
            "::test_the_logged_gradient_is_the_unscaled_one_of_the_steps_that_were_made",
        ),
    ),
    Fault(
        "averages have no warm-up",
        "tfinpaint/training/averages.py",
        "ops.maximum(1.0 - self.average, 9.0 / (10.0 + count))",
        "1.0 - self.average",
        ("tests/callbacks/test_averages.py::test_averages_follow_the_formula",),
    ),
    Fault(
        "validation looks at the weights, not at their averages",
        "tfinpaint/training/averages.py",
        "        with self.averaged():\n            return super().evaluate(*args, **kwargs)",
        "        return super().evaluate(*args, **kwargs)",
        ("tests/callbacks/test_averages.py::test_validation_is_of_the_averages_and_leaves_the_weights",),
    ),
    Fault(
        "a resumed run begins its data anew",
        "tfinpaint/training/loop.py",
        'data(stage.batch, position["batches"])',
        "data(stage.batch, 0)",
        ("tests/training/test_checkpoints.py::test_fit_recipe_interrupted_or_killed_and_resumed_equals_one_run",),
    ),
    Fault(
        "a checkpoint forgets the optimizers' slots",
        "tfinpaint/training/checkpoint.py",
        "for i, v in enumerate(optimizer.variables)}",
        "for i, v in enumerate(optimizer.variables[:2])}",
        ("tests/models/test_models.py::test_the_next_step_of_any_stage_after_a_save_is_the_same_in_another_model",),
    ),
)
