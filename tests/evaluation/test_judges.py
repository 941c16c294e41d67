import importlib.util

import numpy as np
import pytest

from tests.evaluation.stand_ins import MeanColour
from tfinpaint.errors import WeightsError
from tfinpaint.evaluation import build_face_judge, build_landmark_judge, look
from tfinpaint.framing import template_points


@pytest.mark.parametrize("build", [build_face_judge, build_landmark_judge])
def test_a_file_of_another_network_is_refused(build, tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(WeightsError, match="must hold"):
        build(tmp_path / "other.npz")
    with pytest.raises(WeightsError, match="missing"):
        build(tmp_path / "missing.npz")


def test_looking_in_batches_changes_nothing():
    faces = np.random.default_rng(0).integers(0, 256, (7, 8, 8, 3), dtype=np.uint8)
    expected = (faces / 127.5 - 1).mean((1, 2))
    for batch_size in (1, 3, 7, 32):
        np.testing.assert_allclose(look(MeanColour(), faces, batch_size), expected, atol=1e-5)


@pytest.fixture
def nets(shared):
    pytest.importorskip("tensorflow")
    spec = importlib.util.spec_from_file_location("nets", shared / "nets" / "nets.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.shared
def test_the_judge_tells_people_apart_through_our_framing(shared, nets):
    from tfinpaint.data import load_faces
    from tfinpaint.evaluation.protocols import read_pairs, similarity

    pairs = read_pairs(shared / "lfw" / "pairs.txt").take(slice(200, 400))  # a hundred of one person, a hundred of two
    faces = load_faces(shared / "lfw" / "lfw.zip", size=128)
    place = {name: index for index, name in enumerate(faces.names)}
    judge = build_face_judge(shared / "nets" / "dlib_face_recognition_resnet_u8.npz")
    rows = np.array([place[name] for name in pairs.names])
    first, second = (look(judge, faces.images[rows[which]]) for which in (pairs.first, pairs.second))
    assert ((similarity(first, second, "euclidean") > -0.6) == pairs.same).mean() > 0.95

    some = faces.images[:3].astype("float32") / 127.5 - 1
    crop = np.asarray(judge.get_layer("crop")(some))
    np.testing.assert_allclose(judge(some), nets.dlib_resnet()((crop + 1) * 127.5), atol=1e-4)


@pytest.mark.shared
def test_the_landmarks_of_aligned_faces_stand_on_the_template(shared, nets):
    from tfinpaint.data import load_faces

    faces = load_faces(shared / "faces" / "ffhq_val.zip", size=128, limit=40)
    judge = build_landmark_judge(shared / "nets" / "face_landmark_68_u8.npz")
    points = look(judge, faces.images)
    groups = (slice(36, 42), slice(42, 48), slice(30, 31), slice(48, 49), slice(54, 55))
    five = np.stack([points[:, group].mean(1) for group in groups], axis=1)
    error = np.linalg.norm(five.mean(0) - (template_points(128) + 0.5) / 128, axis=-1)
    assert error.max() < 0.02

    some = faces.images[:3].astype("float32") / 127.5 - 1
    crop = np.asarray(judge.get_layer("crop")(some))
    expected = nets.landmark68()((crop + 1) * 127.5).numpy() * 0.790 + [0.107, 0.080]
    np.testing.assert_allclose(judge(some), expected, atol=1e-4)
