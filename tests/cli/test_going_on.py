"""A run over a folder that was cut off is gone on with by the same command: nothing lost, nothing done twice."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.fake_engine import FakeEngine, one_face
from tfinpaint import cli, images, restoration
from tfinpaint.cli import restore
from tfinpaint.cli.journal import NAMES
from tfinpaint.errors import ImageFileError
from tfinpaint.faces import find
from tfinpaint.images import writer

PORTRAIT = data.astronaut()[:240, 100:340]
NAME = NAMES["restore"]
COUNT, DONE = 4, 3  # photos, and how many of them before a run is cut off


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    loaded = FakeEngine()
    monkeypatch.setattr(restore, "load_engine", lambda name, engine: loaded)
    monkeypatch.setattr(find, "default_detector", lambda: one_face)
    return loaded


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    for i in range(COUNT):
        Image.fromarray(np.roll(PORTRAIT, i, axis=2)).save(tmp_path / "in" / f"{i}.png")
    return tmp_path


def run(*options):
    return cli.main(["restore", "in", "-o", "out", *options])


def cut_off(monkeypatch, after, *options):
    """A run that ends in the middle, like one that is interrupted."""
    with monkeypatch.context() as patched:
        written, real = [], restoration.Restored.save

        def save(restored, path):
            if len(written) == after:
                raise KeyboardInterrupt
            written.append(path)
            real(restored, path)

        patched.setattr(restoration.Restored, "save", save)
        assert run(*options) == 130


def stamps(folder):
    return {file.name: file.stat().st_mtime_ns for file in (folder / "out").glob("*.png")}


@pytest.mark.parametrize("options", [(), ("--save-mask", "--compare")])
def test_the_same_command_goes_on(folder, monkeypatch, engine, capsys, options):
    cut_off(monkeypatch, DONE, *options)
    before, done = stamps(folder), sum(engine.batches)
    assert (folder / "out" / NAME).exists()
    assert run(*options) == 0
    assert "going on with an earlier run: 3 of 4 photos are done" in capsys.readouterr().err
    assert sum(engine.batches) == done + COUNT - DONE
    after = stamps(folder)
    assert before.items() <= after.items() and len(after) == COUNT * (1 + len(options))
    assert sorted(p.name for p in (folder / "out").iterdir()) == sorted(after)


def test_a_finished_run_is_done_anew(folder, engine):
    assert run() == 0 and run() == 0
    assert sum(engine.batches) == 2 * COUNT


def test_other_options_begin_anew(folder, monkeypatch, engine):
    cut_off(monkeypatch, DONE)
    done = sum(engine.batches)
    assert run("--aligned") == 0
    assert sum(engine.batches) == done + COUNT


def test_a_photo_that_was_changed_or_whose_result_is_gone_is_done_again(folder, monkeypatch, engine):
    cut_off(monkeypatch, DONE, "--save-mask")
    done = sum(engine.batches)
    Image.fromarray(255 - PORTRAIT).save(folder / "in" / "0.png")
    (folder / "out" / "1_mask.png").unlink()
    assert run("--save-mask") == 0
    assert sum(engine.batches) == done + (COUNT - DONE) + 2


@pytest.mark.parametrize("cut", [b'\n["3.png", ["', b'\nnull\n\xff\xfe\n{"a": 1}\n[1, 2]\n["3.png", null]'])
def test_a_damaged_journal_only_costs_work(folder, monkeypatch, engine, cut):
    cut_off(monkeypatch, DONE)
    done = sum(engine.batches)
    with (folder / "out" / NAME).open("ab") as file:
        file.write(cut)
    assert run() == 0
    assert len(stamps(folder)) == COUNT and sum(engine.batches) in (done + COUNT - DONE, done + COUNT)
    assert not (folder / "out" / NAME).exists()


def test_only_what_failed_is_tried_again(folder, engine, capsys):
    good = (folder / "in" / "3.png").read_bytes()
    (folder / "in" / "3.png").write_bytes(good[:200])
    assert run() == 1
    assert "1 of 4 photos were not restored; the same command tries those again." in capsys.readouterr().err
    (folder / "in" / "3.png").write_bytes(good)
    done = sum(engine.batches)
    assert run() == 0
    assert sum(engine.batches) == done + 1 and len(stamps(folder)) == COUNT


def test_one_photo_of_the_folder_alone_ends_nothing(folder, monkeypatch, engine):
    cut_off(monkeypatch, DONE)
    noted = (folder / "out" / NAME).read_bytes()
    assert cli.main(["restore", "in/0.png", "-o", "out"]) == 0
    assert cli.main(["restore", "in/0.png", "in/3.png", "-o", "out"]) == 0
    assert (folder / "out" / NAME).read_bytes().startswith(noted)


def test_names_that_are_no_utf8_are_noted(folder, monkeypatch, engine):
    os.rename("in/0.png", os.fsdecode(b"in/0caf\xe9.png"))
    cut_off(monkeypatch, DONE)
    done = sum(engine.batches)
    assert run() == 0 and sum(engine.batches) == done + COUNT - DONE


def test_a_journal_that_cannot_be_written_stops_nothing(folder, engine):
    (folder / "out" / NAME).mkdir(parents=True)
    assert run() == 0 and len(stamps(folder)) == COUNT


def test_what_a_killed_process_had_begun_to_write_is_removed(folder):
    code = (
        "import os; from pathlib import Path; from tfinpaint.images import writer\n"
        "os.replace = lambda *paths: os.kill(os.getpid(), 9)\n"
        "writer.replace_file(Path('out/0.png'), b'half')"
    )
    (folder / "out").mkdir()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == -9
    (part,) = (folder / "out").iterdir()
    assert part.name.endswith(".part")
    running = folder / "out" / f".tfinpaint-{os.getppid()}-0123456789ab.part"
    running.write_bytes(b"of another run")
    assert run() == 0
    assert not part.exists() and running.exists()


def test_a_result_of_ours_is_known_wherever_its_tag_stands(tmp_path):
    for name, content in {"begin": writer._MARK + bytes(2**20), "end": bytes(2**20) + writer._MARK}.items():
        (tmp_path / name).write_bytes(content)
        assert images.is_ours(tmp_path / name)
    (tmp_path / "middle").write_bytes(bytes(2**19) + writer._MARK + bytes(2**19))
    assert images.is_ours(tmp_path / "middle")
    (tmp_path / "none").write_bytes(bytes(2**20))
    assert not images.is_ours(tmp_path / "none") and not images.is_ours(tmp_path / "nonesuch")


def test_the_journal_holds_what_decides(folder, monkeypatch):
    cut_off(monkeypatch, 1, "--faces", "all")
    options = json.loads((folder / "out" / NAME).read_text().splitlines()[0])
    assert options["faces"] == "all" and {"model", "detector", "seed", "version", "aligned"} <= options.keys()


def test_a_full_disk_ends_in_sentences_and_can_be_gone_on_with(folder, monkeypatch, engine, capsys):
    with monkeypatch.context() as patched:
        real, written = writer.replace_file, []

        def full(path, data):
            if len(written) == 2:
                raise ImageFileError(f"{path} cannot be written: No space left on device.")
            written.append(path)
            real(path, data)

        patched.setattr(writer, "replace_file", full)
        assert run() == 1
    assert "2 of 4 photos were not restored" in capsys.readouterr().err
    assert run() == 0 and sum(engine.batches) == COUNT + 2 and len(stamps(folder)) == COUNT
