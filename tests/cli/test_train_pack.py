"""Training on a pack: batches hold what the stages read, and an epoch is one pass over the faces."""

import json

import cv2
import numpy as np
import pytest

from tests.data.test_numpy_batches import bank
from tests.faces_for_tests import synthetic_faces
from tests.models.tiny import make
from tfinpaint import cli, zoo
from tfinpaint.data import Shards
from tfinpaint.data.packed import face_members, occluder_members
from tfinpaint.data.shards import write_manifest, write_shards
from tfinpaint.training import CheckpointFolder, read_about


@pytest.fixture
def shards(tmp_path):
    """A pack of seven drawn faces."""
    images, landmarks = synthetic_faces(7, 32)
    (tmp_path / "faces").mkdir()
    for i, image in enumerate(images):
        cv2.imwrite(str(tmp_path / "faces" / f"{i}.png"), image[..., ::-1])
    np.savez(tmp_path / "faces" / "landmarks.npz", name=[f"{i}.png" for i in range(7)], landmarks=landmarks)
    (tmp_path / "pack").mkdir()
    files = write_shards(
        [*face_members(tmp_path / "faces", "x"), *occluder_members(bank(5, 32))], tmp_path / "pack", 60_000
    )
    about = {"preset": "tiny", "recipe": "paper", "train": ["x"], "validation": ["x"], "features": {}}
    write_manifest(tmp_path / "pack", files, about)
    return Shards(tmp_path / "pack")


def test_a_model_that_reads_more_is_trained_and_its_place_is_counted_in_faces(shards, tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "load", lambda name, weights: make("toy_can_dfe"))
    monkeypatch.setattr(zoo, "preset", lambda name: zoo.Preset(name, "can_dfe", {}, {}))
    # Two of 200 epochs of either stage: seven faces in batches of two are four steps each.
    options = ["--scale", "0.01", "--interval", "3", "--checkpoint-minutes", "0", "--policy", "float32"]
    assert cli.main(["train", "--pack", str(shards.folder), "--out", str(tmp_path / "out"), *options]) == 0
    positions = [read_about(file)["position"] for file in CheckpointFolder(tmp_path / "out").files()]
    assert {position["stage"] for position in positions} == {"completion"}
    assert [position["batches"] - position["step"] for position in positions] == [8] * len(positions)
    assert positions[-1]["step"] == 8
    assert len(list((tmp_path / "out" / "previews").iterdir())) == 6
    record = json.loads((tmp_path / "out" / "training.json").read_text())
    assert (
        record["finished"] and record["pack"]["train"] == ["x"] and set(record["losses"]) == {"contrast", "completion"}
    )


def test_a_pack_has_its_own_model_and_faces(shards, tmp_path, capsys):
    for more in (["fmodr"], ["--validation", "x.zip"]):
        assert cli.main(["train", *more, "--pack", str(shards.folder), "--out", str(tmp_path / "out")]) == 1
        assert "leave out MODEL and --validation" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
