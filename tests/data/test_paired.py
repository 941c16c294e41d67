"""FMOR's three folders become triples that show the same pixels; whatever is no pair is named."""

import logging
import zipfile

import numpy as np
import pytest

from tests.data.photos import Finder, encoded
from tests.faces_for_tests import synthetic_faces
from tfinpaint.data import load_pairs, paired_batches
from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.faces import template_points

COUNT, SIDE = 6, 64
FACES, LANDMARKS = synthetic_faces(COUNT, SIDE)
HOLE = np.s_[38:56, 16:48]


@pytest.fixture
def pairs(tmp_path):
    """Six triples in sub-folders, with landmarks beside them."""
    root = tmp_path / "fmor"
    for k, face in enumerate(FACES):
        hidden, mask = face.copy(), np.zeros_like(face)
        hidden[HOLE], mask[HOLE] = (40, 90, 200), 255
        for folder, pixels in (("masked", hidden), ("unmasked", face), ("annotation", mask)):
            path = root / folder / f"person{k // 3}" / f"{k}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded(pixels))
    np.savez(tmp_path / "fmor.npz", name=np.array([f"{k}.png" for k in range(COUNT)]), landmarks=LANDMARKS)
    return root


def test_the_three_pictures_of_a_pair_show_the_same_pixels(pairs):
    loaded = load_pairs(pairs, size=48)
    assert loaded.names == tuple(f"person{k // 3}/{k}" for k in range(COUNT)) and len(loaded) == COUNT
    np.testing.assert_allclose(loaded.landmarks, np.broadcast_to(template_points(48), (COUNT, 5, 2)), atol=3)
    kept = np.broadcast_to(loaded.masks == 0, loaded.images.shape)
    difference = np.abs(loaded.images.astype(int) - loaded.occluded)
    assert difference[kept].max() <= 24 and np.mean(difference[kept] > 2) < 0.02  # ringing of the resampling at the rim
    assert difference[~kept].mean() > 20
    assert 0.1 < loaded.masks.mean() < 0.2 and set(np.unique(loaded.masks)) == {0, 1}
    assert loaded.images[0, ..., 2].mean() != loaded.occluded[0, ..., 2].mean()


def test_a_zip_and_a_detector_do_as_well(pairs, tmp_path):
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        for path in pairs.rglob("*.png"):
            archive.write(path, f"FMOR/{path.relative_to(pairs)}")
    given = {f"person{k // 3}/{k}": five for k, five in enumerate(LANDMARKS)}
    first, second = load_pairs(pairs, size=48), load_pairs(tmp_path / "two.zip", size=48, landmarks=given)
    for key in ("images", "occluded", "masks", "valid", "landmarks"):
        np.testing.assert_array_equal(getattr(first, key), getattr(second, key))
    found = load_pairs(tmp_path / "two.zip", size=48, detector=Finder(), limit=2)
    assert len(found) == 2 and np.abs(found.landmarks - template_points(48)).max() < 2


def test_batches_have_the_keys_and_ranges_of_drawn_occlusions(pairs):
    loaded = load_pairs(pairs, size=48)
    whole = paired_batches(loaded, batch_size=4, shuffle=False, flip=False, repeat=False)
    first, second = whole.as_numpy_iterator()
    assert set(first) == {"image", "occluded", "mask", "valid", "landmarks"} and len(second["image"]) == 2
    np.testing.assert_allclose((first["image"] + 1) * 127.5, loaded.images[:4], atol=1e-3)
    np.testing.assert_allclose((first["occluded"] + 1) * 127.5, loaded.occluded[:4], atol=1e-3)
    np.testing.assert_array_equal(first["mask"], loaded.masks[:4].astype(np.float32))


def test_batches_resume_and_flip_all_that_belongs_together(pairs):
    loaded = load_pairs(pairs, size=48)
    stream = paired_batches(loaded, batch_size=4, seed=5).take(5).as_numpy_iterator()
    resumed = paired_batches(loaded, batch_size=4, seed=5, start=3).take(2).as_numpy_iterator()
    batches = list(stream)
    for batch, again in zip(batches[3:], resumed, strict=True):
        for key in batch:
            np.testing.assert_array_equal(batch[key], again[key])
    flipped = 0
    originals = {key: getattr(loaded, f"{key}s") for key in ("image", "mask")}
    for batch in batches:
        for image, mask, points in zip(batch["image"], batch["mask"], batch["landmarks"], strict=True):
            picture = np.rint((image + 1) * 127.5)
            match = [(k, f) for k in range(COUNT) for f in (False, True)
                     if (originals["image"][k][:, :: -1 if f else 1] == picture).all()]  # fmt: skip
            ((k, mirrored),) = match
            np.testing.assert_array_equal(originals["mask"][k][:, :: -1 if mirrored else 1], mask)
            assert points[0, 0] < points[1, 0] and (mirrored or (points == loaded.landmarks[k]).all())
            flipped += mirrored
    assert 3 < flipped < 17


def broken(pairs):
    """Makes every kind of bad pair; returns the sentences by name."""
    (pairs / "unmasked" / "person0" / "0.png").unlink()
    for folder in ("masked", "unmasked"):
        (pairs / folder / "person0" / "1.png").unlink()
    (pairs / "masked" / "person0" / "2.png").write_bytes(b"nothing")
    (pairs / "annotation" / "person1" / "3.png").write_bytes(encoded(np.zeros((32, 64, 3), np.uint8)))
    (pairs / "masked" / "person1" / "4.jpg").write_bytes(encoded(FACES[4], ".jpg"))
    return {
        "person0/0": r"The pair person0/0 must have a picture in each folder. Received: none in unmasked/.",
        "person0/1": r"The mask annotation/person0/1.png matches no picture.",
        "person0/2": r"must be a picture",
        "person1/3": r"must have one size. Received: masked/ 64x64, unmasked/ 64x64, annotation/ 64x32.",
        "person1/4": r"masked/ must hold one picture person1/4. Received: masked/person1/4.jpg, masked/person1/4.png.",
    }


def test_each_bad_pair_stops_with_its_own_sentence(pairs):
    sentences = broken(pairs)
    for name in sorted(sentences, key=lambda n: n.endswith(("2", "3"))):  # what is no pair is told before any is read
        with pytest.raises(ImageFileError) as error:
            load_pairs(pairs, size=48)
        assert sentences[name] in str(error.value) and str(error.value).endswith("Mend it, or pass on_bad='skip'.")
        for folder in ("masked", "unmasked", "annotation"):  # the next one
            for path in (pairs / folder).rglob(f"{name.split('/')[1]}.*"):
                path.unlink()
    assert load_pairs(pairs, size=48).names == ("person1/5",)


def test_bad_pairs_are_skipped_and_counted(pairs, caplog):
    bad = broken(pairs)
    with caplog.at_level(logging.WARNING):
        loaded = load_pairs(pairs, size=48, on_bad="skip")
    assert loaded.names == ("person1/5",) and loaded.bad == tuple(sorted(bad)) and len(loaded) == 1
    (record,) = caplog.records
    assert "5 of 6 pairs in" in record.message and "person0/0, person0/1, person0/2, ..." in record.message
    (pairs / "unmasked" / "person1" / "5.png").unlink()
    with pytest.raises(ImageFileError, match="None of the 6 pairs in"):
        load_pairs(pairs, on_bad="skip")


def test_pairs_without_landmarks_or_face_are_bad(pairs):
    with pytest.raises(ImageFileError, match="The pair person0/0 has no landmarks"):
        load_pairs(pairs, landmarks={"5.png": LANDMARKS[5]})
    assert len(load_pairs(pairs, landmarks={"5.png": LANDMARKS[5]}, on_bad="skip")) == 1
    with pytest.raises(ImageFileError, match="No face was found in the bare picture unmasked/person0/0.png"):
        load_pairs(pairs, detector=lambda pixels: [])


@pytest.mark.parametrize("points", [LANDMARKS[5] * 0, LANDMARKS[5][[1, 0, 2, 4, 3]], LANDMARKS[5] * np.nan])
def test_pairs_with_landmarks_of_no_face_are_bad(pairs, points):
    known = {f"{k}.png": LANDMARKS[k] for k in range(COUNT)} | {"5.png": points}
    with pytest.raises(ImageFileError, match="The landmarks of the pair person./5 cannot be used: "):
        load_pairs(pairs, landmarks=known)
    loaded = load_pairs(pairs, landmarks=known, on_bad="skip")
    assert len(loaded) == COUNT - 1 and np.isfinite(loaded.landmarks).all()


def test_a_wrong_layout_is_refused_in_a_sentence(pairs, tmp_path):
    with pytest.raises(InputError, match=r"`path` must hold the folders masked, unmasked, annotation with pictures"):
        load_pairs(pairs / "masked")
    with pytest.raises(InputError, match=r"Received: .*fmor', without labels"):
        load_pairs(pairs, folders=("masked", "unmasked", "labels"))
    with pytest.raises(InputError, match="`path` must be a folder or a zip"):
        load_pairs(tmp_path / "absent")
    with pytest.raises(InputError, match="`on_bad` must be 'stop' or 'skip'"):
        load_pairs(pairs, on_bad="ignore")
    with pytest.raises(InputError, match="`batch_size` must be at least 1"):
        paired_batches(load_pairs(pairs, size=48), batch_size=0)
