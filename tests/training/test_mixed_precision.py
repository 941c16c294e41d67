"""Half precision: finite, near float32, delicate parts in float32, and overflowing steps skipped and counted."""

import keras
import numpy as np
import pytest

from tests.models.run_stages import at_stage
from tests.models.tiny import MODELS, batch_of, stages, step_batch
from tests.training.two_processes import fragile, fragile_batch

MAGNIFIED = {"finish_steady": 3}  # a squared difference of nearly equal logits magnifies their rounding
STEPS = 3  # of each stage, each stage from where the one before ended; in `finish` rounding decides before long
DISTANCE = {"mixed_bfloat16": 0.05, "mixed_float16": 0.01}


def walk(name, policy):
    """Stage -> logs after a few steps; the dtypes of all outputs, and of all variables."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = at_stage(name)
        for optimizer in model.optimizer.by_part.values() if model.loss_scaling else ():
            optimizer.dynamic_scale.assign(2.0**6)  # so that no step is skipped: that has tests of its own
        logs, outputs, forward = {}, {}, model.forward
        model.forward = lambda *a, **k: (found := forward(*a, **k), outputs.update(found))[0]
        for stage in stages(name):
            model.begin(stage)
            for i in range(STEPS):
                last = model.train_on_batch(step_batch(model, i, count=1), return_dict=True)
            model.reset_metrics()
            logs[stage] = {k: float(v) for k, v in last.items()}
        outputs |= model.answer(model.inputs_of(batch_of(model)))
    finally:
        keras.config.set_dtype_policy(before)
    variables = [*model.variables, *model.optimizer.variables]
    tensors = {k: v for k, v in outputs.items() if hasattr(v, "dtype")}  # not dicts of a judge's logits
    return logs, {k: _dtype(v) for k, v in tensors.items()}, {v.path: _dtype(v) for v in variables}


def _dtype(x):
    return keras.backend.standardize_dtype(x.dtype)


@pytest.mark.parametrize("name", MODELS)
def test_half_precision_walks_all_stages_near_float32(name):
    """One test, because all of it looks at the same three walks.

    Losses within 1 % (float16) and 5 % (bfloat16) of those in float32, `MAGNIFIED` times that, or 1e-4, after some
    steps of every stage; outputs, weights and slots are float32; skipped steps are logged where losses are scaled.
    """
    exact, _, _ = walk(name, "float32")
    for policy, distance in DISTANCE.items():
        logs, outputs, variables = walk(name, policy)
        for stage in stages(name):
            assert np.isfinite(list(logs[stage].values())).all(), (policy, logs[stage])
            for term, value in exact[stage].items():
                if not term.endswith("_gradient"):
                    near = pytest.approx(value, rel=distance * MAGNIFIED.get(term, 1), abs=1e-4)
                    assert logs[stage][term] == near, (policy, stage, term)
            parts = {k.removesuffix("_gradient") for k in logs[stage] if k.endswith("_gradient")}
            skipped = {k.removesuffix("_skipped") for k in logs[stage] if k.endswith("_skipped")}
            assert skipped == (parts if policy == "mixed_float16" else set())
        assert set(outputs.values()) == {"float32"}, (policy, outputs)
        assert {d for d in variables.values() if "float" in d} == {"float32"}, policy


def _state(model, part):
    optimizer = model.optimizer.by_part[part].inner_optimizer
    return [v.numpy() for v in [*model.part_variables[part], *optimizer.variables]]


def _stacked(*batches):
    return {k: np.stack([b[k] for b in batches]) for k in batches[0]}


def test_an_overflow_is_skipped_and_counted_and_the_scale_falls():
    model, good, bad = fragile(run_eagerly=True), fragile_batch(0), fragile_batch(1, overflows=True)
    model.train_on_batch(_stacked(good, good))
    before = {part: _state(model, part) for part in ("decoder", "encoder")}
    model.reset_metrics()
    logs = model.train_on_batch(_stacked(good, bad), return_dict=True)
    for old, new in zip(before["decoder"], _state(model, "decoder"), strict=True):
        np.testing.assert_array_equal(old, new)
    assert any((old != new).any() for old, new in zip(before["encoder"], _state(model, "encoder"), strict=True))
    scales = {part: float(model.optimizer.by_part[part].dynamic_scale) for part in before}
    assert scales == {"decoder": 2**14, "encoder": 2**15}
    assert (logs["decoder_skipped"], logs["encoder_skipped"]) == (1, 0)
    assert all(np.isfinite(v) for k, v in logs.items() if k != "fragile")


def test_the_logged_gradient_is_the_unscaled_one_of_the_steps_that_were_made():
    """To float32's last digits, for scales are powers of two; and so is the step."""
    import tensorflow as tf

    scaled, plain = (fragile(loss_scaling, run_eagerly=True) for loss_scaling in (True, False))
    good, bad = fragile_batch(0), fragile_batch(1, overflows=True)
    both = tf.data.Dataset.from_tensor_slices(_stacked(good, good, good, bad))
    ours, theirs = scaled.fit(both, verbose=0).history, plain.train_on_batch(_stacked(good, good), return_dict=True)
    assert ours["decoder_skipped"] == [0.5]
    assert ours["decoder_gradient"] == pytest.approx([theirs["decoder_gradient"]], rel=1e-6)
    for a, b in zip(scaled.part_variables["decoder"], plain.part_variables["decoder"], strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6, atol=1e-7)


def test_parts_of_one_update_have_scales_of_their_own():
    scaled, plain = (at_stage("toy_can_dfe", "completion", loss_scaling=scaling) for scaling in (True, False))
    for part, exponent in (("encoder", 3), ("decoder", 9)):
        optimizer = scaled.optimizer_of(part, scaled.stage.updates[0])
        optimizer.dynamic_scale.assign(2.0**exponent)
    ours, theirs = (model.train_on_batch(step_batch(model), return_dict=True) for model in (scaled, plain))
    for part in ("encoder", "decoder"):
        assert ours[f"{part}_gradient"] == pytest.approx(theirs[f"{part}_gradient"], rel=1e-5)
