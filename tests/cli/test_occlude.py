"""`tfinpaint occlude` as a person types it; the detector is a fake."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.faces_for_tests import synthetic_faces
from tests.fake_engine import no_face, one_face
from tfinpaint import cli, images
from tfinpaint.cli.occlude import FOLDERS
from tfinpaint.data import load_pairs
from tfinpaint.data.landmark_files import read_landmarks
from tfinpaint.data.occlude_photo import occlude_photo
from tfinpaint.data.occlusions import FaceMask, LowerFaceRectangle
from tfinpaint.errors import InputError
from tfinpaint.faces import find, template_points

PORTRAIT = data.astronaut()[:240, 100:340]


@pytest.fixture(autouse=True)
def detector(monkeypatch):
    monkeypatch.setattr(find, "default_detector", lambda: one_face)


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a.jpg", "b.png"):
        Image.fromarray(PORTRAIT).save(tmp_path / "in" / name)
    return tmp_path / "in"


def triple(out, name):
    return [np.asarray(Image.open(out / folder / f"{name}.png")) for folder in ("unmasked", "masked", "annotation")]


def check(clean, occluded, mask):
    assert set(np.unique(mask)) == {0, 255}
    np.testing.assert_array_equal(occluded[mask == 0], clean[mask == 0])
    assert (occluded != clean).any(-1)[mask == 255].mean() > 0.9


def test_a_folder_of_photos_becomes_triples_and_a_sheet(photos, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main(["occlude", str(photos), "--out", str(out), "--sheet"]) == 0
    for name in ("a", "b"):
        check(*triple(out, name))
    assert (triple(out, "a")[2] != triple(out, "b")[2]).any()
    assert Image.open(out / "sheet.png").size[0] > 300
    assert "2 of 2 pictures occluded" in capsys.readouterr().out


def test_an_animation_is_passed_over_or_taken_by_its_first_picture(photos, tmp_path, capsys):
    moving = [Image.fromarray(picture) for picture in (PORTRAIT, 255 - PORTRAIT)]
    moving[0].save(photos / "c.gif", save_all=True, append_images=moving[1:])
    assert cli.main(["occlude", str(photos), "--out", str(tmp_path / "out")]) == 0
    assert "1 of several pictures (`--first-picture` takes the first)" in capsys.readouterr().err
    assert cli.main(["occlude", str(photos), "--out", str(tmp_path / "out"), "--first-picture"]) == 0
    check(*triple(tmp_path / "out", "c"))


def test_the_same_seed_gives_the_same_files_and_another_one_others(photos, tmp_path):
    for out, seed in (("x", "1"), ("y", "1"), ("z", "2")):
        assert cli.main(["occlude", str(photos / "b.png"), "--out", str(tmp_path / out), "--seed", seed]) == 0
    x, y, z = ((tmp_path / out / "masked/b.png").read_bytes() for out in "xyz")
    assert x == y != z


def test_faces_with_landmarks_need_no_detector(tmp_path):
    pictures, points = synthetic_faces(3, 64)
    (tmp_path / "faces").mkdir()
    for k, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / "faces" / f"{k}.png")
    np.savez(tmp_path / "faces.npz", name=[f"{k}.png" for k in range(3)], landmarks=points)
    arguments = ["--kind", "lower_face_rectangle", "--limit", "2", "--repeat", "2", "--size", "96"]
    assert cli.main(["occlude", str(tmp_path / "faces"), "--out", str(tmp_path / "out"), *arguments]) == 0
    assert sorted(p.stem for p in (tmp_path / "out/masked").iterdir()) == ["0_0", "0_1", "1_0", "1_1"]
    clean, occluded, mask = triple(tmp_path / "out", "1_1")
    check(clean, occluded, mask)
    assert mask.shape == (96, 96)


def test_what_was_written_can_be_read_back_as_pairs(photos, tmp_path):
    assert cli.main(["occlude", str(photos), "--kind", "rectangle", "--out", str(tmp_path / "out")]) == 0
    pairs = load_pairs(tmp_path / "out", size=64)
    assert pairs.names == ("a", "b")
    assert (pairs.masks.mean((1, 2, 3)) > 0.005).all()
    outside = np.broadcast_to(pairs.masks == 0, pairs.images.shape)
    assert np.abs(pairs.images[outside].astype(int) - pairs.occluded[outside]).max() <= 40  # resampled at the rim
    np.testing.assert_allclose(pairs.landmarks, np.broadcast_to(template_points(64), (2, 5, 2)), atol=0.5)


def test_a_cropped_face_needs_no_detector(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(find, "default_detector", lambda: no_face)
    out = tmp_path / "out"
    assert cli.main(["occlude", str(photos / "b.png"), "--aligned", "--out", str(out)]) == 0
    mask = triple(out, "b")[2] > 0
    x, y = np.round(template_points(240)[3:].mean(0)).astype(int)
    assert mask[y, x]


def test_every_face_of_a_photo_is_hidden():
    photo = np.concatenate([PORTRAIT, PORTRAIT[:, ::-1]], axis=1)
    points = one_face(PORTRAIT)[0].landmarks
    faces = [points, points + (240, 0)]
    occluded, mask = occlude_photo(photo, faces, FaceMask(), seed=(1, 2))
    check(photo, occluded, mask * np.uint8(255))
    for five in faces:
        x, y = np.round(five[3:].mean(0)).astype(int)
        assert mask[y, x]
    assert mask[:, :240].sum() != mask[:, 240:].sum()  # each has its own drawing
    empty = occlude_photo(photo, [], FaceMask())
    assert not empty.mask.any() and (empty.pixels == photo).all()


@pytest.mark.parametrize("angle", [0.0, 0.6])
def test_a_rectangle_has_its_share_of_the_aligned_crop_at_any_size(angle):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (template_points(200) - 100) @ turn.T + (300, 250)
    photo = np.full((500, 600, 3), 128, np.uint8)
    _, mask = occlude_photo(photo, [points], LowerFaceRectangle(side=0.25))
    assert mask.sum() == pytest.approx(50 * 50, rel=0.1)


def test_a_bad_photo_does_not_stop_the_rest(photos, tmp_path, capsys):
    (photos / "c.png").write_bytes(b"no picture")
    assert cli.main(["occlude", str(photos), "--out", str(tmp_path / "out")]) == 1
    assert "2 of 3 pictures occluded" in capsys.readouterr().out
    assert len(list((tmp_path / "out/masked").iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kind", "hat"], "must be one of"),
        (["--repeat", "0"], "--repeat and --limit must be at least 1"),
        (["--templates", "nowhere"], "`folder` must be a folder or a zip"),
    ],
)
def test_bad_arguments_are_said_in_a_sentence(arguments, words, photos, tmp_path, capsys):
    assert cli.main(["occlude", str(photos), "--out", str(tmp_path / "out"), *arguments]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


NAMES = ["Smith, John.jpg", "a.jpg", "a.png", 'he said "no".png', " blank .png", os.fsdecode(b"caf\xe9.png"), "né.jpg"]
NAMES += ["a\nb.png", "c\rd.png"]


def test_pictures_of_any_name_come_out_and_are_read_back(tmp_path):
    (tmp_path / "in").mkdir()
    for name in NAMES:
        Image.fromarray(PORTRAIT).save(tmp_path / "in" / name)
    assert cli.main(["occlude", str(tmp_path / "in"), "--kind", "rectangle", "--out", str(tmp_path / "out")]) == 0
    wanted = {n if n.startswith("a.") else n.rpartition(".")[0] for n in NAMES}
    assert {p.stem for p in (tmp_path / "out/masked").iterdir()} == wanted
    pairs = load_pairs(tmp_path / "out", size=64, landmarks=tmp_path / "out" / "landmarks.csv")
    assert set(pairs.names) == wanted and pairs.bad == ()


def test_a_folder_for_each_person_stays_one(tmp_path):
    pictures, points = synthetic_faces(4, 64)
    files = ["anna/1.png", "anna/2.png", "bert/1.png", "bert/1.jpg"]
    for file, picture in zip(files, pictures, strict=True):
        (tmp_path / "in" / file).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(tmp_path / "in" / file)
    np.savez(tmp_path / "in.npz", name=files, landmarks=points)
    assert cli.main(["occlude", str(tmp_path / "in"), "--kind", "rectangle", "--out", str(tmp_path / "out")]) == 0
    pairs = load_pairs(tmp_path / "out", size=32, landmarks=tmp_path / "out" / "landmarks.csv")
    assert pairs.names == ("anna/1", "anna/2", "bert/1.jpg", "bert/1.png")


def test_two_folders_with_the_same_names_keep_apart(photos, tmp_path):
    shutil.copytree(photos, tmp_path / "more")
    assert cli.main(["occlude", str(photos), str(tmp_path / "more"), "--out", str(tmp_path / "out")]) == 0
    assert load_pairs(tmp_path / "out", size=32).names == ("in/a.jpg", "in/b.png", "more/a.jpg", "more/b.png")
    assert cli.main(["occlude", str(photos), str(photos), "--out", str(tmp_path / "twice")]) == 1


def test_photos_of_one_name_out_of_several_folders_keep_apart(photos, tmp_path):
    for folder in ("x/mon", "y/mon"):
        shutil.copytree(photos, tmp_path / folder)
    given = [tmp_path / file for file in ("x/mon/a.jpg", "y/mon/a.jpg", "x/mon/b.png")]
    assert cli.main(["occlude", *map(str, given), "--out", str(tmp_path / "out")]) == 0
    assert load_pairs(tmp_path / "out", size=32).names == ("b", "x/mon/a.jpg", "y/mon/a.jpg")


def test_an_output_that_cannot_be_a_folder_is_told_before_the_work(photos, tmp_path, monkeypatch, capsys):
    (tmp_path / "out").write_bytes(b"mine")
    monkeypatch.setattr("tfinpaint.cli.occlude._occlude", None)
    assert cli.main(["occlude", str(photos), "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.startswith(f"tfinpaint: The folder {tmp_path / 'out'} cannot be made: ")
    assert (tmp_path / "out").read_bytes() == b"mine"
    if os.path.isdir("/proc/self"):  # a folder in which not even root can write
        assert cli.main(["occlude", str(photos), "--out", "/proc"]) == 1
        assert capsys.readouterr().err.startswith("tfinpaint: The folder /proc")


def test_files_that_are_not_ours_are_kept_and_ours_are_replaced(photos, tmp_path, capsys):
    command = ["occlude", str(photos), "--sheet", "--out", str(tmp_path / "out")]
    assert cli.main(command) == 0 and cli.main(command) == 0
    for file in ("masked/a.png", "sheet.png", "landmarks.csv"):
        before = (tmp_path / "out" / file).read_bytes()
        (tmp_path / "out" / file).write_bytes(b"somebody's")
        assert cli.main(command) == 1
        assert file in capsys.readouterr().err and (tmp_path / "out" / file).read_bytes() == b"somebody's"
        (tmp_path / "out" / file).write_bytes(before)


def test_a_table_of_the_user_is_kept_and_rows_of_earlier_runs_stay(photos, tmp_path, capsys):
    table = photos / "landmarks.csv"
    table.write_text("name,x1,y1,x2,y2,x3,y3,x4,y4,x5,y5\na.jpg,80,90,160,90,120,130,90,180,150,180\n")
    before = table.read_bytes()
    assert cli.main(["occlude", str(photos), "--out", str(photos)]) == 1
    assert "landmarks.csv" in capsys.readouterr().err and table.read_bytes() == before
    table.unlink()
    for name in ("a.jpg", "b.png"):
        assert cli.main(["occlude", str(photos / name), "--out", str(tmp_path / "out")]) == 0
    assert set(read_landmarks(tmp_path / "out" / "landmarks.csv")) == {"a", "b"}


def test_names_that_would_become_too_long_are_told_before_any_work(photos, tmp_path, capsys):
    (photos / "a.jpg").rename(photos / f"{'n' * 251}.jpg")
    out = tmp_path / "out"
    for folder in FOLDERS:
        (out / folder).mkdir(parents=True)
    assert cli.main(["occlude", str(photos), "--out", str(out), "--repeat", "2"]) == 1
    assert "would have more than 255 bytes" in capsys.readouterr().err and not list(out.rglob("*.png"))
    assert cli.main(["occlude", str(photos), "--out", str(out)]) == 0


def test_what_is_no_photo_is_refused():
    with pytest.raises(InputError, match="`pixels` must be a uint8 RGB photo"):
        occlude_photo(np.zeros((4, 4, 3)), [], FaceMask())


def cut_off(command, monkeypatch, after):
    """A run that ends while it writes its next picture, like one that is interrupted."""
    with monkeypatch.context() as patched:
        written, real = [], images.write_picture

        def write(pixels, path):
            if len(written) == after:
                raise KeyboardInterrupt
            written.append(path)
            real(pixels, path)

        patched.setattr(images, "write_picture", write)
        assert cli.main(command) == 130


def test_a_run_that_was_cut_off_goes_on_to_the_same_files(photos, tmp_path, monkeypatch, capsys):
    Image.fromarray(PORTRAIT[:, ::-1]).save(photos / "c.png")
    options = ["--kind", "rectangle", "--sheet", "--repeat", "2"]
    assert cli.main(["occlude", str(photos), "--out", str(tmp_path / "whole"), *options]) == 0
    out = tmp_path / "out"
    command = ["occlude", str(photos), "--out", str(out), *options]
    cut_off(command, monkeypatch, 2 * 6 + 1)
    before = {file: file.stat().st_mtime_ns for file in out.rglob("[ab]_*.png")}
    assert len(before) == 12 and not (out / "landmarks.csv").exists()
    capsys.readouterr()
    assert cli.main(command) == 0
    assert "going on with an earlier run: 2 of 3 pictures are done" in capsys.readouterr().err
    assert {file: file.stat().st_mtime_ns for file in before} == before
    content = {f.relative_to(out): f.read_bytes() for f in out.rglob("*") if f.is_file()}
    whole = tmp_path / "whole"
    assert content == {f.relative_to(whole): f.read_bytes() for f in whole.rglob("*") if f.is_file()}
    assert cli.main(command) == 0  # nothing is left to do: anew
    assert all(file.stat().st_mtime_ns > stamp for file, stamp in before.items())


def test_a_picture_that_stands_elsewhere_now_is_drawn_anew(photos, tmp_path, monkeypatch, capsys):
    out, options = tmp_path / "out", ["--kind", "rectangle"]
    cut_off(["occlude", str(photos), "--out", str(out), *options], monkeypatch, 3)
    Image.fromarray(PORTRAIT).save(photos / "0.png")  # moves the others along
    assert cli.main(["occlude", str(photos), "--out", str(out), *options]) == 0
    assert "going on" not in capsys.readouterr().err
    assert cli.main(["occlude", str(photos), "--out", str(tmp_path / "whole"), *options]) == 0
    for name in ("0", "a", "b"):
        for one, other in zip(triple(out, name), triple(tmp_path / "whole", name), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_to_be_hidden_is_never_replaced_though_we_have_written_it(photos, tmp_path, capsys, folder):
    out = tmp_path / "out"
    assert cli.main(["occlude", str(photos), "--kind", "rectangle", "--out", str(out)]) == 0
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    capsys.readouterr()
    assert cli.main(["occlude", str(out / folder), "--kind", "rectangle", "--out", str(out)]) == 1
    assert f"{folder}/a.png, which is to be hidden" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in out.rglob("*") if file.is_file()} == before


def test_what_was_made_of_another_picture_of_that_name_is_kept(photos, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main(["occlude", str(photos), "--kind", "rectangle", "--out", str(out)]) == 0
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    Image.fromarray(255 - PORTRAIT).save(photos / "b.png")
    capsys.readouterr()
    assert cli.main(["occlude", str(photos), "--kind", "rectangle", "--out", str(out)]) == 1
    assert "unmasked/b.png, of another picture" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in out.rglob("*") if file.is_file()} == before


def test_a_pictures_name_is_no_folder(photos, tmp_path, capsys):
    assert cli.main(["occlude", str(photos / "b.png"), "--out", str(tmp_path / "new.jpg")]) == 1
    assert "`--out` must be a folder: three are written in it. Received: " in capsys.readouterr().err
    assert not (tmp_path / "new.jpg").exists()
