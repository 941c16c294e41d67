"""`tfinpaint train` as a person types it, on drawn faces and a tiny model."""

import json
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from tests.faces_for_tests import synthetic_faces
from tests.models.tiny import make
from tfinpaint import cli, zoo
from tfinpaint.data import pipeline, sources
from tfinpaint.data.occlusions import LowerFaceRectangle

CPU = Path("/proc/cpuinfo")
COMMON = ["--stages", "detector", "coarse", "--scale", "0.0005", "--interval", "2"]


def eager(name, **changes):
    """A tiny model, to make a few steps that are not worth compiling."""
    model = make(name, **changes)
    model.compile = partial(model.compile, run_eagerly=True)
    return model


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """A tiny model, and rectangles in front of faces: worn masks take half a minute to be traced."""
    monkeypatch.setattr(zoo, "load", lambda name, weights: eager("fmodr"))
    monkeypatch.setattr(pipeline, "default_occlusion", lambda mixture: LowerFaceRectangle())


@pytest.fixture
def faces(tmp_path):
    """A folder of twenty drawn faces with their points beside it."""
    images, points = synthetic_faces(20)
    (tmp_path / "people").mkdir()
    names = [f"{i:02}.png" for i in range(20)]
    for name, image in zip(names, images, strict=True):
        Image.fromarray(image).save(tmp_path / "people" / name)
    np.savez(tmp_path / "people.npz", name=np.array(names), landmarks=points)
    return tmp_path / "people"


def train(faces, out, *more):
    return cli.main(["train", "fmodr", "--data", str(faces), "--out", str(out), *COMMON, *more])


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_run_writes_weights_log_record_and_checkpoints(faces, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(zoo, "load", lambda name, weights: make("fmodr"))  # steps are compiled, as users' are
    assert train(faces, tmp_path / "run", "--validation", str(faces), "--average", "0.9") == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "run" / "fmodr_128.weights.h5")
    written = names(tmp_path / "run")
    assert {"fmodr_128.weights.h5", "log.jsonl", "training.json", "previews", "best-coarse.weights.h5"} <= set(written)
    assert sum(name.startswith("checkpoint-") for name in written) == 3
    record = json.loads((tmp_path / "run" / "training.json").read_text())
    assert record["command"].startswith("tfinpaint") and record["faces"]["count"] == 20
    assert set(record["losses"]) == {"detector", "coarse"} and "val_hole_l1" in record["losses"]["coarse"]
    assert {"config", "recipe", "versions", "revision", "arguments"} <= set(record)

    images, points = synthetic_faces(19)
    np.savez(faces.with_suffix(".npz"), name=np.array([f"{i:02}.png" for i in range(19)]), landmarks=points)
    assert train(faces, tmp_path / "run", "--resume") == 1
    assert "must be loaded with the same moving averages of the weights, average=0.9" in capsys.readouterr().err
    assert train(faces, tmp_path / "run", "--resume", "--average", "0.9") == 1
    assert "The data must be those of the run" in capsys.readouterr().err
    assert names(tmp_path / "run") == written


@pytest.mark.parametrize(
    ("line", "policy", "said"),
    [
        ("flags\t\t: fpu avx2", "mixed_bfloat16", True),
        ("flags\t\t: fpu avx512_bf16", "mixed_bfloat16", False),
        ("Features\t: fp asimd bf16", "mixed_float16", True),
        ("flags\t\t: fpu avx2", "float32", False),
        ("cpu family\t: 6", "mixed_bfloat16", False),
    ],
)
def test_numbers_that_the_processor_only_imitates_are_named(line, policy, said, faces, tmp_path, monkeypatch, capsys):
    read = Path.read_text
    told = f"processor\t: 0\n{line}\n"
    monkeypatch.setattr(Path, "read_text", lambda p, *how, **also: told if p == CPU else read(p, *how, **also))
    before = keras.config.dtype_policy()
    try:
        assert train(faces, tmp_path / "run", "--policy", policy, "--stages", "none") == 1  # the stage is refused later
    finally:
        keras.config.set_dtype_policy(before)
    assert (f"no instructions for {policy}; float32 is faster" in capsys.readouterr().err) == said


def spy(monkeypatch, room, name, seen):
    """Calls go on as before; what they are given by name is put into `seen`."""
    real = getattr(room, name)
    monkeypatch.setattr(room, name, lambda *given, **named: seen.append(named) or real(*given, **named))


@pytest.mark.parametrize(
    ("name", "walk", "keys"),
    [
        # a thousandth of 200 passes over 20 faces, two a step: two steps
        ("toy_can_dfe", ["--recipe", "paper", "--scale", "0.001"], {"uv", "uv_valid", "occluded2", "mask2"}),
        ("toy_ca_gan", ["--scale", "0.3"], {"distance"}),
        ("toy_fsg_gan", ["--scale", "0.3"], set()),
    ],
)
def test_batches_hold_what_the_stages_of_any_model_read(name, walk, keys, faces, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(zoo, "load", lambda preset, weights: eager(name))
    spy(monkeypatch, pipeline, "occlude", seen)
    arguments = ["--data", str(faces), "--validation", str(faces), "--out", str(tmp_path / "run"), *walk]
    assert cli.main(["train", "fmodr", *arguments, "--interval", "2"]) == 0
    assert {frozenset(options["keys"]) for options in seen} == {frozenset(keys)} and len(seen) >= 3
    assert all(options.get("real_only", False) == options.get("repeat", True) for options in seen)  # not validation
    record = json.loads((tmp_path / "run" / "training.json").read_text())
    assert set(record["losses"]) == {stage["name"] for stage in record["recipe"]["stages"]}
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if line["stage"] == lines[0]["stage"]] == [2]


def test_only_the_stages_that_run_are_asked_what_they_read(faces, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(zoo, "load", lambda preset, weights: eager("toy_can_dfe"))
    spy(monkeypatch, pipeline, "occlude", seen)
    arguments = ["--data", str(faces), "--out", str(tmp_path / "run"), "--stages", "contrast", "--scale", "0.1"]
    assert cli.main(["train", "fmodr", *arguments]) == 0
    assert [set(options["keys"]) for options in seen] == [{"occluded2"}]


def test_faces_are_framed_as_the_model_asks(faces, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(zoo, "load", lambda preset, weights: eager("c2fdan", framing="arcface"))
    spy(monkeypatch, sources, "load_faces", seen)
    arguments = ["--data", str(faces), "--validation", str(faces), "--out", str(tmp_path / "run"), "--dry-run"]
    assert cli.main(["train", "c2fdan", *arguments, "--stages", "coarse", "--jitter", "0"]) == 0
    assert [(options["size"], options["framing"]) for options in seen] == [(64, "arcface")] * 2


def test_a_dry_run_shows_the_stages_and_writes_nothing(faces, tmp_path, capsys):
    assert train(faces, tmp_path / "run", "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")][:4] == ["stage", "detector", "coarse", "all"]
    assert float(lines[1].split()[-1]) >= 0 and "would write" in lines[-1]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--stages", "nonesuch"], "`stage` must be one of detector"),
        (["--scale", "0"], "`scale` must be above 0"),
        (["--recipe", "nonesuch"], "`recipe` must be a Recipe or one of"),
        (["--data", "/nonesuch.zip"], "must be a folder or a zip"),
        (["--patience", "3"], "give --validation, too"),
        (["--batch", "0"], "`--batch` at least 1"),
    ],
)
def test_wrong_use_is_one_sentence(more, sentence, faces, tmp_path, capsys):
    assert train(faces, tmp_path / "run", *more) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("tfinpaint: ") and sentence in error


def test_an_unwritable_folder_is_one_sentence(faces, tmp_path, capsys):
    (tmp_path / "file").write_text("no folder")
    assert train(faces, tmp_path / "file" / "run") == 1
    assert "`--out` must be a folder" in capsys.readouterr().err


def test_a_run_whose_time_is_over_goes_on(faces, tmp_path, capsys):
    changed = ["--batch", "4", "--rates", "0.5", "--minutes", "0"]
    assert train(faces, tmp_path / "run", *changed) == 0
    assert "The time is over" in capsys.readouterr().err
    record = json.loads((tmp_path / "run" / "training.json").read_text())
    assert record["finished"] is False and record["losses"] == {}
    assert {stage["batch"] for stage in record["recipe"]["stages"]} == {4}
    rates = [list(stage["updates"][0]["parts"].values())[0] for stage in record["recipe"]["stages"]]
    assert rates == [list(stage.updates[0].parts.values())[0] / 2 for stage in make("fmodr").recipes["small"].stages]
    assert train(faces, tmp_path / "run", *changed[:-2], "--resume") == 0
    assert json.loads((tmp_path / "run" / "training.json").read_text())["finished"] is True


def test_a_model_must_be_named_with_data(faces, tmp_path, capsys):
    assert cli.main(["train", "--data", str(faces), "--out", str(tmp_path / "run")]) == 1
    assert "`MODEL` must be named" in capsys.readouterr().err
