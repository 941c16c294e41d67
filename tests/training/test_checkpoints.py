"""Twenty steps are ten, a save, a fresh object and ten more, bit for bit; damage and strangers are refused."""

import keras
import numpy as np
import pytest

from tests.training.test_recipes import _one
from tests.training.toys import STAGES, batch, step_batches, toy
from tfinpaint.errors import CheckpointError
from tfinpaint.training import load_checkpoint, read_about, save_checkpoint
from tfinpaint.training.checkpoint import named_variables


def state(model):
    return {name: v.numpy() for name, v in named_variables(model).items()}


@pytest.mark.parametrize(("name", "stage"), STAGES[2:], ids=lambda x: x)
def test_resuming_equals_not_stopping(name, stage, tmp_path):
    straight = toy(name, stage)
    for i in range(4):
        _one(straight, step_batches(straight, i))

    first = toy(name, stage)
    for i in range(2):
        _one(first, step_batches(first, i))
    save_checkpoint(first, tmp_path / "c.npz", {"batches": 2})
    second = toy(name, stage, seed=99)
    assert load_checkpoint(second, tmp_path / "c.npz") == {"batches": 2}
    for i in range(2, 4):
        _one(second, step_batches(second, i))

    for key, value in state(straight).items():
        np.testing.assert_array_equal(value, state(second)[key], err_msg=key)


def test_a_checkpoint_brings_its_stage(tmp_path):
    saved = toy("c2fdan", "coarse")
    save_checkpoint(saved, tmp_path / "c.npz")
    loaded = toy("c2fdan", "joint")
    load_checkpoint(loaded, tmp_path / "c.npz")
    assert loaded.stage.name == "coarse"
    assert read_about(tmp_path / "c.npz")["class"] == "Toy"


def test_a_checkpoint_of_another_recipe_changes_nothing(tmp_path):
    save_checkpoint(toy("ca_gan"), tmp_path / "c.npz")
    model = toy("fmodr")
    before = state(model)
    with pytest.raises(CheckpointError, match="must be of this model"):
        load_checkpoint(model, tmp_path / "c.npz")
    assert all((value == state(model)[key]).all() for key, value in before.items())


@pytest.mark.parametrize("content", [b"", b"not a zip", None])
def test_a_damaged_or_missing_checkpoint_is_said(content, tmp_path):
    path = tmp_path / "c.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged" if content is not None else "no checkpoint"):
        load_checkpoint(toy("fmodr"), path)


def test_a_truncated_checkpoint_is_damaged(tmp_path):
    path = save_checkpoint(toy("fmodr"), tmp_path / "c.npz")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(toy("fmodr"), path)


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    model = toy("fmodr")
    path = save_checkpoint(model, tmp_path / "c.npz", {"n": 1})

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(CheckpointError, match="cannot be written"):
        save_checkpoint(model, path, {"n": 2})
    assert read_about(path)["position"] == {"n": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["c.npz"]


def test_fit_recipe_interrupted_and_resumed_equals_one_run(tmp_path):
    import tensorflow as tf

    def data(size, start):
        numbers = tf.data.Dataset.range(start, 10_000)
        spec = {k: tf.TensorSpec(v.shape, v.dtype) for k, v in batch().items()}

        def generate():
            for i in numbers.as_numpy_iterator():
                yield batch(int(i))

        return tf.data.Dataset.from_generator(generate, output_signature=spec)

    options = {"scale": 0.25, "steps_per_epoch": 2, "verbose": 0}
    whole = toy("fmodr")
    whole.fit_recipe(data, **options)

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if int(self.model.stage_step.numpy()) == 4:
                raise KeyboardInterrupt

    class Late(Stop):
        pass

    first = toy("fmodr")
    with pytest.raises(KeyboardInterrupt):
        first.fit_recipe(data, checkpoint=tmp_path / "c.npz", callbacks=[Late()], **options)
    second = toy("fmodr", seed=1)
    second.fit_recipe(data, checkpoint=tmp_path / "c.npz", resume=True, **options)
    for key, value in state(whole).items():
        if not key.startswith("metric"):
            np.testing.assert_array_equal(value, state(second)[key], err_msg=key)


def test_keras_saves_and_loads_a_compiled_model_that_takes_the_same_next_step(tmp_path):
    model = toy("fsg_gan", "synthesis")
    model.dropout.rate = 0.0
    _one(model, batch(0))
    model.save(tmp_path / "toy.keras")
    loaded = keras.saving.load_model(tmp_path / "toy.keras")
    loaded.dropout.rate = 0.0
    data = batch(1)
    np.testing.assert_array_equal(model(data["occluded"])["image"], loaded(data["occluded"])["image"])
    _one(model, data)
    _one(loaded, data)
    for a, b in zip(model.variables, loaded.variables, strict=True):
        if "seed" not in a.path:
            np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=a.path)
