"""The `.tflite` files that lie beside the published weights, and `tfinpaint restore` through them."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.export.test_every_model import check
from tests.goldens import restore
from tests.goldens.test_goldens import check as check_golden
from tfinpaint import zoo
from tfinpaint.cli.engines import load_engine
from tfinpaint.data import load_faces
from tfinpaint.errors import WeightsError
from tfinpaint.export import Runner, read_about

pytest.importorskip("ai_edge_litert")
ROOT = Path(__file__).resolve().parents[2]
PRESETS = restore.presets()
presets = pytest.mark.parametrize("name", PRESETS)


@presets
def test_a_file_belongs_to_the_published_weights_and_says_so(name):
    record = zoo.preset(name)
    path, said = zoo.lite_path(record), read_about(zoo.lite_path(record))
    assert (said["name"], said["weights"], said["licence"]) == (name, record.sha256, dict(record.licence))
    assert said["quantize"] == record.lite["quantize"] and path.stat().st_size == record.lite["bytes"] < 9.4e6
    assert record.lite["command"] == f"python -m tfinpaint.export.publish {name}"


@presets
def test_a_file_gives_the_goldens(name):
    for golden, (picture, mask) in restore.restored(name, Runner.published(name)).items():
        check_golden(golden, picture, mask)


@presets
def test_a_file_paints_real_faces_as_keras_does(name, shared):
    """Masked faces of photos, and clean ones behind a mask that is given."""
    faces = load_faces(shared / "faces" / "ffhq_val.zip").take(slice(8)).images
    masks = np.zeros((*faces.shape[:3], 1))
    masks[:, 70:115, 30:100] = 1
    hidden = np.where(masks > 0, np.uint8(230), faces)
    file, model = Runner.published(name), zoo.load(name)
    if not model.contract.needs_mask:
        check(file.restore(hidden), model.restore(hidden))
    check(file.restore(faces, masks), model.restore(faces, masks))


def test_a_file_of_other_weights_is_refused_with_the_command_that_makes_it(monkeypatch):
    record = zoo.preset("fmodr")
    old = dataclasses.replace(record, lite={**record.lite, "weights": "0" * 64})
    monkeypatch.setattr(zoo, "preset", lambda name: old)
    with pytest.raises(WeightsError, match="make it anew: python -m tfinpaint.export.publish fmodr_128"):
        Runner.published("fmodr")


def test_a_damaged_file_is_one_sentence_of_the_command(monkeypatch, tmp_path, capsys):
    from tfinpaint import cli

    record, source = zoo.preset("fmodr"), restore.source("fmodr_128_photo")
    damaged = bytearray(zoo.lite_path(record).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / record.lite["file"]).write_bytes(damaged)
    monkeypatch.setattr(zoo, "folder", lambda model, usual=zoo.folder: tmp_path if model == "fmodr" else usual(model))
    monkeypatch.setattr(zoo, "preset", lambda name: record)
    assert cli.main(["restore", str(source), "-o", str(tmp_path / "out.png"), "--engine", "lite"]) == 1
    error = capsys.readouterr().err
    assert record.lite["file"] in error and "SHA-256" in error and error.count("\n") == 1
    assert not (tmp_path / "out.png").exists()


def test_a_preset_without_a_file_is_run_by_keras(monkeypatch):
    monkeypatch.setattr(zoo, "preset", lambda name: zoo.Preset("mine", "fmodr", {}, {}))
    monkeypatch.setattr(zoo, "load", lambda name: f"Keras {name}")
    assert load_engine("mine") == "Keras mine"
    with pytest.raises(WeightsError, match=r"No .tflite file is published for 'mine'"):
        load_engine("mine", "lite")


def test_keras_is_taken_where_it_is_asked_for_and_where_litert_is_missing(monkeypatch):
    monkeypatch.setattr(zoo, "load", lambda name: f"Keras {name}")
    assert load_engine("fmodr", "keras") == "Keras fmodr"
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    assert load_engine("fmodr") == "Keras fmodr"


# A photo restored by the command, where neither TensorFlow nor Keras nor matplotlib nor mtcnn can be imported.
PROGRAM = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "keras", "jax", "h5py", "matplotlib", "mtcnn", "scipy", "skimage"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
import tfinpaint.images, tfinpaint.faces, tfinpaint.restoration, tfinpaint.export.runner
from tfinpaint import cli
sys.exit(cli.main(["restore", *sys.argv[1:]]))
"""


def test_a_photo_is_restored_where_neither_tensorflow_nor_keras_is(tmp_path):
    from tfinpaint import images

    source, out = restore.source("fmodr_128_photo"), tmp_path / "out.png"
    command = [sys.executable, "-c", PROGRAM, str(source), "-o", str(out), "--save-mask"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "tfinpaint: The face is hidden by a worn mask.\n")
    before, after = images.read(source).pixels, images.read(out).pixels
    mask = images.read(tmp_path / "out_mask.png").pixels[..., 0] > 0
    assert mask.mean() > 0.02
    np.testing.assert_array_equal(after[~mask], before[~mask])
    assert (after != before)[mask].any(-1).mean() > 0.9


def test_a_command_that_needs_more_says_so_in_a_sentence(monkeypatch, capsys):
    from tfinpaint import cli
    from tfinpaint.cli import models

    def run(arguments):
        raise ModuleNotFoundError("No module named 'tensorflow'", name="tensorflow")

    monkeypatch.setattr(models, "run", run)
    assert cli.main(["models"]) == 1
    assert capsys.readouterr().err.startswith("tfinpaint: `models` needs tensorflow, which is not installed: pip")
