"""Which files a benchmark needs, where they come from, and what is missing; the one that brings its own runs."""

import dataclasses

import pytest

from tests.evaluation.benchmark.data import write_faces
from tests.evaluation.benchmark.test_run import Grey
from tfinpaint.cli import main
from tfinpaint.errors import InputError
from tfinpaint.evaluation.benchmark import freeze, list_files, load_protocol, run_benchmark

pytest.importorskip("tensorflow")


@pytest.fixture
def folder(tmp_path):
    write_faces(tmp_path)
    return tmp_path


def test_the_state_of_every_file_is_told(folder):
    protocol = freeze("drawn-1", folder, {"some": "faces"}, kinds=())
    judges = {"likeness": ("net.npz", "0" * 64)}
    protocol = dataclasses.replace(protocol, judges=judges, sources={"faces.npz": "drawn"})
    pictures, points, judge = list_files(protocol, folder)
    assert (pictures.path, pictures.sha256, pictures.state) == ("faces", "", "there")
    assert (points.path, points.source, points.state, len(points.sha256)) == ("faces.npz", "drawn", "there", 64)
    assert (judge.path, judge.sha256, judge.state) == ("net.npz", "0" * 64, "missing")
    (folder / "faces" / "2.png").write_bytes(b"")
    (folder / "faces.npz").write_bytes(b"")
    states = [file.state for file in list_files(protocol, folder)]
    assert states == ["1 of 6 pictures missing or with other contents", "other contents", "missing"]
    assert {file.state for file in list_files(protocol, folder / "nowhere")} == {"missing"}


@pytest.mark.parametrize(("name", "count"), [("faces-1", 12), ("faces-1-more", 5), ("public-1", 2)])
def test_every_file_of_a_benchmark_that_comes_along_has_a_source(name, count):
    protocol = load_protocol(name)
    files = list_files(protocol, protocol.own_data or "nowhere")
    assert len(files) == count and all(file.source for file in files)
    assert {file.state for file in files} == {"there" if protocol.own_data else "missing"}
    assert dataclasses.replace(protocol, sources={}).sha256 == protocol.sha256


def test_the_command_names_the_files_and_fails_where_one_is_missing(folder, capsys):
    assert main(["benchmark", "--files", "--data", str(folder)]) == 1
    printed = capsys.readouterr().out
    for file in list_files(load_protocol("faces-1"), folder):
        assert f"{file.path}: missing\n" in printed and file.sha256 in printed and file.source in printed
    assert printed.splitlines()[-1] == f"0 of 12 files of faces-1 lie below {folder}."
    assert main(["benchmark", "--files", "--protocol", "public-1"]) == 0


def test_the_public_benchmark_runs_on_its_own_faces():
    results = run_benchmark(load_protocol("public-1"), {"grey": Grey()}, kinds=["rectangle"], limit=2)
    verified = results["verified"]["drawn_and_portrait"]
    assert verified["files"] == "same files" and verified["rectangle"] in ("same bytes", "same within 2 grey levels")
    assert results["sets"]["drawn_and_portrait"]["kinds"]["rectangle"]["methods"]["grey"]["hole_psnr"]["n"] == 2


def test_another_benchmark_says_that_it_brings_no_files():
    with pytest.raises(InputError, match="must be the folder of the files of faces-1.*--files` names them"):
        run_benchmark(load_protocol("faces-1"), {})
