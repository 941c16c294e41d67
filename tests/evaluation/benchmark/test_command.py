"""`tfinpaint benchmark` from the command line."""

import json

import pytest

from tests.evaluation.benchmark.data import write_faces
from tests.evaluation.benchmark.test_run import Grey
from tfinpaint import zoo
from tfinpaint.cli import main
from tfinpaint.evaluation.report import BEGIN, END, card_table, read_results

pytest.importorskip("tensorflow")


@pytest.fixture
def grey_zoo(monkeypatch, tmp_path):
    """A zoo that loads a model which needs no weights, and a folder of faces."""
    model = Grey()
    model.painter_names = ("coarse_generator",)
    monkeypatch.setattr(zoo, "load", lambda name, weights: model)
    write_faces(tmp_path)
    (tmp_path / "card.md").write_text(f"# Card\n{BEGIN}\nold\n{END}\nend\n")
    return tmp_path


def _run(*arguments):
    arguments = ["benchmark", *map(str, arguments)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["tfinpaint", *arguments])
        return main(arguments)


def test_own_faces_are_measured_reported_and_put_into_the_card(grey_zoo, capsys):
    out = grey_zoo / "out"
    options = ["--kinds", "rectangle", "--limit", 4, "--card", grey_zoo / "card.md"]
    assert _run("fmodr", "--faces", grey_zoo / "faces", "--out", out, *options) == 0
    results = read_results(out / "results.json")
    assert results["benchmark"]["name"] == "own faces" and results["sets"]["faces"]["faces"] == 4
    assert results["models"]["fmodr_128"]["weights"] == zoo.preset("fmodr").sha256
    assert results["environment"]["cores"] >= 1 and "faces" in results["command"]
    assert str(grey_zoo) not in json.dumps(results)
    assert "<html" in (out / "report.html").read_text()
    assert (grey_zoo / "card.md").read_text() == f"# Card\n{BEGIN}\n{card_table(results, 'fmodr_128')}\n{END}\nend\n"
    printed = capsys.readouterr()
    assert "fmodr_128" in printed.out and "--likeness was not given" in printed.err


def test_a_card_with_a_place_of_its_own_for_a_benchmark_gets_the_table_there(grey_zoo):
    mine, card = grey_zoo / "mine-2.json", grey_zoo / "two.md"
    assert _run("--faces", grey_zoo / "faces", "--freeze", mine, "--kinds", "rectangle") == 0
    other = f"{BEGIN}\nold\n{END}\n"
    card.write_text(f"{other}<!-- results mine-2: begin -->\n<!-- results mine-2: end -->\n")
    options = ["--data", grey_zoo, "--protocol", mine, "--limit", 2, "--card", card]
    assert _run("fmodr", *options, "--out", grey_zoo / "two") == 0
    text = card.read_text()
    table = card_table(read_results(grey_zoo / "two" / "results.json"), "fmodr_128")
    assert text == f"{other}<!-- results mine-2: begin -->\n{table}\n<!-- results mine-2: end -->\n"


def test_a_benchmark_of_ones_own_is_frozen_and_run_again(grey_zoo, capsys):
    mine = grey_zoo / "mine-1.json"
    kinds = ["--kinds", "rectangle"]
    assert _run("--faces", grey_zoo / "faces", "--freeze", mine, *kinds) == 0
    common = ["--data", grey_zoo, "--protocol", mine, "--out", grey_zoo / "out", "--limit", 2]
    assert _run(*common) == 0
    assert read_results(grey_zoo / "out" / "results.json")["benchmark"]["name"] == "mine-1"
    (grey_zoo / "faces" / "2.png").unlink()
    assert _run(*common) == 1
    assert "1 of 6 missing" in capsys.readouterr().err
    assert _run(*common, "--unverified") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fmodr", "--data", "nowhere"], "--data must be a folder"),
        (["--data", ".", "--freeze", "x.json"], "give --faces"),
        (["--data", ".", "--weights", "w.h5"], "--weights goes with exactly one MODEL"),
        (["--data", ".", "--card", "c.md"], "--card goes with exactly one MODEL"),
        (["--data", ".", "--summary", "nothing.md"], "renew files that exist"),
        (["--data", ".", "--summary", "notes.md"], "must hold the marks"),
        (["nose", "--data", "."], "must be one of"),
        (["--data", ".", "--protocol", "faces-0"], "faces-1"),
        (["--data", "."], "must hold faces/ffhq_val"),
        (["--data", ".", "--kinds", "beard"], "`kinds` must be some of"),
    ],
)
def test_wrong_usage_is_one_sentence(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.md").write_text("mine")
    assert _run(*arguments) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert message in error and error.startswith("tfinpaint: ")
    assert not (tmp_path / "benchmark" / "results.json").exists()
