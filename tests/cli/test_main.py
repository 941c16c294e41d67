"""What all commands have in common: names that no terminal can show, and folders that are gone."""

import errno
import io
import os
import subprocess
import sys
import warnings

import cv2
import pytest

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


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied", "out/a"),
            "out/a cannot be read or written: Permission den",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "What is printed cannot be read or written: No space left"),
    ],
)
def test_places_that_cannot_be_written_are_a_sentence(monkeypatch, capsys, error, said):
    def fail(arguments):
        raise error

    monkeypatch.setattr(models, "run", fail)
    assert cli.main(["models"]) == 1
    assert capsys.readouterr().err.startswith(f"tfinpaint: {said}")


@pytest.mark.parametrize(
    "error", [MemoryError(), cv2.error("Insufficient memory"), ResourceWarning("of something else")]
)
def test_too_little_memory_is_a_sentence(monkeypatch, capsys, error):
    def fail(arguments):
        if isinstance(error, cv2.error):
            error.code = cv2.Error.StsNoMem
        raise error

    monkeypatch.setattr(models, "run", fail)
    if isinstance(error, ResourceWarning):
        with pytest.raises(ResourceWarning):
            cli.main(["models"])
    else:
        assert cli.main(["models"]) == 1
        assert capsys.readouterr().err.startswith("tfinpaint: There is not memory enough")


@pytest.mark.parametrize("setting", ["error", "ignore"])
def test_words_of_the_library_are_said_whatever_the_settings_of_warnings(monkeypatch, capsys, setting):
    monkeypatch.setattr(models, "run", lambda arguments: warnings.warn("m.png is empty.", stacklevel=1) or 0)
    with warnings.catch_warnings():
        warnings.simplefilter(setting)
        assert cli.main(["models"]) == 0
    assert capsys.readouterr().err == "tfinpaint: m.png is empty.\n"


def test_a_program_without_output_or_whose_reader_has_gone_says_nothing():
    program = [sys.executable, "-m", "tfinpaint.cli", "models", "fmodr"]
    closed = subprocess.run(["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *program], timeout=60)
    assert closed.returncode == 0
    reader, writer = os.pipe()
    os.close(reader)
    gone = subprocess.run([*program], stdout=writer, stderr=subprocess.PIPE, timeout=60)
    os.close(writer)
    assert gone.stderr == b""
