"""Folders and zips of pictures: what is found, and what is said of those that cannot be read."""

import itertools
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from tests.data.photos import encoded
from tests.faces_for_tests import synthetic_faces
from tfinpaint.data import concatenate, load_faces, picture_files, split_by_identity
from tfinpaint.data.picture_files import fingerprint, left_out, pictures_of, readers_of
from tfinpaint.errors import ImageFileError, InputError

FACES, LANDMARKS = synthetic_faces(6, 48)
HIDDEN = ("3 in hidden folders or those of the system", "1 hidden")
NAMES = [f"person{k // 2}/{k}.png" for k in range(6)]


@pytest.fixture
def people(tmp_path):
    for name, face in zip(NAMES, FACES, strict=True):
        (tmp_path / "people" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "people" / name).write_bytes(encoded(face))
    np.savez(tmp_path / "people.npz", name=np.array(NAMES), landmarks=LANDMARKS)
    return tmp_path / "people"


def zipped(people, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(people.with_suffix(".zip"), "w", compression) as archive:
        for name in NAMES:
            archive.write(people / name, name)
        archive.writestr("__MACOSX/person0/._0.png", b"a shadow")
    return people.with_suffix(".zip")


def test_a_folder_and_its_zip_hold_the_same_pictures(people):
    archive = zipped(people)
    assert [p.name for p in pictures_of(people)] == [p.name for p in pictures_of(archive)] == NAMES
    assert [p.folder for p in pictures_of(archive)] == [n.split("/")[0] for n in NAMES]
    assert {k: read() for k, read in readers_of(people).items()} == {k: r() for k, r in readers_of(archive).items()}


def test_names_that_lead_out_of_a_zip_are_left_out(people):
    archive = zipped(people)
    with zipfile.ZipFile(archive, "a") as members:
        for name in ("../../out.png", "person0/../../out.png", "/out.png"):
            members.writestr(name, encoded(FACES[0]))
    assert [picture.name for picture in pictures_of(archive)] == NAMES
    assert "3 with names that lead out of the zip" in left_out(archive)


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_what_is_longer_than_any_picture_is_named_and_not_read(people, kind, monkeypatch):
    size = (people / NAMES[0]).stat().st_size
    monkeypatch.setattr(picture_files, "MAX_BYTES", size - 1)
    read = readers_of(people if kind == "folder" else zipped(people))[NAMES[0]]
    with pytest.raises(ImageFileError, match=f"{NAMES[0]} in .* cannot be read .*are no picture"):
        read()


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_every_kind_that_can_be_read_is_taken_and_the_rest_is_counted(people, kind):
    kinds = {".jfif": "JPEG", ".jpe": "JPEG", ".gif": "GIF", ".tiff": "TIFF", ".WEBP": "WEBP"}
    kinds |= {".avif": "AVIF"} if features.check("avif") else {}
    names, table = [*NAMES], dict(zip(NAMES, LANDMARKS, strict=True))
    for i, (ending, file_format) in enumerate(kinds.items()):
        names.append(f"person0/{chr(ord('a') + i)}{ending}")
        Image.fromarray(FACES[0]).save(people / names[-1], file_format)
        table[names[-1]] = LANDMARKS[0]
    for name in ("person0/._0.png", "notes.txt", "more.TXT", "Thumbs.db"):
        (people / name).write_bytes(b"?")
    place = people
    if kind == "zip":
        place = people.with_suffix(".zip")
        with zipfile.ZipFile(place, "w") as archive:
            for file in people.rglob("*"):
                archive.write(file, file.relative_to(people))
    assert [p.name for p in pictures_of(place)] == sorted(names)
    assert left_out(place).count("2 ") == 2 and "2 of the system" in left_out(place)
    assert "2 .txt, no kind of picture" in left_out(place)
    faces = load_faces(place, size=48, landmarks=table)
    assert faces.names == tuple(sorted(names)) and not faces.bad
    for name, picture in zip(faces.names, faces.images, strict=True):
        assert np.abs(picture.astype(int) - faces.images[faces.names.index(NAMES[0])]).mean() < 20 or name in NAMES


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_what_systems_hide_is_passed_over(people, kind):
    hidden = ("@eaDir/0.png/THUMB.png", ".thumbnails/0.png", "person0/.trashed-17-0.png", "__MACOSX/person0/0.png")
    for name in hidden:
        (people / name).parent.mkdir(parents=True, exist_ok=True)
        (people / name).write_bytes((people / NAMES[0]).read_bytes())
    place = people
    if kind == "zip":
        place = people.with_suffix(".zip")
        with zipfile.ZipFile(place, "w") as archive:
            for file in filter(Path.is_file, people.rglob("*")):
                archive.write(file, file.relative_to(people))
    assert [p.name for p in pictures_of(place)] == NAMES
    assert left_out(place) in (f"{a}, {b}" for a, b in itertools.permutations(HIDDEN))


def test_folders_that_are_not_looked_into_are_counted(people, tmp_path):
    os.symlink(people / "person0", people / "again")
    os.symlink(people, people / "person0" / "loop")
    os.symlink("nowhere", people / "gone.png")
    assert [p.name for p in pictures_of(people)] == NAMES
    assert "2 links to folders" in left_out(people) and "1 pipes or broken links" in left_out(people)


@pytest.mark.parametrize("below", ["person0", "."])
def test_folders_that_may_not_be_read_are_counted(people, below, monkeypatch):
    scandir = os.scandir

    def refuse(path="."):
        if Path(path) == people / below:
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    if below == ".":
        with pytest.raises(InputError, match="with none; left out: 1 folders that cannot be read"):
            pictures_of(people)
    else:
        assert [p.name for p in pictures_of(people)] == [n for n in NAMES if not n.startswith(below)]
        assert "1 folders that cannot be read" in left_out(people)


def test_a_place_without_pictures_says_what_it_holds(tmp_path):
    (tmp_path / "notes.txt").write_bytes(b"?")
    with pytest.raises(InputError, match=r"with none; left out: 1 \.txt, no kind of picture\."):
        pictures_of(tmp_path)
    assert left_out(tmp_path / "notes.txt") == ""


def test_a_fingerprint_changes_with_names_and_contents(people):
    before = fingerprint(pictures_of(people))
    assert before == fingerprint(pictures_of(people))
    (people / NAMES[0]).write_bytes(b"longer or shorter")
    changed = fingerprint(pictures_of(people))
    (people / NAMES[0]).unlink()
    assert len({before, changed, fingerprint(pictures_of(people))}) == 3


def test_a_cut_off_zip_is_refused_and_a_damaged_member_is_a_bad_picture(people, caplog):
    archive = zipped(people)
    data = archive.read_bytes()
    at = data.index(b"IDAT") + 40
    archive.write_bytes(data[:at] + b"\0\0\0\0" + data[at + 4 :])
    with pytest.raises(
        ImageFileError, match=r"The picture person0/0\.png in .*people\.zip cannot be decoded\. Mend it"
    ):
        load_faces(archive)
    assert load_faces(archive, on_bad="skip").bad == (NAMES[0],)
    assert "1 of 6 pictures in" in caplog.text and "left out: person0/0.png." in caplog.text
    with pytest.raises(ImageFileError, match=r"The picture person0/0\.png .*cannot be read \(Bad CRC-32"):
        readers_of(archive)[NAMES[0]]()
    archive.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"`path` must be a whole zip\. Received: .*damaged or cut off"):
        load_faces(archive)


def test_a_damaged_landmark_file_is_refused_in_a_sentence(people):
    file = people.with_suffix(".npz")
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(InputError, match=r"`landmarks` must be an \.npz with arrays name .* Received: "):
        load_faces(people)


def test_folders_name_people_and_stay_with_their_faces(people):
    faces = load_faces(people, size=48, identities=True)
    assert faces.identities == tuple(n.split("/")[0] for n in NAMES)
    assert faces.take([4, 0]).identities == ("person2", "person0")
    assert faces.take(np.arange(6) > 3).identities == ("person2",) * 2
    assert concatenate(faces, faces).identities == faces.identities * 2
    assert concatenate(faces, load_faces(people, size=48)).identities is None
    (people / NAMES[2]).write_bytes(b"nothing")
    kept = load_faces(people, size=48, identities=True, on_bad="skip")
    assert kept.identities == ("person0",) * 2 + ("person1",) + ("person2",) * 2 and len(kept.names) == 5


def test_pictures_without_a_folder_have_no_identity(people):
    (people / NAMES[0]).rename(people / "0.png")
    np.savez(people.with_suffix(".npz"), name=np.array(["0.png", *NAMES[1:]]), landmarks=LANDMARKS)
    with pytest.raises(InputError, match=r"`identities` needs a folder for each person\. Received: '0\.png' in "):
        load_faces(people, identities=True)


def test_nobody_is_on_both_sides_of_a_split(people):
    faces = load_faces(people, size=48, identities=True)
    for share, count in ((0.1, 1), (0.34, 1), (0.6, 2), (0.99, 2)):
        first, second = split_by_identity(faces, share)
        assert len(set(first.identities)) == count and len(first) + len(second) == 6
        assert not set(first.identities) & set(second.identities)
    turned = split_by_identity(faces.take([5, 3, 1, 0, 2, 4]), 0.6)[0]
    assert set(turned.names) == set(split_by_identity(faces, 0.6)[0].names)
    assert len({split_by_identity(faces, 0.34, seed)[0].identities for seed in range(20)}) == 3


def test_splits_that_cannot_be_made_are_refused(people):
    faces = load_faces(people, size=48, identities=True)
    with pytest.raises(InputError, match="`faces` must have identities"):
        split_by_identity(load_faces(people, size=48), 0.5)
    with pytest.raises(InputError, match="`share` must be between 0 and 1"):
        split_by_identity(faces, 1.0)
    with pytest.raises(InputError, match="`faces` must show at least two people"):
        split_by_identity(faces.take([0, 1]), 0.5)
