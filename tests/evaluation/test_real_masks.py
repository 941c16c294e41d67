import zipfile

import cv2
import numpy as np
import pytest

from tfinpaint.errors import InputError
from tfinpaint.evaluation import find_faces, score_labelled, score_worn
from tfinpaint.faces import Face, template_points

SIDE = 64


def detector(photo):
    """Finds a face that fills the photo; none in a black one."""
    return [Face((0, 0, 10, 10), 0.9, template_points(len(photo)))] if photo.max() > 30 else []


def _photo(level=200):
    photo = np.full((SIDE, SIDE, 3), level, np.uint8)
    photo[SIDE // 2 :] //= 2
    return photo


def _zip(path, photos, labels=None):
    with zipfile.ZipFile(path, "w") as archive:
        for name, photo in photos.items():
            archive.writestr(f"{name}.jpg", cv2.imencode(".jpg", photo)[1].tobytes())
        for name, label in (labels or {}).items():
            archive.writestr(f"{name}_label.png", cv2.imencode(".png", label)[1].tobytes())
    return path


def test_photos_without_a_face_are_named(tmp_path):
    path = _zip(tmp_path / "a.zip", {"one": _photo(), "two": _photo(0), "three": _photo()})
    found = find_faces(path, 32, detector)
    assert found.names == ("one", "three") and found.missed == ("two",)
    assert found.images.shape == (2, 32, 32, 3) and found.labels is None
    np.testing.assert_allclose(found.landmarks[0], template_points(32), atol=1e-3)


def test_iou_with_labels_is_given_by_kind(tmp_path):
    label = np.zeros((SIDE, SIDE), np.uint8)
    label[SIDE // 2 :] = 2
    label[: SIDE // 4] = 1  # skin does not count
    names = ("CWM_1", "CWM_2", "IWM_1")
    path = _zip(tmp_path / "a.zip", dict.fromkeys(names, _photo()), dict.fromkeys(names, label))
    found = find_faces(path, SIDE, detector)
    masks = np.zeros((3, SIDE, SIDE, 1), np.float32)
    masks[0, SIDE // 2 :] = 1
    masks[1, SIDE // 2 :, SIDE // 2 :] = 1
    masks[2] = 1
    scores = score_labelled(masks, found)
    assert scores["CWM"]["mask_iou"]["mean"] == pytest.approx((1 + 0.5) / 2, abs=0.03)
    assert scores["IWM"]["mask_iou"]["mean"] == pytest.approx(0.5, abs=0.03)


def test_worn_masks_are_scored_by_the_points_that_they_cover(tmp_path):
    path = _zip(tmp_path / "a.zip", {name: _photo() for name in "abcd"})
    found = find_faces(path, SIDE, detector)
    eyes, nose = int(template_points(SIDE)[0, 1]), int(template_points(SIDE)[2, 1])
    masks = np.zeros((4, SIDE, SIDE, 1), np.float32)
    masks[0, nose - 2 :] = 1  # a worn mask
    masks[1, nose + 4 :] = 1  # below the nose
    masks[2, eyes - 2 :] = 1  # the eyes, too
    scores = score_worn(masks, found)
    assert scores["faces"] == 4 and scores["without_face"] == 0
    assert scores["nose_and_mouth_found"] == 0.5
    assert scores["eye_lost"] == 0.25 and scores["nothing_found"] == 0.25
    assert scores["area"]["mean"] == pytest.approx(masks.mean())


def test_pictures_without_labels_have_no_iou(tmp_path):
    found = find_faces(_zip(tmp_path / "a.zip", {"a": _photo()}), SIDE, detector)
    with pytest.raises(InputError, match="_label.png"):
        score_labelled(np.zeros((1, SIDE, SIDE, 1)), found)


def test_bad_zips_are_named(tmp_path):
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(InputError, match=r"text\.zip"):
        find_faces(tmp_path / "text.zip", SIDE, detector)
    with pytest.raises(InputError, match=r"missing\.zip"):
        find_faces(tmp_path / "missing.zip", SIDE, detector)
    with pytest.raises(InputError, match="no face"):
        find_faces(_zip(tmp_path / "black.zip", {"a": _photo(0)}), SIDE, detector)
    half = _zip(tmp_path / "half.zip", {"a": _photo(), "b": _photo()}, {"a": np.zeros((SIDE, SIDE), np.uint8)})
    with pytest.raises(InputError, match="a label for each photo"):
        find_faces(half, SIDE, detector)
