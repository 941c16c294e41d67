"""`tfinpaint train-identity` as a person types it, on drawn faces and tiny networks."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from tests.faces_for_tests import synthetic_faces
from tfinpaint import cli
from tfinpaint.features import build_light_cnn
from tfinpaint.features.weights import save_arrays
from tfinpaint.training import CheckpointFolder

TINY = ["--width", "0.1", "--size", "16", "--dimension", "8", "--batch-size", "4", "--epochs", "2", "--seed", "3"]


@pytest.fixture
def people(tmp_path):
    """Twelve drawn faces of three people, a folder each, with their points beside them."""
    images, points = synthetic_faces(12, 32)
    names = [f"person{i % 3}/{i:02}.png" for i in range(12)]
    for name, image in zip(names, images, strict=True):
        path = tmp_path / "people" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    np.savez(tmp_path / "people.npz", name=np.array(names), landmarks=points)
    return tmp_path / "people"


@pytest.fixture
def teacher(tmp_path):
    return save_arrays(build_light_cnn(seed=9), tmp_path / "teacher.npz")


def train(data, out, *more):
    return cli.main(["train-identity", "--data", str(data), "--out", str(out), *TINY, *more])


def rows(out):
    with open(out / "log.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("head", ["arcface", "softmax"])
def test_people_s_folders_become_a_network(head, people, tmp_path, capsys):
    out = tmp_path / "run"
    assert train(people, out, "--head", head) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(out / "light_cnn.npz")
    assert sorted(p.name for p in out.iterdir()) == [
        "checkpoint-000001.npz",
        "checkpoint-000002.npz",
        "light_cnn.npz",
        "log.csv",
        "training.json",
    ]
    network = build_light_cnn(out / "light_cnn.npz")
    assert network.output_shape == (None, 8) and not network.trainable_variables
    before = build_light_cnn(width=0.1, size=16, dimension=8, seed=3)
    assert np.abs(network.get_weights()[0] - before.get_weights()[0]).max() > 1e-4
    record = json.loads((out / "training.json").read_text())
    assert record["faces"]["count"] == 12 and record["parameters"] == network.count_params()
    assert len(rows(out)) == 2 and "accuracy" in rows(out)[0]


def test_a_run_that_stopped_goes_on_as_if_it_had_not(people, teacher, tmp_path, monkeypatch):
    options = ["--teacher", str(teacher), "--teacher-network", "light_cnn", "--validation", str(people)]
    assert train(people, tmp_path / "whole", *options) == 0

    save, killed = CheckpointFolder.save, tmp_path / "killed"

    def stop(self, model, position):
        save(self, model, position)
        raise KeyboardInterrupt

    monkeypatch.setattr(CheckpointFolder, "save", stop)
    assert train(people, killed, *options) == 130
    monkeypatch.setattr(CheckpointFolder, "save", save)
    assert not (killed / "light_cnn.npz").exists()
    assert train(people, killed, *options, "--resume", "--seed", "4") == 1  # another seed, another run
    assert train(people, killed, *options, "--resume") == 0

    whole, resumed = (build_light_cnn(tmp_path / run / "light_cnn.npz").get_weights() for run in ("whole", "killed"))
    for a, b in zip(whole, resumed, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)
    assert [row["epoch"] for row in rows(killed)] == ["0", "1"]
    assert float(rows(killed)[1]["val_teacher_loss"]) == pytest.approx(
        float(rows(tmp_path / "whole")[1]["val_teacher_loss"]), abs=1e-3
    )


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(people, teacher, tmp_path, capsys):
    assert (
        train(people, tmp_path / "run", "--teacher", str(teacher), "--teacher-network", "light_cnn", "--dry-run") == 0
    )
    said = capsys.readouterr().out
    assert "12 faces, 6 steps" in said and "s a step" in said and "would write" in said
    assert not (tmp_path / "run").exists()


def test_faces_without_names_need_a_teacher(people, tmp_path, capsys):
    assert train(people / "person0", tmp_path / "run") == 1
    loose = tmp_path / "loose"
    (people / "person0").rename(loose)
    names = sorted(p.name for p in loose.iterdir())
    np.savez(tmp_path / "loose.npz", name=np.array(names), landmarks=np.tile(synthetic_faces(1, 32)[1], (4, 1, 1)))
    capsys.readouterr()
    assert train(loose, tmp_path / "run") == 1
    assert "a folder for each person, or `--teacher FILE`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--epochs", "0"], "`--epochs` must be above 0"),
        (["--hidden", "2"], "`--hidden` must be a share"),
        (["--blends", "-1"], "`--blends`"),
        (["--size", "20"], "multiple of 16"),
        (["--teacher", "/nonesuch.npz"], "nonesuch.npz"),
        (["--data", "/nonesuch.zip"], "must be a folder or a zip"),
        (["--teacher-network", "nose", "--teacher", "x.npz"], "`name` must be one of"),
        (["--weights", "/nonesuch.npz"], "nonesuch.npz"),
    ],
)
def test_wrong_use_is_one_sentence(more, sentence, people, tmp_path, capsys):
    assert train(people, tmp_path / "run", *more) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("tfinpaint: ") and sentence in error


def test_an_unwritable_folder_is_one_sentence(people, tmp_path, capsys):
    (tmp_path / "file").write_text("no folder")
    assert train(people, tmp_path / "file" / "run") == 1
    assert "`--out` must be a folder" in capsys.readouterr().err
