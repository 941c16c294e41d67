"""Several devices make the update that one makes of the whole batch.

The programs run in processes of their own (see `two_processes.py`), side by side.
"""

import importlib.util
import os
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from packaging.version import parse as parsed

from tests.models.tiny import MODELS
from tests.toys.can_dfe import KEYS

ROOT = Path(__file__).resolve().parents[2]
JAX = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
# Keras before 3.10 cannot put arrays of several processes on a device (`fit` says so), and its running means of several
# devices of TensorFlow are wrong (so says docs/training.md): what is logged there is not compared.
NEW = parsed(version("keras")) >= parsed("3.10")
PROCESSES = NEW and importlib.util.find_spec("jax") is not None
ALONE = pytest.mark.skipif(not PROCESSES, reason="several processes on JAX need Keras 3.10")
CASES = [
    pytest.param("tensorflow", "fragile"),
    *(pytest.param("tensorflow", name) for name in MODELS),
    pytest.param("jax", "fragile", marks=JAX),
    pytest.param("jax_process_0", "fragile", marks=ALONE),
    pytest.param("jax_process_1", "fragile", marks=ALONE),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Program -> what it wrote."""
    folder = tmp_path_factory.mktemp("devices")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    programs = {"tensorflow": (), "jax": (), "jax_process_0": (port, "0"), "jax_process_1": (port, "1")}
    if importlib.util.find_spec("jax") is None:
        programs = {"tensorflow": ()}
    refused = {} if PROCESSES else {name: programs.pop(name) for name in list(programs) if "process" in name}
    running = {}
    for name, process in (programs | refused).items():
        environment = {**os.environ, "KERAS_BACKEND": name.split("_")[0], "JAX_PLATFORMS": "cpu"}
        if name == "jax":
            environment["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
        command = [sys.executable, "-m", "tests.training.two_processes", str(folder / f"{name}.npz"), *process]
        running[name] = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        for name, program in running.items():
            errors = program.communicate(timeout=600)[1]
            if name in refused:
                assert program.returncode == 1 and "needs Keras 3.10 or newer. Received: Keras" in errors, errors[
                    -3000:
                ]
                continue
            assert program.returncode == 0, f"{name}: {errors[-3000:]}"
    finally:
        for program in running.values():
            program.kill()
    found = {name: dict(np.load(folder / f"{name}.npz")) for name in programs}
    for name in found:
        if name.startswith("jax_"):
            found[name] |= {k: v for k, v in found["jax"].items() if k.startswith("one/")}
    return found


def _case(found, devices, case):
    start = f"{devices}/{case}/"
    return {k.removeprefix(start): v for k, v in found.items() if k.startswith(start)}


@pytest.mark.parametrize(("program", "case"), CASES)
def test_two_devices_train_as_one_does(results, program, case):
    """Weights, slots, scales, rates, counts and logs, after even, uneven and empty shares of a batch.

    Apart by no more than 2e-6 and 0.01 %: the order of sums differs. One step moves a weight by up to 1e-3 or 1e-2.
    """
    one, two = (_case(results[program], devices, case) for devices in ("one", "two"))
    assert len(one) > 50
    assert set(one) == set(two)
    for key in (key for key in one if NEW or program != "tensorflow" or not key.startswith("log ")):
        np.testing.assert_allclose(two[key], one[key], rtol=1e-4, atol=2e-6, err_msg=key)


@pytest.mark.parametrize(("program", "case"), CASES)
def test_every_device_holds_the_same(results, program, case):
    assert _case(results[program], "two", case)["copies apart"] == 0


@pytest.mark.parametrize(("program", "case"), [c for c in CASES if c.values[1] == "fragile"])
def test_gates_skipped_steps_rates_and_counts_are_those_of_the_whole_batch(results, program, case):
    two = _case(results[program], "two", case)
    uneven = 2 / 3 if program == "tensorflow" else 1 / 2
    if NEW or program != "tensorflow":
        assert two["log open_share"] == pytest.approx((0.5 + uneven + 0 + 1) / 4)
        assert [float(two[f"log {part}_skipped"]) for part in ("head", "decoder", "encoder")] == [0, 0.25, 0]
    # Of four steps one finds the gate closed, and in one the gradient of the decoder overflows for a single sample.
    parts = ("head", "decoder", "encoder")
    assert [int(two[f"iterations {part}"]) for part in parts] == [4, 2, 3]
    assert [float(two[f"scale {part}"]) for part in parts] == [2**15, 2**14, 2**15]
    assert np.isfinite([two[f"log {part}_gradient"] for part in parts]).all()
    assert [int(v) for k, v in two.items() if k.endswith("stage_step")] == [4]
    assert [int(v) for k, v in two.items() if k.endswith("pointer")] == [12 % KEYS]  # the keys of all devices
    rates = sorted(float(v) for k, v in two.items() if k.endswith("learning_rate"))
    assert [rate for rate in rates if rate] == pytest.approx([5e-4, 5e-4, 5e-3, 1e-2])
