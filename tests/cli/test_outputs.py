"""Nothing that the user did not name is lost: what a run will write is checked as a whole before any work."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfinpaint import cli, images
from tfinpaint.cli.outputs import check_outputs, plan
from tfinpaint.errors import ImageFileError, InputError

ENDS = ("_mask.png", "_compare.png")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture(path, seed=0, **options):
    pixels = np.random.default_rng(seed).integers(0, 256, (24, 32, 3), np.uint8)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return Path(path)


def refused(photos, output, ends=(), given=()):
    outputs, _ = plan([Path(p) for p in photos], Path(output), ends)
    before = {p: p.read_bytes() for p in Path().rglob("*") if p.is_file()}
    with pytest.raises(InputError, match="^Nothing was done, because ") as caught:
        check_outputs(outputs, [Path(p) for p in given])
    assert {p: p.read_bytes() for p in Path().rglob("*") if p.is_file()} == before
    return str(caught.value)


def accepted(photos, output, ends=()):
    outputs, _ = plan([Path(p) for p in photos], Path(output), ends)
    check_outputs(outputs)
    return [str(file) for output in outputs for file in output.files]


def test_side_files_of_two_photos_do_not_meet(here):
    picture("in/a.jpg"), picture("in/a.png", 1)
    said = refused(["in"], "out", ENDS)
    assert "in/a.jpg and in/a.png would both write out/a_mask.png" in said and "out/a_compare.png" in said
    assert said.endswith("Rename one of the two, or restore them one by one into two folders.")
    assert accepted(["in"], "out") == ["out/a.jpg", "out/a.png"]


@pytest.mark.parametrize("end", ENDS)
def test_a_side_file_is_not_another_photos_result(here, end):
    picture("in/a.jpg"), picture(f"in/a{end}", 1)
    assert f"would both write out/a{end}" in refused(["in"], "out", [end])


@pytest.mark.parametrize("ending", [".gif", ".ppm", ".tga"])
def test_a_changed_ending_does_not_replace_another_photo(here, ending):
    picture(f"x{ending}"), picture("x.png", 1)
    assert "x.png is there and is no result of tfinpaint" in refused([f"x{ending}"], ".")
    assert "would both write out/x.png" in refused([f"x{ending}", "x.png"], "out")


def test_a_photo_is_never_its_own_result_nor_anothers(here):
    picture("a.png"), picture("b.png", 1)
    assert "a.png would be overwritten" in refused(["a.png"], ".")
    assert "b.png would be overwritten" in refused(["a.png", "b.png"], ".")
    os.symlink("a.png", "link.png")
    assert "a.png would be overwritten" in refused(["a.png"], "link.png")


def test_a_link_beside_its_photo_has_a_result_of_its_own_and_a_photo_named_twice_has_one(here):
    picture("in/a.png"), picture("in/c.png", 1)
    os.symlink("a.png", "in/b.png")
    assert accepted(["in"], "out") == ["out/a.png", "out/b.png", "out/c.png"]
    os.symlink("in", "same")
    assert accepted(["in", "in/a.png", "in/../in/c.png", "same"], "out") == ["out/a.png", "out/b.png", "out/c.png"]


def test_a_mask_that_is_given_is_not_replaced(here):
    picture("a.png"), picture("out/a_mask.png", 1)
    assert "out/a_mask.png would be overwritten" in refused(["a.png"], "out", ENDS, given=["out/a_mask.png"])
    assert "m.png would be overwritten" in refused(["a.png"], "m.png", given=[picture("m.png", 2)])


def test_the_named_file_may_be_replaced_but_not_what_stands_beside_it(here):
    picture("a.png"), picture("b.png", 1), picture("b_mask.png", 2)
    assert accepted(["a.png"], "b.png") == ["b.png"]
    assert "b_mask.png is there and is no result of tfinpaint" in refused(["a.png"], "b.png", ENDS[:1])


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".tif", ".bmp"])
@pytest.mark.parametrize("painted", [True, False])
def test_results_of_an_earlier_run_are_replaced(here, ending, painted):
    photo = images.read(picture(f"in/a{ending}"))
    mask = np.zeros(photo.pixels.shape[:2], bool)
    mask[:4, :4] = painted
    Path("out").mkdir()
    images.write(photo, 255 - photo.pixels, mask, f"out/a{ending}")
    images.write_picture(mask.astype("uint8") * 255, "out/a_mask.png")
    assert accepted(["in"], "out", ENDS[:1]) == [f"out/a{ending}", "out/a_mask.png"]
    picture(f"out/a{ending}", 7)
    assert "is no result of tfinpaint" in refused(["in"], "out", ENDS[:1])


@pytest.mark.parametrize("ending", [".bmp", ".tif"])
def test_a_copy_that_was_retouched_is_kept_though_most_of_its_bytes_are_the_photos(here, ending):
    picture(f"in/a{ending}")
    with Image.open(f"in/a{ending}") as image:
        image.paste((255, 0, 0), (0, 0, 8, 8))
        Path("out").mkdir()
        image.save(f"out/a{ending}")
    assert f"out/a{ending} is there and is no result of tfinpaint" in refused(["in"], "out")


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".tif", ".bmp"])
def test_the_result_of_another_photo_of_that_name_is_kept(here, ending):
    """Cameras number their photos anew every day."""
    y, x = np.mgrid[:48, :64]
    for day, tone in (("one", x), ("two", y)):
        Path(day).mkdir()
        photo = np.stack([4 * tone, 255 - 2 * tone, 90 + tone], -1).astype(np.uint8)
        Image.fromarray(photo).save(f"{day}/a{ending}")
    Path("out").mkdir()
    for day in ("one", "two"):
        photo, mask = images.read(f"{day}/a{ending}"), np.zeros((48, 64), bool)
        mask[8:40, 8:60] = True  # half of the picture
        if day == "two":
            assert f"out/a{ending} is there and is the result of another photo" in refused(["two"], "out")
            check_outputs(plan([Path("two")], Path("out"))[0], known=lambda output: True)
            assert accepted([f"two/a{ending}"], f"out/a{ending}") == [f"out/a{ending}"]  # named by the user
        else:
            images.write(photo, 255 - photo.pixels, mask, f"out/a{ending}")
            assert accepted(["one"], "out") == [f"out/a{ending}"]
    Image.fromarray(photo.pixels[:24]).save(f"two/a{ending}")
    assert "is the result of another photo" in refused(["two"], "out")


def test_all_faults_are_told_at_once(here):
    for i in range(14):
        picture(f"in/{i:02}.png"), picture(f"out/{i:02}.png", 90 + i)
    said = refused(["in"], "out")
    assert said.count("is no result") == 10 and "and 4 more" in said


def test_one_photo_named_twice_is_one(here):
    picture("a.png")
    assert accepted(["a.png", "./a.png"], "out") == ["out/a.png"]


@pytest.mark.parametrize("photos", [["in"], ["in/a.png", "in/b.png"]])
def test_several_photos_do_not_become_a_folder_called_like_a_picture(here, photos):
    picture("in/a.png"), picture("in/b.png", 1)
    with pytest.raises(InputError, match="-o must be a folder .* Received: result.jpg, a picture"):
        plan([Path(p) for p in photos], Path("result.jpg"))
    Path("result.jpg").mkdir()  # the user's own way of naming folders
    assert accepted(photos, "result.jpg") == ["result.jpg/a.png", "result.jpg/b.png"]


def test_what_is_left_out_of_a_folder_is_counted(here):
    (
        picture("in/a.png"),
        picture("in/._a.png"),
        picture("in/b.jfif", format="JPEG"),
        picture("in/c.gif"),
        picture("in/.trashed-1-a.png"),
    )
    for name in ("notes.txt", "more.txt", "Thumbs.db", "noending"):
        Path("in", name).write_bytes(b"?")
    Path("in/below").mkdir()
    Path("in/gone.jpg").symlink_to("nowhere.jpg")
    os.mkfifo("in/pipe.jpg")  # reading it would wait for ever
    outputs, words = plan([Path("in")], Path("out"))
    assert [o.target.name for o in outputs] == ["a.png", "b.jfif", "c.png"]
    assert words[0].startswith("left out of in: ")
    for told in (
        "2 of the system",
        "1 hidden",
        "2 pipes or broken links",
        "1 folders in it",
        "2 .txt, no kind of picture",
        "1 without an ending, no kind",
    ):
        assert told in words[0]
    with pytest.raises(ImageFileError, match=r"it holds none; left out: 1 .txt, no kind of picture"):
        Path("only").mkdir()
        Path("only/x.txt").write_bytes(b"")
        plan([Path("only")], Path("out"))


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux")
def test_names_that_are_no_utf8_are_names(here):
    stem = os.fsdecode(b"caf\xe9")
    name = f"{stem}.png"
    picture("a.png")
    os.rename("a.png", name)
    assert accepted([name], "out", ENDS) == [f"out/{name}", *(f"out/{stem}{end}" for end in ENDS)]


def test_the_longest_name_is_written_and_a_longer_one_refused(here):
    longest = "n" * 251 + ".png"
    photo = images.read(picture(longest))
    assert accepted([longest], "out") == [f"out/{longest}"]
    assert "would have more than 255 bytes" in refused([longest], "out", ENDS)
    Path("out").mkdir()  # where the file system itself refuses to look for such a name
    assert "would have more than 255 bytes" in refused([longest], "out", ENDS)
    images.write(photo, 255 - photo.pixels, np.ones(photo.pixels.shape[:2]), f"out/{longest}")
    assert [p.name for p in Path("out").iterdir()] == [longest]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L"])
@pytest.mark.parametrize("ending", [".jpg", ".webp", ".bmp"])
def test_a_png_called_otherwise_stays_a_png_with_its_pixels(here, mode, ending):
    path = Path(f"in/a{ending}")
    path.parent.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 4), np.uint8)
    Image.fromarray(pixels).convert(mode).save(path, "PNG")
    photo, mask = images.read(path), np.zeros((24, 32), bool)
    mask[:4, :4] = True
    (target,) = accepted(["in"], "out")
    Path("out").mkdir()
    images.write(photo, 255 - photo.pixels, mask, target)
    again = images.read(target)
    assert again.format == "PNG" and Path(target).read_bytes()[:4] == b"\x89PNG"
    np.testing.assert_array_equal(again.pixels[~mask], photo.pixels[~mask])


def test_a_picture_of_a_kind_that_is_not_written_becomes_png_whatever_its_name(here):
    picture("in/a.jpg", format="GIF")
    assert accepted(["in"], "out") == ["out/a.png"]


def test_a_photo_that_is_gone_is_saved_from_memory(here):
    path = picture("a.png")
    data, photo = path.read_bytes(), images.read(path)
    path.unlink()
    images.write(photo, photo.pixels, np.zeros(photo.pixels.shape[:2]), "b.png")
    assert Path("b.png").read_bytes() == data


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_pipe_is_read_once(here):
    import threading

    data = picture("a.png").read_bytes()
    os.mkfifo("pipe.png")
    threading.Thread(target=lambda: Path("pipe.png").write_bytes(data), daemon=True).start()
    assert accepted(["pipe.png"], "out/b.png") == ["out/b.png"]
    photo = images.read("pipe.png")
    Path("out").mkdir()
    images.write(photo, photo.pixels, np.zeros(photo.pixels.shape[:2]), "out/b.png")
    assert Path("out/b.png").read_bytes() == data


def said_and_kept(command, capsys, *files):
    """What a command says that refuses its folder; the files stay as they are."""
    for file in files:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_bytes(b"of the user")
    assert cli.main(command) == 1
    assert all(Path(file).read_bytes() == b"of the user" for file in files)
    return capsys.readouterr().err


@pytest.mark.parametrize("file", ["portrait.png", "figure.png", "sheet.png", "fmodr_face_mask_occluded.png"])
def test_the_demo_replaces_no_picture_of_the_user(here, capsys, file):
    said = said_and_kept(["demo", "-o", "pictures", "--masks", "1"], capsys, f"pictures/{file}")
    assert "-o must not hold files that this command has not written" in said and file in said


@pytest.mark.parametrize("files", [["results.json"], ["report.html"], ["results.json", "report.html"]])
def test_the_benchmark_replaces_no_results_of_others(here, capsys, files):
    picture("faces/a.png")
    Path("faces/landmarks.csv").write_text("name,x1,y1,x2,y2,x3,y3,x4,y4,x5,y5\na.png,9,9,20,9,14,14,10,20,19,20\n")
    said = said_and_kept(["benchmark", "--faces", "faces", "--out", "."], capsys, *files)
    assert "--out must not hold a results.json or report.html that this command has not written" in said


RUN = ["checkpoint-000007.npz", "training.json", "fmodr_128.weights.h5", "log.jsonl", "best.json"]
RUN += ["best-finish.weights.h5", "previews/preview-finish-000500.png"]


@pytest.mark.parametrize("file", RUN)
def test_a_training_does_not_begin_over_an_earlier_one(here, capsys, file):
    said = said_and_kept(["train", "fmodr", "--data", "faces", "--out", "run"], capsys, f"run/{file}")
    assert "--out must hold no earlier run, unless that is gone on with (--resume)" in said and file in said


@pytest.mark.parametrize("file", ["checkpoint-000001.npz", "log.csv", "training.json", "light_cnn.npz"])
def test_nor_does_one_of_identities(here, capsys, file):
    said = said_and_kept(["train-identity", "--data", "people", "--out", "run"], capsys, f"run/{file}")
    assert "--out must hold no earlier run" in said and file in said


def test_nor_does_it_replace_the_teacher_itself(here, capsys):
    command = ["train-identity", "--data", "people", "--out", "run", "--teacher", "run/teacher.npz"]
    said = said_and_kept(command, capsys, "run/teacher.npz")
    assert "--out must not hold a teacher.npz that this command has not written" in said


def test_a_pack_is_a_new_folder(here, capsys):
    said = said_and_kept(["pack", "fmodr", "--data", "faces", "--out", "mine"], capsys, "mine/train.py")
    assert "--out must be a new or empty folder" in said
