"""The published weights give these pictures: on TensorFlow from the checkout, on JAX from the wheel."""

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.goldens import restore, stored
from tfinpaint import zoo

ROOT = Path(__file__).resolve().parents[2]
PRESETS = restore.presets()
PICTURES = [name for preset in PRESETS for name in restore.names(preset)]


def check(name, picture, mask):
    """One grey level, the rounding of another order of sums, is all that may differ.

    At its outline a mask may differ in one of a thousand of its pixels, where a probability lies as near to the
    threshold; there one picture is painted and the other is not, so those pixels are not compared.
    """
    wanted, hidden = stored.read(name)
    assert hidden.any()
    assert mask.shape == hidden.shape and mask.dtype == bool
    assert np.count_nonzero(mask != hidden) <= 1e-3 * np.count_nonzero(hidden), f"{name}: another mask"
    np.testing.assert_array_equal(picture[~mask], stored.read_input(name)[~mask], err_msg=f"{name}: a known pixel")
    both = mask & hidden
    difference = np.abs(picture[both].astype(int) - wanted[both])
    assert difference.max() <= 1, f"{name}: off by {difference.max()} grey levels, {difference.mean():.2f} in the mean"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with nothing but what the wheel of this checkout installs."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a copy, because setuptools packs what earlier builds left behind
    for name in ("tfinpaint", "zoo"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "setup.cfg", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def installed(site):
    """What a program restores that sees the wheel only; it runs on JAX where that is installed."""
    backend = "jax" if importlib.util.find_spec("jax") else "tensorflow"
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(site)}
    out = site.parent / "restored.npz"
    command = [sys.executable, str(Path(restore.__file__)), str(out)]
    done = subprocess.run(command, cwd=site.parent, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(out) as found:
        return {"backend": backend, **found}


def test_the_wheel_brings_the_face_detector_and_the_fonts(site):
    def files(package):
        return {p.relative_to(package).as_posix() for p in package.rglob("*") if p.is_file()}

    assert files(site / "tfinpaint" / "_third_party") == files(ROOT / "tfinpaint" / "_third_party")


@pytest.mark.parametrize("preset", PRESETS)
def test_goldens_are_those_of_the_published_weights(preset):
    assert stored.record()[preset]["weights"] == zoo.preset(preset).sha256


def test_every_golden_belongs_to_a_preset_and_all_are_small():
    files = sorted(restore.FOLDER.glob("*/*.png"))
    assert {path.stem for path in files} == set(PICTURES) and len(files) == 2 * len(PICTURES)
    assert sum(path.stat().st_size for path in files) < 140_000 * len(PRESETS)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_gives_its_goldens(preset):
    for name, (picture, mask) in restore.restored(preset).items():
        check(name, picture, mask)


def test_a_wheel_brings_the_zoo_and_nothing_of_the_workshop(site):
    for file in ("config.json", zoo.preset("fmodr").lite["file"]):
        assert (site / "tfinpaint/_zoo/fmodr" / file).is_file()
    zoo_files = {path.name for path in (site / "tfinpaint/_zoo").rglob("*") if path.is_file()}
    assert not {name for name in zoo_files if "attempt" in name or name.endswith((".csv", ".png"))}
    assert {path.name for path in site.iterdir() if not path.name.endswith(".dist-info")} == {"tfinpaint"}


def test_a_program_with_the_wheel_saw_only_the_wheel(site, installed):
    backend, *paths = installed["where"].tolist()
    assert backend == installed["backend"]
    assert all(Path(path).is_relative_to(site) for path in paths), paths


@pytest.mark.parametrize("name", PICTURES)
def test_an_installed_wheel_gives_the_goldens(name, installed):
    check(name, installed[f"{name}/picture"], installed[f"{name}/mask"])
