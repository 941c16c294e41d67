"""`tfinpaint models`, and models from outside on the command line."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.faces_for_tests import synthetic_faces
from tests.models.tiny import MODELS, make
from tfinpaint import cli, zoo
from tfinpaint.errors import InputError
from tfinpaint.files import sha256

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A tiny FMODR with weights, registered from a folder of its own; the table is as before afterwards."""
    monkeypatch.setattr(zoo, "MODELS", dict(zoo.MODELS))
    model, folder = make("fmodr"), tmp_path / "outside"
    folder.mkdir()
    path = zoo.save_weights(model, folder / "mine_64.weights.h5")
    record = {
        "arguments": MODELS["fmodr"].arguments,
        "parameters": {"detector": model.detector.count_params()},
        "file": path.name,
        "sha256": sha256(path),
        "bytes": path.stat().st_size,
    }
    (folder / "config.json").write_text(json.dumps({"presets": {"mine_64": record}}), encoding="utf-8")
    (folder / "README.md").write_text("# Mine\n", encoding="utf-8")
    zoo.register("mine", "tfinpaint.models.fmodr:FMODR", default="mine_64", folder=folder)
    return folder


def test_models_are_listed_shown_and_verified(capsys):
    assert cli.main(["models"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for model in zoo.MODELS for name in zoo.presets(model))
    assert cli.main(["models", "fmodr"]) == 0
    assert capsys.readouterr().out.strip() == zoo.card("fmodr").strip()
    assert cli.main(["models", "--verify"]) == 0
    said, record = capsys.readouterr().out, zoo.preset("fmodr")
    assert f"fmodr_128  {record.sha256}  ok" in said and f"fmodr_128.tflite  {record.lite['sha256']}  ok" in said


@pytest.mark.parametrize(
    "command",
    [
        ["restore", "{face}", "-o", "{out}/a.png", "--aligned", "--mask", "{face}", "--model", "ca_gan_256"],
        ["demo", "--out", "{out}", "--model", "ca_gan_256"],
        ["benchmark", "ca_gan_256", "--protocol", "public-1", "--out", "{out}"],
        ["train", "ca_gan_256", "--data", "{face}", "--weights", "zoo", "--out", "{out}"],
    ],
    ids=lambda command: command[0],
)
def test_a_model_without_weights_says_so_and_names_those_that_have_some(command, tmp_path, capsys):
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "face.png")
    filled = [word.format(face=tmp_path / "face.png", out=tmp_path / "out") for word in command]
    assert cli.main(filled) == 1
    said = capsys.readouterr().err
    assert "No weights are published for 'ca_gan_256'" in said and "tfinpaint train ca_gan_256" in said
    assert "take one that has: c2fdan_128_small" in said


def test_a_model_from_outside_is_listed_shown_verified_and_restores(outside, tmp_path, capsys):
    assert cli.main(["models"]) == 0 and "mine_64" in capsys.readouterr().out
    assert cli.main(["models", "mine"]) == 0 and "# Mine" in capsys.readouterr().out
    assert cli.main(["models", "--verify"]) == 0 and "mine_64" in capsys.readouterr().out
    (face,), _ = synthetic_faces(1, 64)
    face[30:50, 20:44] = 255
    Image.fromarray(face).save(tmp_path / "face.png")
    arguments = ["restore", str(tmp_path / "face.png"), "-o", str(tmp_path / "out.png"), "--aligned"]
    assert cli.main([*arguments, "--model", "mine_64"]) == 0
    after = np.asarray(Image.open(tmp_path / "out.png"))
    assert (after != face)[32:48, 22:42].any(-1).mean() > 0.5
    (outside / "mine_64.weights.h5").write_bytes(b"other")
    assert cli.main([*arguments, "--model", "mine"]) == 1
    assert "must have the SHA-256" in capsys.readouterr().err


def test_a_model_from_outside_is_not_packed(outside, tmp_path, capsys):
    assert cli.main(["pack", "mine", "--data", str(tmp_path), "--out", str(tmp_path / "pack")]) == 1
    assert "must come with it. Received: 'mine', which is registered from outside." in capsys.readouterr().err
    assert not (tmp_path / "pack").exists()


@pytest.mark.parametrize("cls", ["no_such_package:Model", "tfinpaint.models.fmodr:Fmodr"])
def test_a_class_that_is_not_there_is_one_sentence(cls, tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "MODELS", dict(zoo.MODELS))
    (tmp_path / "config.json").write_text(json.dumps({"presets": {"none_64": {"arguments": {}, "parameters": {}}}}))
    zoo.register("none", cls, default="none_64", folder=tmp_path)
    with pytest.raises(InputError, match=f"A model's class must be installed. Received: '{cls}'"):
        zoo.load("none", weights=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["-m", "tfinpaint.cli", "train", "fmodr", "--data", "x", "--out", "y"],
        ["-m", "tfinpaint.cli", "train-identity", "--data", "x", "--out", "y"],
        ["pack/train.py", "--out", "y"],
    ],
    ids=["train", "train-identity", "a pack"],
)
def test_training_where_keras_has_no_backend_is_one_sentence(arguments, tmp_path):
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "train.py").write_text((ROOT / "tfinpaint" / "cli" / "start_pack.py").read_text())
    with zipfile.ZipFile(tmp_path / "pack" / "tfinpaint.zip", "w") as program:
        for file in (*(ROOT / "tfinpaint").glob("*.py"), *(ROOT / "tfinpaint" / "cli").glob("*.py")):
            program.write(file, file.relative_to(ROOT))
    environment = {**os.environ, "KERAS_BACKEND": "torch", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("tfinpaint: Keras must run on TensorFlow or JAX") and "torch" in done.stderr
    assert not (tmp_path / "y").exists()
