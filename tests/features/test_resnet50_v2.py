import keras
import numpy as np
import pytest
from keras import ops

from tfinpaint.errors import InputError, WeightsError
from tfinpaint.features import build_resnet50_v2
from tfinpaint.features.weights import load_arrays, read_weights, save_arrays
from tfinpaint.training.identity import identity_classifier


@pytest.fixture(scope="module")
def tapped():
    return build_resnet50_v2(size=32, taps=("block1", "block3", "embedding"), seed=1)


def test_parameters_and_maps_are_those_of_the_paper_s_feature_network():
    model = build_resnet50_v2(taps=("block1", "block3", "embedding"))
    assert model.count_params() == 23_564_800 + 524_288
    shapes = {name: tuple(x.shape[1:]) for name, x in model.output.items()}
    assert shapes == {"block1": (14, 14, 256), "block3": (4, 4, 1024), "embedding": (256,)}
    assert not model.trainable_variables
    classifier, _, _ = identity_classifier(model, 8631, "softmax")
    assert classifier.count_params() == 23_564_800 + 524_288 + 2_218_167


def test_it_ends_at_its_deepest_tap():
    model = build_resnet50_v2(size=32, taps=("block1",))
    assert model.layers[-1].name == "conv2_block3_out" and model.count_params() == 227_328


def test_random_weights_are_seeded_and_the_input_is_not_normalised_again(tapped):
    picture = np.random.default_rng(0).uniform(-1, 1, (2, 40, 40, 3)).astype("float32")
    first = {k: ops.convert_to_numpy(v) for k, v in tapped(picture).items()}
    crop = keras.Model(tapped.input, tapped.get_layer("crop").output)
    plain = keras.applications.ResNet50V2(include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg")
    for layer in plain.layers:
        if layer.weights:
            layer.set_weights(tapped.get_layer(layer.name).get_weights())
    pooled = ops.convert_to_numpy(plain(crop(picture)))
    expected = pooled @ tapped.get_layer("bottleneck").get_weights()[0]
    np.testing.assert_allclose(first["embedding"], expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_weights_come_back_from_an_archive_with_their_statistics(tapped, tmp_path):
    layer = tapped.get_layer("conv2_block1_preact_bn")
    layer.set_weights([w + 0.5 for w in layer.get_weights()])
    arrays = read_weights(save_arrays(tapped, tmp_path / "net.npz"))
    np.testing.assert_allclose(arrays["conv2_block1_preact_bn|moving_variance"], layer.moving_variance)
    load_arrays(tapped, arrays)
    del arrays["bottleneck|kernel"]
    with pytest.raises(WeightsError, match="bottleneck"):
        load_arrays(tapped, arrays)


def test_a_failed_fetch_says_which_file_belongs_where(monkeypatch):
    plain = keras.applications.ResNet50V2

    def fail(weights=None, **arguments):
        if weights == "imagenet":
            raise OSError("no network")
        return plain(weights=weights, **arguments)

    monkeypatch.setattr(keras.applications, "ResNet50V2", fail)
    with pytest.raises(WeightsError, match=r"notop\.h5 \(MD5 fac2f116257151a9d068a22e544a4917\).*\.keras/models"):
        build_resnet50_v2("imagenet", size=32, taps=("block1",))


def test_wrong_arguments_are_one_sentence():
    with pytest.raises(InputError, match="block1, block3, embedding.*block2"):
        build_resnet50_v2(taps=("block2",))
    with pytest.raises(InputError, match="at least 32"):
        build_resnet50_v2(size=16)
