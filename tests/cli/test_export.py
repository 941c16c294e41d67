"""`tfinpaint export` as a person types it; the models are tiny."""

import os

import numpy as np
import pytest

from tests.models.tiny import make
from tfinpaint import cli, zoo
from tfinpaint.export import read_about, write
from tfinpaint.export.trial import Trial


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(zoo, "load", lambda name, weights=True: make("fmodr"))


@pytest.fixture
def fast(monkeypatch):
    """Nothing is converted: what would be is asked for."""
    asked = []

    def tflite(model, half, folder):
        asked.append((model.image_size, half))
        return b"network"

    monkeypatch.setattr(write, "_tflite", tflite)
    monkeypatch.setattr(write, "_smaller", lambda model, network, *_: (network, {"mean_db": 0.0, "worst_db": 0.0}))
    return asked


def test_a_file_is_written_and_named(fast, tmp_path, capsys):
    out = tmp_path / "new" / "face.tflite"
    assert cli.main(["export", "fmodr", "-o", str(out), "--quantize", "float16", "--side", "128"]) == 0
    assert fast == [(128, True)]
    said, record = read_about(out), zoo.preset("fmodr")
    assert said["name"] == "fmodr_128" and said["image_size"] == 128 and said["quantize"] == "float16"
    assert said["weights"] == record.sha256 and said["licence"] == record.licence
    assert str(out) in capsys.readouterr().out
    assert [path.name for path in out.parent.iterdir()] == ["face.tflite"]


@pytest.mark.parametrize("format", ["tflite", "saved_model"])
@pytest.mark.parametrize("name", [os.fsdecode(b"f\xfcr mich/gr\xfc\xdfe"), "n" * 255], ids=["no UTF-8", "longest"])
def test_any_name_is_written(tmp_path, monkeypatch, capsys, name, format):  # noqa: A002
    """TensorFlow writes and converts for true, but no more than what comes in."""

    def empty(name, weights=True):
        model = make("fmodr")
        model.answer_pictures = lambda inputs: {"image": inputs["image"] + 0}
        return model

    monkeypatch.setattr(zoo, "load", empty)
    out = tmp_path / name
    assert cli.main(["export", "fmodr", "-o", str(out), "--format", format]) == 0
    assert read_about(out)["name"] == "fmodr_128"
    assert cli.main(["export", "fmodr", "-o", str(out), "--format", format, "--force"]) == 0
    assert [path.name for path in out.parent.iterdir()] == [out.name]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["fmodr_256"], "must have weights to be exported. .*--untrained"),
        (["fmodr", "--format", "gif"], "`format` must be one of saved_model, tflite, onnx"),
        (["fmodr", "--quantize", "int3"], "`quantize` must be one of none, float16, int8, fast, static"),
        (["fmodr", "--quantize", "float16", "--format", "saved_model"], "`quantize` is for TFLite"),
        (["fmodr", "--photos"], "`photos` is for a SavedModel"),
        (["fmodr", "--side", "100"], "`image_size` must be a multiple of"),
        (["fmodr", "--side", "0"], "`side` must be at least 1 pixel"),
        (["fmodr", "--side", "-64"], "`side` must be at least 1 pixel"),
        (["nose"], "`name` must be one of"),
    ],
)
def test_what_cannot_be_exported_is_refused_in_a_sentence_and_leaves_nothing(
    fast, tmp_path, capsys, arguments, sentence
):
    import re

    assert cli.main(["export", *arguments, "-o", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert re.search(sentence, error) and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_a_sentence(fast, tmp_path, monkeypatch, capsys):
    import tensorflow as tf

    (tmp_path / "file").write_bytes(b"mine")
    assert cli.main(["export", "fmodr", "-o", str(tmp_path / "file" / "face.tflite")]) == 1

    def full(model, half, folder):
        raise tf.errors.ResourceExhaustedError(None, None, "part-0.tempstate7; No space left on device")

    monkeypatch.setattr(write, "_tflite", full)
    assert cli.main(["export", "fmodr", "-o", str(tmp_path / "face.tflite")]) == 1
    not_a_folder, no_space = capsys.readouterr().err.splitlines()
    assert "must be a place that can be written" in not_a_folder and "face.tflite (No space left on device)" in no_space
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_is_there_is_replaced_on_demand_only_and_never_if_it_is_something_else(fast, tmp_path, capsys):
    out, folder = tmp_path / "face.tflite", tmp_path / "holiday"
    folder.mkdir()
    (folder / "photo.jpg").write_bytes(b"mine")
    out.write_bytes(b"before")
    assert cli.main(["export", "fmodr", "-o", str(out)]) == 1
    assert out.read_bytes() == b"before" and "--force" in capsys.readouterr().err
    assert cli.main(["export", "fmodr", "-o", str(out), "--force"]) == 0
    assert read_about(out)["name"] == "fmodr_128"
    for kind in ("tflite", "saved_model"):
        assert cli.main(["export", "fmodr", "-o", str(folder), "--force", "--format", kind]) == 1
        assert "a folder of something else" in capsys.readouterr().err
    assert (folder / "photo.jpg").read_bytes() == b"mine"


def test_weights_of_ones_own_are_exported_without_the_presets_hash(fast, tmp_path):
    arguments = ["--weights", str(tmp_path / "w.weights.h5")]
    assert cli.main(["export", "fmodr_256", "-o", str(tmp_path / "a.tflite"), *arguments]) == 0
    assert cli.main(["export", "fmodr_256", "-o", str(tmp_path / "b.tflite"), "--untrained"]) == 0
    for name in ("a", "b"):
        assert read_about(tmp_path / f"{name}.tflite")["weights"] is None


def test_no_faces_to_measure_on_is_a_sentence_and_leaves_nothing(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(write, "_tflite", lambda *_: b"network")
    (tmp_path / "faces").mkdir()
    arguments = ["export", "fmodr", "-o", str(tmp_path / "out.tflite"), "--quantize", "static"]
    assert cli.main([*arguments, "--data", str(tmp_path / "faces")]) == 1
    error = capsys.readouterr().err
    assert str(tmp_path / "faces") in error and error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["faces"]


def test_a_file_that_loses_too_much_ends_the_command_with_1_unless_forced(monkeypatch, tmp_path, capsys):
    faces = np.zeros((4, 8, 8, 3), np.uint8)
    monkeypatch.setattr("tfinpaint.export.trial.draw_trial", lambda *_: Trial(faces, faces, faces[..., :1]))
    monkeypatch.setattr("tfinpaint.export.trial.losses", lambda *_: np.array([0.0, 0.4]))
    monkeypatch.setattr(write, "_tflite", lambda *_: b"network")
    monkeypatch.setattr(write, "Runner", lambda path: None)
    arguments = ["export", "fmodr", "-o", str(tmp_path / "out.tflite"), "--quantize", "float16"]
    assert cli.main(arguments) == 1
    error = capsys.readouterr().err
    assert "may lose 0.02 dB in the mean and 0.1 dB on the worst face. Received: 0.2 and 0.4 on 2 faces" in error
    assert error.count("\n") == 1 and list(tmp_path.iterdir()) == []
    assert cli.main([*arguments, "--force"]) == 0
    assert "may lose 0.02 dB" in capsys.readouterr().err
    assert read_about(tmp_path / "out.tflite")["loss"]["worst_db"] == 0.4
