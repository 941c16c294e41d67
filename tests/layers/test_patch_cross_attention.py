"""Patch-wise cross-attention against a loop in the paper's words, and its claims (PAPERS: C2FDAN)."""

import numpy as np
import pytest
import tensorflow as tf

from tfinpaint.errors import InputError
from tfinpaint.layers import PatchCrossAttention

both = pytest.mark.parametrize("gradient", ["hard", "straight_through"])
rng = np.random.default_rng(0)


def loop(x, mask, weights):
    """One picture, in float64: K is 0 where hidden; all 2x2 patches of K; the best for each cell of Q."""
    (height, width, _), (wq, bq, wk, bk, wv, bv) = x.shape, weights
    q, k, v = x @ wq + bq, (x @ wk + bk) * (1 - mask), x @ wv + bv
    q = q / np.sqrt((q**2).sum(-1, keepdims=True) + 1e-8)
    corners = [(r, c) for r in range(height - 1) for c in range(width - 1)]
    allowed = [mask[r : r + 2, c : c + 2].max() <= 0.5 for r, c in corners]
    filled, taken = v.copy(), []
    for r in range(0, height, 2):
        for c in range(0, width, 2):
            best, choice = -np.inf, None
            for place, (i, j) in enumerate(corners):
                patch = k[i : i + 2, j : j + 2]
                likeness = (q[r : r + 2, c : c + 2] * patch).sum() / np.sqrt((patch**2).sum() + 1e-8)
                if (allowed[place] or not any(allowed)) and likeness > best + 1e-9:  # the first of equals stays
                    best, choice = likeness, place
            i, j = corners[choice]
            filled[r : r + 2, c : c + 2] = v[i : i + 2, j : j + 2]
            taken.append(choice)
    return (1 - mask) * v + mask * filled, taken


def built(channels, filters, gradient="hard", plain=False):
    """A layer with weights that are not the initial ones; `plain`: Q = K = V = features."""
    layer = PatchCrossAttention(filters, gradient)
    layer.build([(None, 8, 8, channels), (None, 8, 8, 1)])
    for name in ("query", "key", "value"):
        kernel, bias = getattr(layer, f"{name}_kernel"), getattr(layer, f"{name}_bias")
        kernel.assign(np.eye(channels)[None, None] if plain else rng.normal(size=kernel.shape))
        bias.assign(np.zeros(filters) if plain else rng.normal(size=filters))
    return layer


def weights_of(layer):
    names = [f"{name}_{kind}" for name in ("query", "key", "value") for kind in ("kernel", "bias")]
    return [np.squeeze(getattr(layer, name).numpy().astype(float)) for name in names]


def taken_by(layer, x, mask):
    return tf.argmax(layer.similarity(x, mask), axis=-1).numpy()


def a_mask(kind, height=8, width=10):
    mask = np.zeros((height, width, 1), "float32")
    if kind == "hole":
        mask[1:6, 3:7] = 1
    elif kind == "soft":
        mask[2:6, 2:7] = rng.uniform(size=(4, 5, 1))
    elif kind == "all":
        mask[:] = 1
    return mask


@both
@pytest.mark.parametrize("kind", ["hole", "soft", "all", "empty"])
def test_it_equals_a_loop_in_the_papers_words(kind, gradient):
    layer, x = built(5, 3, gradient), rng.normal(size=(2, 8, 10, 5)).astype("float32")
    masks = np.stack([a_mask(kind), a_mask("hole")])
    ours = np.asarray(layer([x, masks]))
    for sample in range(2):
        expected, taken = loop(x[sample].astype(float), masks[sample], weights_of(layer))
        if kind != "all" or sample:  # all similarities are 0 there, up to rounding: the copy is arbitrary
            np.testing.assert_array_equal(taken_by(layer, x, masks)[sample], taken)
            np.testing.assert_allclose(ours[sample], expected, atol=1e-5)
    assert np.isfinite(ours).all()


def test_of_equal_patches_the_first_is_taken():
    layer = built(4, 4, plain=True)
    x = np.tile(rng.choice([-1.0, 1.0], (2, 2, 4)), (4, 5, 1)).astype("float32")  # the same cell everywhere
    mask = a_mask("hole")
    expected, taken = loop(x.astype(float), mask, weights_of(layer))
    ours = np.asarray(layer([x[None], mask[None]]))[0]
    np.testing.assert_allclose(ours, expected, atol=1e-6)
    indices = tf.math.top_k(layer.similarity(x[None], mask[None]), 1).indices[0, :, 0].numpy()
    np.testing.assert_array_equal(indices, taken)
    assert set(taken) == {0}


def test_at_paper_size_there_are_3025_patches_for_784_cells():
    layer = PatchCrossAttention(64)
    x, mask = rng.normal(size=(1, 56, 56, 128)).astype("float32"), np.zeros((1, 56, 56, 1), "float32")
    assert layer([x, mask]).shape == (1, 56, 56, 64)
    assert layer.similarity(x, mask).shape == (1, 784, 3025)
    assert layer.count_params() == 24_768


def test_what_is_visible_stays_exactly():
    layer, x = built(5, 3), rng.normal(size=(1, 8, 10, 5)).astype("float32")
    mask = a_mask("hole")[None]
    value, filled = (np.asarray(layer([x, m])) for m in (np.zeros_like(mask), mask))
    np.testing.assert_array_equal((filled - value) * (1 - mask), 0)
    assert np.abs(filled - value)[np.broadcast_to(mask > 0, value.shape)].min() > 0
    np.testing.assert_allclose(value[0], x[0] @ weights_of(layer)[4] + weights_of(layer)[5], rtol=1e-5, atol=1e-5)


def test_only_visible_patches_are_copied():
    layer, x = built(5, 3), rng.normal(size=(3, 8, 10, 5)).astype("float32")
    masks = np.stack([a_mask("hole") for _ in range(3)])
    masks[1, :, :8] = masks[2, 3:] = 1
    for mask, taken in zip(masks, taken_by(layer, x, masks), strict=True):
        rows, columns = np.divmod(taken, 9)
        assert max(mask[r : r + 2, c : c + 2].max() for r, c in zip(rows, columns, strict=True)) == 0


def test_half_of_a_symmetric_map_is_filled_from_the_other():
    cells = rng.normal(size=(4, 4, 6))
    cells = np.concatenate([cells, cells[:, ::-1]], axis=1)  # 4 x 8 cells, mirror-symmetric
    x = np.kron(cells, np.ones((2, 2, 1))).astype("float32")
    mask = np.zeros((8, 16, 1), "float32")
    mask[:, :8] = 1
    layer = built(6, 6, plain=True)
    taken = taken_by(layer, x[None], mask[None])[0].reshape(4, 8)
    for row in range(4):
        for column in range(4):
            assert taken[row, column] == 2 * row * 15 + 2 * (7 - column)
    np.testing.assert_allclose(np.asarray(layer([x[None], mask[None]]))[0], x, atol=1e-6)


def test_a_patch_is_pasted_as_it_lies_not_mirrored():
    """What fills a symmetric face's hidden half are patches of the other half the way they are, not their mirrors."""
    half = rng.normal(size=(8, 8, 6))
    x = np.concatenate([half, half[:, ::-1]], axis=1).astype("float32")  # symmetric pixel by pixel
    mask = np.zeros((8, 16, 1), "float32")
    mask[:, :8] = 1
    layer = built(6, 6, plain=True)
    filled = np.asarray(layer([x[None], mask[None]]))[0]
    taken = taken_by(layer, x[None], mask[None])[0].reshape(4, 8)
    for row in range(4):
        for column in range(4):
            r, c = divmod(taken[row, column], 15)
            cell = filled[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            np.testing.assert_allclose(cell, x[r : r + 2, c : c + 2], atol=1e-6)
    assert np.abs(filled[:, :8] - x[:, :8]).mean() > 0.3  # so the hidden half is not what it was


def test_both_gradients_have_the_same_values():
    hard, soft = built(5, 3), built(5, 3, "straight_through")
    soft.set_weights([w.numpy() for w in (getattr(hard, v.name) for v in soft.weights)])
    x, mask = rng.normal(size=(1, 8, 10, 5)).astype("float32"), a_mask("soft")[None]
    np.testing.assert_array_equal(np.asarray(hard([x, mask])), np.asarray(soft([x, mask])))


@both
def test_only_straight_through_teaches_the_choice(gradient):
    layer, x = built(5, 3, gradient), rng.normal(size=(1, 8, 10, 5)).astype("float32")
    trained = {v.name.split("_")[0] for v in layer.trainable_variables}
    assert trained == ({"value"} if gradient == "hard" else {"query", "key", "value"})
    values = [getattr(layer, f"{name}_kernel").value for name in ("query", "key", "value")]
    with tf.GradientTape() as tape:
        tape.watch(values)
        loss = tf.reduce_sum(layer([x, a_mask("hole")[None]]) * rng.normal(size=(1, 8, 10, 3)))
    query, key, value = tape.gradient(loss, values, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    assert np.abs(value).max() > 0
    assert (np.abs(query).max() > 0) == (np.abs(key).max() > 0) == (gradient != "hard")


def test_query_and_key_begin_alike():
    layer = PatchCrossAttention(3)
    layer.build([(None, 8, 8, 5), (None, 8, 8, 1)])
    np.testing.assert_array_equal(layer.query_kernel.numpy(), layer.key_kernel.numpy())
    assert (layer.query_kernel.numpy() != layer.value_kernel.numpy()).any()


@pytest.mark.parametrize(
    ("arguments", "shapes", "words"),
    [
        ({"filters": 0}, None, "`filters` must be a whole number"),
        ({"filters": 2, "gradient": "soft"}, None, "`gradient` must be"),
        ({"filters": 2}, [(1, 8, 8, 4), (1, 4, 4, 1)], "Resize the mask"),
        ({"filters": 2}, [(1, 7, 8, 4), (1, 7, 8, 1)], "known and even"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(arguments, shapes, words):
    with pytest.raises(InputError, match=words):
        PatchCrossAttention(**arguments)([np.zeros(s, "float32") for s in shapes])
