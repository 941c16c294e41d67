"""Losses that teach who a face shows, against plain NumPy."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from tfinpaint.features import CosineHead
from tfinpaint.losses import arc_face_logits, arc_face_loss, relation_distance


def test_arc_face_equals_the_formula_with_angles():
    rng = np.random.default_rng(0)
    cosines, labels = rng.uniform(-0.85, 0.95, (5, 4)), np.array([0, 3, 1, 1, 2])
    expected = []
    for row, label in zip(cosines, labels, strict=True):
        logits = 64 * row
        logits[label] = 64 * np.cos(np.arccos(row[label]) + 0.5)
        expected.append(np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[label])
    np.testing.assert_allclose(arc_face_loss(labels, cosines), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(arc_face_loss(labels[:, None], cosines), expected, rtol=1e-4, atol=1e-5)


def test_without_margin_it_is_the_usual_cross_entropy():
    cosines, labels = np.random.default_rng(1).uniform(-1, 1, (6, 3)).astype("float32"), np.array([0, 1, 2, 0, 1, 2])
    expected = keras.losses.sparse_categorical_crossentropy(labels, 10 * cosines, from_logits=True)
    np.testing.assert_allclose(arc_face_loss(labels, cosines, scale=10, margin=0), expected, rtol=1e-3, atol=1e-4)


@given(st.floats(0.0, 1.2))
def test_a_larger_angle_or_margin_never_gives_a_larger_logit(margin):
    cosines = np.cos(np.linspace(0, np.pi, 400))[:, None].astype("float32")
    labels = np.zeros(400, int)
    logits = ops.convert_to_numpy(arc_face_logits(labels, cosines, 1.0, margin))[:, 0]
    assert (np.diff(logits) <= 2e-3 * margin).all()  # the guarded root bends the first thousandth
    wider = ops.convert_to_numpy(arc_face_logits(labels, cosines, 1.0, margin + 0.1))[:, 0]
    assert (wider <= logits + 2e-3).all()


def test_only_the_true_person_s_logit_changes():
    cosines = np.random.default_rng(2).uniform(-1, 1, (4, 5)).astype("float32")
    found = ops.convert_to_numpy(arc_face_logits(np.array([1, 1, 4, 0]), cosines)) / 64 - cosines
    true = np.eye(5)[[1, 1, 4, 0]] > 0
    assert np.abs(found[~true]).max() < 1e-6 and found[true].max() < -0.05


@pytest.mark.parametrize("cosine", [1.0, -1.0, 1.0000001, -1.0000001, 0.0])
def test_values_and_gradients_are_finite_at_the_ends(cosine):
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("written with GradientTape")
    cosines = tf.constant([[cosine, 0.2], [0.1, cosine]])
    with tf.GradientTape() as tape:
        tape.watch(cosines)
        loss = arc_face_loss(np.array([0, 1]), cosines)
    assert np.isfinite(loss.numpy()).all() and np.isfinite(tape.gradient(loss, cosines).numpy()).all()


def test_relations_are_compared_with_every_face_of_the_batch():
    rng = np.random.default_rng(3)
    first, second = rng.normal(size=(4, 3)), rng.normal(size=(4, 6))

    def cosine(a, b):
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    expected = [
        np.mean([(cosine(first[i], first[j]) - cosine(second[i], second[j])) ** 2 for j in range(4)]) for i in range(4)
    ]
    np.testing.assert_allclose(relation_distance(first, second), expected, rtol=1e-4)
    turned = first @ np.linalg.qr(rng.normal(size=(3, 3)))[0] * 7
    np.testing.assert_allclose(relation_distance(turned, first), 0, atol=1e-6)


def test_the_cosine_head_gives_cosines_and_survives_its_configuration():
    head = CosineHead(5)
    x = np.random.default_rng(4).normal(size=(3, 8)).astype("float32")
    found = ops.convert_to_numpy(head(x))
    directions = ops.convert_to_numpy(head.directions)
    expected = x @ directions / np.linalg.norm(x, axis=1)[:, None] / np.linalg.norm(directions, axis=0)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    again = CosineHead.from_config(head.get_config())
    assert again.people == 5 and again.compute_output_shape((None, 8)) == (None, 5)
