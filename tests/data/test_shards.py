"""Packs stay below their limit, come back whole, and notice whatever is missing or damaged."""

import zipfile

import cv2
import numpy as np
import pytest

from tests.data.test_numpy_batches import bank
from tests.faces_for_tests import synthetic_faces
from tests.models.tiny import make
from tfinpaint import zoo
from tfinpaint.cli import main
from tfinpaint.data import Shards, load_faces, pipeline
from tfinpaint.data.occlusions import LowerFaceRectangle
from tfinpaint.data.packed import face_members, occluder_members, packed_faces, packed_occluders
from tfinpaint.data.shards import MANIFEST, write_manifest, write_shards
from tfinpaint.errors import InputError

LIMIT = 20_000


def members(count=12):
    rng = np.random.default_rng(0)
    return [(f"a/{i}.bin", rng.bytes(int(rng.integers(10, 9_000)))) for i in range(count)]


def packed(folder, items=None, about=None, limit=LIMIT):
    folder.mkdir(exist_ok=True)
    files = write_shards(members() if items is None else items, folder, limit)
    write_manifest(folder, files, about or {})
    return folder


@pytest.fixture
def photos(tmp_path):
    """A zip of JPEGs with landmarks beside it."""
    images, landmarks = synthetic_faces(9, 48)
    files = {f"in/{i}.jpg": cv2.imencode(".jpg", image[..., ::-1])[1].tobytes() for i, image in enumerate(images)}
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr("in/stranger.jpg", b"no landmarks")
    np.savez(tmp_path / "photos.npz", name=np.array(list(files)), landmarks=landmarks)
    return tmp_path / "photos.zip"


def test_members_come_back_from_shards_below_the_limit(tmp_path):
    shards = Shards(packed(tmp_path, about={"preset": "p"}))
    assert len(shards.archives) > 2 and all(p.stat().st_size <= LIMIT for p in shards.archives)
    assert all(p.stat().st_size > LIMIT - 9_200 for p in shards.archives[:-1])  # as full as the next member allows
    assert shards.names("a/") == sorted(name for name, _ in members())
    assert shards.read(name for name, _ in members()) == [data for _, data in members()]
    assert shards.about == {"preset": "p"}


def test_the_same_members_give_the_same_bytes(tmp_path):
    first, second = packed(tmp_path / "a"), packed(tmp_path / "b")
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()


def test_a_member_above_the_limit_is_refused(tmp_path):
    exact = LIMIT - 22 - 76 - 2
    (full,) = write_shards([("a", bytes(exact))], tmp_path, LIMIT)
    assert full.stat().st_size == LIMIT
    with pytest.raises(InputError, match=r"must fit the limit of 20000 bytes\. Received: 'a'"):
        write_shards([("a", bytes(exact + 1))], tmp_path, LIMIT)


def _flip_byte(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGE = {
    "missing shard": (lambda f: (f / "shard-001.zip").unlink(), r"must hold shard-001\.zip; there is none"),
    "short shard": (lambda f: (f / "shard-001.zip").write_bytes(b"PK"), "must have .* bytes. Received: 2. Copy"),
    "damaged shard": (lambda f: _flip_byte(f / "shard-001.zip"), "must have the SHA-256 .* Received: .* Copy"),
    "no manifest": (lambda f: (f / MANIFEST).unlink(), r"must have a whole manifest\.json"),
    "half a manifest": (lambda f: (f / MANIFEST).write_text('{"format": 1'), r"must have a whole manifest\.json"),
    "strange manifest": (lambda f: (f / MANIFEST).write_text('{"format": 9}'), "format 9 instead of 1"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_said_in_one_sentence(damage, tmp_path):
    spoil, words = DAMAGE[damage]
    spoil(packed(tmp_path))
    with pytest.raises(InputError, match=words) as error:
        Shards(tmp_path)
    assert "\n" not in str(error.value)


def test_a_member_that_is_not_there_is_said(tmp_path):
    with pytest.raises(InputError, match="must hold 'occluders.npz'; pack again"):
        packed_occluders(Shards(packed(tmp_path)))


def test_faces_travel_as_the_bytes_that_they_are(photos, tmp_path):
    shards = Shards(packed(tmp_path / "pack", face_members(photos, "x"), limit=6_000))
    assert len(shards.archives) > 1
    with zipfile.ZipFile(photos) as archive:
        for name in shards.names("faces/"):
            assert shards.read([name]) == [archive.read(name.removeprefix("faces/x/"))]
    faces, expected = packed_faces(shards, ["x"], size=32), load_faces(photos, size=32)
    np.testing.assert_array_equal(faces.images, expected.images)
    np.testing.assert_array_equal(faces.landmarks, expected.landmarks)
    tight = packed_faces(shards, ["x"], size=32, framing="arcface")
    np.testing.assert_array_equal(tight.images, load_faces(photos, size=32, framing="arcface").images)
    twice = packed_faces(shards, ["x", "x"], size=32, jitter=0.1)
    assert len(twice) == 18 and (twice.images[:9] != twice.images[9:]).any()
    assert twice.fingerprint == packed_faces(shards, ["x", "x"], size=32, jitter=0.1).fingerprint


def test_pictures_with_landmarks_of_no_face_are_said(photos):
    with np.load(photos.with_suffix(".npz")) as arrays:
        names, points = arrays["name"], arrays["landmarks"].copy()
    points[2] = points[2][[1, 0, 2, 4, 3]]
    np.savez(photos.with_suffix(".npz"), name=names, landmarks=points)
    with pytest.raises(InputError, match="The landmarks of .* cannot be used: they form no face"):
        list(face_members(photos, "a"))


def test_pictures_without_landmarks_are_said(photos):
    np.savez(photos.with_suffix(".npz"), name=np.array(["y"]), landmarks=np.zeros((1, 5, 2)))
    with pytest.raises(InputError, match="must name pictures in it. Received: 1 others"):
        list(face_members(photos, "x"))


def test_occluders_travel_with_what_belongs_to_them(tmp_path):
    occluders = bank()
    again = packed_occluders(Shards(packed(tmp_path, occluder_members(occluders))))
    np.testing.assert_array_equal(again.pictures[..., 3], occluders.pictures[..., 3])
    np.testing.assert_array_equal(again.landmarks, occluders.landmarks)
    np.testing.assert_array_equal(again.light, occluders.light)


# ---- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny():
    return make("fmodr")


@pytest.fixture
def small_model(tiny, monkeypatch):
    """The preset's program and files, with a tiny model in its place and quickly drawn occluders."""
    monkeypatch.setattr(zoo, "load", lambda name, weights: tiny)
    monkeypatch.setattr(pipeline, "default_occlusion", lambda mixture: LowerFaceRectangle())


def test_the_command_packs_all_that_a_training_needs(photos, tmp_path, small_model, capsys):
    out, weights = tmp_path / "pack", tmp_path / "vgg.npz"
    np.savez(weights, a=np.zeros(3))
    command = ["pack", "fmodr", "--data", str(photos), str(photos), "--validation", str(photos), "--out", str(out)]
    command += ["--occluders", "5", "--limit-mb", "8", "--feature", f"perceptual={weights}"]
    assert main(command) == 0, capsys.readouterr().err
    shards = Shards(out)
    assert shards.about["preset"] == "fmodr_128" and shards.about["recipe"] == "small"
    assert shards.about["train"] == ["0-photos"] * 2 and shards.about["validation"] == ["0-photos"]
    assert shards.about["features"] == {
        "perceptual": ["vgg16", "feature-perceptual.npz"],
        "recogniser": ["light_cnn", "feature-recogniser.npz"],
    }
    assert (out / "feature-perceptual.npz").read_bytes() == weights.read_bytes()
    assert len(packed_occluders(shards)) == 5 and len(packed_faces(shards, ["0-photos"], size=32)) == 9
    assert all(path.stat().st_size <= 8e6 for path in out.iterdir())
    with zipfile.ZipFile(out / "tfinpaint.zip") as program:
        names = program.namelist()
    assert {"tfinpaint/cli/train.py", "tfinpaint/_zoo/fmodr/config.json"} < set(names)
    assert "tfinpaint/_zoo/fmodr/fmodr_128.weights.h5" in names and not [n for n in names if "__pycache__" in n]
    compile((out / "train.py").read_text(), "train.py", "exec")
    assert main(command) == 1
    assert "--out must be a new or empty folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ([], "look through 'perceptual': give --feature perceptual=FILE.npz"),
        (["--feature", "perceptual=none.npz"], "must name a file of weights. Received: 'none.npz'"),
        (["--recipe", "large"], "`--recipe` must be one of paper, small. Received: 'large'"),
    ],
)
def test_the_command_says_what_is_missing(extra, words, photos, tmp_path, small_model, capsys):
    assert main(["pack", "fmodr", "--data", str(photos), "--out", str(tmp_path / "pack"), *extra]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "pack").exists()
