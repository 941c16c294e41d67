"""Averages of weights follow their formula, survive a checkpoint, and never touch what they are not asked to."""

import keras
import numpy as np
import pytest

from tests.callbacks.watched import HeldOut, averages_by_formula, batch, painting_toy, weights
from tfinpaint import zoo
from tfinpaint.errors import CheckpointError, InputError
from tfinpaint.training import load_checkpoint, save_checkpoint
from tfinpaint.training.checkpoint import named_variables


def trained(steps, start=0, model=None, **options):
    model = model or painting_toy(**options)
    for i in range(start, start + steps):
        model.train_on_batch(batch(i))
    return model


def same(ours, theirs):
    return all((a == b).all() for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("decay", [0.3, 0.999])
def test_averages_follow_the_formula(decay):
    model = painting_toy(average=decay)
    seen = [weights(model)]
    for i in range(6):
        seen.append(weights(trained(1, i, model)))
    with model.averaged():
        for ours, theirs in zip(weights(model), averages_by_formula(seen, decay), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


def test_only_parts_that_have_moved_have_an_average():
    model = painting_toy(stage="refine", average=0.5)
    coarse, refine = (model.part_variables[part][0] for part in ("coarse", "refine"))
    coarse.assign(coarse + 1.0)  # weights that are loaded after `compile`
    before = coarse.numpy()
    trained(3, model=model)
    moved = refine.numpy()
    with model.averaged():
        np.testing.assert_array_equal(coarse.numpy(), before)
        assert (refine.numpy() != moved).any()


@pytest.mark.parametrize(
    ("stage", "options", "change"),
    [
        ("refine", {}, {"gate": np.zeros(4, "float32")}),  # the gate is closed
        ("coarse_joint", {"loss_scaling": True}, {"occluded": np.full((4, 8, 8, 3), 3e38, "float32")}),  # overflows
    ],
)
def test_a_step_that_moves_nothing_is_not_averaged(stage, options, change):
    model = painting_toy(stage=stage, average=0.9, **options)
    model.train_on_batch(batch(0))
    before = {k: v.numpy() for k, v in named_variables(model).items() if "average" in k}
    model.train_on_batch({**batch(1), **change})
    after = {k: v.numpy() for k, v in named_variables(model).items() if "average" in k}
    assert len(before) == 10 and all((after[k] == v).all() for k, v in before.items())
    model.train_on_batch(batch(2))
    assert any((v.numpy() != before[k]).any() for k, v in named_variables(model).items() if "average" in k)


def test_the_weights_come_back_exactly_also_after_an_exception():
    model = trained(3, average=0.9)
    before = weights(model)
    with pytest.raises(KeyError), model.averaged():
        inside = weights(model)
        with model.averaged():
            assert same(weights(model), inside)
        assert same(weights(model), inside)
        raise KeyError
    assert same(weights(model), before) and not same(inside, before)


def test_validation_is_of_the_averages_and_leaves_the_weights():
    model = trained(3, average=0.9)
    plain = trained(3)
    assert same(weights(model), weights(plain))
    measured = model.evaluate(HeldOut(), verbose=0, return_dict=True)["hole_l1"]
    assert same(weights(model), weights(plain))
    assert measured != plain.evaluate(HeldOut(), verbose=0, return_dict=True)["hole_l1"]
    with model.averaged():
        for ours, theirs in zip(model.part_variables["coarse"], plain.part_variables["coarse"], strict=True):
            theirs.assign(ours)
    assert measured == plain.evaluate(HeldOut(), verbose=0, return_dict=True)["hole_l1"]


def test_resuming_from_a_checkpoint_equals_not_stopping(tmp_path):
    straight = trained(4, average=0.5)
    save_checkpoint(trained(2, average=0.5), tmp_path / "c.npz")
    resumed = painting_toy(seed=9, average=0.5)
    load_checkpoint(resumed, tmp_path / "c.npz")
    trained(2, 2, resumed)
    ours, theirs = ({k: v.numpy() for k, v in named_variables(m).items()} for m in (resumed, straight))
    assert len([k for k in theirs if "average" in k]) == 10
    for key, value in theirs.items():
        np.testing.assert_array_equal(ours[key], value, err_msg=key)
    with pytest.raises(
        CheckpointError, match="same moving averages of the weights, average=0.5. Received: average=None"
    ):
        load_checkpoint(painting_toy(), tmp_path / "c.npz")


def test_keras_saves_and_loads_the_averages(tmp_path):
    model = trained(2, average=0.5)
    model.save(tmp_path / "toy.keras")
    loaded = keras.saving.load_model(tmp_path / "toy.keras")
    assert loaded.average == 0.5
    with model.averaged(), loaded.averaged():
        assert same(weights(model), weights(loaded))


def test_they_are_off_unless_asked_for_and_end_with_the_next_compile():
    count = len(painting_toy().variables)
    model = painting_toy(average=0.9)
    assert len(model.variables) == count + 2 * (4 + 1)
    model.compile(model.recipe)
    assert len(model.variables) == count and model.average is None
    before = weights(model)
    with model.averaged():
        assert same(weights(model), before)


def test_the_published_file_holds_what_is_in_place_and_nothing_more(tmp_path):
    model = trained(2, average=0.5)
    with model.averaged():
        zoo.save_weights(model, tmp_path / "a.weights.h5")
        averages = weights(model)
    other = painting_toy(seed=5)
    zoo.load_weights(other, tmp_path / "a.weights.h5")
    for ours, theirs in zip(weights(other), averages, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-6)
    zoo.save_weights(other, tmp_path / "b.weights.h5")
    assert len({p.stat().st_size for p in tmp_path.iterdir()}) == 1


@pytest.mark.parametrize("decay", [-0.1, 1.0, 2])
def test_a_decay_that_is_none_is_refused(decay):
    with pytest.raises(InputError, match="average"):
        painting_toy(average=decay)
