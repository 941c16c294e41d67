import csv
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.faces_for_tests import synthetic_faces
from tfinpaint import data
from tfinpaint.data.sources import align_picture, concatenate, load_faces
from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.framing import landmark_fault, template_points

NAMES = [f"face_{k:02d}.png" for k in range(5)]
FACES, LANDMARKS = synthetic_faces(len(NAMES), 80)
FIELDS = ["name", *(f"{axis}{point}" for point in range(1, 6) for axis in "xy")]


def _png(image):
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "faces"
    path.mkdir()
    for name, image in zip(NAMES, FACES, strict=True):
        (path / name).write_bytes(_png(image))
    np.savez(tmp_path / "faces.npz", name=np.array(NAMES, "S"), landmarks=LANDMARKS)
    return path


def _assert_same(first, second):
    for key in ("images", "landmarks", "valid"):
        np.testing.assert_array_equal(getattr(first, key), getattr(second, key))
    assert [n.rsplit("/")[-1] for n in first.names] == [n.rsplit("/")[-1] for n in second.names]


def _zip(folder, prefix=""):
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for name in reversed(NAMES):
            archive.write(folder / name, prefix + name)
    return path


@pytest.mark.parametrize("prefix", ["", "inside/"])
def test_a_zip_gives_the_same_faces_as_its_folder(folder, prefix):
    _assert_same(load_faces(folder, jitter=0.05), load_faces(_zip(folder, prefix), jitter=0.05))


def test_a_csv_gives_the_same_faces_as_an_npz(folder, tmp_path):
    first = load_faces(folder)
    (tmp_path / "faces.npz").unlink()
    with open(tmp_path / "faces.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        for name, points in zip(NAMES, LANDMARKS.astype(float), strict=True):
            writer.writerow([name, *points.ravel()])
    _assert_same(first, load_faces(folder))


def test_landmarks_may_be_given_as_a_file_or_a_dict(folder, tmp_path):
    first = load_faces(folder)
    (tmp_path / "faces.npz").rename(tmp_path / "points.npz")
    _assert_same(first, load_faces(folder, landmarks=tmp_path / "points.npz"))
    _assert_same(first, load_faces(folder, landmarks=dict(zip(NAMES, LANDMARKS, strict=True))))


def test_landmarks_may_lie_inside_the_folder(folder, tmp_path):
    first = load_faces(folder)
    (tmp_path / "faces.npz").rename(folder / "landmarks.npz")
    _assert_same(first, load_faces(folder))


def test_points_land_on_the_template(folder):
    faces = load_faces(folder, size=48)
    error = np.abs(faces.landmarks - template_points(48))
    assert error.max() < 3.0  # five points, four freedoms: noses differ
    assert error.mean() < 0.6


def test_points_land_on_the_template_of_the_framing(folder):
    wide, tight = load_faces(folder, size=48), load_faces(folder, size=48, framing="arcface")
    aside = [np.abs(tight.landmarks - template_points(48, framing)).mean() for framing in ("arcface", "wide")]
    assert aside[0] < 0.8 and aside[1] > 2
    for framing, faces in (("wide", wide), ("arcface", tight)):
        expected = [align_picture(f, p, 48, framing=framing) for f, p in zip(FACES, LANDMARKS, strict=True)]
        np.testing.assert_array_equal(faces.images, np.stack([crop for crop, *_ in expected]))
    with pytest.raises(InputError, match="`framing` must be one of wide, arcface. Received: framing='narrow'"):
        load_faces(folder, framing="narrow")


@pytest.mark.parametrize("scale", [4.0, 1.0, 0.3])
def test_pictures_of_any_size_give_the_same_crop(scale):
    """Pixel centres and area shrinking are right: a picture drawn larger or smaller is framed alike."""
    side = round(80 * scale)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    picture = cv2.resize(FACES[0], (side, side), interpolation=method)
    points = (LANDMARKS[0] + 0.5) * (side / 80) - 0.5
    crop, moved, _ = align_picture(picture, points, 40)
    expected, expected_points, _ = align_picture(FACES[0], LANDMARKS[0], 40)
    np.testing.assert_allclose(moved, expected_points, atol=0.1)
    inner = np.s_[6:-6, 6:-6]
    assert np.abs(crop[inner].astype(float) - expected[inner]).mean() < (4 if scale >= 1 else 12)


def test_shrinking_averages_and_does_not_skip_pixels():
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (640, 640, 3), np.uint8)
    crop, _, valid = align_picture(picture, template_points(640), 64)
    assert crop[valid[..., 0] > 0].std() < 25  # 100 pixels go into one: 74 / 10, a little more by the final warp


def test_pixels_beyond_the_picture_are_marked_and_mirrored():
    tight = FACES[0][16:64, 16:64]
    crop, _, valid = align_picture(tight, LANDMARKS[0] - 16, 80)
    assert set(np.unique(valid)) == {0, 1}
    assert 0.25 < valid.mean() < 0.5
    known = valid[..., 0] > 0
    full = align_picture(FACES[0], LANDMARKS[0], 80)[0]
    inside = cv2.erode(known.astype(np.uint8), np.ones((5, 5))) > 0
    np.testing.assert_allclose(crop[inside], full[inside], atol=2)
    assert crop[~known].std() > 5


def test_jitter_moves_each_face_differently_and_repeatably(folder):
    still, first, again = load_faces(folder), load_faces(folder, jitter=0.1), load_faces(folder, jitter=0.1)
    other = load_faces(folder, jitter=0.1, seed=1)
    _assert_same(first, again)
    shifts = (first.landmarks - still.landmarks).mean(1)
    assert (np.linalg.norm(shifts, axis=1) > 0.2).sum() >= 4
    assert len(np.unique(shifts.round(3), axis=0)) == len(NAMES)
    assert np.abs(other.landmarks - first.landmarks).max() > 0.5


def test_jittered_landmarks_stay_on_the_features(folder):
    """The red mouth lies under the moved points, too."""
    faces = load_faces(folder, size=80, jitter=0.1)
    for image, points in zip(faces.images.astype(int), faces.landmarks, strict=True):
        x, y = points[3:].mean(0).round().astype(int)
        red, green, _ = image[y, x]
        assert red - green > 60


def test_limit_reads_the_first_names(folder):
    assert load_faces(folder, limit=2).names == tuple(NAMES[:2])


def test_pictures_without_landmarks_are_left_out(folder, tmp_path):
    np.savez(tmp_path / "faces.npz", name=np.array(NAMES[1:3]), landmarks=LANDMARKS[1:3])
    assert load_faces(folder).names == tuple(NAMES[1:3])


def test_sets_are_joined_in_order_and_taken_apart(folder):
    faces = load_faces(folder)
    both = concatenate(faces, faces.take([2, 0]))
    assert both.names == (*NAMES, NAMES[2], NAMES[0])
    np.testing.assert_array_equal(both.images[5:], faces.images[[2, 0]])
    assert len(both.take(np.arange(7) > 4)) == 2
    with pytest.raises(InputError, match=r"`sets` must be .* Received: sizes \[64, 128\]"):
        concatenate(faces, load_faces(folder, size=64))


def test_a_broken_picture_is_named_or_skipped(folder):
    (folder / NAMES[1]).write_bytes(_png(FACES[1])[:60])
    (folder / NAMES[2]).write_bytes(b"")
    with pytest.raises(ImageFileError, match=f"The picture {NAMES[1]} .* cannot be decoded"):
        load_faces(folder)
    faces = load_faces(folder, on_bad="skip")
    assert faces.bad == tuple(NAMES[1:3])
    assert faces.names == (NAMES[0], *NAMES[3:])
    assert len(faces.images) == len(faces.landmarks) == len(faces.valid) == 3


def test_a_folder_of_broken_pictures_is_refused(folder):
    for name in NAMES:
        (folder / name).write_bytes(b"nothing")
    with pytest.raises(ImageFileError, match="None of the 5 pictures"):
        load_faces(folder, on_bad="skip")


def test_bad_sources_are_refused_in_a_sentence(folder, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "note.txt").write_text("hello")
    for path, words in ((empty, "must hold"), (tmp_path / "note.txt", "must be a folder or a zip"),
                        (tmp_path / "absent", "must be a folder or a zip")):  # fmt: skip
        with pytest.raises(InputError, match=rf"`path` {words} .*Received: "):
            load_faces(path)
    with pytest.raises(InputError, match=r"`on_bad` must be 'stop' or 'skip'"):
        load_faces(folder, on_bad="ignore")


def test_bad_landmarks_are_refused_in_a_sentence(folder, tmp_path):
    def refused(words, **arguments):
        with pytest.raises(InputError, match=rf"`landmarks` must {words}.*Received: "):
            load_faces(folder, **arguments)

    refused("name pictures", landmarks={"other.png": LANDMARKS[0]})
    np.savez(tmp_path / "wrong.npz", name=np.array(NAMES))
    refused("be an .npz", landmarks=tmp_path / "wrong.npz")
    np.savez(tmp_path / "short.npz", name=np.array(NAMES), landmarks=LANDMARKS[:3])
    refused("hold five finite points", landmarks=tmp_path / "short.npz")
    np.savez(tmp_path / "holes.npz", name=np.array(NAMES), landmarks=LANDMARKS * np.nan)
    refused("hold five finite points", landmarks=tmp_path / "holes.npz")
    (tmp_path / "wrong.csv").write_text("name,x1\nface_00.png,3\n")
    refused("be an .npz", landmarks=tmp_path / "wrong.csv")
    refused("be an .npz", landmarks=tmp_path / "absent.csv")
    (tmp_path / "faces.npz").unlink()
    refused("be given, or lie beside")


@pytest.mark.shared
def test_the_kits_faces_align(shared):
    faces = load_faces(shared / "faces" / "ffhq_val.zip")
    assert len(faces) == 250
    assert np.abs(faces.landmarks - template_points(128)).mean() < 4
    assert faces.valid.mean() > 0.9
    tight = load_faces(shared / "faces" / "val.zip", limit=50)
    assert 0.35 < tight.valid.mean() < 0.6


def test_faces_load_without_tensorflow():
    code = "import sys; from tfinpaint.data import load_faces; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_the_room_names_what_it_has():
    assert all(getattr(data, name) for name in dir(data))
    with pytest.raises(AttributeError, match=r"no attribute 'oclude'; it has FaceSet, .*occlude"):
        _ = data.oclude


def test_what_lies_outside_the_corners_is_made_up(folder, tmp_path):
    """The left half of each picture is a border; the crop's pixels there are not valid, and no other pixel changes."""
    with np.load(f"{folder}.npz") as arrays:
        known = dict(arrays)
    side = cv2.imread(str(sorted(folder.glob("*.png"))[0])).shape[0]
    corners = np.float32([[side / 2, 0], [side - 1, 0], [side - 1, side - 1], [side / 2, side - 1]])
    np.savez(tmp_path / "l.npz", **known, quad=np.tile(corners, (len(known["name"]), 1, 1)))
    whole, half = load_faces(folder, size=48), load_faces(folder, size=48, landmarks=tmp_path / "l.npz")
    np.testing.assert_array_equal(half.images, whole.images)
    np.testing.assert_array_equal(half.landmarks, whole.landmarks)
    assert (half.valid <= whole.valid).all() and 0.3 < half.valid.mean() / whole.valid.mean() < 0.7
    for valid, points in zip(half.valid[..., 0], half.landmarks, strict=True):
        eyes = points[:2].round().astype(int)  # of a face in the middle, on either side of the border
        assert valid[eyes[0, 1], eyes[0, 0]] == 0 and valid[eyes[1, 1], eyes[1, 0]] == 1


def test_corners_that_are_none_are_refused(folder, tmp_path):
    with np.load(f"{folder}.npz") as arrays:
        known = dict(arrays)
    np.savez(tmp_path / "l.npz", **known, quad=np.zeros((1, 4, 2)))
    with pytest.raises(InputError, match=r"`quad` must hold four finite corners .*shape \(1, 4, 2\)"):
        load_faces(folder, landmarks=tmp_path / "l.npz")


FAULTS = {
    "both eyes lie on one spot": lambda p: p[[0, 0, 2, 3, 4]],
    "form no face": lambda p: p[[1, 0, 2, 3, 4]],
    "form no face:": lambda p: p[[0, 1, 2, 4, 3]],
    "look like shares of the picture": lambda p: p / 80,
    "lies outside the picture of 80x80": lambda p: p + 100_000,
    "pixels apart in a picture of 80x80": lambda p: (p - p.mean(0)) * 1e6 + p.mean(0),
    "one spot": lambda p: 0 * p,
}


@pytest.mark.parametrize("words", FAULTS)
def test_landmarks_of_no_face_in_the_picture_are_bad_files(folder, tmp_path, words):
    points = np.array(LANDMARKS)
    points[1] = FAULTS[words](points[1])
    np.savez(tmp_path / "l.npz", name=np.array(NAMES, "S"), landmarks=points)
    with pytest.raises(ImageFileError, match=f"landmarks of {NAMES[1]} .*{words}.*on_bad='skip'"):
        load_faces(folder, landmarks=tmp_path / "l.npz")
    faces = load_faces(folder, landmarks=tmp_path / "l.npz", on_bad="skip")
    assert faces.bad == (NAMES[1],) and len(faces) == len(NAMES) - 1
    assert np.isfinite(faces.landmarks).all()


def test_a_name_with_two_faces_is_told(folder, tmp_path):
    points = np.array(LANDMARKS)
    names = np.array([*NAMES[:-1], NAMES[0]], "S")
    np.savez(tmp_path / "l.npz", name=names, landmarks=points)
    with pytest.raises(InputError, match=f"must name each picture once. Received: '{NAMES[0]}' twice"):
        load_faces(folder, landmarks=tmp_path / "l.npz")
    points[-1] = points[0]  # the same twice is no contradiction
    np.savez(tmp_path / "l.npz", name=names, landmarks=points)
    assert len(load_faces(folder, landmarks=tmp_path / "l.npz")) == len(NAMES) - 1


@pytest.mark.parametrize("lower", [8, 24])
@pytest.mark.parametrize("ending", [".npz", ".csv"])
def test_all_x_before_all_y_is_told(folder, tmp_path, ending, lower):
    points = np.array([(p + [0, lower]).T.reshape(5, 2) for p in LANDMARKS])
    assert landmark_fault(points[0]) is None, "each might be a turned head"
    np.savez(tmp_path / "l.npz", name=np.array(NAMES, "S"), landmarks=points)
    rows = [",".join([n, *map(str, p.ravel())]) for n, p in zip(NAMES, points, strict=True)]
    (tmp_path / "l.csv").write_text("\n".join([",".join(FIELDS), *rows]))
    with pytest.raises(InputError, match="`landmarks` must hold x and y of each point together.*all x before all y"):
        load_faces(folder, landmarks=tmp_path / f"l{ending}")


@pytest.mark.parametrize("turn", [90, 180, -90])
def test_a_face_in_any_turn_is_a_face(turn):
    angle = np.radians(turn)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert landmark_fault(LANDMARKS[0] @ matrix.T + 300) is None


@pytest.mark.parametrize("cell", ["nan", "", " ", "NA", "None", "#N/A", "null", "-"])
def test_a_face_that_nobody_found_is_one_bad_file(folder, tmp_path, cell):
    rows = [",".join(FIELDS)] + [",".join([n, *map(str, p.ravel())]) for n, p in zip(NAMES, LANDMARKS, strict=True)]
    rows[2] = ",".join([NAMES[1], *[cell] * 10])
    (tmp_path / "l.csv").write_text("\n".join(rows))
    faces = load_faces(folder, landmarks=tmp_path / "l.csv", on_bad="skip")
    assert faces.bad == (NAMES[1],) and len(faces) == len(NAMES) - 1 and np.isfinite(faces.landmarks).all()
    with pytest.raises(ImageFileError, match="cannot be used: they are not five finite points"):
        load_faces(folder, landmarks=tmp_path / "l.csv")


TABLES = {
    "byte order mark": lambda text: "\ufeff" + text,
    "semicolons": lambda text: text.replace(",", ";").replace(".0", ",0").replace(".5", ",5"),
    "a line that names the mark": lambda text: "sep=;\r\n" + text.replace(",", ";"),
    "tabs": lambda text: text.replace(",", "\t"),
    "UTF-16 and tabs": lambda text: text.replace(",", "\t").encode("utf-16"),
    "blanks": lambda text: text.replace(",", " , ") + "\n\n",
    "capital letters": lambda text: text.replace("name,x1", "Name,X1"),
    "other line ends": lambda text: text.replace("\n", "\r\n"),
    "another order": lambda text: "\n".join(",".join(line.split(",")[::-1]) for line in text.splitlines()),
}


@pytest.mark.parametrize("table", TABLES)
def test_tables_are_read_as_spreadsheets_write_them(folder, tmp_path, table):
    points = np.round(np.array(LANDMARKS) * 2) / 2
    rows = [",".join(FIELDS)] + [
        ",".join([n, *(f"{v:.1f}" for v in p.ravel())]) for n, p in zip(NAMES, points, strict=True)
    ]
    written = TABLES[table]("\n".join(rows) + "\n")
    (tmp_path / "l.csv").write_bytes(written if isinstance(written, bytes) else written.encode())
    np.savez(tmp_path / "l.npz", name=np.array(NAMES), landmarks=points)
    _assert_same(load_faces(folder, landmarks=tmp_path / "l.csv"), load_faces(folder, landmarks=tmp_path / "l.npz"))
