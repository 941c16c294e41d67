import argparse
import json
import zipfile

import cv2
import numpy as np
import pytest

from tests.evaluation.stand_ins import WhiteFinder
from tfinpaint import faces, zoo
from tfinpaint.cli import evaluate as command
from tfinpaint.errors import InputError
from tfinpaint.faces import Face, template_points

pytest.importorskip("tensorflow")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A zoo with one model that is not trained, a folder of faces, a zip of labelled photos."""
    (tmp_path / "w.weights.h5").write_bytes(b"weights")
    monkeypatch.setattr(zoo, "load", lambda name, weights: WhiteFinder())
    detect = lambda photo: [Face((0, 0, 9, 9), 1.0, template_points(len(photo)))]  # noqa: E731
    monkeypatch.setattr(faces, "default_detector", lambda: detect)
    rng = np.random.default_rng(0)
    (tmp_path / "people").mkdir()
    names = [f"{i}.png" for i in range(3)]
    for name in names:
        noise = cv2.GaussianBlur(rng.uniform(0, 255, (64, 64, 3)), (0, 0), 2)
        cv2.imwrite(str(tmp_path / "people" / name), noise)
    points = np.repeat(template_points(64)[None], 3, axis=0)
    np.savez(tmp_path / "people.npz", name=np.array(names), landmarks=points)
    label = np.zeros((48, 48), np.uint8)
    label[24:] = 2
    photo = np.where(label[..., None] > 0, 255, 60).astype(np.uint8) * np.ones((1, 1, 3), np.uint8)
    with zipfile.ZipFile(tmp_path / "labelled.zip", "w") as archive:
        archive.writestr("CWM_1.jpg", cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes())
        archive.writestr("CWM_1_label.png", cv2.imencode(".png", label)[1].tobytes())
    return tmp_path


def _run(*arguments):
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    return command.run(parser.parse_args(["evaluate", "fmodr", *map(str, arguments)]))


def test_numbers_and_sheets_of_every_source_are_written(folder, capsys):
    files = ["--faces", folder / "people", "--labelled", folder / "labelled.zip", "--worn", folder / "labelled.zip"]
    out = ["--out", folder / "r.json", "--sheet", folder / "sheet.png", "--weights", folder / "w.weights.h5"]
    assert _run(*files[:4], *out, "--occlusion", "lower_face_rectangle", "--limit", 2) == 0
    record = json.loads((folder / "r.json").read_text())
    assert record["results"]["people"]["faces"] == 2
    assert record["results"]["people"]["methods"]["telea"]["hole_psnr"]["n"] == 2
    assert record["results"]["labelled"]["CWM"]["mask_iou"]["mean"] > 0.9
    assert set(record["files"]) == {"labelled.zip", "w.weights.h5"}
    assert record["occlusion"] == "lower_face_rectangle" and record["versions"]["numpy"] == np.__version__
    assert (folder / "sheet_people.png").exists() and (folder / "sheet_labelled.png").exists()
    printed = capsys.readouterr()
    assert "hole_psnr" in printed.out and "--judge was not given" in printed.err
    assert _run(*files[4:], *out) == 0
    assert json.loads((folder / "r.json").read_text())["results"]["labelled"]["faces"] == 1


def test_nothing_to_score_is_an_error():
    with pytest.raises(InputError, match="--faces, --worn or --labelled"):
        _run()


def test_a_missing_folder_is_named_before_anything_is_computed(tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "load", lambda *_, **__: pytest.fail("the model was loaded"))
    with pytest.raises(InputError, match="missing/r.json"):
        _run("--faces", tmp_path, "--out", tmp_path / "missing" / "r.json")
