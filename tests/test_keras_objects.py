"""Saved models load in a process that has imported the package and Keras, and nothing else of either."""

import subprocess
import sys
from pathlib import Path

import keras
import pytest

from tfinpaint import _keras_objects, features, layers, models, training  # noqa: F401 - registers all classes

ROOT = Path(__file__).resolve().parents[1]


def test_whatever_keras_may_meet_in_a_saved_model_has_a_stand_in():
    known = {name: thing for name, thing in keras.saving.get_custom_objects().items() if name.startswith("tfinpaint>")}
    classes = {name.removeprefix("tfinpaint>") for name, thing in known.items() if isinstance(thing, type)}
    assert classes == {name for names in _keras_objects.OBJECTS.values() for name in names}


@pytest.mark.parametrize("first", ["tfinpaint", "keras"])
def test_a_users_model_with_a_layer_of_ours_loads_without_importing_it(first, tmp_path):
    seen = [keras.Input((8, 8, 3), name="picture"), keras.Input((8, 8, 1), name="hidden")]
    keras.Model(seen, layers.PullPush(name="spread")(seen)).save(tmp_path / "own.keras")
    second = "keras" if first == "tfinpaint" else "tfinpaint"
    code = (
        f"import sys, {first}, {second}\n"
        "assert not [m for m in sys.modules if m.startswith(('tfinpaint.layers', 'tfinpaint.models'))]\n"
        "print(type(keras.saving.load_model(sys.argv[1]).get_layer('spread')).__module__)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "own.keras")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["tfinpaint.layers.pull_push"], done.stderr
