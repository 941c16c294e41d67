"""Half precision: finite, near float32, delicate parts in float32, and overflowing steps skipped and counted."""

import keras
import numpy as np
import pytest
from keras import ops

from tests.models import run_stages
from tests.models.tiny import MODELS, batch, make, stages
from tests.training import toys
from tests.training.two_processes import Still
from tfinpaint.training.recipe import Recipe

STEPS = 10  # of each stage, each stage from where the one before ended
DISTANCE = {"mixed_bfloat16": 0.05, "mixed_float16": 0.01}


def walk(name, policy):
    """Stage -> logs after a few steps; the dtypes of all outputs, and of all variables."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        slots = run_stages.features(MODELS[name].features)
        model = make(name)
        model.compile(recipe="small", features=slots, run_eagerly=True)  # tracing takes longer than a few steps
        logs, outputs, forward = {}, {}, model.forward
        model.forward = lambda *a, **k: (found := forward(*a, **k), outputs.update(found))[0]
        for stage in stages(name):
            model.begin(stage)
            for i in range(STEPS):
                data = {k: ops.convert_to_tensor(v) for k, v in batch(i, count=1).items()}
                last = model.train_on_batch(data, return_dict=True)
            model.reset_metrics()
            logs[stage] = {k: float(v) for k, v in last.items()}
        outputs |= model(data["occluded"])
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

    Losses within 1 % (float16) and 5 % (bfloat16) of those in float32, or 1e-4, after ten steps of every stage;
    outputs, weights and slots are float32; skipped steps are logged where losses are scaled.
    """
    exact, _, _ = walk(name, "float32")
    for policy, distance in DISTANCE.items():
        logs, outputs, variables = walk(name, policy)
        for stage in stages(name):
            assert np.isfinite(list(logs[stage].values())).all(), (policy, logs[stage])
            for term, value in exact[stage].items():
                if not term.endswith("_gradient"):
                    near = pytest.approx(value, rel=distance, abs=1e-4)
                    assert logs[stage][term] == near, (policy, stage, term)
            parts = {k.removesuffix("_gradient") for k in logs[stage] if k.endswith("_gradient")}
            skipped = {k.removesuffix("_skipped") for k in logs[stage] if k.endswith("_skipped")}
            assert skipped == (parts if policy == "mixed_float16" else set())
        assert set(outputs.values()) == {"float32"}, (policy, outputs)
        assert {d for d in variables.values() if "float" in d} == {"float32"}, policy


def _toy(loss_scaling):
    names, recipe = toys.RECIPES["fmodr"]
    keras.utils.set_random_seed(0)
    model = Still(names)
    model.compile(Recipe.from_dict(recipe), stage="coarse_joint", loss_scaling=loss_scaling)
    return model


def _batch(index, fragile):
    return {**toys.batch(index), "fragile": np.array([0, 0, 0, fragile], "float32")}


def _state(model, part):
    optimizer = model.optimizer.by_part[part].inner_optimizer
    return [v.numpy() for v in [*model.part_variables[part], *optimizer.variables]]


def test_an_overflow_is_skipped_and_counted_and_the_scale_falls():
    model = _toy(loss_scaling=True)
    model.train_on_batch(_batch(0, fragile=0))
    before = {part: _state(model, part) for part in ("coarse", "critic")}
    logs = model.train_on_batch(_batch(1, fragile=1), return_dict=True)
    for old, new in zip(before["coarse"], _state(model, "coarse"), strict=True):
        np.testing.assert_array_equal(old, new)
    assert any((old != new).any() for old, new in zip(before["critic"], _state(model, "critic"), strict=True))
    scales = {part: float(o.dynamic_scale) for part, o in model.optimizer.by_part.items() if part in before}
    assert scales == {"coarse": 2**14, "critic": 2**15}
    assert (logs["coarse_skipped"], logs["critic_skipped"]) == (1, 0)
    assert all(np.isfinite(v) for v in logs.values())


def test_the_logged_gradient_is_the_unscaled_one_of_the_steps_that_were_made():
    """To float32's last digits, for scales are powers of two; and so is the step."""
    import tensorflow as tf

    scaled, plain = _toy(loss_scaling=True), _toy(loss_scaling=False)
    good, bad = _batch(0, fragile=0), _batch(1, fragile=1)
    both = tf.data.Dataset.from_tensor_slices({k: np.stack([good[k], bad[k]]) for k in good})
    ours, theirs = scaled.fit(both, verbose=0).history, plain.train_on_batch(good, return_dict=True)
    assert ours["coarse_skipped"] == [0.5]
    assert ours["coarse_gradient"] == pytest.approx([theirs["coarse_gradient"]], rel=1e-6)
    for a, b in zip(scaled.part_variables["coarse"], plain.part_variables["coarse"], strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6, atol=1e-7)
