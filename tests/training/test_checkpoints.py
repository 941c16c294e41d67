"""A run that is stopped or killed and resumed is one run, bit for bit; damage and strangers are refused.

That each model's next step after a save is the same in another object: `tests/models/test_models.py`.
"""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.models.run_stages import at_stage
from tests.models.tiny import batch_of, step_batch
from tests.training.killed_run import NAME, RUN, StopAt, resumable_data
from tfinpaint.errors import CheckpointError, DamagedCheckpointError, InputError, RecipeError
from tfinpaint.training import CheckpointFolder, load_checkpoint, read_about, save_checkpoint
from tfinpaint.training.checkpoint import named_variables


def state(model):
    return {name: v.numpy() for name, v in named_variables(model).items()}


def test_a_checkpoint_brings_its_stage(tmp_path):
    saved, loaded = at_stage("toy_can_dfe", "contrast"), at_stage("toy_can_dfe", "completion")
    save_checkpoint(saved, tmp_path / "c.npz")
    load_checkpoint(loaded, tmp_path / "c.npz")
    assert loaded.stage.name == "contrast"
    assert read_about(tmp_path / "c.npz")["class"] == "CANDFE"


def test_a_checkpoint_of_another_recipe_changes_nothing(tmp_path):
    model, small = at_stage("toy_can_dfe"), at_stage("toy_can_dfe").recipes["small"]
    alone = replace(small, stages=small.stages[1:])  # a part less that is trained
    save_checkpoint(at_stage("toy_can_dfe", recipe=alone), tmp_path / "a.npz")
    save_checkpoint(at_stage("toy_ca_gan"), tmp_path / "b.npz")
    before = state(model)
    with pytest.raises(CheckpointError, match="must hold the variables of this recipe. Received: .* missing"):
        load_checkpoint(model, tmp_path / "a.npz")
    with pytest.raises(CheckpointError, match="must be of this model"):
        load_checkpoint(model, tmp_path / "b.npz")
    assert all((value == state(model)[key]).all() for key, value in before.items())


@pytest.mark.parametrize("content", [b"", b"not a zip", None])
def test_a_damaged_or_missing_checkpoint_is_said(content, tmp_path):
    path = tmp_path / "c.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged" if content is not None else "no checkpoint"):
        load_checkpoint(at_stage(NAME), path)


def test_a_truncated_checkpoint_is_damaged(tmp_path):
    path = save_checkpoint(at_stage(NAME), tmp_path / "c.npz")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(at_stage(NAME), path)


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    model = at_stage(NAME)
    path = save_checkpoint(model, tmp_path / "c.npz", {"n": 1})

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(CheckpointError, match="cannot be written"):
        save_checkpoint(model, path, {"n": 2})
    assert read_about(path)["position"] == {"n": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["c.npz"]


def test_the_last_checkpoints_stay_and_half_written_ones_go(tmp_path):
    folder, model = CheckpointFolder(tmp_path / "run", keep=2), at_stage(NAME)
    assert folder.load(model) is None
    for n in range(4):
        folder.save(model, {"n": n})
        (tmp_path / "run" / ".tfinpaint-4194305-00ab.part").write_bytes(b"half")
    folder.save(model, {"n": 4})
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["checkpoint-000004.npz", "checkpoint-000005.npz"]
    assert folder.load(model) == {"n": 4}
    with pytest.raises(InputError, match="`keep` must be at least 1"):
        CheckpointFolder(tmp_path, keep=0)


def _cut(data):
    return data[:-200]


def _flip_a_bit(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("damage", [_cut, _flip_a_bit, lambda data: b""], ids=["cut", "one bit", "empty"])
def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(damage, tmp_path):
    folder, model = CheckpointFolder(tmp_path), at_stage(NAME)
    folder.save(model, {"n": 1})
    wanted = state(model)
    model.train_on_batch(step_batch(model))
    newest = folder.save(model, {"n": 2})
    newest.write_bytes(damage(newest.read_bytes()))
    other = at_stage(NAME, seed=4)
    with pytest.warns(UserWarning, match="000002.npz is damaged .*going on from the one before"):
        assert folder.load(other) == {"n": 1}
    assert all((value == state(other)[key]).all() for key, value in wanted.items())
    (tmp_path / "checkpoint-000001.npz").write_bytes(b"")
    with pytest.warns(UserWarning), pytest.raises(DamagedCheckpointError, match="000001.npz is damaged"):
        folder.load(other)


def test_fit_recipe_interrupted_or_killed_and_resumed_equals_one_run(tmp_path):
    whole = at_stage(NAME)
    whole.fit_recipe(resumable_data, **RUN)
    with pytest.raises(KeyboardInterrupt):
        at_stage(NAME).fit_recipe(
            resumable_data, checkpoint=tmp_path / "interrupted", callbacks=[StopAt(4)], data_id="a", **RUN
        )
    command = [sys.executable, "-m", "tests.training.killed_run", str(tmp_path / "killed")]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    for how in ("interrupted", "killed"):
        second, kept = at_stage(NAME, seed=1), {"checkpoint": tmp_path / how, "resume": True}
        with pytest.raises(CheckpointError, match="must be those of the run .* Received: b instead of a"):
            second.fit_recipe(resumable_data, data_id="b", **kept, **RUN)
        second.fit_recipe(resumable_data, data_id="a", **kept, **RUN)
        for key, value in state(whole).items():
            if not key.startswith("metric"):
                np.testing.assert_array_equal(value, state(second)[key], err_msg=f"{how} {key}")


def test_a_resumed_run_goes_on_behind_all_batches_that_its_steps_have_eaten(tmp_path):
    """CA-GAN's adversarial steps eat six each."""
    import tensorflow as tf

    starts = []

    def data(size, start):
        starts.append(start)
        batches = [batch_of("toy_ca_gan", i, size, draws=False) for i in range(start, 12)]
        return tf.data.Dataset.from_tensor_slices({k: np.stack([b[k] for b in batches]) for k in batches[0]})

    def run(seed=0, **options):
        model = at_stage("toy_ca_gan", seed=seed, recipe="paper")
        model.fit_recipe(data, scale=0.2, interval=1, verbose=0, **options)
        return model

    whole = run()
    with pytest.raises(KeyboardInterrupt):
        run(checkpoint=tmp_path, callbacks=[StopAt(2)])
    resumed = run(seed=1, checkpoint=tmp_path, resume=True)
    assert starts == [0, 0, 6]
    for key, value in state(whole).items():
        if not key.startswith("metric"):
            np.testing.assert_array_equal(value, state(resumed)[key], err_msg=key)


def test_a_run_in_a_stage_that_is_not_to_be_run_is_refused(tmp_path):
    model = at_stage(NAME, "structure")
    CheckpointFolder(tmp_path).save(model, {"data": None})
    before = state(model)
    with pytest.raises(RecipeError, match="stands in stage 'structure', which must be among"):
        model.fit_recipe(resumable_data, stages=["synthesis"], checkpoint=tmp_path, resume=True)
    assert all((value == state(model)[key]).all() for key, value in before.items())
    with pytest.raises(InputError, match="`interval` must be at least 1"):
        model.fit_recipe(resumable_data, interval=0)


def test_a_model_that_keras_compiled_goes_on_where_it_was(tmp_path):
    def model(units):
        inputs = keras.Input((3,))
        made = keras.Model(inputs, keras.layers.Dense(units)(inputs))
        made.compile("adam", loss="mse", metrics=["mae"])
        made.optimizer.build(made.trainable_variables)
        return made

    first, again = model(2), model(2)
    first.fit(np.ones((4, 3)), np.ones((4, 2)), batch_size=2, verbose=0)
    path = save_checkpoint(first, tmp_path / "c.npz", {"n": 1})
    assert load_checkpoint(again, path) == {"n": 1}
    for name, variable in named_variables(first).items():
        np.testing.assert_array_equal(variable, named_variables(again)[name])
    with pytest.raises(CheckpointError, match="another shape"):
        load_checkpoint(model(3), path)
    with pytest.raises(CheckpointError, match="of this model"):
        load_checkpoint(at_stage(NAME), path)
