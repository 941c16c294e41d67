"""`tfinpaint restore` as a person types it; the model and the detector are fakes."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.fake_engine import CopyingEngine, DrawingEngine, FakeEngine, RedEngine, no_face, one_face
from tests.images import samples
from tfinpaint import cli, zoo
from tfinpaint.cli import restore
from tfinpaint.cli.engines import load_engine
from tfinpaint.cli.journal import NAMES
from tfinpaint.cli.quiet import quiet_stderr
from tfinpaint.engine import Contract, Restoration
from tfinpaint.faces import find

PORTRAIT = data.astronaut()[:240, 100:340]


@pytest.fixture(autouse=True)
def fakes(monkeypatch):
    loaded = FakeEngine()
    others = {
        "told": FakeEngine(Contract(mask="needs")),
        "lender": RedEngine(),
        "tight": FakeEngine(Contract(framing="arcface")),
        "drawing": DrawingEngine(),
        "copying": CopyingEngine(),
    }
    engines = {"auto": loaded, **others}

    def load(name, engine=None):
        return engines[name] if name in engines else load_engine(name, engine)

    monkeypatch.setattr(restore, "load_engine", load)
    monkeypatch.setattr(find, "default_detector", lambda: one_face)
    return loaded


@pytest.fixture
def folder(tmp_path):
    """Three photos of different formats."""
    (tmp_path / "in").mkdir()
    for name in ("a.jpg", "b.png", "c.tif"):
        Image.fromarray(PORTRAIT).save(tmp_path / "in" / name)
    return tmp_path / "in"


def names(path) -> list[str]:
    return sorted(p.name for p in path.iterdir())


def test_one_photo_becomes_one_file(folder, tmp_path, capsys):
    assert cli.main(["restore", str(folder / "b.png"), "-o", str(tmp_path / "new" / "out.png")]) == 0
    after = np.asarray(Image.open(tmp_path / "new" / "out.png"))
    changed = (after != PORTRAIT).any(-1)
    assert 0 < changed.mean() < 0.3
    assert names(tmp_path / "new") == ["out.png"]
    assert capsys.readouterr().out == ""


def test_a_folder_becomes_a_folder_of_the_same_names_in_one_batch(folder, tmp_path, fakes, capsys):
    (folder / "notes.txt").write_text("no photo")
    assert cli.main(["restore", str(folder), "-o", str(tmp_path / "out")]) == 0
    assert names(tmp_path / "out") == ["a.jpg", "b.png", "c.tif"]
    assert [Image.open(tmp_path / "out" / n).format for n in ("a.jpg", "b.png", "c.tif")] == ["JPEG", "PNG", "TIFF"]
    assert fakes.batches == [3]


def test_an_animation_is_refused_or_restored_by_its_first_picture(folder, tmp_path, fakes, capsys):
    moving = [Image.fromarray(picture) for picture in (PORTRAIT, 255 - PORTRAIT)]
    moving[0].save(folder / "d.gif", save_all=True, append_images=moving[1:])
    assert cli.main(["restore", str(folder / "d.gif"), "-o", str(tmp_path / "one")]) == 1
    assert "d.gif must hold one picture; it holds 2" in (said := capsys.readouterr().err) and "--first-picture" in said
    assert cli.main(["restore", str(folder), "-o", str(tmp_path / "out")]) == 0
    assert "1 of several pictures (`--first-picture` takes the first)" in capsys.readouterr().err
    assert names(tmp_path / "out") == ["a.jpg", "b.png", "c.tif"]
    assert cli.main(["restore", str(folder), "-o", str(tmp_path / "more"), "--first-picture"]) == 0
    assert names(tmp_path / "more") == ["a.jpg", "b.png", "c.tif", "d.png"]
    assert np.abs(fakes.seen[-1].astype(int) - fakes.seen[-2]).mean() < 10


def test_mask_and_comparison_are_written_beside(folder, tmp_path):
    arguments = ["restore", str(folder / "b.png"), "-o", str(tmp_path / "out.png"), "--save-mask", "--compare"]
    assert cli.main(arguments) == 0
    mask = np.asarray(Image.open(tmp_path / "out_mask.png"))
    after = np.asarray(Image.open(tmp_path / "out.png"))
    assert mask.shape == (240, 240) and set(np.unique(mask)) == {0, 255}
    assert np.array_equal(after[mask == 0], PORTRAIT[mask == 0])
    sheet = np.asarray(Image.open(tmp_path / "out_compare.png"))
    assert sheet.shape == (24 + 244, 3 * 244 + 4, 3)
    assert np.array_equal(sheet[24:-4, 4:244], PORTRAIT) and np.array_equal(sheet[24:-4, -244:-4], after)


def test_where_the_attention_copied_from_is_drawn_beside(folder, tmp_path, capsys):
    Image.fromarray(np.zeros((240, 240), np.uint8)).save(tmp_path / "none.png")
    mask = np.zeros((240, 240), np.uint8)
    mask[100:140, 100:140] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    command = ["restore", str(folder / "b.png"), "-o", str(tmp_path / "out.png"), "--save-attention"]
    given = ["--model", "copying", "--mask", str(tmp_path / "mask.png")]
    assert cli.main([*command, *given]) == 0
    drawn = np.asarray(Image.open(tmp_path / "out_attention.png"))
    assert drawn.shape == (240, 240 + 8 + 60, 3)
    np.testing.assert_array_equal(drawn[110, 120], [255, 0, 0])  # copied from the right, all equally far
    assert (np.ptp(drawn[:100, :240].astype(int), axis=-1) == 0).all()
    assert cli.main([*command, *given[:-1], str(tmp_path / "none.png")]) == 0
    assert (np.ptp(np.asarray(Image.open(tmp_path / "out_attention.png"))[:, :240].astype(int), axis=-1) == 0).all()
    assert cli.main([*command, "--model", "drawing"]) == 1
    assert "--save-attention must go with a model that says where it copies from" in capsys.readouterr().err


def test_a_given_mask_is_used(folder, tmp_path):
    mask = np.zeros((240, 240), np.uint8)
    mask[120:150, 100:140] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    arguments = [
        "restore",
        str(folder / "b.png"),
        "-o",
        str(tmp_path / "out.png"),
        "--mask",
        str(tmp_path / "mask.png"),
    ]
    assert cli.main(arguments) == 0
    after = np.asarray(Image.open(tmp_path / "out.png"))
    assert np.array_equal(after[mask == 0], PORTRAIT[mask == 0])
    assert (after != PORTRAIT).any(-1)[mask > 0].mean() > 0.9


def test_an_inverted_mask_is_questioned_before_anything_is_painted(folder, tmp_path, capsys, fakes):
    mask = np.full((240, 240), 255, np.uint8)
    mask[120:150, 100:140] = 0
    Image.fromarray(mask).save(tmp_path / "mask.png")
    command = ["restore", str(folder / "b.png"), "-o", str(tmp_path / "out.png"), "--mask", str(tmp_path / "mask.png")]
    assert "would hide 98% of the photo; it may be inverted" in fails(command, capsys)
    assert fakes.batches == [] and not (tmp_path / "out.png").exists()
    assert cli.main([*command, "--mask-marks", "black"]) == 0
    changed = (np.asarray(Image.open(tmp_path / "out.png")) != PORTRAIT).any(-1)
    assert changed[mask == 0].mean() > 0.9 and not changed[mask > 0].any()


def test_an_empty_mask_gives_the_photo_byte_for_byte_and_says_so(folder, tmp_path, capsys):
    Image.new("L", (240, 240)).save(tmp_path / "mask.png")
    arguments = [
        "restore",
        str(folder / "a.jpg"),
        "-o",
        str(tmp_path / "out.jpg"),
        "--mask",
        str(tmp_path / "mask.png"),
    ]
    assert cli.main(arguments) == 0
    assert (tmp_path / "out.jpg").read_bytes() == (folder / "a.jpg").read_bytes()
    assert "mask.png is empty; the photo stays as it is." in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["L", "RGBA", "CMYK", "deep grey", "deep", "P", "turned"])
def test_photos_of_every_kind_come_back_as_that_kind(tmp_path, kind):
    if kind.startswith("deep"):
        source = samples.save_deep(tmp_path / "in.png", 1 if kind == "deep grey" else 3)
    elif kind == "turned":
        source = samples.save(tmp_path / "in.jpg", exif=samples.exif(6))
    else:
        source = samples.save(tmp_path / ("in.jpg" if kind == "CMYK" else "in.png"), kind)
    target = tmp_path / f"out{source.suffix}"
    assert cli.main(["restore", str(source), "-o", str(target), "--aligned"]) == 0
    before, after = Image.open(source), Image.open(target)
    assert (after.format, after.mode) == (before.format, before.mode)
    assert after.size == (before.size if kind != "turned" else before.size[::-1])
    assert after.getexif().get(0x0112, 1) == 1


def fails(arguments: list[str], capsys, code: int = 1) -> str:
    """The one line that a failing command says; nothing may be written."""
    assert cli.main(arguments) == code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("tfinpaint: ") and lines[0].endswith(".")
    return lines[0]


def test_no_face_suggests_aligned_and_box(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(find, "default_detector", lambda: no_face)
    line = fails(["restore", str(folder / "a.jpg"), "-o", str(tmp_path / "out.jpg")], capsys)
    assert "--aligned" in line and "--box" in line and "a.jpg" in line
    assert names(tmp_path) == ["in"]


@pytest.mark.parametrize("content", [b"", b"no picture at all", None])
def test_bad_files_are_named(tmp_path, capsys, content):
    path = tmp_path / "bad.jpg"
    path.write_bytes(samples.jpeg_bytes()[:300] if content is None else content)
    assert "bad.jpg" in fails(["restore", str(path), "-o", str(tmp_path / "out.jpg")], capsys)
    assert names(tmp_path) == ["bad.jpg"]


def test_a_dot_and_a_giant_are_refused(tmp_path, capsys):
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    assert "1x1" in fails(["restore", str(tmp_path / "dot.png"), "-o", str(tmp_path / "out.png")], capsys)
    (tmp_path / "wide.png").write_bytes(samples.png_promise(20_000, 8_000))
    assert "20000x8000" in fails(["restore", str(tmp_path / "wide.png"), "-o", str(tmp_path / "out.png")], capsys)
    assert names(tmp_path) == ["dot.png", "wide.png"]


def test_a_photo_20000_pixels_wide_is_restored(tmp_path):
    Image.fromarray(np.tile(PORTRAIT, (1, 84, 1))[:, :20_000]).save(tmp_path / "wide.bmp")
    arguments = ["restore", str(tmp_path / "wide.bmp"), "-o", str(tmp_path / "out.bmp"), "--box", "19000,50,100,120"]
    assert cli.main(arguments) == 0
    after = np.asarray(Image.open(tmp_path / "out.bmp"))
    changed = (after != np.tile(PORTRAIT, (1, 84, 1))[:, :20_000]).any(-1).any(0)
    assert changed.any() and np.flatnonzero(changed).min() > 18_800


def test_a_mask_of_another_size_names_both(folder, tmp_path, capsys):
    Image.new("L", (100, 50)).save(tmp_path / "mask.png")
    line = fails(
        ["restore", str(folder / "a.jpg"), "-o", str(tmp_path / "out.jpg"), "--mask", str(tmp_path / "mask.png")],
        capsys,
    )
    assert "240x240" in line and "100x50" in line


def test_an_unknown_model_lists_the_known(folder, tmp_path, capsys):
    line = fails(["restore", str(folder / "a.jpg"), "-o", str(tmp_path / "out.jpg"), "--model", "nonesuch"], capsys)
    assert "fmodr" in line and "'nonesuch'" in line


def test_an_unwritable_folder_is_told_before_any_work(folder, tmp_path, capsys, fakes):
    (tmp_path / "file").write_text("in the way")
    line = fails(["restore", str(folder), "-o", str(tmp_path / "file" / "out")], capsys)
    assert "cannot be made" in line and fakes.batches == []
    assert "cannot be made" in fails(["restore", str(folder / "a.jpg"), "-o", str(tmp_path / "file" / "o.jpg")], capsys)
    if os.path.isdir("/proc/self"):  # a folder in which not even root can write
        for out in ("/proc", "/proc/o.jpg"):
            line = fails(["restore", str(folder / "a.jpg"), "-o", out], capsys)
            assert line.startswith("tfinpaint: The folder /proc cannot be written: ") and fakes.batches == []


@pytest.mark.parametrize("photos", ["a.jpg", ""])
def test_a_model_that_must_be_told_what_is_hidden_says_how_before_anything_is_done(folder, tmp_path, capsys, photos):
    line = fails(["restore", str(folder / photos), "-o", str(tmp_path / "out"), "--model", "told"], capsys)
    assert "--mask FILE" in line and "--detector NAME" in line and "'told'" in line
    assert names(tmp_path) == ["in"]


def test_a_model_that_must_be_told_borrows_a_detector(folder, tmp_path):
    photo = PORTRAIT.copy()
    photo[120:140, 100:140] = 250, 0, 0  # what the lender finds
    Image.fromarray(photo).save(folder / "b.png")
    arguments = ["restore", str(folder), "-o", str(tmp_path / "out"), "--model", "told", "--detector", "lender"]
    assert cli.main(arguments) == 0
    changed = (np.asarray(Image.open(tmp_path / "out" / "b.png")) != photo).any(-1)
    assert changed[122:138, 102:138].mean() > 0.9 and changed[120:140, 100:140].sum() >= 0.8 * changed.sum()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--detector", "lender"], "Received: --model auto, which finds it by itself; leave out --detector."),
        (["--model", "told", "--detector", "told"], "must find masks itself"),
        (["--model", "told", "--detector", "tight"], "framed 'wide', as the painter does. Received: framing='arcface'"),
        (["--model", "told", "--detector", "nonesuch"], "Received: name='nonesuch'"),
        (["--model", "told", "--detector", "lender", "--mask", "mask.png"], "Only one of --mask and --detector"),
        (["--seed", "3"], "`seed` must be left out: this model draws nothing at random. Received: seed=3"),
    ],
)
def test_what_does_not_go_together_is_told_before_anything_is_done(folder, tmp_path, capsys, options, words):
    assert words in fails(["restore", str(folder / "a.jpg"), "-o", str(tmp_path / "out" / "a.jpg"), *options], capsys)
    assert names(tmp_path) == ["in"]


def test_a_seed_chooses_the_face(folder, tmp_path):
    photo = PORTRAIT.copy()
    photo[120:140, 100:140] = 250, 0, 0
    Image.fromarray(photo).save(folder / "b.png")
    pictures = []
    for i, seed in enumerate(([], ["--seed", "1"], ["--seed", "2"], ["--seed", "1"])):
        out = tmp_path / f"{i}.png"
        assert cli.main(["restore", str(folder / "b.png"), "-o", str(out), "--model", "drawing", *seed]) == 0
        pictures.append(np.asarray(Image.open(out)).tobytes())
    assert pictures[1] == pictures[3] and len(set(pictures)) == 3


def test_one_bad_photo_in_a_folder_is_named_at_the_end(folder, tmp_path, capsys):
    (folder / "bad.png").write_bytes(b"")
    assert cli.main(["restore", str(folder), "-o", str(tmp_path / "out")]) == 1
    assert names(tmp_path / "out") == [NAMES["restore"], "a.jpg", "b.png", "c.tif"]
    last = capsys.readouterr().err.strip().splitlines()[-2:]
    assert "bad.png" in last[0] and last[1].startswith("tfinpaint: 1 of 4 photos were not restored;")


def test_photos_are_never_overwritten_by_themselves_or_each_other(folder, tmp_path, capsys):
    before = (folder / "a.jpg").read_bytes()
    assert "would be overwritten" in fails(["restore", str(folder), "-o", str(folder)], capsys)
    assert (folder / "a.jpg").read_bytes() == before
    (tmp_path / "other").mkdir()
    Image.fromarray(PORTRAIT).save(tmp_path / "other" / "a.jpg")
    both = ["restore", str(folder), str(tmp_path / "other"), "-o", str(tmp_path / "out")]
    assert "would both write" in fails(both, capsys)
    assert not (tmp_path / "out").exists()


def test_wrong_usage_is_told(folder, tmp_path, capsys):
    out = ["-o", str(tmp_path / "out")]
    assert "belong to one photo" in fails(["restore", str(folder), *out, "--box", "1,2,3,4"], capsys)
    line = fails(["restore", str(folder / "a.jpg"), "-o", str(tmp_path / "out.xyz")], capsys)
    assert "must end with .jpg" in line and "out.xyz" in line
    assert "leave out --box" in fails(["restore", str(folder), *out, "--box", "1,2,3,4", "--aligned"], capsys)
    (tmp_path / "empty").mkdir()
    assert "it holds none" in fails(["restore", str(tmp_path / "empty"), *out], capsys)
    for wrong in (["restore"], ["nonesuch"], ["restore", "a.jpg", *out, "--box", "1,2"], []):
        with pytest.raises(SystemExit) as caught:
            cli.main(wrong)
        assert caught.value.code == 2
    capsys.readouterr()


def test_help_and_import_load_nothing_heavy():
    code = (
        "import sys, tfinpaint.cli\n"
        "try: tfinpaint.cli.main(['restore', '--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'tensorflow', 'keras', 'jax', 'cv2', 'numpy', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_chatter_of_libraries_is_dropped_and_errors_pass(capfd):
    os.write(2, b"before ")
    with pytest.raises(ValueError, match="reason"), quiet_stderr():
        os.write(2, b"chatter ")
        raise ValueError("reason")
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"


class Seer(FakeEngine):
    """Sees a worn mask before every face."""

    def __init__(self) -> None:
        super().__init__(Contract(extras=("families",)))

    def restore(self, images, masks=None, *, seed=None, batch_size=16):
        found = super().restore(images, masks)
        families = np.zeros((*images.shape[:3], 5), np.float32)
        families[..., 0] = 0.5
        families[..., 1:2] = found.masks
        return Restoration(found.images, found.masks, {"families": families})


def test_what_was_seen_is_said_in_one_line(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(restore, "load_engine", lambda name, engine: Seer())
    assert cli.main(["restore", str(folder / "b.png"), "-o", str(tmp_path / "out.png")]) == 0
    assert "tfinpaint: The face is hidden by a worn mask.\n" in capsys.readouterr().err
    assert cli.main(["restore", str(folder), "-o", str(tmp_path / "out")]) == 0
    assert "tfinpaint: Of 3 faces, hidden are 3 by a worn mask.\n" in capsys.readouterr().err


def test_without_a_models_name_the_model_follows_what_hides_the_face(monkeypatch):
    """`auto` is loaded through the same engines as every other name."""
    asked = []
    monkeypatch.setattr(zoo, "auto", lambda load: asked.append(load) or "chosen")
    assert load_engine("auto", "keras") == "chosen"
    monkeypatch.setattr(zoo, "load", lambda name: f"keras {name}")
    assert asked[0]("fmodr") == "keras fmodr"


def test_with_a_mask_of_the_users_own_nothing_is_said_of_what_was_seen(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(restore, "load_engine", lambda name, engine: Seer())
    mask = np.zeros((240, 240), np.uint8)
    mask[100:140, 100:140] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    command = ["restore", str(folder / "b.png"), "-o", str(tmp_path / "out.png"), "--mask", str(tmp_path / "mask.png")]
    assert cli.main(command) == 0
    assert "hidden by" not in capsys.readouterr().err
