"""The best epoch's weights are kept, by stage, and across a resumed run."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from tests.callbacks.watched import batch, painting_toy, weights
from tfinpaint import zoo
from tfinpaint.callbacks import BestCheckpoint, EarlyStopping
from tfinpaint.errors import InputError


def epochs(model, folder, values, start=0, **options):
    """Trains a step for each value, which the validation is said to have measured; returns the weights after each."""
    best, seen = BestCheckpoint(folder, **options), []
    best.set_model(model)
    model.stage_step.assign(start)
    best.on_train_begin()
    for i, value in enumerate(values):
        model.train_on_batch(batch(i))
        with model.averaged():
            seen.append(weights(model))
        best.on_epoch_end(i, {options.get("monitor", model.stage.monitor[0]): value})
    return best, seen


def stored(folder, stage="coarse_joint"):
    model = painting_toy(seed=7)
    zoo.load_weights(model, folder / f"best-{stage}.weights.h5")
    return weights(model)


def close(ours, theirs):
    return all(np.allclose(a, b, rtol=1e-3, atol=1e-6) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize(
    ("values", "average", "options"),
    [
        ([0.3, 0.1, 0.2], None, {}),
        ([math.nan, 0.3, math.nan], 0.5, {}),
        ([0.3, 0.9, 0.9], None, {"monitor": "val_mask_iou", "mode": "max"}),
    ],
)
def test_the_file_holds_the_best_epoch(values, average, options, tmp_path):
    best, seen = epochs(painting_toy(average=average), tmp_path, values, **options)
    kept = stored(tmp_path)
    assert [close(kept, s) for s in seen] == [False, True, False]
    about = best.best["coarse_joint"]
    assert about["step"] == 2 and about["value"] == values[1]
    assert {p.name for p in tmp_path.iterdir()} == {"best.json", about["file"]}


def test_a_resumed_run_goes_on_from_its_best_and_a_new_one_does_not(tmp_path):
    model = painting_toy()
    epochs(model, tmp_path, [0.3, 0.1])
    best, _ = epochs(model, tmp_path, [0.2, 0.15], start=2)
    assert best.best["coarse_joint"]["value"] == 0.1
    best, _ = epochs(model, tmp_path, [0.4])
    assert best.best["coarse_joint"]["value"] == 0.4


def test_each_stage_has_its_own(tmp_path):
    model = painting_toy()
    epochs(model, tmp_path, [0.1])
    model.begin("refine")
    best, _ = epochs(model, tmp_path, [0.3, 0.2])
    assert {k: v["value"] for k, v in best.best.items()} == {"coarse_joint": 0.1, "refine": 0.2}
    assert json.loads((tmp_path / "best.json").read_text())["refine"]["file"] == "best-refine.weights.h5"


def test_each_stage_has_its_own_measure(tmp_path):
    model = painting_toy()
    model.stage = replace(model.stage, monitor=("val_mask_iou", "max"))
    best, _ = epochs(model, tmp_path, [0.3, 0.9, 0.5])
    assert best.best["coarse_joint"]["value"] == 0.9 and best.best["coarse_joint"]["monitor"] == "val_mask_iou"


def test_early_stopping_counts_by_the_measure_of_the_stage():
    model, stop = painting_toy(), EarlyStopping(patience=2)
    stop.set_model(model)
    for monitor, values, ended in (
        (("val_mask_iou", "max"), [0.1, 0.2, 0.15, 0.2], 3),
        (("val_hole_l1", "min"), [0.1, 0.2, 0.05, 0.2, 0.3], 4),
    ):
        model.stage = replace(model.stage, monitor=monitor)
        model.stop_training = False
        stop.on_train_begin()
        for epoch, value in enumerate(values):
            assert not model.stop_training
            stop.on_epoch_end(epoch, {monitor[0]: value})
        assert model.stop_training and stop.stopped_epoch == ended


def test_a_value_that_is_not_logged_is_said(tmp_path):
    best = BestCheckpoint(tmp_path / "new")
    best.set_model(painting_toy())
    with pytest.warns(UserWarning, match="must be one of rec. Received: 'val_hole_l1'"):
        best.on_epoch_end(0, {"rec": 1.0})
    assert not list(tmp_path.iterdir())


def test_a_mode_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match="mode='best'"):
        BestCheckpoint(tmp_path, mode="best")
