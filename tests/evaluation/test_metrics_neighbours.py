import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinpaint.errors import InputError
from tfinpaint.evaluation import neighbour_radii, precision_recall, realism
from tfinpaint.evaluation.metrics import sets


def _radii_by_loops(features, k):
    radii = []
    for i, one in enumerate(features):
        others = sorted(np.linalg.norm(one - other) for j, other in enumerate(features) if j != i)
        radii.append(others[k - 1])
    return radii


def _inside_by_loops(points, centres, k):
    radii = _radii_by_loops(centres, k)
    inside = [any(np.linalg.norm(p - c) <= r for c, r in zip(centres, radii, strict=True)) for p in points]
    return np.mean(inside)


def _realism_by_loops(points, centres, k):
    radii = _radii_by_loops(centres, k)
    kept = [(c, r) for c, r in zip(centres, radii, strict=True) if r <= np.median(radii)]
    return [max(r / np.linalg.norm(p - c) for c, r in kept) for p in points]


@given(st.integers(0, 2**20), st.integers(1, 3), st.sampled_from([1, 13, 4_000_000]))
def test_they_equal_loops_over_all_pairs_in_blocks_of_any_size(seed, k, block_values):
    rng = np.random.default_rng(seed)
    pictures, references = rng.normal(0.5, 1, (7, 3)) + 100, rng.normal(0, 1, (11, 3)) + 100
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sets, "_BLOCK_VALUES", block_values)
        found = precision_recall(pictures, references, k=k)
        np.testing.assert_allclose(realism(pictures, references, k=k), _realism_by_loops(pictures, references, k))
        np.testing.assert_allclose(neighbour_radii(references, k=k), _radii_by_loops(references, k))
    assert found.precision == _inside_by_loops(pictures, references, k)
    assert found.recall == _inside_by_loops(references, pictures, k)


def test_a_line_by_hand():
    """References at 0, 1, 2, 10 with k = 1: radii 1, 1, 1, 8; pictures at -1, 2.5, 19 with radii 3.5, 3.5, 16.5."""
    references, pictures = (np.array([values]).T for values in ([0.0, 1, 2, 10], [-1.0, 2.5, 19]))
    np.testing.assert_allclose(neighbour_radii(references, k=1), [1, 1, 1, 8])
    found = precision_recall(pictures, references, k=1)
    assert found.precision == pytest.approx(2 / 3)  # -1 on the ball of 0; 2.5 near 2; 19 is 9 from 10
    assert found.recall == 1  # 10 within 16.5 of 19
    assert found.f1 == pytest.approx(2 * (2 / 3) / (2 / 3 + 1))
    np.testing.assert_allclose(realism(pictures, references, k=1), [1, 2, 1 / 17])  # the ball of 10 is left out


def test_a_set_covers_itself_and_sets_far_apart_share_nothing():
    features = np.random.default_rng(0).normal(size=(20, 64)).astype("float32")
    assert precision_recall(features, features) == (1, 1, 1)
    assert precision_recall(features + 1000, features) == (0, 0, 0)
    assert (realism(features + 1000, features) < 0.1).all()


def test_one_real_picture_again_and_again_is_precise_and_covers_little():
    references = np.random.default_rng(0).normal(size=(30, 8))
    found = precision_recall(np.repeat(references[:1], 30, 0), references)
    assert found.precision == 1 and found.recall == pytest.approx(1 / 30)


def test_realism_of_a_real_picture_is_infinite_and_one_picture_is_enough():
    references = np.random.default_rng(0).normal(size=(30, 8)) + 50
    typical = references[neighbour_radii(references).argmin()]
    assert np.isposinf(realism(typical[None], references)).all()
    repeated = np.repeat(np.eye(3), 4, 0)  # all radii are 0
    np.testing.assert_array_equal(realism(np.array([[0.0, 0, 0], [1, 0, 0]]), repeated), [0, np.inf])


@pytest.mark.parametrize("measure", [precision_recall, realism])
def test_too_few_pictures_and_broken_features_are_refused(measure):
    features = np.zeros((3, 2))
    with pytest.raises(InputError, match="less than the number of pictures of a set, 3. Received: 3"):
        measure(np.zeros((9, 2)), features)
    with pytest.raises(InputError, match="`k` must be at least 1"):
        measure(features, features, k=0)
    with pytest.raises(InputError, match="1 of 9 rows with NaN"):
        measure(np.where(np.arange(9)[:, None] == 4, np.nan, np.zeros((9, 2))), features, k=1)
    with pytest.raises(InputError, match="one width"):
        measure(np.zeros((9, 3)), features, k=1)


def test_precision_and_recall_need_enough_pictures_on_both_sides():
    with pytest.raises(InputError, match="a set, 2. Received: 3"):
        precision_recall(np.zeros((2, 2)), np.zeros((9, 2)))
    with pytest.raises(InputError, match="k"):
        neighbour_radii(np.zeros((3, 2)), k=3)
