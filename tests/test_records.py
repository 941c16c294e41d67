"""What is written down beside numbers and weights."""

import hashlib
import json
import re

import pytest

from tfinpaint.records import command, environment, git_revision, hashes, write_json


def test_files_are_known_by_their_hash(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"abc")
    assert hashes([tmp_path / "a.bin", tmp_path]) == {"a.bin": hashlib.sha256(b"abc").hexdigest()}


def test_a_record_is_written_whole(tmp_path):
    write_json({"b": 1.5}, tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text()) == {"b": 1.5}
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]


def test_a_record_that_cannot_be_written_leaves_the_old_one(tmp_path):
    write_json({"old": 1}, tmp_path / "r.json")
    with pytest.raises(TypeError):
        write_json({"new": object()}, tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text()) == {"old": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]


def test_the_environment_names_the_versions_that_compute():
    assert {"python", "tfinpaint", "keras", "numpy"} <= set(environment())


def test_a_command_names_files_without_their_folders():
    assert command(["train", "/a/b.zip", "--seed", "1"]) == "tfinpaint train b.zip --seed 1"


def test_the_revision_is_that_of_the_checkout(tmp_path):
    assert git_revision(tmp_path) is None
    revision = git_revision()
    assert revision is None or re.fullmatch(r"[0-9a-f]{40}(\+)?", revision)
