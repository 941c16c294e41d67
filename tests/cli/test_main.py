"""What all commands have in common: names that no terminal can show, and folders that are gone."""

import io
import sys

from tfinpaint import cli
from tfinpaint.cli import models
from tfinpaint.errors import TfinpaintError


def test_names_that_the_output_cannot_hold_are_written_in_another_way(monkeypatch):
    for encoding, shown in {"utf-8": b"caf\\udce9 \xc3\xa9", "ascii": b"caf\\udce9 \\xe9"}.items():
        out = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding, errors="strict", write_through=True))
        monkeypatch.setattr(models, "run", lambda arguments: sys.stdout.write("caf\udce9 é") and 0)
        assert cli.main(["models"]) == 0
        assert out.getvalue().strip() == shown


def test_a_folder_that_is_gone_is_told(tmp_path, monkeypatch, capsys):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert cli.main(["restore", "a.png", "-o", "b.png"]) == 1
    assert "The folder in which this was started is gone" in capsys.readouterr().err


def test_faults_of_the_library_are_sentences(monkeypatch, capsys):
    def fail(arguments):
        raise TfinpaintError("`x` must be y. Received: z.")

    monkeypatch.setattr(models, "run", fail)
    assert cli.main(["models"]) == 1
    assert capsys.readouterr().err == "tfinpaint: `x` must be y. Received: z.\n"
