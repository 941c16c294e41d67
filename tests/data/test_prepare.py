"""Photos become a checked folder of aligned faces, the same bytes however the run went."""

import csv
import json
import logging
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.data.photos import SIDE, Finder, encoded, photo
from tfinpaint.data import align_picture, load_faces, prepare_faces, split_by_identity
from tfinpaint.data.photo_faces import PhotoFaceReader, valid_map
from tfinpaint.data.prepared import decode_example
from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.faces import alignment_matrix, template_points

ROOT = Path(__file__).parents[2]
OPTIONS = {"detector": Finder, "size": 48, "shard_photos": 3}


@pytest.fixture
def photos(tmp_path):
    """Eight photos of two people in folders: one with three faces, one without any, one damaged, one tiny face."""
    folder = tmp_path / "album"
    for person in ("ann", "bob"):
        (folder / person).mkdir(parents=True)
    for k in range(8):
        name = folder / ("ann" if k < 4 else "bob") / f"{k}.png"
        name.write_bytes(encoded(photo({2: 3, 5: 0}.get(k, 1), k)))
    (folder / "bob" / "6.png").write_bytes(b"nothing")
    tiny = np.zeros((40, 40, 3), np.uint8)
    tiny[5:20, 5:20] = 200
    (folder / "bob" / "7.png").write_bytes(encoded(tiny))
    (folder / "ann" / "._0.png").write_bytes(b"a shadow of macOS")
    return folder


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def rows(folder):
    with open(folder / "report.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_an_animation_counts_by_its_first_picture_where_that_is_asked_for(tmp_path):
    (tmp_path / "album").mkdir()
    (tmp_path / "album/a.png").write_bytes(encoded(photo()))
    moving = [Image.fromarray(photo(seed=k)) for k in (1, 2)]
    moving[0].save(tmp_path / "album/b.webp", save_all=True, append_images=moving[1:])
    assert prepare_faces([tmp_path / "album"], tmp_path / "out", **OPTIONS)["bad"] == {"unreadable": 1}
    assert "take the first (`--first-picture`" in rows(tmp_path / "out")[0]["reason"]
    assert prepare_faces([tmp_path / "album"], tmp_path / "all", first_picture=True, **OPTIONS)["faces"] == 2


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux")
def test_a_folder_whose_name_is_no_utf8_is_written_and_read(tmp_path):
    (tmp_path / "album").mkdir()
    (tmp_path / "album/a.png").write_bytes(encoded(photo()))
    out = tmp_path / os.fsdecode(b"pr\xe9")
    prepare_faces([tmp_path / "album"], out, **OPTIONS)
    assert load_faces(out, size=48).names == ("a.png",)


def test_photos_become_faces_that_load(photos, tmp_path):
    manifest = prepare_faces([photos], tmp_path / "out", **OPTIONS)
    assert (manifest["faces"], manifest["photos"]) == (5, 8)
    assert manifest["bad"] == {"no face": 1, "unreadable": 1, "too small": 1}
    assert sorted(content(tmp_path / "out")) == [
        "faces-00000.tfrecord",
        "faces-00001.tfrecord",
        "manifest.json",
        "report.csv",
    ]
    faces = load_faces(tmp_path / "out", size=48)
    assert faces.names == ("ann/0.png", "ann/1.png", "ann/2.png", "ann/3.png", "bob/4.png")
    assert faces.identities is None
    np.testing.assert_allclose(faces.landmarks, np.broadcast_to(template_points(48), (5, 5, 2)), atol=1.5)
    assert faces.images[:, 12:30, 12:36].mean() > 20 and faces.valid.mean() > 0.8
    assert [row["photo"] for row in rows(tmp_path / "out")] == ["bob/5.png", "bob/6.png", "bob/7.png"]
    assert rows(tmp_path / "out")[2]["reason"] == "The face is 15 pixels wide, less than 32."


def test_the_manifest_tells_nothing_of_this_machine(photos, tmp_path):
    prepare_faces([photos], tmp_path / "out", **OPTIONS)
    text = (tmp_path / "out" / "manifest.json").read_text()
    assert str(tmp_path) not in text and '"album"' in text and '"opencv-python-headless"' in text


def test_all_faces_of_a_photo_come_by_size(photos, tmp_path):
    prepare_faces([photos], tmp_path / "out", **OPTIONS, faces="all")
    faces = load_faces(tmp_path / "out", size=48)
    assert faces.names[2:5] == ("ann/2.png", "ann/2.png#2", "ann/2.png#3")


def test_folders_name_people_who_are_not_divided(photos, tmp_path):
    prepare_faces([photos], tmp_path / "out", **OPTIONS, identities=True)
    faces = load_faces(tmp_path / "out", size=48, identities=True)
    assert faces.identities == ("ann",) * 4 + ("bob",)
    first, second = split_by_identity(faces, 0.5)
    assert {len(first), len(second)} == {1, 4} and not set(first.identities) & set(second.identities)


@pytest.mark.parametrize("workers", [1, 4])
def test_a_zip_and_any_number_of_workers_give_the_same_shards(photos, tmp_path, workers):
    prepare_faces([photos], tmp_path / "one", **OPTIONS, workers=2)
    with zipfile.ZipFile(tmp_path / "album.zip", "w") as archive:
        for path in sorted(photos.rglob("*.png"), reverse=True):
            archive.write(path, path.relative_to(photos))
    prepare_faces([tmp_path / "album.zip"], tmp_path / "two", **OPTIONS, workers=workers)
    one, two = content(tmp_path / "one"), content(tmp_path / "two")
    shards = [name for name in one if name.endswith(".tfrecord")]
    assert len(shards) == 2 and all(one[name] == two[name] for name in shards)


def test_several_sources_keep_their_names_apart(photos, tmp_path):
    manifest = prepare_faces([photos / "ann", photos / "bob"], tmp_path / "out", **OPTIONS)
    assert [source["photos"] for source in manifest["sources"]] == [4, 4]
    assert load_faces(tmp_path / "out", size=48).names[3:] == ("0-ann/3.png", "1-bob/4.png")


def test_a_finished_run_is_left_alone(photos, tmp_path):
    first = prepare_faces([photos], tmp_path / "out", **OPTIONS)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert prepare_faces([photos], tmp_path / "out", **OPTIONS) == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == before


def test_a_broken_run_goes_on_where_it_stopped_and_ends_with_the_same_bytes(photos, tmp_path):
    prepare_faces([photos], tmp_path / "straight", **OPTIONS, identities=True)
    looked, patience = [], [3]

    class Fails(Finder):
        def __call__(self, pixels):
            looked.append(1)
            if len(looked) > patience[0]:
                raise KeyboardInterrupt
            return super().__call__(pixels)

    Fails.__name__ = "Finder"
    with pytest.raises(KeyboardInterrupt):
        prepare_faces([photos], tmp_path / "out", **{**OPTIONS, "detector": Fails}, identities=True, workers=1)
    assert {"faces-00000.tfrecord", "faces-00000.json", "unfinished.json"} == set(content(tmp_path / "out"))
    with pytest.raises(InputError, match="must be finished: run the same `tfinpaint prepare` again"):
        load_faces(tmp_path / "out")
    (tmp_path / "out" / ".tfinpaint-4194305-00ab.part").write_bytes(b"half")
    looked.clear()
    patience[0] = 99
    prepare_faces([photos], tmp_path / "out", **{**OPTIONS, "detector": Fails}, identities=True)
    assert len(looked) == 4  # photos 3, 4, 5 and 7; 6 cannot be read
    assert content(tmp_path / "out") == content(tmp_path / "straight")


def test_shards_of_photos_that_changed_are_made_again(photos, tmp_path):
    def interrupted(out):
        prepare_faces([photos], out, **{**OPTIONS, "on_bad": "stop"})

    with pytest.raises(ImageFileError, match=r"The photo bob/5\.png in album cannot be used \(No face was found\)"):
        interrupted(tmp_path / "out")
    (photos / "ann" / "0.png").unlink()
    for name in ("5", "6", "7"):
        (photos / "bob" / f"{name}.png").unlink()
    interrupted(tmp_path / "out")
    interrupted(tmp_path / "straight")
    assert content(tmp_path / "out") == content(tmp_path / "straight")


def test_stopping_at_bad_photos_also_sees_those_of_a_begun_run(photos, tmp_path):
    (photos / "ann" / "1.png").write_bytes(b"nothing")

    class Fails(Finder):
        def __call__(self, pixels):
            if len(list((tmp_path / "out").glob("*.tfrecord"))):
                raise KeyboardInterrupt
            return super().__call__(pixels)

    Fails.__name__ = "Finder"
    with pytest.raises(KeyboardInterrupt):
        prepare_faces([photos], tmp_path / "out", **OPTIONS | {"detector": Fails})
    with pytest.raises(ImageFileError, match=r"ann/1\.png in album cannot be used \(ann/1\.png must be a picture"):
        prepare_faces([photos], tmp_path / "out", **OPTIONS, on_bad="stop")


@pytest.mark.parametrize(
    "changed", [{"size": 64}, {"faces": "all"}, {"image_format": "jpeg"}, {"min_face": 20}, {"identities": True}]
)
def test_other_options_are_refused(photos, tmp_path, changed):
    prepare_faces([photos], tmp_path / "out", **OPTIONS)
    before, key = content(tmp_path / "out"), next(iter(changed))
    with pytest.raises(InputError, match=rf"was begun with {key}=.* Received: {key}={changed[key]}\. Give the same"):
        prepare_faces([photos], tmp_path / "out", **OPTIONS | changed)
    assert content(tmp_path / "out") == before


def test_other_photos_are_refused(photos, tmp_path):
    prepare_faces([photos], tmp_path / "out", **OPTIONS)
    (photos / "ann" / "0.png").unlink()
    with pytest.raises(InputError, match="The photos must be those that .* was made from; give a new folder"):
        prepare_faces([photos], tmp_path / "out", **OPTIONS)


def test_bad_arguments_are_refused_in_a_sentence(photos, tmp_path):
    def refused(words, sources=(photos,), out=tmp_path / "out", **arguments):
        with pytest.raises(InputError, match=words):
            prepare_faces(sources, out, **OPTIONS | arguments)

    refused("`on_bad` must be 'stop' or 'skip'", on_bad="ignore")
    refused("`faces` must be 'largest' or 'all'", faces="some")
    refused("`image_format` must be 'png' or 'jpeg'", image_format="gif")
    refused("`size` must be 16 to 2048", size=3)
    refused("`quality` 1 to 100", quality=0)
    refused("`shard_photos` and `workers` must be at least 1. Received: 3 and 0|default", workers=0)
    refused("`detector` must be one of yunet, mtcnn. Received: 'eyes'", detector="eyes")
    refused("`sources` must be at least one", sources=())
    refused("`path` must be a folder or a zip", sources=[tmp_path / "absent"])
    refused("`identities` needs a folder for each person", sources=[photos / "ann"], identities=True)
    refused("`out` must be a new or empty folder", out=photos)
    (tmp_path / "file").write_text("")
    refused("`out` must be a folder that can be written", out=tmp_path / "file" / "out")
    assert not (tmp_path / "out").exists()


def test_photos_without_any_face_are_refused_with_a_report(tmp_path):
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "a.png").write_bytes(encoded(photo(0)))
    with pytest.raises(InputError, match=r"No photo shows a face that can be used; .*report\.csv says why"):
        prepare_faces([tmp_path / "album"], tmp_path / "out", **OPTIONS)
    assert rows(tmp_path / "out")[0]["kind"] == "no face"


def prepared(photos, tmp_path, **options):
    prepare_faces([photos], tmp_path / "out", **OPTIONS | options)
    return tmp_path / "out"


def test_damage_is_noticed(photos, tmp_path):
    out = prepared(photos, tmp_path)
    whole = content(out)
    for name, data, words in (
        ("faces-00001.tfrecord", whole["faces-00001.tfrecord"][:-1], "must have .* bytes. Received"),
        ("faces-00001.tfrecord", b"x" + whole["faces-00001.tfrecord"][1:], "must have the SHA-256"),
        ("manifest.json", whole["manifest.json"][:-30], "must have the whole manifest.json"),
        ("manifest.json", b"[]", "must have the whole manifest.json"),
        ("manifest.json", b"{}", "it is not of the kind 'tfinpaint faces'"),
        ("manifest.json", whole["manifest.json"].replace(b'"format": 1', b'"format": 9'), "format 9, this version"),
        ("manifest.json", whole["manifest.json"].replace(b'"faces": 5', b'"fakes": 5'), "KeyError: 'faces'"),
    ):
        (out / name).write_bytes(data)
        with pytest.raises(InputError, match=words):
            load_faces(out)
        (out / name).write_bytes(whole[name])
    (out / "faces-00000.tfrecord").unlink()
    with pytest.raises(InputError, match=r"must hold faces-00000\.tfrecord; there is none"):
        load_faces(out)


def test_what_a_prepared_folder_cannot_give_is_refused(photos, tmp_path):
    out = prepared(photos, tmp_path)
    with pytest.raises(InputError, match=r"must know identities: prepare it again with --identities"):
        load_faces(out, identities=True)
    with pytest.raises(InputError, match=r"`landmarks` must be left out"):
        load_faces(out, landmarks={})


def test_a_machine_without_tensorflow_says_what_to_do(photos, tmp_path, monkeypatch):
    out = prepared(photos, tmp_path)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(InputError, match="holds TFRecords, which need TensorFlow; use `tfinpaint pack` instead"):
        load_faces(out)


def test_another_programs_manifest_does_not_hide_pictures(photos):
    (photos / "manifest.json").write_text("{}")
    points = template_points(SIDE) + [8, 10]
    assert load_faces(photos, size=48, landmarks={"ann/0.png": points}).names == ("ann/0.png",)


def test_other_sizes_and_jitter_keep_the_framing(photos, tmp_path):
    out = prepared(photos, tmp_path, size=96)
    own, small = load_faces(out, size=96), load_faces(out, size=48)
    np.testing.assert_allclose((small.landmarks + 0.5) * 2 - 0.5, own.landmarks, atol=1e-3)
    half = cv2.resize(own.images[0], (48, 48), interpolation=cv2.INTER_AREA)
    assert np.abs(half.astype(int) - small.images[0]).mean() < 3
    first, again = load_faces(out, size=48, jitter=0.2, seed=3), load_faces(out, size=48, jitter=0.2, seed=3)
    np.testing.assert_array_equal(first.images, again.images)
    assert np.abs(first.landmarks - small.landmarks).mean() > 0.5
    assert (first.valid.mean((1, 2, 3)) != small.valid.mean((1, 2, 3))).any()
    assert load_faces(out, size=48, limit=2).names == small.names[:2]


def test_another_framing_is_aligned_anew_by_the_points(photos, tmp_path):
    out = prepared(photos, tmp_path, size=96)
    own, tight = load_faces(out, size=96), load_faces(out, size=96, framing="arcface")
    np.testing.assert_array_equal(load_faces(out, size=96, framing="wide").images, own.images)
    np.testing.assert_allclose(tight.landmarks, np.broadcast_to(template_points(96, "arcface"), (5, 5, 2)), atol=4)
    crop, points, _ = align_picture(own.images[0], own.landmarks[0], 96, framing="arcface")
    np.testing.assert_array_equal(tight.images[0], crop)
    np.testing.assert_array_equal(tight.landmarks[0], points)


def test_made_up_borders_stay_marked_at_every_size(tmp_path):
    """A face at the edge of its photo: what is mirrored is mirrored in a smaller, jittered crop as well."""
    (tmp_path / "album").mkdir()
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    pixels[1:-1, 1:-1] = 180
    (tmp_path / "album" / "a.png").write_bytes(encoded(pixels[:, :48]))
    out = prepared(tmp_path / "album", tmp_path, size=96)
    own, small = load_faces(out, size=96).valid[0, ..., 0], load_faces(out, size=48).valid[0, ..., 0]
    assert 0.3 < own.mean() < 0.97 and abs(own.mean() - small.mean()) < 0.05


def test_the_valid_map_marks_what_lies_on_the_photo():
    points = template_points(40) * 1.7 + [3, -9]
    matrix = alignment_matrix(points.astype(np.float64), 32)
    valid = valid_map(matrix, (50, 44), 32)
    inverse = cv2.invertAffineTransform(matrix.astype(np.float64))
    for y in range(32):
        for x in range(32):
            u, v = inverse @ [x, y, 1]
            assert valid[y, x] == (-0.5 <= u <= 49.5 and -0.5 <= v <= 43.5)
    assert 0 < valid.mean() < 1


def test_crops_are_stored_as_png_bit_for_bit_or_as_fine_jpeg(photos, tmp_path):
    png = load_faces(prepared(photos, tmp_path), size=48).images.astype(int)
    prepare_faces([photos], tmp_path / "jpeg", **OPTIONS, image_format="jpeg", quality=97)
    jpeg = load_faces(tmp_path / "jpeg", size=48).images.astype(int)
    assert 0 < np.abs(png - jpeg).mean() < 3

    class One:
        name, read = "1.png", (photos / "ann" / "1.png").read_bytes

    (record,) = PhotoFaceReader(size=48, detector=Finder)(One, "1.png").records
    face = decode_example(record)
    np.testing.assert_array_equal(face["image"], png[1])
    pixels = photo(1, 1)
    np.testing.assert_allclose(
        Finder()(pixels)[0].landmarks @ face["matrix"][:, :2].T + face["matrix"][:, 2], face["landmarks"], atol=1e-4
    )


def test_turned_photos_are_put_upright(tmp_path):
    from PIL import Image

    (tmp_path / "album").mkdir()
    upright, exif = Image.fromarray(photo(1, 3)), Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side
    upright.save(tmp_path / "album" / "a.png")
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "album" / "b.png", exif=exif)
    faces = load_faces(prepared(tmp_path / "album", tmp_path), size=48)
    np.testing.assert_array_equal(faces.images[0], faces.images[1])


PROGRAM = """
import sys, time
from tests.data.photos import Finder
from tfinpaint.data import prepare_faces
class Slow(Finder):
    def __call__(self, pixels):
        time.sleep(0.15)
        return super().__call__(pixels)
prepare_faces(sys.argv[1:2], sys.argv[2], detector=Slow, size=48, shard_photos=2, workers=1)
"""


def test_a_killed_process_is_gone_on_with(photos, tmp_path):
    for k in range(10, 22):
        (photos / "ann" / f"{k}.png").write_bytes(encoded(photo(1, k)))
    command = [sys.executable, "-c", PROGRAM, str(photos)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([*command, str(tmp_path / "out")], env=environment)
    while len(list((tmp_path / "out").glob("faces-*.json"))) < 3 and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    notes = list((tmp_path / "out").glob("faces-*.json"))
    assert 3 <= len(notes) < 10 and not (tmp_path / "out" / "manifest.json").exists()

    class Slow(Finder):
        pass

    for out in ("out", "straight"):
        prepare_faces([photos], tmp_path / out, detector=Slow, size=48, shard_photos=2)
    assert content(tmp_path / "out") == content(tmp_path / "straight")


@pytest.mark.shared
def test_real_scenes_are_prepared(shared, tmp_path, caplog):
    with zipfile.ZipFile(shared / "scenes" / "scenes.zip") as archive:
        for name in [n for n in sorted(archive.namelist()) if "_ad_" in n][:3]:
            archive.extract(name, tmp_path / "album")
    with caplog.at_level(logging.WARNING):
        manifest = prepare_faces([tmp_path / "album"], tmp_path / "out", faces="all")
    assert manifest["options"]["detector"] == "YuNet" and manifest["faces"] >= 3 and not caplog.records
    faces = load_faces(tmp_path / "out")
    assert np.abs(faces.landmarks[:, :2] - template_points(128)[:2]).mean() < 4
    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == manifest
