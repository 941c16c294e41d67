import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from tfinpaint.errors import WeightsError
from tfinpaint.features import build_light_cnn, build_mobile_face_net, build_vgg16
from tfinpaint.losses import arc_face_loss, relation_distance


def _faces(count, size, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, size, size, 3)).astype("float32")


@pytest.fixture(scope="module")
def small():
    return build_mobile_face_net(None, seed=1)


def test_embeddings_have_length_one_at_any_side(small):
    for size in (48, 64):
        found = ops.convert_to_numpy(small(_faces(3, size)))
        assert found.shape == (3, 192) and found.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)


def test_the_same_face_at_twice_the_side_has_nearly_the_same_embedding(small):
    face = _faces(1, 8).repeat(8, 1).repeat(8, 2)
    twice = face.repeat(2, 1).repeat(2, 2)
    assert float(ops.sum(small(face) * small(twice))) > 0.98


def test_gradients_reach_the_pixels_inside_the_crop_and_no_weights(small):
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("written with GradientTape")
    face = tf.constant(_faces(1, 32))
    with tf.GradientTape() as tape:
        tape.watch(face)
        value = tf.reduce_sum(small(face) * np.linspace(-1, 1, 192, dtype="float32"))
    gradient = np.abs(tape.gradient(value, face).numpy()).sum((0, 3))
    assert (gradient[2:26, 5:27] > 0).mean() > 0.99
    assert gradient[:, 0].max() == 0 and gradient[-1].max() == 0
    assert not small.trainable_variables


def test_it_computes_in_bfloat16_and_answers_in_float32():
    low, high = (build_mobile_face_net(None, seed=1, dtype=dtype) for dtype in ("bfloat16", "float32"))
    face = _faces(4, 48)
    found = low(face)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    assert (ops.convert_to_numpy(ops.sum(found * high(face), axis=1)) > 0.995).all()


def test_a_file_of_another_network_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", **{"01|w": np.zeros((3, 3, 3, 8)), "01|b": np.zeros(8)})
    with pytest.raises(WeightsError, match="01_conv"):
        build_mobile_face_net(tmp_path / "other.npz")


def test_both_backends_see_the_same(small, tmp_path):
    """The random networks are seeded in NumPy, so another process on JAX has the same weights."""
    pytest.importorskip("jax")
    other = {"tensorflow": "jax", "jax": "tensorflow"}[keras.backend.backend()]
    program = (
        "import sys, numpy as np\n"
        "from tfinpaint.features import build_light_cnn, build_mobile_face_net, build_vgg16\n"
        "from tfinpaint.losses import arc_face_loss, relation_distance\n"
        "faces = np.load(sys.argv[1])\n"
        "light = build_light_cnn(None, taps=('mfm1', 'pool3', 'embedding'), seed=1).predict_on_batch(faces)\n"
        "light['arc'] = arc_face_loss(np.array([0, 2]), np.linspace(-1, 1, 6).reshape(2, 3))\n"
        "light['relation'] = relation_distance(light['embedding'], faces.reshape(2, -1))\n"
        "np.savez(sys.argv[2], face=build_mobile_face_net(None, seed=1).predict_on_batch(faces),\n"
        "         **build_vgg16(None, taps=('relu2_1',), seed=1).predict_on_batch(faces), **light)\n"
    )
    faces = _faces(2, 24)
    np.save(tmp_path / "faces.npy", faces)
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "faces.npy"), str(tmp_path / "seen.npz")],
        check=True,
        env=os.environ | {"KERAS_BACKEND": other, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    seen = np.load(tmp_path / "seen.npz")
    np.testing.assert_allclose(small(faces), seen["face"], atol=1e-5)
    ours = build_vgg16(None, taps=("relu2_1",), seed=1)(faces)["relu2_1"]
    np.testing.assert_allclose(ours, seen["relu2_1"], rtol=1e-3, atol=1e-2)
    light = build_light_cnn(None, taps=("mfm1", "pool3", "embedding"), seed=1)(faces)
    light["arc"] = arc_face_loss(np.array([0, 2]), np.linspace(-1, 1, 6).reshape(2, 3))
    light["relation"] = relation_distance(light["embedding"], faces.reshape(2, -1))
    for name, values in light.items():
        np.testing.assert_allclose(values, seen[name], rtol=1e-3, atol=1e-4)


@pytest.mark.shared
def test_trained_weights_equal_an_independent_loader(shared):
    pytest.importorskip("tensorflow")
    spec = importlib.util.spec_from_file_location("nets", shared / "nets" / "nets.py")
    nets = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(nets)
    path = shared / "nets" / "mobilefacenet_fp16.npz"
    model = build_mobile_face_net(path)
    from tfinpaint.data import load_faces

    faces = load_faces(shared / "lfw" / "lfw.zip", size=128, limit=24).images.astype("float32") / 127.5 - 1
    crop = ops.convert_to_numpy(model.get_layer("crop")(faces))
    found = ops.convert_to_numpy(model(faces))
    np.testing.assert_allclose(found, nets.mobilefacenet()((crop + 1) * 127.5), atol=1e-5)
    low = ops.convert_to_numpy(build_mobile_face_net(path, dtype="bfloat16")(faces))
    assert ((found * low).sum(1) > 0.995).all()
