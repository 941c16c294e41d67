"""`tfinpaint prepare` as a person types it."""

import json

import numpy as np
import pytest

from tests.data.photos import Finder, encoded, photo
from tfinpaint import cli
from tfinpaint.data import load_faces, load_uv, photo_faces


@pytest.fixture(autouse=True)
def finder(monkeypatch):
    monkeypatch.setattr(photo_faces, "DETECTORS", {"yunet": Finder, "mtcnn": Finder})


@pytest.fixture
def album(tmp_path):
    (tmp_path / "album" / "ann").mkdir(parents=True)
    for k in range(5):
        (tmp_path / "album" / "ann" / f"{k}.png").write_bytes(encoded(photo(0 if k == 2 else 2, k)))
    return tmp_path / "album"


def prepare(album, out, *more):
    return cli.main(["prepare", str(album), "--out", str(out), *more])


def test_one_line_sums_up_and_a_second_run_says_the_same(album, tmp_path, capsys):
    out = tmp_path / "out"
    for _ in range(2):
        assert prepare(album, out, "--size", "48", "--shard-photos", "2") == 0
        line = capsys.readouterr().out
        assert line.startswith(f"{out}: 4 faces of 5 photos, 3 shards, 0.0 MB; 1 photos left out (1 no face), see ")
    faces = load_faces(out, size=48)
    assert len(faces) == 4 and np.isfinite(faces.landmarks).all()


def test_what_is_no_photo_is_counted(album, tmp_path, capsys):
    for name in ("._0.png", "notes.txt"):
        (album / "ann" / name).write_bytes(b"?")
    assert prepare(album, tmp_path / "out", "--size", "48") == 0
    said = capsys.readouterr()
    assert "4 faces of 5 photos" in said.out
    assert f"tfinpaint: left out of {album}: " in said.err and "1 of the system" in said.err
    assert "1 .txt, no kind of picture" in said.err


def test_options_reach_the_manifest(album, tmp_path, capsys):
    more = ["--faces", "all", "--min-face", "20", "--format", "jpeg", "--quality", "90", "--identities"]
    assert prepare(album, tmp_path / "out", *more, "--workers", "2", "--size", "64", "--detector", "mtcnn") == 0
    options = json.loads((tmp_path / "out" / "manifest.json").read_text())["options"]
    assert options == {
        "size": 64,
        "faces": "all",
        "image_format": "jpeg",
        "quality": 90,
        "min_face": 20,
        "uv": False,
        "first_picture": False,
        "detector": "Finder",
        "identities": True,
        "shard_photos": 500,
    }
    assert "8 faces of 5 photos" in capsys.readouterr().out


def test_dense_fields_come_by_a_flag(album, tmp_path, capsys):
    more = ["--size", "48", "--uv"]
    assert prepare(album, tmp_path / "out", *more) == prepare(album, tmp_path / "out", *more) == 0
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["options"]["uv"] is True
    uv, valid = load_uv(tmp_path / "out")
    assert uv.shape == (4, 48, 48, 2) and valid.shape == (4, 48, 48, 1)
    assert prepare(album, tmp_path / "out", "--size", "48") == 1
    assert "was begun with uv=True. Received: uv=False. Give the same again" in capsys.readouterr().err


def test_stopping_and_refusing_say_why(album, tmp_path, capsys):
    assert prepare(album, tmp_path / "out", "--on-bad", "stop") == 1
    assert "ann/2.png in album cannot be used (No face was found); mend or remove it" in capsys.readouterr().err
    assert prepare(album, tmp_path / "out", "--size", "64") == 1
    assert "was begun with size=128. Received: size=64." in capsys.readouterr().err
    assert prepare(tmp_path / "absent", tmp_path / "other") == 1
    assert "`path` must be a folder or a zip of pictures" in capsys.readouterr().err
