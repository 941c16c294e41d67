"""Both contextual attentions: against loops, against each other, and the claims made for them."""

from typing import Any

import keras
import numpy as np
import pytest

from tests.layers.attention_loop import attention_loop
from tfinpaint.errors import InputError
from tfinpaint.layers import ContextualAttention, SelfAdaptiveContextualAttention

both_layers = pytest.mark.parametrize("layer", [ContextualAttention, SelfAdaptiveContextualAttention])
IDENTITY = np.eye(3)
CENTRE = np.diag([0.0, 1.0, 0.0])  # a kernel that leaves the scores as they are


def features(batch: int, height: int, width: int, channels: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(batch, height, width, channels)).astype("float32")


def masks(batch: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """A random rectangle of a third to half of each side in each sample."""
    draw, result = np.random.default_rng(seed), np.zeros((batch, height, width, 1), "float32")
    for sample in result:
        top, left = draw.integers(0, height // 2), draw.integers(0, width // 2)
        rows, columns = (draw.integers(side // 3, side // 2 + 1) for side in (height, width))
        sample[top : top + rows, left : left + columns] = 1
    return result


def run(layer: Any, *inputs: np.ndarray) -> list[np.ndarray]:
    return [np.asarray(y) for y in layer(list(inputs))]


def loops(x: np.ndarray, mask: np.ndarray, **arguments: Any) -> list[np.ndarray]:
    """The loop for each sample of a batch."""
    results = [attention_loop(*sample, **arguments) for sample in zip(x, mask, strict=True)]
    return [np.stack(part) for part in zip(*results, strict=True)]


def touches_hole(mask: np.ndarray, rate: int) -> np.ndarray:
    """Which 3x3 patches of a subsampled mask (height, width, 1) see a hidden pixel, flattened."""
    small = np.pad(mask[::rate, ::rate, 0], 1)
    rows, columns = small.shape[0] - 2, small.shape[1] - 2
    return np.array([small[r : r + 3, c : c + 3].max() > 0 for r in range(rows) for c in range(columns)])


CASES = [  # batch, height, width, channels, rate
    (1, 8, 8, 3, 2),
    (3, 8, 12, 4, 2),
    (2, 14, 6, 2, 2),
    (2, 5, 7, 3, 1),
    (1, 9, 15, 2, 3),
    (2, 8, 16, 5, 4),
]


@pytest.mark.parametrize("fuse", [True, False], ids=["fuse", "no_fuse"])
@pytest.mark.parametrize("shape", CASES, ids=str)
def test_contextual_attention_is_that_of_the_loop(shape: tuple, fuse: bool) -> None:
    *size, rate = shape
    x, mask = features(*size), masks(*size[:3])
    kernels = {"row_kernel": IDENTITY, "column_kernel": IDENTITY} if fuse else {}
    for scale in (10.0, 0.5):  # sharp and soft
        layer = ContextualAttention(rate, scale=scale, fuse=fuse, return_attention=True)
        for values, expected in zip(
            run(layer, x, mask), loops(x, mask, rate=rate, scale=scale, **kernels), strict=True
        ):
            np.testing.assert_allclose(values, expected, atol=1e-4)


@pytest.mark.parametrize("kernel_size", [1, 5])
def test_other_kernel_sizes_are_those_of_the_loop(kernel_size: int) -> None:
    x, mask = features(2, 8, 12, 3), masks(2, 8, 12)
    layer = ContextualAttention(kernel_size=kernel_size, scale=1, return_attention=True)
    expected = loops(x, mask, kernel_size=kernel_size, scale=1, row_kernel=IDENTITY, column_kernel=IDENTITY)
    for values, reference in zip(run(layer, x, mask), expected, strict=True):
        np.testing.assert_allclose(values, reference, atol=1e-4)


@pytest.mark.parametrize("fill", [0, 1], ids=["nothing_hidden", "all_hidden"])
@both_layers
def test_empty_and_full_masks_are_those_of_the_loop(layer: type, fill: int) -> None:
    x, mask = features(2, 8, 6, 3), np.full((2, 8, 6, 1), fill, "float32")
    best = layer is SelfAdaptiveContextualAttention
    expected = loops(x, mask, row_kernel=IDENTITY, column_kernel=IDENTITY, best_only=best, normalize_places=best)
    for values, reference in zip(run(layer(return_attention=True), x, mask), expected, strict=True):
        np.testing.assert_allclose(values, reference, atol=1e-4)


@pytest.mark.parametrize("select", ["argmax", "soft"])
@pytest.mark.parametrize("normalize", ["both", "background"])
@pytest.mark.parametrize("shape", CASES[:4], ids=str)
def test_self_adaptive_attention_with_any_kernels_is_that_of_the_loop(
    shape: tuple, select: str, normalize: str
) -> None:
    *size, rate = shape
    x, mask = features(*size), masks(*size[:3])
    kernels = IDENTITY + 0.3 * np.random.default_rng(5).normal(size=(2, 3, 3))
    layer = SelfAdaptiveContextualAttention(rate, select=select, normalize=normalize, scale=3, return_attention=True)
    layer.build([x.shape, mask.shape])
    layer.set_weights(list(kernels))
    expected = loops(x, mask, rate=rate, scale=3, row_kernel=kernels[0], column_kernel=kernels[1],
                     best_only=select == "argmax", normalize_places=normalize == "both")  # fmt: skip
    for values, reference in zip(run(layer, x, mask), expected, strict=True):
        np.testing.assert_allclose(values, reference, atol=1e-4)


@pytest.mark.parametrize("rate", [1, 2])
def test_self_adaptive_attention_starts_as_contextual_attention(rate: int) -> None:
    x, mask = features(2, 12, 8, 6), masks(2, 12, 8)
    adaptive = SelfAdaptiveContextualAttention(rate, select="soft", normalize="background", return_attention=True)
    plain = ContextualAttention(rate, return_attention=True)
    for values, expected in zip(run(adaptive, x, mask), run(plain, x, mask), strict=True):
        np.testing.assert_allclose(values, expected, atol=1e-6)


def test_self_adaptive_attention_learns_18_values_named_row_and_column_kernel() -> None:
    layer = SelfAdaptiveContextualAttention(name="attention")
    layer.build([(None, 8, 8, 4), (None, 8, 8, 1)])
    assert [weight.path for weight in layer.trainable_weights] == ["attention/row_kernel", "attention/column_kernel"]
    assert [weight.shape for weight in layer.weights] == [(3, 3), (3, 3)]
    for weight in layer.get_weights():
        np.testing.assert_array_equal(weight, IDENTITY)


@both_layers
@pytest.mark.parametrize("rate", [1, 2])
def test_patches_that_touch_the_hole_have_weight_exactly_0_and_rows_sum_to_1(layer: type, rate: int) -> None:
    x, mask = 30 * features(3, 12, 10, 4), masks(3, 12, 10)
    _, attention = run(layer(rate, return_attention=True), x, mask)
    for rows, hole in zip(attention, mask, strict=True):
        touching = touches_hole(hole, rate)
        assert 0 < touching.sum() < touching.size
        assert (rows[:, touching] == 0).all()
        np.testing.assert_allclose(rows.sum(axis=-1), 1, rtol=1e-5)


@both_layers
def test_a_sample_hidden_everywhere_gives_0_and_its_neighbours_stay_as_they_are(layer: type) -> None:
    x, mask = features(2, 8, 8, 4), masks(2, 8, 8)
    alone, _ = run(layer(return_attention=True), x[1:], mask[1:])
    mask[0] = 1
    result, attention = run(layer(return_attention=True), x, mask)
    assert not result[0].any()
    assert not attention[0].any()
    np.testing.assert_allclose(result[1:], alone, atol=1e-6)


@both_layers
def test_a_mask_value_above_0_counts_as_hidden(layer: type) -> None:
    x, mask = features(2, 8, 8, 4), masks(2, 8, 8)
    np.testing.assert_array_equal(np.asarray(layer()([x, 0.01 * mask])), np.asarray(layer()([x, mask])))


@both_layers
@pytest.mark.parametrize("rate", [1, 2, 3])
def test_without_a_hole_sharp_attention_without_propagation_copies_each_patch_onto_itself(
    layer: type, rate: int
) -> None:
    x, mask = features(2, 12, 6, 8), np.zeros((2, 12, 6, 1), "float32")
    if layer is ContextualAttention:
        attention = ContextualAttention(rate, scale=1e4, fuse=False)
    else:
        attention = SelfAdaptiveContextualAttention(rate, scale=1e4)
        attention.build([x.shape, mask.shape])
        attention.set_weights([CENTRE, CENTRE])
    np.testing.assert_allclose(np.asarray(attention([x, mask])), x, atol=1e-5)  # also at the border


def test_a_hole_block_finds_its_planted_copy_with_cosine_1() -> None:
    x, mask = features(1, 32, 32, 8), np.zeros((1, 32, 32, 1), "float32")
    mask[:, 12:18, 14:20] = 1
    x[:, 11:19, 13:21] = 3 * x[:, 23:31, 3:11]  # around cell (7, 8) as around (13, 3), at another length
    layer = SelfAdaptiveContextualAttention(scale=10, return_attention=True)
    layer.build([x.shape, mask.shape])
    layer.set_weights([CENTRE, CENTRE])
    _, attention = run(layer, x, mask)
    row = attention[0, 7 * 16 + 8]
    best = row.max()
    assert np.unravel_index(row.argmax(), (16, 16)) == (13, 3)
    others = (row > 0).sum() - 1
    np.testing.assert_allclose(row[(row > 0) & (row < best)], (1 - best) / others, rtol=1e-4)  # only one was kept
    np.testing.assert_allclose(np.log(best / (1 - best) * others) / 10, 1, atol=1e-4)  # and it counts its cosine


@both_layers
def test_a_torn_texture_is_completed_from_its_far_copy(layer: type) -> None:
    x, mask = 0.3 * features(1, 48, 48, 8), np.zeros((1, 48, 48, 1), "float32")
    texture = features(1, 12, 16, 8, seed=1)
    x[:, 4:16, 4:20] = texture
    x[:, 30:42, 22:30] = texture[:, :, :8]  # its left half at the rim of the hole ...
    mask[:, 30:42, 30:38] = 1  # ... its right half hidden
    x *= 1 - mask
    result = np.asarray(layer()([x, mask]))
    painted, expected = result[0, 32:40, 30:32], texture[0, 2:10, 8:10]
    assert np.abs(painted - expected).mean() < 0.1 * np.abs(expected).mean()


def test_equally_good_patches_are_all_kept() -> None:
    x, mask = np.ones((1, 12, 12, 2), "float32"), np.zeros((1, 12, 12, 1), "float32")
    layer = SelfAdaptiveContextualAttention(rate=1, return_attention=True)
    layer.build([x.shape, mask.shape])
    layer.set_weights([CENTRE, CENTRE])
    _, attention = run(layer, x, mask)
    inner = [row * 12 + column for row in range(1, 11) for column in range(1, 11)]
    weights = attention[0, inner[0], inner]
    np.testing.assert_allclose(weights, weights[0])
    assert 100 * weights[0] > 0.99


@both_layers
def test_the_gradient_is_the_slope_of_the_result(layer: type) -> None:
    tf = pytest.importorskip("tensorflow")
    direction, weights, x = (features(2, 8, 16, 4, seed) for seed in range(3))
    x[:, :, 8:] = x[:, :, :8] + 0.2 * x[:, :, 8:]  # a hidden place has one clear match, which no small step changes
    attention, mask = layer(scale=1.0), np.zeros((2, 8, 16, 1), "float32")
    mask[:, 2:6, 10:14] = 1

    def projection(step: Any) -> Any:
        return tf.reduce_sum(attention([x + step * direction, mask]) * weights)

    step = tf.constant(0.0)
    with tf.GradientTape() as tape:
        tape.watch(step)
        value = projection(step)
    slope = (projection(1e-3) - projection(-1e-3)) / 2e-3
    np.testing.assert_allclose(float(tape.gradient(value, step)), float(slope), rtol=1e-2)


@both_layers
def test_features_that_are_all_0_have_finite_gradients(layer: type) -> None:
    tf = pytest.importorskip("tensorflow")
    x = tf.zeros((1, 8, 8, 4))
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(layer()([x, masks(1, 8, 8)]))
    assert np.isfinite(np.asarray(tape.gradient(loss, x))).all()


@both_layers
@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"rate": 0}, "`rate` must be a whole number from 1. Received: rate=0"),
        ({"rate": 1.5}, "`rate` must be"),
        ({"kernel_size": 4}, "`kernel_size` must be an odd whole number. Received: kernel_size=4"),
        ({"scale": 0}, "`scale` must be above 0. Received: scale=0"),
    ],
)
def test_arguments_out_of_range_are_refused(layer: type, arguments: dict, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        layer(**arguments)


@pytest.mark.parametrize("arguments", [{"select": "best"}, {"normalize": "none"}])
def test_unknown_words_are_refused(arguments: dict) -> None:
    ((name, word),) = arguments.items()
    with pytest.raises(InputError, match=f"`{name}` must be .*Received: {name}='{word}'"):
        SelfAdaptiveContextualAttention(**arguments)


@both_layers
@pytest.mark.parametrize(
    ("shape", "mask_shape", "rule"),
    [
        ((8, 8, 4), (4, 4, 1), "Resize the mask to the features"),
        ((8, 8, 4), (8, 8, 4), "Resize the mask to the features"),
        ((8, 7, 4), (8, 7, 1), "divisible by `rate`"),
        ((None, 8, 4), (None, 8, 1), "must be known"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(layer: type, shape: tuple, mask_shape: tuple, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        layer()([keras.Input(shape), keras.Input(mask_shape)])
