"""Which row of a table of landmarks belongs to which picture, and what is said of pictures that have none."""

import unicodedata

import cv2
import numpy as np
import pytest

from tests.faces_for_tests import synthetic_faces
from tfinpaint.data import load_faces
from tfinpaint.data.packed import face_members
from tfinpaint.errors import InputError

FACES, LANDMARKS = synthetic_faces(3, 64)
NAMES = ["Müller.png", "Zoë.png", "plain.png"]
FIELDS = ["name", *(f"{axis}{point}" for point in range(1, 6) for axis in "xy")]
FORMS = {
    "as they are": (NAMES, "\n".join(NAMES).encode()),
    "accents apart on the disk": ([unicodedata.normalize("NFD", name) for name in NAMES], "\n".join(NAMES).encode()),
    "accents apart in the table": (NAMES, unicodedata.normalize("NFD", "\n".join(NAMES)).encode()),
    "a table as Windows writes it": (NAMES, "\n".join(NAMES).encode("cp1252")),
}


def write(path, names, rows, points=LANDMARKS):
    """Pictures in a folder, and beside it a table whose rows have these names, as bytes."""
    for name, face in zip(names, FACES, strict=True):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(cv2.imencode(".png", face[..., ::-1])[1].tobytes())
    numbers = [",".join(map(str, five.ravel())).encode() for five in points]
    lines = [b",".join(cells) for cells in zip(rows, numbers, strict=True)]
    path.with_suffix(".csv").write_bytes(b"\n".join([",".join(FIELDS).encode(), *lines]))
    return path


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("folder", ["", "inside/"])
def test_accents_are_the_same_however_they_are_stored(tmp_path, caplog, form, folder):
    names, table = FORMS[form]
    path = write(tmp_path / "faces", [folder + name for name in names], table.split(b"\n"))
    faces = load_faces(path, size=64)
    assert faces.names == tuple(sorted(folder + name for name in names)) and not caplog.records
    plain = load_faces(path, size=64, landmarks={folder + n: p for n, p in zip(names, LANDMARKS, strict=True)})
    np.testing.assert_array_equal(faces.landmarks, plain.landmarks)
    assert len(list(face_members(path, "0"))) == len(NAMES) + 1


def test_a_name_that_is_there_is_taken_before_one_that_is_like_it(tmp_path, caplog):
    names = [unicodedata.normalize(form, "é.png") for form in ("NFC", "NFD")] + ["a.png"]
    path = write(tmp_path / "faces", names, [name.encode() for name in names])
    table = dict(zip(names, LANDMARKS, strict=True))
    for found in (load_faces(path, size=64), load_faces(path, size=64, landmarks=table)):
        np.testing.assert_array_equal(found.landmarks[list(found.names).index(names[0])], _aligned(path, names[0]))
    del table[names[1]]
    assert load_faces(path, size=64, landmarks=table).names == ("a.png", names[0])
    assert "1 of 3 pictures in" in caplog.text


def _aligned(path, name):
    one = load_faces(path, size=64, landmarks={name: LANDMARKS[0]})
    return one.landmarks[list(one.names).index(name)]


def test_pictures_without_landmarks_are_counted(tmp_path, caplog):
    path = write(tmp_path / "faces", NAMES, [NAMES[0].encode(), b"other.png", b"third.png"])
    assert load_faces(path).names == tuple(NAMES[:1])
    said = f"2 of 3 pictures in {path} have no landmarks and are left out, such as {NAMES[1]!r}"
    assert said in caplog.text and "2 names in the landmarks are no picture, such as 'other.png'" in caplog.text
    caplog.clear()
    list(face_members(path, "0"))
    assert said in caplog.text


def test_two_pictures_of_one_name_do_not_share_a_row(tmp_path):
    """Each person's folder has its own 1.png."""
    path = write(tmp_path / "faces", ["alice/1.png", "bob/1.png", "bob/2.png"], [b"1.png", b"bob/2.png", b"3.png"])
    with pytest.raises(InputError, match="with their folders.* '1.png', which is alice/1.png and bob/1.png"):
        load_faces(path)
    path = write(tmp_path / "more", ["alice/1.png", "bob/1.png", "1.png"], [b"1.png", b"bob/1.png", b"alice/1.png"])
    assert load_faces(path).names == ("1.png", "alice/1.png", "bob/1.png")
