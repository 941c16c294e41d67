"""Training on a pack: batches hold what the stages read, and an epoch is one pass over the faces."""

import time

import cv2
import numpy as np
import pytest

from tests.data.test_numpy_batches import bank
from tests.faces_for_tests import synthetic_faces
from tests.models.tiny import make
from tfinpaint.cli import train_pack
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


def test_a_model_that_reads_more_is_trained_and_its_place_is_counted_in_faces(shards, tmp_path):
    # Two of 200 epochs of either stage: seven faces in batches of two are four steps each.
    options = ["--scale", "0.01", "--interval", "3", "--checkpoint-minutes", "0", "--policy", "float32"]
    arguments = train_pack.parser().parse_args([str(shards.folder), "--out", str(tmp_path / "out"), *options])
    assert train_pack.train(make("can_dfe"), shards, arguments, until=time.monotonic() + 600)
    positions = [read_about(file)["position"] for file in CheckpointFolder(tmp_path / "out").files()]
    assert {position["stage"] for position in positions} == {"completion"}
    assert [position["batches"] - position["step"] for position in positions] == [8] * len(positions)
    assert positions[-1]["step"] == 8
    assert (tmp_path / "out" / "sheet.png").exists()
