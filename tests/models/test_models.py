"""One harness for every model: registered in `tiny.MODELS`, a new one is covered unasked."""

import os
import subprocess
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from tests.models import carry_checkpoint, run_stages
from tests.models.tiny import MODELS, batch, make, stages
from tfinpaint import zoo
from tfinpaint.errors import InputError
from tfinpaint.training import load_checkpoint, save_checkpoint
from tfinpaint.training.checkpoint import named_variables

names = pytest.mark.parametrize("name", MODELS)
STAGES = [(name, stage) for name in MODELS for stage in stages(name)]


def compiled(name, stage=None, seed=0, **options):
    model = make(name, seed)
    model.compile(recipe="small", stage=stage, features=MODELS[name].features, **options)
    return model


def on_jax(module, *arguments):
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", module, *map(str, arguments)]
    root = Path(__file__).resolve().parents[2]
    subprocess.run(command, check=True, cwd=root, env=environment, capture_output=True)


def test_every_model_of_the_zoo_is_tested():
    assert set(zoo.MODELS) == set(MODELS)


@names
def test_the_output_is_the_input_where_nothing_is_hidden_bit_for_bit(name):
    model, data = make(name), batch()
    out = {k: np.asarray(v) for k, v in model(data["occluded"]).items()}
    assert set(np.unique(out["mask"])) <= {0.0, 1.0}
    kept = np.broadcast_to(out["mask"] == 0, out["image"].shape)
    np.testing.assert_array_equal(out["image"][kept], data["occluded"][kept])
    assert np.abs(out["image"]).max() <= 1


@names
def test_restore_keeps_every_byte_outside_its_mask(name):
    model, data = make(name), batch(count=3)
    pictures = np.rint((data["occluded"] + 1) * 127.5).astype(np.uint8)
    given = data["mask"]
    restored, masks = model.restore(pictures, given, batch_size=2)
    np.testing.assert_array_equal(masks, given)
    kept = np.broadcast_to(masks == 0, restored.shape)
    np.testing.assert_array_equal(restored[kept], pictures[kept])
    assert (restored != pictures).any()


@names
@pytest.mark.parametrize("shape", [(20, 31), (48, 48), (96, 40)])
def test_restore_takes_any_size_and_keeps_it(name, shape):
    model = make(name)
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    mask = np.zeros(shape, bool)
    mask[5:12, 6:14] = True
    restored, masks = model.restore(picture, mask)
    assert restored.shape == (1, *shape, 3)
    np.testing.assert_array_equal(restored[0][~mask], picture[~mask])
    np.testing.assert_array_equal(masks[0, ..., 0] > 0, mask)


@names
def test_a_sample_is_restored_alike_wherever_it_stands_in_the_batch(name):
    model, data = make(name), batch(count=4)
    pictures = np.rint((data["occluded"] + 1) * 127.5).astype(np.uint8)
    order = [2, 0, 3, 1]
    straight, shuffled = model.restore(pictures, data["mask"]), model.restore(pictures[order], data["mask"][order])
    np.testing.assert_array_equal(straight.images[order], shuffled.images)


@names
def test_an_empty_mask_returns_the_picture(name):
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    np.testing.assert_array_equal(make(name).restore(picture, np.zeros((64, 64))).images[0], picture)


@names
@pytest.mark.parametrize(
    ("images", "masks", "word"),
    [
        (np.zeros((8, 8)), None, "uint8 RGB"),
        (np.zeros((8, 8, 3)), None, "uint8 RGB"),
        (np.zeros((8, 8, 4), np.uint8), None, "uint8 RGB"),
        (np.zeros((8, 8, 3), np.uint8), np.zeros((4, 4)), "one mask for each picture"),
    ],
)
def test_wrong_input_is_refused_in_a_sentence(name, images, masks, word):
    with pytest.raises(InputError, match=word):
        make(name).restore(images, masks)


@pytest.mark.parametrize(("name", "stage"), STAGES)
def test_a_stage_moves_every_weight_of_its_parts_and_nothing_else(name, stage):
    """Adam moves a weight once its gradient was not zero; other weights, statistics and slots stay as they were."""
    model = compiled(name, stage, run_eagerly=True)  # a few steps: compiling them would take longer
    variables = {id(v): v for v in [*model.weights, *model.optimizer.variables]}
    before = {key: v.numpy() for key, v in variables.items()}
    for i in range(3):
        logs = model.train_on_batch(batch(i, count=4), return_dict=True)
    assert all(np.isfinite(v) for v in logs.values())
    moved = {key for key, v in variables.items() if (before[key] != v.numpy()).any()}
    trained = [(part, update) for update in model.stage.updates for part in update.parts]
    weights = {id(v) for part, _ in trained for v in model.part_variables[part]}
    slots = {id(v) for part, update in trained for v in model.optimizer_of(part, update).variables}
    assert not [variables[key].path for key in weights - moved]
    assert not [variables[key].path for key in moved - weights - slots - {id(model.stage_step)}]


@names
def test_ten_more_steps_after_a_save_are_the_same_in_another_model(name, tmp_path):
    straight = compiled(name)
    for i in range(10):
        straight.train_on_batch(batch(i))
    save_checkpoint(straight, tmp_path / "c.npz")
    second = compiled(name, seed=5)
    load_checkpoint(second, tmp_path / "c.npz")
    for i in range(10, 20):
        straight.train_on_batch(batch(i))
        second.train_on_batch(batch(i))
    ours = {k: v.numpy() for k, v in named_variables(second).items()}
    for key, variable in named_variables(straight).items():
        np.testing.assert_array_equal(variable.numpy(), ours[key], err_msg=key)


@names
def test_a_saved_compiled_model_gives_the_same_output_and_the_same_next_step(name, tmp_path):
    model = compiled(name, run_eagerly=True)
    model.train_on_batch(batch(0))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    data = batch(1)
    np.testing.assert_array_equal(
        np.asarray(model(data["occluded"])["image"]), np.asarray(loaded(data["occluded"])["image"])
    )
    loaded.run_eagerly = True  # how a step is run is no part of a saved model, and two of them are not worth compiling
    ours, theirs = (m.train_on_batch(data, return_dict=True) for m in (model, loaded))
    for a, b in zip(model.trainable_variables, loaded.trainable_variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=a.path)
    assert set(ours) == set(theirs)


@names
def test_weights_survive_half_precision_storage(name, tmp_path):
    model = make(name)
    path = zoo.save_weights(model, tmp_path / "m.weights.h5")
    other = make(name, seed=9)
    zoo.load_weights(other, path)
    for a, b in zip(model.painters.weights, other.painters.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-3, atol=1e-6)
    stored = []
    with h5py.File(path) as file:
        file.visititems(lambda _, item: stored.append(item.nbytes) if isinstance(item, h5py.Dataset) else None)
    assert sum(stored) == 2 * model.painters.count_params()  # each weight once, in two bytes
    assert [p.name for p in tmp_path.iterdir()] == ["m.weights.h5"]


@names
def test_blended_weights_lie_between(name, tmp_path):
    files = [zoo.save_weights(make(name, seed), tmp_path / f"{seed}.weights.h5") for seed in (0, 1)]
    model, blends = make(name, seed=2), {}
    for share in (0.0, 0.25, 1.0):
        zoo.blend_weights(model, *files, share)
        blends[share] = [v.numpy() for v in model.painters.weights]
    for first, quarter, second in zip(*(blends[s] for s in (0.0, 0.25, 1.0)), strict=True):
        np.testing.assert_allclose(quarter, 0.75 * first + 0.25 * second, rtol=1e-6, atol=1e-7)
    assert any((a != b).any() for a, b in zip(blends[0.0], blends[1.0], strict=True))
    with pytest.raises(InputError, match="`share` must lie in"):
        zoo.blend_weights(model, *files, 1.5)


@names
def test_tensorflow_and_jax_make_the_same_step_in_every_stage(name, tmp_path):
    pytest.importorskip("jax")
    path = tmp_path / "jax.npz"
    on_jax("tests.models.run_stages", name, path)
    ours = run_stages.run(name)
    with np.load(path) as theirs:
        assert set(ours) == set(theirs.files)
        for key in ours:
            if key.split("/")[-2] == "log":
                np.testing.assert_allclose(ours[key], theirs[key], rtol=2e-4, atol=1e-5, err_msg=key)
            else:  # Adam divides by the gradient's size: compare with the length of one step
                assert np.mean(np.abs(ours[key] - theirs[key])) < 2e-5, key


@names
def test_a_checkpoint_goes_from_tensorflow_to_jax_and_back(name, tmp_path):
    """Written on one, loaded on the other, written there, loaded here: every variable, slot, scale and seed."""
    pytest.importorskip("jax")
    model = carry_checkpoint.compiled(name, seed=0)
    rng = np.random.default_rng(0)
    variables = named_variables(model)
    for variable in variables.values():  # as if it had been trained
        values = np.asarray(variable.numpy())
        variable.assign((rng.uniform(1, 9, values.shape)).astype(values.dtype))
    wanted = {key: v.numpy() for key, v in variables.items()}
    save_checkpoint(model, tmp_path / "ours.npz", {"batch": 7})
    on_jax("tests.models.carry_checkpoint", name, tmp_path / "ours.npz", tmp_path / "theirs.npz")
    other = carry_checkpoint.compiled(name, seed=1)
    assert load_checkpoint(other, tmp_path / "theirs.npz") == {"batch": 7}
    for key, variable in named_variables(other).items():
        np.testing.assert_array_equal(variable.numpy(), wanted[key], err_msg=key)
    assert len(wanted) > 2 * len(model.painters.weights)
