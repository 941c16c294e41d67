"""`tfinpaint train` as a person types it, on drawn faces and a tiny model."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.faces_for_tests import synthetic_faces
from tests.models.tiny import make
from tfinpaint import cli, zoo

COMMON = ["--stages", "detector", "coarse", "--scale", "0.0005", "--steps-per-epoch", "2"]


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(zoo, "load", lambda name, weights: make("fmodr"))


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


def test_a_run_writes_weights_log_record_and_checkpoints(faces, tmp_path, capsys):
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
