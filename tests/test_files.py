"""Files appear whole or not at all, and are known by their contents."""

import csv
import hashlib
import os
import threading

import pytest

from tfinpaint.errors import WeightsError
from tfinpaint.files import checked_weights, csv_bytes, remove_parts, sha256, whole, write_whole, zoo_folder


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_what_is_written_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "a.bin"
    with whole(path) as part:
        part.write_bytes(b"half")
        assert not path.exists() and part.parent == tmp_path and part.name.startswith(".")
        part.write_bytes(b"whole")
    assert path.read_bytes() == b"whole" and names(tmp_path) == ["a.bin"]


def test_what_fails_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "a.txt"
    write_whole(path, "old")
    with pytest.raises(ZeroDivisionError), whole(path) as part:
        part.write_bytes(b"new")
        _ = 1 / 0
    assert path.read_text() == "old" and names(tmp_path) == ["a.txt"]


def test_what_is_not_on_the_disk_is_not_renamed(tmp_path, monkeypatch):
    path, done = tmp_path / "a.bin", []
    monkeypatch.setattr("os.fsync", lambda _: done.append(path.exists()))
    with whole(path, sync=True) as part:
        part.write_bytes(b"x")
    assert done == [False] and path.exists()


@pytest.mark.parametrize("name", ["n" * 255, "ü" * 127, os.fsdecode(b"\xff" * 255)], ids=["long", "wide", "bytes"])
def test_a_name_may_be_as_long_as_names_can_be(name, tmp_path):
    write_whole(tmp_path / name, "ü")
    assert (tmp_path / name).read_bytes() == "ü".encode()


def test_two_files_of_one_folder_may_be_written_at_once(tmp_path):
    def write(name):
        with whole(tmp_path / name) as part:
            part.write_text(name)
            both.wait(5)

    both = threading.Barrier(2)
    threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b")]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert (tmp_path / "a").read_text() == "a" and (tmp_path / "b").read_text() == "b"


def test_a_path_below_a_file_is_the_systems_error(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(OSError):
        write_whole(tmp_path / "a" / "b", b"")


def test_weights_are_those_of_their_hash(tmp_path):
    path = tmp_path / "w"
    with pytest.raises(WeightsError, match="must be at"):
        checked_weights(path, "0" * 64, "net")
    path.write_bytes(b"abc")
    assert sha256(path) == hashlib.sha256(b"abc").hexdigest()
    assert checked_weights(path, sha256(path), "net") == path
    with pytest.raises(WeightsError, match="0000. Received: ba78"):
        checked_weights(path, "0" * 64, "net")


def test_a_folder_that_the_zoo_does_not_have_is_named():
    assert (zoo_folder("fmodr") / "config.json").is_file()
    with pytest.raises(WeightsError, match="'kitchen'"):
        zoo_folder("kitchen")


def test_what_a_killed_run_left_goes_and_what_another_writes_stays(tmp_path):
    left, other, foreign = (f".tfinpaint-{pid}-00ab.part" for pid in (2**22 + 1, os.getppid(), "x"))
    for name in (left, other, foreign, "photo.part"):
        (tmp_path / name).touch()
    remove_parts(tmp_path)
    assert names(tmp_path) == sorted([other, foreign, "photo.part"])


def test_a_table_is_read_back_whatever_its_names_hold(tmp_path):
    rows = [
        ["name", "x"],
        *([name, "1.5"] for name in ("a,b", 'c"d', "e\nf", "g\rh", "i\r\nj", " k ", "\udce9", "é", "", "=")),
    ]
    (tmp_path / "t.csv").write_bytes(csv_bytes(rows))
    with open(tmp_path / "t.csv", newline="", encoding="utf-8", errors="surrogateescape") as file:
        assert list(csv.reader(file)) == rows
    assert csv_bytes(rows[:1]) == b"name,x\n"
