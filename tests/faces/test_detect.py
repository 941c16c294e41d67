"""Where detectors come from, what they find, and how one face is chosen."""

import hashlib
import io
import logging
import urllib.error

import numpy as np
import pytest
from skimage import data

from tests.fake_engine import FACE, no_face
from tfinpaint.errors import InputError, NoFaceError, WeightsError
from tfinpaint.faces import (
    Face,
    FaceFinder,
    MTCNNDetector,
    YuNet,
    default_detector,
    detect,
    face_from_landmarks,
    face_in_box,
    largest,
    yunet,
)
from tfinpaint.faces.face import without_doubles


def face(x, y, size, score=0.9) -> Face:
    return Face((x, y, size, size), score, np.zeros((5, 2), np.float32))


@pytest.fixture
def no_yunet(monkeypatch, tmp_path):
    """No file named, an empty cache folder, and a home of YuNet that answers with `answer`."""
    monkeypatch.delenv("TFINPAINT_YUNET", raising=False)
    monkeypatch.setenv("TFINPAINT_CACHE", str(tmp_path / "cache"))

    def set_answer(answer):
        def urlopen(url, timeout):
            assert url.startswith("https://github.com/opencv/opencv_zoo/") and timeout <= 30
            if isinstance(answer, Exception):
                raise answer
            return io.BytesIO(answer)

        monkeypatch.setattr(yunet.urllib.request, "urlopen", urlopen)
        return tmp_path / "cache"

    return set_answer


def test_yunet_is_fetched_once_checked_and_kept(no_yunet, monkeypatch, caplog):
    cache = no_yunet(b"the network")
    monkeypatch.setattr(yunet, "EDITIONS", {hashlib.sha256(b"the network").hexdigest(): "2023mar"})
    path = yunet.yunet_file()
    assert path == cache / "face_detection_yunet_2023mar.onnx" and path.read_bytes() == b"the network"
    assert [r.message.count("Fetching the face detector YuNet") for r in caplog.records] == [1]
    no_yunet(urllib.error.URLError("must not be asked again"))
    assert yunet.yunet_file() == path
    assert [p.name for p in cache.iterdir()] == [path.name]


def test_a_fetched_file_with_another_hash_is_not_kept(no_yunet):
    cache = no_yunet(b"something else")
    with pytest.raises(WeightsError, match="SHA-256 is wrong"):
        yunet.yunet_file()
    assert not cache.exists() or not list(cache.iterdir())


def test_without_yunet_mtcnn_is_used_and_one_sentence_names_the_difference(no_yunet, monkeypatch, caplog):
    no_yunet(urllib.error.URLError("no network"))
    monkeypatch.setattr(detect, "MTCNNDetector", lambda: no_face)
    assert default_detector() is no_face
    (message,) = [r.getMessage() for r in caplog.records if "84 %" in r.getMessage()]
    assert "no network" in message and "mtcnn" in message and caplog.records[-1].levelno == logging.WARNING


def test_a_named_file_must_be_yunet(monkeypatch, tmp_path):
    (tmp_path / "other.onnx").write_bytes(b"another network")
    with pytest.raises(
        WeightsError, match=r"must be YuNet, edition 2023mar or 2026may. Received: .* SHA-256 [0-9a-f]{64}"
    ):
        YuNet(tmp_path / "other.onnx")
    with pytest.raises(WeightsError, match="No such file"):
        YuNet(tmp_path / "none.onnx")
    monkeypatch.setenv("TFINPAINT_YUNET", str(tmp_path / "none.onnx"))
    assert yunet.yunet_file() == tmp_path / "none.onnx"


def test_the_known_hashes_are_whole():
    assert all(len(digest) == 64 and set(digest) <= set("0123456789abcdef") for digest in yunet.EDITIONS)


def test_mtcnn_finds_the_portrait_and_nothing_in_a_wall():
    detector = MTCNNDetector()
    found = largest(detector(data.astronaut()))
    eyes = np.linalg.norm(FACE.landmarks[1] - FACE.landmarks[0])
    assert np.linalg.norm(found.landmarks - FACE.landmarks, axis=1).max() < 0.2 * eyes
    assert found.score > 0.9
    assert detector(np.full((100, 120, 3), 127, np.uint8)) == []


@pytest.mark.shared
def test_yunet_finds_faces_of_every_size_with_their_points(shared):
    import cv2

    detector = YuNet(shared / "nets" / "face_detection_yunet_2026may.onnx")
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


@pytest.mark.parametrize("box", [(0, 0, 0, 5), (500, 0, 10, 10), (-20, 0, 10, 10), (1, 2, 3), (0, 0, np.nan, 4)])
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


def test_no_face_suggests_what_to_do():
    with pytest.raises(NoFaceError, match=r"No face was found in a.jpg; .*--box.*--aligned"):
        FaceFinder(no_face)(np.zeros((300, 400, 3), np.uint8), "a.jpg")


def test_contradicting_wishes_are_refused():
    with pytest.raises(InputError, match="'largest' or 'all'. Received: 'both'"):
        FaceFinder(which="both")
    with pytest.raises(InputError, match="Only one of"):
        FaceFinder(box=(0, 0, 1, 1), landmarks=FACE.landmarks)
