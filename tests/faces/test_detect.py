"""Where detectors come from, what they find, and how one face is chosen."""

import sys
import zipfile

import cv2
import numpy as np
import pytest
from skimage import data

from tests.fake_engine import FACE, no_face
from tfinpaint.errors import InputError, NoFaceError
from tfinpaint.faces import (
    Face,
    FaceFinder,
    MTCNNDetector,
    YuNet,
    default_detector,
    face_from_landmarks,
    face_in_box,
    largest,
    yunet,
)
from tfinpaint.faces.face import without_doubles


def face(x, y, size, score=0.9) -> Face:
    return Face((x, y, size, size), score, np.zeros((5, 2), np.float32))


def test_yunet_comes_with_the_package_and_needs_no_home(monkeypatch):
    monkeypatch.delenv("HOME", raising=False)
    detector = default_detector()
    assert isinstance(detector, YuNet) and detector(np.full((100, 120, 3), 127, np.uint8)) == []


def test_without_mtcnn_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mtcnn", None)
    with pytest.raises(InputError, match=r"mtcnn must be installed: pip install 'tfinpaint\[mtcnn\]'"):
        MTCNNDetector()


def test_mtcnn_finds_the_portrait_and_nothing_in_a_wall():
    detector = MTCNNDetector()
    found = largest(detector(data.astronaut()))
    eyes = np.linalg.norm(FACE.landmarks[1] - FACE.landmarks[0])
    assert np.linalg.norm(found.landmarks - FACE.landmarks, axis=1).max() < 0.2 * eyes
    assert found.score > 0.9
    assert detector(np.full((100, 120, 3), 127, np.uint8)) == []


def test_yunet_finds_faces_of_every_size_with_their_points():
    detector = YuNet()
    for scale in (0.15, 0.5, 1, 3):
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        pixels = cv2.resize(data.astronaut(), None, fx=scale, fy=scale, interpolation=interpolation)
        found = largest(detector(pixels))
        eyes = np.linalg.norm(FACE.landmarks[1] - FACE.landmarks[0]) * scale
        assert np.linalg.norm(found.landmarks - FACE.landmarks * scale, axis=1).max() < 0.2 * eyes
    close = cv2.resize(data.astronaut()[30:200, 140:310], (1600, 1600), interpolation=cv2.INTER_CUBIC)
    assert largest(detector(close)).box[2] > 600
    assert detector(np.full((100, 120, 3), 127, np.uint8)) == []


def test_the_largest_sure_face_is_chosen():
    near, far, doubtful = face(0, 0, 100, 0.9), face(200, 0, 40, 0.99), face(0, 200, 105, 0.61)
    assert largest([far, doubtful, near]) is near


def test_a_face_inside_another_is_no_second_face():
    whole, eye, beside = face(0, 0, 100, 0.9), face(20, 20, 15, 0.7), face(90, 0, 100, 0.8)
    assert without_doubles([eye, beside, whole]) == [whole, beside]


def test_a_box_takes_the_face_that_the_detector_sees_in_it():
    pixels = np.zeros((300, 400, 3), np.uint8)

    def detector(window):
        assert window.shape == (201, 201, 3)
        return [Face((55.0, 50.0, 95.0, 100.0), 0.8, np.full((5, 2), 60, np.float32)), face(0, 0, 10)]

    found = face_in_box(pixels, (150, 100, 100, 100), detector)
    assert found.box == (155.0, 100.0, 95.0, 100.0) and (found.landmarks == [160, 110]).all()


def test_a_box_that_no_detector_agrees_with_gets_the_mean_face():
    pixels = np.zeros((300, 400, 3), np.uint8)
    for detector in (None, no_face, lambda window: [face(0, 0, 10)]):
        found = face_in_box(pixels, (100, 50, 80, 100), detector)
        x, y = found.landmarks.T
        assert found.box == (100, 50, 80, 100)
        assert (x > 100).all() and (x < 180).all() and (y > 50).all() and (y < 150).all()
        assert x[0] < x[2] < x[1] and y[0] < y[2] < y[3]


@pytest.mark.parametrize(
    "box", [(0, 0, 0, 5), (500, 0, 10, 10), (-20, 0, 10, 10), (1, 2, 3), (0, 0, np.nan, 4), (0, 0, 9, 1e9)]
)
def test_a_box_outside_the_photo_is_refused(box):
    with pytest.raises(InputError, match="`box` must be"):
        face_in_box(np.zeros((300, 400, 3), np.uint8), box)


def test_landmarks_are_used_as_they_are():
    finder = FaceFinder(no_face, landmarks=FACE.landmarks.tolist())
    (found,) = finder(np.zeros((300, 400, 3), np.uint8))
    assert np.array_equal(found.landmarks, FACE.landmarks) and found.score == 1
    for bad in (np.zeros((5, 2)), np.zeros((4, 2)), np.full((5, 2), np.nan)):
        with pytest.raises(InputError, match="five points"):
            face_from_landmarks(bad)
    large = (FACE.landmarks - FACE.landmarks[0]) * 1e6 + 200
    with pytest.raises(InputError, match="a face at most 4 times as large as the photo, 400x300"):
        FaceFinder(no_face, landmarks=large)(np.zeros((300, 400, 3), np.uint8))


def test_no_face_suggests_what_to_do():
    with pytest.raises(NoFaceError, match=r"No face was found in a.jpg; .*--box.*--aligned"):
        FaceFinder(no_face)(np.zeros((300, 400, 3), np.uint8), "a.jpg")


def test_contradicting_wishes_are_refused():
    with pytest.raises(InputError, match="'largest' or 'all'. Received: 'both'"):
        FaceFinder(faces="both")
    with pytest.raises(InputError, match="Only one of"):
        FaceFinder(box=(0, 0, 1, 1), landmarks=FACE.landmarks)


# ---- turned and large photos -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", range(4))
def test_points_of_a_turned_photo_are_where_they_are_in_the_photo(turn):
    photo, points = np.zeros((40, 60)), np.array([[11, 7], [23, 8], [17, 14], [12, 20], [22, 21]])
    for i, (x, y) in enumerate(points):
        photo[y, x] = i + 1
    turned = np.rot90(photo, turn)
    seen = np.array([np.argwhere(turned == i + 1)[0][::-1] for i in range(5)], np.float32)
    low, span = seen.min(0), np.ptp(seen, axis=0)
    face = yunet.unturned(Face((*low.tolist(), *span.tolist()), 0.9, seen), turn, photo.shape)
    np.testing.assert_array_equal(face.landmarks, points)
    assert face.score == 0.9
    np.testing.assert_allclose(face.box, (11, 7, 12, 14), atol=1)


@pytest.mark.parametrize("shape", [(4000, 6000), (2001, 300), (2000, 2000), (100, 50), (2500, 16000)])
def test_tiles_cover_a_large_photo_and_overlap(shape):
    found = yunet.tiles(shape, 2000, 400)
    assert bool(found) == (max(shape) > 2000)
    seen = np.zeros([-(-length // 10) for length in shape], int)
    for rows, columns in found:
        assert rows.stop - rows.start <= 2000 and columns.stop - columns.start <= 2000
        seen[rows.start // 10 : -(-rows.stop // 10), columns.start // 10 : -(-columns.stop // 10)] += 1
    if found:
        assert seen.min() >= 1
        whole = [(r, c) for r, c in found]
        for x in range(0, shape[1] - 390, 130):  # a face of 390 pixels lies whole in one of them
            assert any(c.start <= x and x + 390 <= c.stop for _, c in whole)


@pytest.mark.shared
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_turned_photo_gives_the_place_of_the_upright_one(shared, turn):
    detector = YuNet()
    with zipfile.ZipFile(shared / "faces" / "ffhq_val.zip") as archive:
        names = archive.namelist()[:12]
        photos = [cv2.imdecode(np.frombuffer(archive.read(n), np.uint8), cv2.IMREAD_COLOR)[..., ::-1] for n in names]
    for photo in photos:
        photo = np.ascontiguousarray(photo)
        (upright, *_), (face, *_) = detector(photo), detector(np.ascontiguousarray(np.rot90(photo, turn)))
        back = yunet.unturned(face, turn, photo.shape[:2])
        eyes = np.linalg.norm(upright.landmarks[1] - upright.landmarks[0])
        assert np.abs(back.landmarks - upright.landmarks).max() < 0.25 * eyes


@pytest.mark.shared
def test_small_heads_of_a_large_photo_are_found(shared):
    """Twelve heads of 180 pixels in 24 megapixels."""
    detector = YuNet()
    with zipfile.ZipFile(shared / "masked" / "masked_faces.zip") as archive:
        names = sorted(n for n in archive.namelist() if n.endswith(".jpg"))[: 12 * 20 : 20]
        heads = [cv2.imdecode(np.frombuffer(archive.read(n), np.uint8), cv2.IMREAD_COLOR)[..., ::-1] for n in names]
    photo = np.full((4000, 6000, 3), 128, np.uint8)
    for i, head in enumerate(heads):
        top, left = 300 + 1200 * (i // 4), 300 + 1450 * (i % 4)
        photo[top : top + 180, left : left + 180] = cv2.resize(head, (180, 180), interpolation=cv2.INTER_AREA)
    middles = [np.array(face.box[:2]) + np.array(face.box[2:]) / 2 for face in detector(photo)]
    places = [tuple(((m - 300) // (1450, 1200)).astype(int)) for m in middles]
    assert set(places) == {(x, y) for x in range(4) for y in range(3)}, places


def test_threads_share_a_detector():
    from concurrent.futures import ThreadPoolExecutor

    detector, photos = YuNet(), []
    for side in (120, 160, 200, 260):
        photos.append(cv2.resize(data.astronaut()[:220, 120:340], (side, side), interpolation=cv2.INTER_AREA))
    alone = [detector(photo) for photo in photos]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(detector, photos * 6))
    for faces, wanted in zip(together, alone * 6, strict=True):
        assert [f.box for f in faces] == [f.box for f in wanted] and wanted
