"""What changes Keras's learning rate changes those of all parts in proportion; see `learning_rates.py`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training import learning_rates


def test_the_learning_rate_of_keras_scales_those_of_all_parts():
    learning_rates.check()


def test_on_jax_too():
    pytest.importorskip("jax")
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "tests.training.learning_rates"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
