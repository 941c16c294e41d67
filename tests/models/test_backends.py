"""TensorFlow and JAX do the same, with every model: a step of every stage, restored pictures, checkpoints.

One program on JAX does all of its half (see `run_stages.py`), while this process does TensorFlow's.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.models import run_stages
from tests.models.tiny import MODELS, make, stages
from tfinpaint.training import load_checkpoint, save_checkpoint
from tfinpaint.training.checkpoint import named_variables

names = pytest.mark.parametrize("name", MODELS)
pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")


def _as_if_trained(model):
    rng = np.random.default_rng(0)
    for variable in named_variables(model).values():
        values = np.asarray(variable.numpy())
        variable.assign(rng.uniform(1, 9, values.shape).astype(values.dtype))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Where the checkpoints and JAX's results are; name -> what TensorFlow makes of it."""
    folder = tmp_path_factory.mktemp("backends")
    for name in MODELS:
        model = run_stages.compiled(name, seed=0)
        _as_if_trained(model)
        save_checkpoint(model, folder / f"{name}.npz", {"batch": 7})
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "tests.models.run_stages", str(folder)]
    root = Path(__file__).resolve().parents[2]
    program = subprocess.Popen(command, cwd=root, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        ours = {name: run_stages.run(name) for name in MODELS}
        errors = program.communicate()[1]
    finally:
        program.kill()
    assert program.returncode == 0, errors[-3000:]
    return folder, ours


def _both(found, name, start):
    folder, ours = found
    with np.load(folder / f"{name}.stages.npz") as theirs:
        assert set(ours[name]) == set(theirs.files)
        keys = [key for key in theirs.files if key.startswith(start)]
        assert keys
        yield from ((key, ours[name][key], theirs[key]) for key in keys)


@pytest.mark.parametrize(("name", "stage"), [(name, stage) for name in MODELS for stage in stages(name)])
def test_they_make_the_same_step(found, name, stage):
    for key, ours, theirs in _both(found, name, f"{stage}/"):
        if "/log/" in key:
            np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=1e-5, err_msg=key)
        else:  # Adam divides by the gradient's size: compare with the length of one step
            assert np.mean(np.abs(ours - theirs)) < 2e-5, key


@names
def test_they_restore_the_same_pictures_without_a_seed_and_with_one(found, name):
    for key, ours, theirs in _both(found, name, "restored/"):
        assert np.abs(ours.astype(int) - theirs).max() <= 1, key


@names
def test_a_checkpoint_goes_from_tensorflow_to_jax_and_back(found, name):
    """Written on one, loaded on the other, written there, loaded here: every variable, slot, scale and seed."""
    folder, _ = found
    model, other = (run_stages.compiled(name, seed) for seed in (0, 1))
    load_checkpoint(model, folder / f"{name}.npz")
    assert load_checkpoint(other, folder / f"{name}.carried.npz") == {"batch": 7}
    wanted = {key: v.numpy() for key, v in named_variables(model).items()}
    for key, variable in named_variables(other).items():
        np.testing.assert_array_equal(variable.numpy(), wanted[key], err_msg=key)
    assert len(wanted) > 2 * len(make(name).painters.weights)
