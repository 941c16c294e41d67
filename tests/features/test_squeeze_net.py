import importlib.util

import numpy as np
import pytest
from keras import ops

from tfinpaint.errors import InputError, WeightsError
from tfinpaint.features import build_squeeze_net, feature_network

ALL = ("relu1", *(f"fire{n}" for n in range(2, 10)), "logits")


def _pictures(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def _write(path, model):
    """The model's weights in the form of the file that it reads."""
    arrays = {}
    for layer in model.layers:
        if layer.weights:
            name = layer.name.replace("_", "|")
            kernel, bias = layer.get_weights()
            arrays[f"{name}|w"] = kernel[:, :, ::-1] if name == "conv1" else kernel
            arrays[f"{name}|b"] = bias
    np.savez(path, **arrays)


def _conv(x, weights, strides=1, pad=0):
    """Zero padding and ReLU, in float64 and plain loops."""
    kernel, bias = (w.astype("float64") for w in weights)
    side = kernel.shape[0]
    x = np.pad(x, ((pad, pad), (pad, pad), (0, 0)))
    height, width = ((n - side) // strides + 1 for n in x.shape[:2])
    out = np.zeros((height, width, kernel.shape[-1]))
    for row, column in np.ndindex(height, width):
        top, left = strides * row, strides * column
        out[row, column] = np.tensordot(x[top : top + side, left : left + side], kernel, 3) + bias
    return np.maximum(out, 0)


def _pool(x):
    """3x3, stride 2; the last window may hang over, as Caffe rounds up."""
    height, width = (-(-(n - 3) // 2) + 1 for n in x.shape[:2])
    return np.array(
        [[x[2 * r : 2 * r + 3, 2 * c : 2 * c + 3].max((0, 1)) for c in range(width)] for r in range(height)]
    )


@pytest.mark.parametrize("height, width", [(17, 19), (18, 21)])
def test_the_first_layers_equal_loops_over_pixels_at_odd_and_even_sides(height, width):
    model = build_squeeze_net(None, taps=("relu1", "fire2"), seed=3)
    picture = _pictures(1, height, width, 3)
    x = picture[0].astype("float64") * 127.5 + 127.5 - [123, 117, 104]
    x = _conv(x, model.get_layer("conv1").get_weights(), strides=2)
    features = model(picture)
    np.testing.assert_allclose(features["relu1"][0], x, rtol=1e-4, atol=1e-2)
    squeezed = _conv(_pool(x), model.get_layer("fire2_squeeze1x1").get_weights())
    parts = [_conv(squeezed, model.get_layer(f"fire2_expand{n}x{n}").get_weights(), pad=n // 2) for n in (1, 3)]
    np.testing.assert_allclose(features["fire2"][0], np.concatenate(parts, -1), rtol=1e-4, atol=1e-2)


def test_parameters_and_shapes_are_those_of_the_paper_s_network():
    model = feature_network("squeeze_net")
    assert model.count_params() == 722_496  # 1,235,496 with the classifier
    assert build_squeeze_net(None, taps=("logits",)).count_params() == 1_235_496
    features = build_squeeze_net(None, taps=ALL)(_pictures(1, 64, 64, 3))
    shapes = {name: tuple(f.shape[1:]) for name, f in features.items()}
    assert shapes["relu1"] == (31, 31, 64) and shapes["fire3"] == (15, 15, 128) and shapes["fire5"] == (7, 7, 256)
    assert shapes["fire7"] == (3, 3, 384) and shapes["fire9"] == (3, 3, 512) and shapes["logits"] == (1000,)


def test_it_ends_at_the_deepest_tap_and_is_frozen():
    model = build_squeeze_net(None, taps=("fire2", "relu1"))
    assert [layer.name for layer in model.layers if layer.weights][-1] == "fire2_expand3x3"
    assert set(model(_pictures(1, 24, 24, 3))) == {"fire2", "relu1"}
    assert not model.trainable_variables


def test_a_file_is_read_as_bgr_and_gives_back_the_network(tmp_path):
    source = build_squeeze_net(None, taps=ALL, seed=5)
    _write(tmp_path / "w.npz", source)
    picture = _pictures(1, 40, 40, 3)
    for name, feature in build_squeeze_net(tmp_path / "w.npz", taps=ALL)(picture).items():
        np.testing.assert_array_equal(feature, source(picture)[name])
    arrays = dict(np.load(tmp_path / "w.npz"))
    arrays["conv1|w"][:], arrays["conv1|b"][:] = 0, 0
    arrays["conv1|w"][1, 1, 0, 0] = 1  # output 0 is the first stored channel
    np.savez(tmp_path / "w.npz", **arrays)
    picture = np.zeros((1, 3, 3, 3), "float32")
    picture[..., 2] = 1.0  # blue at 255
    found = ops.convert_to_numpy(build_squeeze_net(tmp_path / "w.npz", taps=("relu1",))(picture)["relu1"])
    assert found[0, 0, 0, 0] == pytest.approx(255 - 104) and (found[..., 1:] == 0).all()


def test_seeded_random_weights_are_the_same_each_time_and_differ_between_seeds():
    first, again, other = (build_squeeze_net(None, taps=("relu1",), seed=s).get_weights()[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_unknown_taps_and_files_of_another_network_are_refused(tmp_path):
    with pytest.raises(InputError, match="relu1, fire2.*logits.*fire10"):
        build_squeeze_net(None, taps=("fire10",))
    _write(tmp_path / "short.npz", build_squeeze_net(None, taps=("fire2",)))
    with pytest.raises(WeightsError, match="fire3_squeeze1x1"):
        build_squeeze_net(tmp_path / "short.npz", taps=("fire3",))


@pytest.mark.shared
def test_imagenet_weights_equal_an_independent_loader_and_know_a_cat(shared):
    pytest.importorskip("tensorflow")
    skimage = pytest.importorskip("skimage")
    spec = importlib.util.spec_from_file_location("nets", shared / "nets" / "nets.py")
    nets = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(nets)
    model = build_squeeze_net(shared / "nets" / "squeezenet11_imagenet_fp16.npz", taps=ALL)
    reference = nets.squeezenet11(head=True)
    for shape in ((2, 128, 128, 3), (1, 61, 74, 3)):
        picture = _pictures(*shape)
        expected = reference((picture + 1) * 127.5)
        for name, feature in model(picture).items():
            scale = np.abs(expected[name]).max()
            np.testing.assert_allclose(feature, expected[name], atol=1e-5 * scale, err_msg=name)
    cat = skimage.transform.resize(skimage.data.chelsea()[:, 75:375], (227, 227)) * 2 - 1
    logits = ops.convert_to_numpy(model(cat[None].astype("float32"))["logits"])[0]
    assert set(logits.argsort()[-2:]) <= {281, 282, 285}  # tabby, tiger cat, Egyptian cat
