"""Patches against loops, and `fold` as the adjoint of `extract_patches`."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfinpaint.errors import InputError
from tfinpaint.layers import DepthToSpace, SpaceToDepth, extract_patches, fold, overlap_count

windows = st.fixed_dictionaries(
    {"reach": st.integers(1, 4), "stride": st.integers(1, 3), "padding": st.sampled_from(["same", "valid"])}
).map(lambda w: {"size": w["reach"] * w["stride"], "stride": w["stride"], "padding": w["padding"]})


def draw(window: dict, rows: int, columns: int, channels: int, seed: int = 0) -> np.ndarray:
    """A random map of at least one patch."""
    least = window["size"] // window["stride"]
    sides = [max(side, least) * window["stride"] for side in (rows, columns)]
    return np.random.default_rng(seed).normal(size=(2, *sides, channels)).astype("float32")


def patches_by_loop(x: np.ndarray, size: int, stride: int, padding: str) -> np.ndarray:
    before = (size - stride) // 2 if padding == "same" else 0
    after = size - stride - before if padding == "same" else 0
    x = np.pad(x, ((0, 0), (before, after), (before, after), (0, 0)))
    reach, result = size // stride, []
    for top in range(0, x.shape[1] - size + 1, stride):
        for left in range(0, x.shape[2] - size + 1, stride):
            cells = [(i, j) for i in range(reach) for j in range(reach)]
            pixels = [(top + i * stride + y, left + j * stride + z)
                      for i, j in cells for y in range(stride) for z in range(stride)]  # fmt: skip
            result.append(np.concatenate([x[:, y, z] for y, z in pixels], axis=-1))
    rows = (x.shape[1] - size) // stride + 1
    return np.stack(result, axis=1).reshape(len(x), rows, -1, result[0].shape[-1])


@settings(max_examples=40, deadline=None)
@given(windows, st.integers(1, 5), st.integers(1, 5), st.integers(1, 3))
def test_patches_are_those_of_a_loop(window: dict, rows: int, columns: int, channels: int) -> None:
    x = draw(window, rows, columns, channels)
    np.testing.assert_array_equal(np.asarray(extract_patches(x, **window)), patches_by_loop(x, **window))


@settings(max_examples=40, deadline=None)
@given(windows, st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), st.integers(0, 99))
def test_fold_is_the_adjoint_of_extracting(window: dict, rows: int, columns: int, channels: int, seed: int) -> None:
    x = draw(window, rows, columns, channels, seed)
    patches = np.asarray(extract_patches(x, **window)).astype("float64")
    y = np.random.default_rng(seed + 1).normal(size=patches.shape).astype("float32")
    folded = np.asarray(fold(y, **window)).astype("float64")
    assert folded.shape == x.shape
    np.testing.assert_allclose(np.sum(patches * y), np.sum(x * folded), rtol=1e-4, atol=1e-3)


@settings(max_examples=40, deadline=None)
@given(windows, st.integers(1, 5), st.integers(1, 5))
def test_folding_the_patches_gives_each_pixel_as_often_as_the_overlap_count(
    window: dict, rows: int, columns: int
) -> None:
    x = draw(window, rows, columns, 2)
    count = overlap_count(*x.shape[1:3], **window)
    assert count.min() >= 1
    np.testing.assert_allclose(np.asarray(fold(extract_patches(x, **window), **window)) / count, x, rtol=1e-5)


def test_overlap_of_4x4_patches_at_stride_2_is_1_in_corners_2_at_borders_4_inside() -> None:
    count = overlap_count(6, 6, size=4, stride=2)[0, :, :, 0]
    row = np.array([1, 2, 2, 2, 2, 1])
    np.testing.assert_array_equal(overlap_count(4, 4, size=4, stride=2)[0, 1], [[2], [4], [4], [2]])
    np.testing.assert_array_equal(count, np.outer(row, row))


@pytest.mark.parametrize("window", [{"size": 4, "stride": 2}, {"size": 3, "stride": 2}])
def test_sides_and_size_that_the_stride_does_not_divide_are_refused(window: dict) -> None:
    with pytest.raises(InputError, match=r"divisible by `stride`. Received: height=5, width=6"):
        extract_patches(np.zeros((1, 5, 6, 1), "float32"), **window)


def test_a_patch_larger_than_an_unpadded_map_is_refused() -> None:
    with pytest.raises(InputError, match="`size` must not be above"):
        extract_patches(np.zeros((1, 4, 6, 1), "float32"), 5, padding="valid")


def test_unknown_padding_is_refused() -> None:
    with pytest.raises(InputError, match="padding='full'"):
        extract_patches(np.zeros((1, 4, 4, 1), "float32"), 2, padding="full")


def test_patches_of_another_size_are_refused() -> None:
    with pytest.raises(InputError, match=r"divisible by size\*\*2.*size=3"):
        fold(np.zeros((1, 4, 4, 16), "float32"), 3)


def test_space_to_depth_orders_channels_by_row_then_column_then_channel() -> None:
    x = np.array([[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]], "float32")  # 2x2 pixels of 2 channels
    np.testing.assert_array_equal(np.asarray(SpaceToDepth(2)(x)), [[[[1, 2, 3, 4, 5, 6, 7, 8]]]])


@pytest.mark.parametrize("block", [1, 2, 3])
def test_depth_to_space_undoes_space_to_depth(block: int) -> None:
    x = np.random.default_rng(0).normal(size=(2, 6, 12, 5)).astype("float32")
    np.testing.assert_array_equal(np.asarray(DepthToSpace(block)(SpaceToDepth(block)(x))), x)


@pytest.mark.parametrize("block", [2, 3])
def test_both_are_tensorflows_own_operations(block: int) -> None:
    tf = pytest.importorskip("tensorflow")
    x = np.random.default_rng(0).normal(size=(2, 6, 12, 18 * 4)).astype("float32")
    for layer, operation in ((SpaceToDepth, tf.nn.space_to_depth), (DepthToSpace, tf.nn.depth_to_space)):
        np.testing.assert_array_equal(np.asarray(layer(block)(x)), np.asarray(operation(x, block)))


@pytest.mark.parametrize("layer", [SpaceToDepth, DepthToSpace])
@pytest.mark.parametrize("block", [0, -2, 1.5, "2"])
def test_a_block_that_is_no_whole_number_from_1_is_refused(layer: type, block: object) -> None:
    with pytest.raises(InputError, match="`block` must be a whole number from 1"):
        layer(block)


@pytest.mark.parametrize(
    ("layer", "rule"), [(SpaceToDepth, "height and width .* divisible"), (DepthToSpace, "channels divisible")]
)
def test_a_shape_that_the_block_does_not_divide_is_refused(layer: type, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        layer(2)(np.zeros((1, 4, 5, 3), "float32"))
