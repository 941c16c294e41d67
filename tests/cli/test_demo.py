"""`tfinpaint demo`: each model takes off what it was trained on; a figure and numbers come out."""

import re

import pytest

from tests.fake_engine import FACE
from tfinpaint import cli, faces
from tfinpaint.images import read


@pytest.fixture(autouse=True)
def seen(monkeypatch):
    monkeypatch.setattr(faces, "default_detector", lambda: lambda photo: [FACE])


def test_the_portrait_is_hidden_and_restored_by_each_model(tmp_path, capsys):
    assert cli.main(["demo", "--out", str(tmp_path), "--model", "fmodr", "c2fdan", "fsg_gan", "--masks", "1"]) == 0
    written = {p.name for p in tmp_path.iterdir()}
    drawn = ("fmodr_face_mask", "c2fdan_text", "c2fdan_rectangle", "fsg_gan_objects")
    pairs = {f"{name}_{what}.png" for name in drawn for what in ("occluded", "restored")}
    assert written == {"portrait.png", "figure.png", "sheet.png"} | pairs
    portrait, restored = (read(tmp_path / f"{name}.png").pixels for name in ("portrait", "fmodr_face_mask_restored"))
    assert 0.005 < (portrait != restored).any(-1).mean() < 0.2
    height, width = read(tmp_path / "figure.png").pixels.shape[:2]
    assert 4 * 320 < height and 4 * 320 < width  # four rows of four pictures
    for line in capsys.readouterr().out.splitlines()[1:5]:
        numbers = [float(n) for n in re.findall(r"[\d.]+", line.split(maxsplit=1)[1])]
        assert numbers[1] > numbers[0] and numbers[3] > numbers[2], line  # PSNR and SSIM of the hole rise
        assert numbers[4] > 0.4, line


def test_without_scikit_image_it_says_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(__import__("sys").modules, "skimage", None)
    assert cli.main(["demo", "--out", str(tmp_path / "new")]) == 1
    assert "pip install 'tfinpaint[demo]'" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
