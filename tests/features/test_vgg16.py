import importlib.util

import keras
import numpy as np
import pytest
from keras import ops

from tfinpaint.errors import InputError, WeightsError
from tfinpaint.features import build_vgg16, feature_network

DIVISOR = 57.6  # of all features that come out


def _pictures(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def _conv(x, kernel, bias):
    """3x3, zero padding, ReLU, in float64 and plain loops."""
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    out = np.zeros((*x.shape[:2], kernel.shape[-1]))
    for row in range(x.shape[0]):
        for column in range(x.shape[1]):
            window = padded[row : row + 3, column : column + 3]
            out[row, column] = np.tensordot(window, kernel, 3) + bias
    return np.maximum(out, 0)


def _write(path, model):
    """The model's weights in the form of the file that it reads."""
    arrays = {}
    for layer in model.layers:
        if layer.weights:
            kernel, bias = layer.get_weights()
            arrays[f"{layer.name}|w"] = kernel[:, :, ::-1] if layer.name == "conv1_1" else kernel
            arrays[f"{layer.name}|b"] = bias
    np.savez(path, **arrays)


def test_the_first_block_equals_loops_over_pixels():
    model = build_vgg16(None, taps=("relu1_1", "relu1_2", "pool1"), seed=3)
    picture = _pictures(1, 6, 4, 3)
    features = model(picture)
    x = picture[0].astype("float64") * 127.5 + 127.5 - [123.68, 116.779, 103.939]
    for name in ("1_1", "1_2"):
        x = _conv(x, *(w.astype("float64") for w in model.get_layer(f"conv{name}").get_weights()))
        np.testing.assert_allclose(features[f"relu{name}"][0], x / DIVISOR, rtol=1e-4, atol=2e-5)
    pooled = x.reshape(3, 2, 2, 2, 64).max((1, 3))
    np.testing.assert_allclose(features["pool1"][0], pooled / DIVISOR, rtol=1e-4, atol=2e-5)


def test_only_what_comes_out_is_divided():
    pictures = _pictures(1, 8, 8, 3)
    plain, divided = (build_vgg16(None, taps=("relu1_2", "relu2_1"), divisor=d)(pictures) for d in (1.0, 8.0))
    for name in plain:  # of a power of 2 not even the rounding differs
        np.testing.assert_array_equal(np.asarray(divided[name]), np.asarray(plain[name]) / 8)
    by_default = build_vgg16(None, taps=("relu2_1",))(pictures)["relu2_1"]
    np.testing.assert_allclose(by_default, plain["relu2_1"] / DIVISOR, rtol=1e-5)


@pytest.mark.parametrize("divisor", [0, -1.0])
def test_a_divisor_that_is_not_above_0_is_refused(divisor):
    with pytest.raises(InputError, match=f"`divisor` must be above 0. Received: divisor={divisor}"):
        build_vgg16(None, divisor=divisor)


def test_a_file_is_read_as_bgr_so_its_first_input_channel_is_blue(tmp_path):
    _write(tmp_path / "w.npz", build_vgg16(None, taps=("relu1_1",)))
    arrays = dict(np.load(tmp_path / "w.npz"))
    arrays["conv1_1|w"][:] = 0
    arrays["conv1_1|w"][1, 1, 0, 0] = 1  # output 0 is the first stored channel at the same pixel
    arrays["conv1_1|b"][:] = 0
    np.savez(tmp_path / "w.npz", **arrays)
    picture = np.zeros((1, 2, 2, 3), "float32")
    picture[..., 2] = 1.0  # blue at 255
    found = ops.convert_to_numpy(build_vgg16(tmp_path / "w.npz", taps=("relu1_1",))(picture)["relu1_1"])
    np.testing.assert_allclose(found[..., 0], (255 - 103.939) / DIVISOR, rtol=1e-6)
    assert (found[..., 1:] == 0).all()


def test_it_ends_at_the_deepest_tap_and_is_frozen():
    model = build_vgg16(None, taps=("relu2_1", "relu1_2"))
    assert [layer.name for layer in model.layers if layer.weights] == ["conv1_1", "conv1_2", "conv2_1"]
    assert set(model(_pictures(1, 8, 8, 3))) == {"relu2_1", "relu1_2"}
    assert not model.trainable_variables


def test_seeded_random_weights_are_the_same_each_time_and_differ_between_seeds():
    first, again, other = (build_vgg16(None, taps=("relu1_1",), seed=s).get_weights()[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_the_environment_names_the_file_of_imagenet_weights(tmp_path, monkeypatch):
    source = build_vgg16(None, taps=("relu1_2",), seed=5)
    _write(tmp_path / "vgg.npz", source)
    monkeypatch.setenv("TFINPAINT_VGG16", str(tmp_path / "vgg.npz"))
    x = _pictures(1, 8, 8, 3)
    np.testing.assert_array_equal(build_vgg16(taps=("relu1_2",))(x)["relu1_2"], source(x)["relu1_2"])


def test_weights_of_keras_are_taken_where_nothing_else_is_named(monkeypatch):
    monkeypatch.delenv("TFINPAINT_VGG16", raising=False)
    plain = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    monkeypatch.setattr(keras.applications, "VGG16", lambda **_: plain)
    picture = _pictures(1, 32, 32, 3)
    expected = keras.Model(plain.inputs[0], plain.get_layer("block2_conv1").output)(
        keras.applications.vgg16.preprocess_input((picture + 1) * 127.5)
    )
    found = build_vgg16(taps=("relu2_1",))(picture)["relu2_1"]
    np.testing.assert_allclose(found, expected / DIVISOR, rtol=1e-3, atol=2e-5)


def test_a_failed_fetch_says_which_file_belongs_where(monkeypatch):
    def fail(**_):
        raise OSError("no network")

    monkeypatch.delenv("TFINPAINT_VGG16", raising=False)
    monkeypatch.setattr(keras.applications, "VGG16", fail)
    with pytest.raises(WeightsError, match=r"notop\.h5 \(MD5 6d6bbae143d832006294945121d1f1fc\).*TFINPAINT_VGG16"):
        build_vgg16()


def test_a_file_without_a_layer_that_a_tap_needs_is_refused(tmp_path):
    _write(tmp_path / "short.npz", build_vgg16(None, taps=("relu1_1",)))
    with pytest.raises(WeightsError, match="'conv1_2'"):
        build_vgg16(tmp_path / "short.npz", taps=("relu1_2",))


@pytest.mark.parametrize("content", [None, b"", b"not an archive"])
def test_a_missing_or_broken_file_is_named(tmp_path, content):
    path = tmp_path / "broken.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"broken\.npz"):
        build_vgg16(path)


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(InputError, match="relu3_3.*relu9_9"):
        build_vgg16(None, taps=("relu9_9",))
    with pytest.raises(InputError, match="vgg16, mobile_face_net.*'vgg19'"):
        feature_network("vgg19")


@pytest.mark.shared
def test_imagenet_weights_give_the_features_of_an_independent_loader(shared):
    pytest.importorskip("tensorflow")
    spec = importlib.util.spec_from_file_location("nets", shared / "nets" / "nets.py")
    nets = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(nets)
    picture = _pictures(2, 24, 20, 3)
    expected = {name: feature / DIVISOR for name, feature in nets.vgg16()((picture + 1) * 127.5).items()}
    path = shared / "nets" / "vgg16_imagenet_to_conv3_3_fp16.npz"
    for name, feature in build_vgg16(path)(picture).items():
        np.testing.assert_allclose(feature, expected[name], rtol=1e-4, atol=1e-3)  # values reach some tens
    low = build_vgg16(path, dtype="bfloat16")(picture)["relu3_3"]
    error = np.abs(ops.convert_to_numpy(ops.cast(low, "float32")) - expected["relu3_3"].numpy()).mean()
    assert error < 0.01 * expected["relu3_3"].numpy().mean()
