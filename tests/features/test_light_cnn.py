import keras
import numpy as np
import pytest
from keras import ops

from tfinpaint.errors import InputError, WeightsError
from tfinpaint.features import MaxFeatureMap, build_light_cnn, face_cosine, feature_network
from tfinpaint.features.light_cnn import SQUARE, TAPS
from tfinpaint.features.weights import save_arrays
from tfinpaint.framing import TEMPLATE


def faces(count, size, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, size, size, 3)).astype("float32")


def arrays(features):
    return {name: ops.convert_to_numpy(value) for name, value in features.items()}


@pytest.fixture(scope="module")
def tapped():
    return build_light_cnn(taps=TAPS, seed=1)


def test_the_paper_s_size_has_its_parameters_and_shapes():
    model = build_light_cnn(width=1, taps=TAPS)
    assert model.count_params() == 5_480_864
    shapes = {name: tuple(x.shape[1:]) for name, x in model.output.items()}
    assert shapes == {
        "mfm1": (128, 128, 48),
        "pool1": (64, 64, 48),
        "mfm2": (64, 64, 96),
        "pool2": (32, 32, 96),
        "mfm3": (32, 32, 192),
        "pool3": (16, 16, 192),
        "mfm4": (16, 16, 128),
        "mfm5": (16, 16, 128),
        "pool4": (8, 8, 128),
        "embedding": (256,),
    }


def test_half_the_width_with_128_numbers_has_its_parameters():
    assert build_light_cnn(width=0.5, size=128, dimension=128).count_params() == 1_371_472


def test_max_feature_map_by_hand():
    found = ops.convert_to_numpy(MaxFeatureMap()(np.array([[1.0, -2.0, 0.5, 3.0], [0.0, 4.0, 5.0, -1.0]])))
    np.testing.assert_array_equal(found, [[1, 3], [5, 4]])
    with pytest.raises(InputError, match="even"):
        MaxFeatureMap()(np.zeros((1, 3)))


def test_a_group_is_a_1x1_and_a_3x3_convolution_each_with_the_larger_half(tapped):
    features = arrays(tapped(faces(1, 48)))
    kernel, bias = (w.astype("float64") for w in tapped.get_layer("conv2a").get_weights())
    x = features["pool1"][0] @ kernel[0, 0] + bias
    x = np.maximum(x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2 :])
    kernel, bias = (w.astype("float64") for w in tapped.get_layer("conv2").get_weights())
    padded, out = np.pad(x, ((1, 1), (1, 1), (0, 0))), 0
    for row in range(3):
        for column in range(3):
            out = out + padded[row : row + x.shape[0], column : column + x.shape[1]] @ kernel[row, column]
    half, out = out.shape[-1] // 2, out + bias
    np.testing.assert_allclose(features["mfm2"][0], np.maximum(out[..., :half], out[..., half:]), atol=1e-4)


def test_the_embedding_is_a_dense_layer_over_the_last_map(tapped):
    features = arrays(tapped(faces(2, 48)))
    kernel, bias = tapped.get_layer("conv_embedding").get_weights()
    x = features["pool4"].reshape(2, -1) @ kernel.reshape(-1, kernel.shape[-1]) + bias
    half = x.shape[-1] // 2
    np.testing.assert_allclose(features["embedding"], np.maximum(x[:, :half], x[:, half:]), atol=1e-4)


def test_the_crop_is_grey_from_0_to_1_with_eyes_and_mouth_where_the_paper_has_them(tapped):
    left, top, side = SQUARE
    points = (TEMPLATE - [left, top]) / side * 128
    np.testing.assert_allclose(points[:2].mean(0), [64, 40], atol=1e-6)
    np.testing.assert_allclose(points[3:].mean(0), [64, 88], atol=1e-6)
    crop = keras.Model(tapped.input, tapped.get_layer("crop").output)
    for colour, grey in (((1, -1, -1), 0.30), ((-1, 1, -1), 0.59), ((-1, -1, 1), 0.11), ((1, 1, 1), 1.0)):
        picture = np.broadcast_to(np.array(colour, "float32"), (1, 40, 40, 3))
        np.testing.assert_allclose(crop(picture), grey, atol=1e-5)


def test_alone_it_gives_the_embedding_at_length_1(tapped):
    picture = faces(3, 56)
    found = ops.convert_to_numpy(build_light_cnn(seed=1)(picture))
    raw = arrays(tapped(picture))["embedding"]
    np.testing.assert_allclose(found, raw / np.linalg.norm(raw, axis=1, keepdims=True), atol=1e-5)


def test_it_is_frozen_and_gradients_reach_the_face():
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("written with GradientTape")
    model = build_light_cnn(seed=2)
    assert not model.trainable_variables
    face = tf.constant(faces(1, 50))
    with tf.GradientTape() as tape:
        tape.watch(face)
        value = tf.reduce_sum(model(face) * np.linspace(-1, 1, 32, dtype="float32"))
    gradient = np.abs(tape.gradient(value, face).numpy()).sum((0, 3))
    assert (gradient[9:44, 8:42] > 0).mean() > 0.8  # of each four pixels a pool takes one
    assert gradient[:5].max() == 0 and gradient[:, :4].max() == 0


@pytest.mark.parametrize("name", ["net.npz", "net.weights.h5"])
def test_weights_come_back_from_a_file(name, tmp_path):
    model, path = build_light_cnn(width=0.1, size=48, dimension=24, seed=3), tmp_path / name
    if name.endswith("npz"):
        assert save_arrays(model, path) == path and [p.name for p in tmp_path.iterdir()] == [name]
        again = build_light_cnn(path)  # an archive tells its own shape
    else:
        model.save_weights(path)
        again = build_light_cnn(path, width=0.1, size=48, dimension=24)
    picture = faces(2, 48)
    np.testing.assert_allclose(again(picture), model(picture), atol=2e-3)  # stored as float16
    early = build_light_cnn(path, width=0.1, size=48, dimension=24, taps=("pool2",))
    expected = build_light_cnn(width=0.1, size=48, dimension=24, seed=3, taps=("pool2",))(picture)["pool2"]
    np.testing.assert_allclose(early(picture)["pool2"], expected, atol=2e-3)


def test_files_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(WeightsError, match=r"gone\.npz"):
        build_light_cnn(tmp_path / "gone.npz")
    with pytest.raises(WeightsError, match=r"gone\.weights\.h5"):
        build_light_cnn(tmp_path / "gone.weights.h5", width=0.1, size=16)
    np.savez(tmp_path / "other.npz", **{"01|w": np.zeros((3, 3, 3, 8))})
    with pytest.raises(WeightsError, match=r"LightCNN.*01\|w"):
        build_light_cnn(tmp_path / "other.npz")
    save_arrays(build_light_cnn(), tmp_path / "small.npz")
    with pytest.raises(WeightsError, match="conv1"):
        build_light_cnn(tmp_path / "small.npz", width=0.5)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"taps": ("pool9",)}, "pool1.*pool9"),
        ({"taps": ()}, "`taps`"),
        ({"size": 40}, "multiple of 16"),
        ({"width": 0.0}, "`width`"),
    ],
)
def test_wrong_arguments_are_one_sentence(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        build_light_cnn(**arguments)


def test_the_cosine_of_two_faces_with_any_callable(tapped):
    first, second = faces(3, 32), faces(3, 32, seed=1)
    for network in (build_light_cnn(seed=1), tapped):
        found = ops.convert_to_numpy(face_cosine(network, first, second))
        a, b = (arrays(tapped(x))["embedding"] for x in (first, second))
        expected = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        np.testing.assert_allclose(found, expected, atol=1e-5)
    flat = face_cosine(lambda x: x.reshape(len(x), -1), first, -first)
    np.testing.assert_allclose(flat, -1, atol=1e-5)


def test_it_is_in_the_table_and_its_builder_s_options_pass():
    assert feature_network("light_cnn").output_shape == (None, 32)
    assert set(feature_network("light_cnn", taps=("pool1", "mfm2")).output) == {"pool1", "mfm2"}
