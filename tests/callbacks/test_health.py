"""A run that has gone wrong stops with a sentence that names the term and the step, and its good state stays."""

import math
from dataclasses import replace

import keras
import numpy as np
import pytest

from tests.callbacks.watched import RECIPE, PaintingToy, batch, data, painting_toy
from tfinpaint.callbacks import Health, Samples
from tfinpaint.errors import TrainingError
from tfinpaint.training import CheckpointFolder, read_about
from tfinpaint.training.declared import term

STAGE = {"stages": ["coarse_joint"], "verbose": 0}


class Spoil(keras.callbacks.Callback):
    """Calls `spoil(model)` when an epoch (counted from 0) begins."""

    def __init__(self, epoch, spoil):
        super().__init__()
        self.epoch, self.spoil = epoch, spoil

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            self.spoil(self.model)


def poison(monkeypatch, name, step):
    """Makes a term nan in the batch of that step (the gate values of a batch are free here)."""
    honest = PaintingToy.terms[name]

    def poisoned(model, given, outputs):
        return keras.ops.where(given["gate"] < 0, math.nan, honest(model, given, outputs))

    monkeypatch.setitem(PaintingToy.terms, name, replace(honest, function=poisoned))
    for i, (given,) in enumerate(data(), start=1):
        yield ({**given, "gate": given["gate"] - 2.0 * (i == step)},)


@pytest.mark.parametrize(("term", "eager"), [("rec_coarse", False), ("adv_d_coarse", True)])
def test_the_first_nan_is_named_and_the_last_good_file_stays(term, eager, tmp_path, monkeypatch):
    model = painting_toy(run_eagerly=eager)
    batches, options = poison(monkeypatch, term, step=4), {"scale": 6 / 24, "interval": 2}
    options |= {"checkpoint": tmp_path, "callbacks": [Health(checkpoint=tmp_path)]}
    with pytest.raises(TrainingError, match=f"{term}' is nan at step 4 of stage 'coarse_joint'") as error:
        model.fit_recipe(batches, **options, **STAGE)
    newest = CheckpointFolder(tmp_path).files()[-1]
    assert f"{newest} (step 2 of stage 'coarse_joint')" in str(error.value)
    assert str(error.value).count(". ") == 0
    assert read_about(newest)["position"]["step"] == 2
    with np.load(newest) as kept:
        assert all(np.isfinite(kept[name]).all() for name in kept.files)


def test_a_weight_that_overflows_in_the_last_step_is_not_checkpointed(tmp_path):
    model = painting_toy()

    class Overflow(keras.callbacks.Callback):
        def on_train_batch_end(self, number, logs=None):
            model.first.trainable_variables[0].assign(model.first.trainable_variables[0] + math.inf)

    watchers = [Overflow(), Health(checkpoint=tmp_path)]
    with pytest.raises(TrainingError, match="weight of the part 'coarse' is not finite at step 1 .* no checkpoint"):
        model.fit_recipe(data, scale=1 / 24, checkpoint=tmp_path, callbacks=watchers, **STAGE)
    assert not list(tmp_path.iterdir())


def paint_white(model):
    kernel, bias = model.second.get_layer("second_b").weights
    kernel.assign(kernel * 0.0)
    bias.assign(bias * 0.0 + 3.0)


def test_a_collapsed_painter_stops_the_run_and_the_state_before_is_the_newest(tmp_path):
    watchers = [Spoil(2, paint_white), Health(Samples(batch(9)), checkpoint=tmp_path, patience=4)]
    options = {"scale": 10 / 24, "interval": 1, "checkpoint": tmp_path, "callbacks": watchers}
    words = "100% of what is painted .* for 4 epochs in a row at step 6 of .*step 2 of stage"
    with pytest.raises(TrainingError, match=words) as error:
        painting_toy().fit_recipe(data, **options, **STAGE)
    files = CheckpointFolder(tmp_path).files()
    assert str(files[-1]) in str(error.value)
    assert [read_about(f)["position"]["step"] for f in files] == [3, 4, 5, 2]
    assert len(list(tmp_path.iterdir())) == 4


def test_a_state_is_put_aside_only_while_something_is_wrong(tmp_path):
    model = painting_toy()
    sound = model.second.get_layer("second_b").get_weights()
    back = Spoil(2, lambda model: model.second.get_layer("second_b").set_weights(sound))
    watchers = [Spoil(1, paint_white), back, Health(Samples(batch(9)), checkpoint=tmp_path, patience=2)]
    options = {"scale": 3 / 24, "interval": 1, "checkpoint": tmp_path, "callbacks": watchers}
    model.fit_recipe(data, **options, **STAGE)
    assert len(CheckpointFolder(tmp_path).files()) == len(list(tmp_path.iterdir())) == 3


class Logged:
    """A stand-in for a model in a stage, whose epochs log what they are told to."""

    part_variables, terms, measures, entropies = {}, PaintingToy.terms, PaintingToy.measures, ()

    def __init__(self, stage, measures=("hole_l1", "mask_iou")):
        self.stage, self.stage_step = replace(RECIPE.stage(stage), measures=measures), 0

    def measures_of(self, stage):
        return stage.measures


def watch(epochs, stage="coarse_joint", answers=None, evenness=None, measures=("hole_l1", "mask_iou")):
    """Epochs of 10 steps that log `epochs`; the first of `answers` (picture, mask) is from before them.

    So is the first of `evenness`, what the attention's entropy is each time that it is asked for.
    """
    samples, model = None, Logged(stage, measures)
    if answers is not None or evenness is not None:
        samples, answers = Samples(batch(9)), iter(answers or [SOUND] * 100)
        samples.look = lambda model: next(answers)
    if evenness is not None:
        values, model.entropies = iter(evenness), ("evenness",)
        model.forward = lambda given, names, training: {"evenness": np.full(4, next(values))}
    health = Health(samples, patience=3)
    health.set_model(model)
    health.on_train_begin()
    for logs in epochs:
        health.model.stage_step += 10
        health.on_epoch_end(0, logs)


@pytest.mark.parametrize(
    ("logs", "words"),
    [
        ({"adv_g_coarse": 9.0, "adv_d_coarse": 1e-4}, "its loss 'adv_d_coarse' is about 0"),
        ({"slope": 1e4}, "The critic is too steep, its term 'slope' is 1e[+]04"),
        ({"coarse_gradient": 1e-6}, "No gradient reaches the part 'coarse'"),
    ],
)
def test_numbers_that_stay_bad_are_a_collapse(logs, words):
    good = {"adv_g_coarse": 1.0, "adv_d_coarse": 1.0, "slope": 0.1, "coarse_gradient": 1.0}
    bad = {**good, **logs}
    with pytest.raises(TrainingError, match=f"{words} for 3 epochs in a row at step 60 of stage"):
        watch([dict(logs) for logs in (bad, bad, good, bad, bad, bad)])
    watch([dict(logs) for logs in (bad, bad, good, bad, bad)])


def test_a_wasserstein_critic_that_cannot_tell_is_healthy():
    logs = {"fools": 0.3, "score": 0.0}
    watch([logs] * 5)
    assert set(logs) == {"fools", "score", "fools_over_score"}


def test_a_critic_that_trains_alone_may_know_all():
    watch([{"adv_d_coarse": 0.0} for _ in range(5)])


@pytest.mark.parametrize(("value", "advantage"), [(2 * math.log(2), 0.0), (math.log(2), 0.5), (0.0, 1.0)])
def test_the_advantage_of_a_critic_is_logged(value, advantage):
    logs = {"adv_d_coarse": value}
    watch([logs])
    assert logs["adv_d_coarse_advantage"] == pytest.approx(advantage)


def test_an_attention_that_has_come_to_look_at_one_cell_only_has_collapsed():
    words = (
        "The attention of 'evenness' looks at one cell only for 3 epochs in a row at step 40 of stage 'coarse_joint'"
    )
    logs = [{} for _ in range(4)]
    with pytest.raises(TrainingError, match=words):
        watch(logs, evenness=[0.0, 0.5, 0.009, 0.0, 0.001])
    assert [log.get("evenness") for log in logs] == [0.5, 0.009, 0.0, 0.001]
    watch([{}] * 5, evenness=[0.04] + [0.0] * 5)  # never even
    watch([{}] * 5, evenness=[0.5] + [0.011] * 5)  # narrow, and alive


def test_pictures_are_not_judged_where_no_measure_looks_at_them(monkeypatch):
    flat = SOUND[0] * 0, HOLE * 0
    with pytest.raises(TrainingError):
        watch([{}] * 5, answers=[SOUND] + [flat] * 5)
    monkeypatch.setattr(Logged, "measures", {**PaintingToy.measures, "of_an_embedding": term("raw")(None)})
    watch([{}] * 5, answers=[SOUND] + [flat] * 5, measures=("of_an_embedding",))


def test_a_gated_part_may_rest():
    watch([{"refine_gradient": 1e-6}] * 5, stage="refine")


def test_what_is_measured_is_logged():
    given, logs = batch(9), {"adv_g_coarse": -3.0, "adv_d_coarse": 1.5}
    picture = given["image"] * 0.5
    picture[0] = 1.0
    watch([logs], answers=[(picture, given["mask"])] * 2)
    assert logs["adv_g_coarse_over_adv_d_coarse"] == 2.0
    assert logs["adv_d_coarse_advantage"] == pytest.approx(1 - 1.5 / (2 * math.log(2)))
    counted = np.broadcast_to(given["mask"] > 0, picture.shape) & (np.abs(given["image"]) <= 0.99)
    assert logs["saturated_share"] == pytest.approx(counted[0].sum() / counted.sum())


HOLE = batch(9)["mask"]
SOUND = batch(9)["image"] * 0.5, HOLE


@pytest.mark.parametrize(
    ("picture", "mask", "words"),
    [
        (SOUND[0], HOLE * 0, "The mask found is 0 on every pixel of all samples"),
        (SOUND[0], HOLE * 0 + 1, "The mask found is 1 on every pixel of all samples"),
        (SOUND[0] * 0 + 0.2, HOLE, "What is painted on all samples is one colour"),
        (np.sign(SOUND[0]), HOLE, "100% of what is painted on the samples is black or white"),
        (np.sign(SOUND[0]), None, "100% of what is painted on the samples is black or white"),
    ],
)
def test_a_network_that_was_sound_and_is_no_more_has_collapsed(picture, mask, words):
    before = SOUND[0], None if mask is None else HOLE
    with pytest.raises(TrainingError, match=f"{words} for 3 epochs in a row at step 30 of stage 'coarse_joint'"):
        watch([{}] * 3, answers=[before] + [(picture, mask)] * 3)
    watch([{}] * 5, answers=[(picture, mask)] * 6)  # not trained yet


def test_a_picture_that_was_never_clearly_sound_has_not_collapsed():
    quarter = np.where(np.arange(8)[:, None] < 2, np.sign(SOUND[0]), SOUND[0])
    watch([{}] * 5, answers=[(quarter, HOLE)] + [(np.sign(SOUND[0]), HOLE)] * 5)
