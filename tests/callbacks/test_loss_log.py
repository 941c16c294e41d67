"""One curve, each step once, whatever was killed in between."""

import csv
import json
import math

import pytest

from tests.callbacks.watched import RECIPE, data, painting_toy
from tfinpaint.callbacks import LossLog, write_table


class At:
    """A stand-in for a model that stands somewhere in the toy's recipe."""

    recipe = RECIPE

    def __init__(self, stage, step):
        self.stage, self.stage_step = self.recipe.stage(stage), step


def write(path, stage, start, *epochs):
    """Logs epochs of 10 steps, from a step on."""
    log = LossLog(path)
    log.set_model(At(stage, start))
    log.on_train_begin()
    for logs in epochs:
        log.model.stage_step += 10
        log.on_epoch_end(0, logs)


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def places(path):
    return [(line["stage"], line["step"]) for line in read(path)]


def test_a_run_that_was_killed_and_resumed_leaves_one_curve(tmp_path):
    options = {"scale": 2 / 24, "interval": 1, "verbose": 0}
    whole, twice, folder = tmp_path / "whole.jsonl", tmp_path / "twice.jsonl", tmp_path / "c"
    painting_toy().fit_recipe(data, callbacks=[LossLog(whole)], **options)

    class Killed(LossLog):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            if int(self.model.stage_step) == 2:  # logged, but not yet checkpointed
                self.path.write_text(self.path.read_text() + '{"time": 17000')
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        painting_toy().fit_recipe(data, checkpoint=folder, callbacks=[Killed(twice)], **options)
    assert len(twice.read_text().splitlines()) == 3
    painting_toy(seed=4).fit_recipe(data, checkpoint=folder, resume=True, callbacks=[LossLog(twice)], **options)
    assert places(twice) == [("coarse_joint", 1), ("coarse_joint", 2), ("refine", 1)]
    for ours, theirs in zip(read(twice), read(whole), strict=True):
        assert {**ours, "time": 0} == {**theirs, "time": 0}


def test_the_lines_of_earlier_stages_stay_and_those_of_later_ones_go(tmp_path):
    path = tmp_path / "log.jsonl"
    write(path, "coarse_joint", 0, {"a": 1}, {"a": 2})
    write(path, "refine", 0, {"b": 1}, {"b": 2})
    write(path, "refine", 10, {"b": 3})
    assert places(path) == [("coarse_joint", 10), ("coarse_joint", 20), ("refine", 10), ("refine", 20)]
    assert read(path)[-1]["b"] == 3
    write(path, "coarse_joint", 10, {"a": 4})
    assert [line.get("a") for line in read(path)] == [1, 4]
    write(path, "coarse_joint", 0)
    assert read(path) == []


def test_values_keep_six_digits_however_small_they_are(tmp_path):
    write(tmp_path / "log.jsonl", "refine", 0, {"tiny": 1.23456789e-9, "nan": math.nan, "inf": math.inf})
    (line,) = read(tmp_path / "log.jsonl")
    assert line["tiny"] == 1.23457e-9 and line["nan"] is None and line["inf"] is None
    assert set(line) == {"time", "stage", "step", "tiny", "nan", "inf"}


def test_a_table_has_a_row_an_epoch_and_the_same_columns_for_all_stages(tmp_path):
    write(tmp_path / "1.jsonl", "coarse_joint", 0, {"b": 1, "val_z": 0.5}, {"b": 2})
    write(tmp_path / "2.jsonl", "refine", 0, {"a": 3})
    write_table(tmp_path / "training.csv", tmp_path / "1.jsonl", tmp_path / "2.jsonl")
    with open(tmp_path / "training.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["run", "stage", "step", "a", "b", "val_z"],
        ["1", "coarse_joint", "10", "", "1.0", "0.5"],
        ["1", "coarse_joint", "20", "", "2.0", ""],
        ["2", "refine", "10", "3.0", "", ""],
    ]
    assert len(list(tmp_path.iterdir())) == 3
