import hashlib

import cv2
import keras
import numpy as np
import pytest

from tfinpaint.errors import InputError, WeightsError
from tfinpaint.evaluation.protocols import as_embedder, load_embedder, refuse_own_teacher
from tfinpaint.features import build_mobile_face_net
from tfinpaint.features.face_crop import FaceCrop, behind_crop
from tfinpaint.framing import ARCFACE, TEMPLATE, template_points


def _pictures(count=5, size=40, seed=0):
    noise = np.random.default_rng(seed).uniform(0, 255, (count, size, size, 3)).astype("float32")
    return np.stack([cv2.GaussianBlur(n, (0, 0), 2) for n in noise]).astype("uint8")


def _points(count=5, size=40):
    return np.repeat(template_points(size)[None], count, axis=0)


def mean_colour(chips):
    return chips.mean((1, 2))


def test_any_function_of_chips_is_an_embedder():
    seen = []

    def function(chips):
        seen.append(chips)
        return mean_colour(chips)

    found = as_embedder(function, size=40)(_pictures(), _points())
    np.testing.assert_allclose(found, _pictures().mean((1, 2)), rtol=1e-5)
    assert seen[0].dtype == np.uint8
    np.testing.assert_array_equal(seen[0], _pictures())  # already in the framing that was asked for


@pytest.mark.parametrize("template", [TEMPLATE, ARCFACE])
def test_landmarks_land_on_the_template(template):
    """A picture, turned and shifted, with a dot on each landmark."""
    turn = cv2.getRotationMatrix2D((60, 60), 20, 1.3)
    points = template_points(60) @ turn[:, :2].T + turn[:, 2] + 15
    picture = np.zeros((140, 150, 3), "uint8")
    for x, y in points:
        cv2.circle(picture, (round(x), round(y)), 3, (255, 255, 255), -1)
    embedder = as_embedder(mean_colour, size=90, template=template)
    chip = embedder.chip(picture, points)
    found = sorted(cv2.connectedComponentsWithStats((chip[..., 0] > 128).astype("uint8"))[3][1:].tolist())
    # the library's shape is not insightface's: points of the fit are off by up to 3 % of the side
    np.testing.assert_allclose(found, sorted((template * 90 - 0.5).tolist()), atol=1 if template is TEMPLATE else 4)


def test_beyond_the_picture_its_border_is_repeated():
    picture = np.full((30, 30, 3), 7, "uint8")
    picture[:, :10], picture[:, -10:] = 50, 200
    far = 0.5 + (TEMPLATE - 0.5) / 4  # the picture fills only the middle half of the chip
    chip = as_embedder(mean_colour, size=30, template=far).chip(picture, template_points(30) * 0.5 + 7.5)
    assert (chip[:, 0] == 50).all() and (chip[:, -1] == 200).all()


def test_faces_that_shrink_are_averaged_not_sampled():
    stripes = np.zeros((320, 320, 3), "uint8")
    stripes[:, ::2] = 255
    chip = as_embedder(mean_colour, size=32).chip(stripes, template_points(320))
    assert abs(chip.astype(int) - 127).max() <= 2


def test_pictures_of_several_sizes_and_many_batches_stay_in_order():
    pictures = [np.full((20 + i % 3, 30, 3), i % 256, "uint8") for i in range(300)]
    points = np.repeat(template_points(20)[None], 300, axis=0)
    found = as_embedder(mean_colour, size=8)(pictures, points)
    np.testing.assert_allclose(found[:, 0], np.arange(300) % 256)


def test_a_keras_model_of_aligned_faces_is_an_embedder():
    inputs = keras.Input((24, 24, 3), name="face")
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs), name="mean")
    embedder = as_embedder(model, metric="euclidean", batch_size=2)
    assert (embedder.size, embedder.name) == (24, "mean")
    pictures = _pictures(5, 24)
    found = embedder(pictures, _points(5, 24))
    np.testing.assert_allclose(found, pictures.mean((1, 2)) / 127.5 - 1, atol=1e-5)
    np.testing.assert_allclose(embedder.similarity(found, found), 0)


def test_behind_the_crop_is_the_same_network():
    network = build_mobile_face_net(None, seed=1, dtype="float32")
    faces = np.random.default_rng(0).uniform(-1, 1, (3, 40, 40, 3)).astype("float32")
    core = behind_crop(network)
    chips = np.asarray(network.get_layer("crop")(faces))
    assert core.input_shape == (None, *chips.shape[1:])
    np.testing.assert_allclose(core.predict_on_batch(chips), network.predict_on_batch(faces), atol=1e-6)
    assert len(core.weights) == len(network.weights) and not core.trainable_weights
    assert not [layer for layer in core.layers if isinstance(layer, FaceCrop)]
    with pytest.raises(InputError, match="FaceCrop"):
        behind_crop(core)


def _broken(change):
    return lambda chips: change(mean_colour(chips))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v[1:], "'.*' must give one vector a picture. Received: 4 for 5"),
        (lambda v: np.where(v == v[2], np.nan, v), "NaN or infinite values for 1 of 5 pictures, the first at 2"),
        (lambda v: v / 0.0, "infinite"),
        (lambda v: v[:, 0], r"shape \(5,\)"),
        (lambda v: v[:, :, None], r"shape \(5, 3, 1\)"),
        (lambda v: np.ones_like(v), "tell faces apart"),
        (lambda v: {"embedding": v}, "Received: dict"),
        (lambda v: None, "must give .*"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_bad_embedder_is_refused_in_one_sentence(change, message):
    with pytest.raises(InputError, match=message) as caught:
        as_embedder(_broken(change), size=40, name="broken")(_pictures(), _points())
    assert "'broken'" in str(caught.value)


def test_one_picture_or_the_same_picture_twice_may_have_one_vector():
    embedder = as_embedder(mean_colour, size=40)
    assert embedder(_pictures(1), _points(1)).shape == (1, 3)
    assert embedder(_pictures(1).repeat(3, axis=0), _points(3)).shape == (3, 3)
    assert embedder([], np.zeros((0, 5, 2))).shape[0] == 0


def test_bad_pictures_and_landmarks_are_refused():
    embedder = as_embedder(mean_colour, size=40)
    with pytest.raises(InputError, match="uint8 RGB"):
        embedder(_pictures().astype("float32"), _points())
    with pytest.raises(InputError, match="uint8 RGB"):
        embedder(_pictures()[..., :1], _points())
    with pytest.raises(InputError, match=r"\(4, 5, 2\) for 5 pictures"):
        embedder(_pictures(), _points(4))
    with pytest.raises(InputError, match="finite"):
        embedder(_pictures(), _points() * np.nan)
    with pytest.raises(InputError, match="picture 3 .* in one"):
        embedder(_pictures(), _points() * (np.arange(5) != 3)[:, None, None])


def test_what_cannot_be_an_embedder_is_refused(tmp_path):
    with pytest.raises(InputError, match="`source`.*int"):
        as_embedder(3, size=10)
    with pytest.raises(InputError, match="`size`"):
        as_embedder(mean_colour)
    with pytest.raises(InputError, match="`template`"):
        as_embedder(mean_colour, size=10, template=np.zeros((4, 2)))
    with pytest.raises(InputError, match="`metric`"):
        as_embedder(mean_colour, size=10, metric="l1")
    with pytest.raises(InputError, match="dlib, mobile_face_net"):
        load_embedder("facenet", "weights.npz")
    with pytest.raises(WeightsError, match="does not exist"):
        load_embedder("dlib", tmp_path / "missing.npz")


def test_a_loss_network_is_never_the_judge_of_what_it_trained():
    judge = as_embedder(mean_colour, size=10, name="judge", sha256="AB" * 32)
    refuse_own_teacher({"cd" * 32}, judge.name, judge.sha256)
    refuse_own_teacher([], judge.name, judge.sha256)
    refuse_own_teacher({"ab" * 32}, "mean colour", as_embedder(mean_colour, size=10).sha256)
    with pytest.raises(InputError, match="'judge'.*another judge"):
        refuse_own_teacher({"cd" * 32, "ab" * 32}, judge.name, judge.sha256)


@pytest.mark.shared
def test_a_loaded_embedder_knows_its_file(shared):
    file = shared / "nets" / "mobilefacenet_fp16.npz"
    embedder = load_embedder("mobile_face_net", file)
    assert embedder.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (embedder.size, embedder.metric) == (112, "cosine")
    with pytest.raises(InputError, match="mobile_face_net"):
        refuse_own_teacher({embedder.sha256}, embedder.name, embedder.sha256)
