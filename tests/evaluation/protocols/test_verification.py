import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinpaint.errors import InputError
from tfinpaint.evaluation.bootstrap import Estimate, Outcome, draw_counts
from tfinpaint.evaluation.protocols import Pairs, roc, similarity, undone, verify, verify_scores
from tfinpaint.evaluation.protocols.verification import _resampled, fold_accuracies

sklearn_metrics = pytest.importorskip("sklearn.metrics")


def make_pairs(folds=7, half=20):
    n = 2 * folds * half
    same = np.arange(n) // half % 2 == 0
    names = tuple(f"P_{i:04d}.jpg" for i in range(2 * n))
    return Pairs(names, np.arange(n), np.arange(n) + n, same, np.arange(n) // (2 * half))


def make_scores(pairs, distance=2.0, seed=0, digits=1):
    rng = np.random.default_rng(seed)
    return np.round(rng.normal(pairs.same * distance, 1), digits)


def test_accuracy_equals_a_loop_over_the_folds():
    pairs = make_pairs()
    scores = make_scores(pairs)
    expected = []
    for fold in range(7):
        others = [i for i in range(len(pairs)) if pairs.fold[i] != fold]
        candidates = sorted(set(scores[others]), reverse=True)
        best, threshold = -1, None
        for place, candidate in enumerate(candidates):
            right = sum((scores[i] >= candidate) == pairs.same[i] for i in others)
            if right > best:
                below = candidates[min(place + 1, len(candidates) - 1)]
                best, threshold = right, (candidate + below) / 2
        own = [i for i in range(len(pairs)) if pairs.fold[i] == fold]
        expected.append(np.mean([(scores[i] >= threshold) == pairs.same[i] for i in own]))
    np.testing.assert_allclose(fold_accuracies(scores, pairs), expected)
    summary = verify_scores(scores, pairs, resamples=10).summary()["accuracy"]
    assert summary["mean"] == pytest.approx(np.mean(expected)) and summary["n"] == 7
    assert summary["standard_error"] == pytest.approx(np.std(expected, ddof=1) / np.sqrt(7))


def test_a_fold_s_own_scores_do_not_choose_its_threshold():
    pairs = make_pairs(folds=2, half=1)
    # each fold alone could be judged without error, but not by the other's threshold
    scores = np.array([1.0, 0.5, 11.0, 10.5])
    np.testing.assert_allclose(fold_accuracies(scores, pairs), [0.5, 0.5])


def test_resampled_measures_equal_scikit_learn_on_the_drawn_pairs():
    pairs = make_pairs(folds=2, half=15)
    scores = make_scores(pairs, digits=0)
    counts = draw_counts(pairs.same, 250, seed=3)
    found = _resampled(scores, pairs.same, counts, (0.1, 0.001))
    for row in (0, 1, 99, 100, 249):
        drawn = np.repeat(np.arange(len(pairs)), counts[row])
        area = sklearn_metrics.roc_auc_score(pairs.same[drawn], scores[drawn])
        curve = roc(scores[drawn], pairs.same[drawn])
        np.testing.assert_allclose(found[:, row], [area, curve.tpr_at(0.1), curve.tpr_at(0.001)], atol=1e-12)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=30), st.integers(0, 5))
def test_each_group_keeps_its_size_in_every_resample(groups, seed):
    groups = np.array(groups)
    counts = draw_counts(groups, 5, seed)
    for group in np.unique(groups):
        assert (counts[:, groups == group].sum(1) == (groups == group).sum()).all()
    np.testing.assert_array_equal(counts, draw_counts(groups, 5, seed))


def test_draws_are_as_often_zero_one_and_more_as_with_replacement():
    counts = draw_counts(np.zeros(200), 500, 0)
    assert (counts == 0).mean() == pytest.approx(np.exp(-1), abs=0.01)
    assert counts.mean(0).std() < 0.06  # none is favoured


def test_the_interval_of_the_area_is_that_of_theory():
    """Hanley and McNeil's standard error of an AUC."""
    pairs = make_pairs(folds=5, half=100)
    outcome = verify_scores(make_scores(pairs, 1.0, digits=6), pairs).summary()["auc"]
    area, n = outcome["mean"], 500
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    error = np.sqrt((area * (1 - area) + (n - 1) * (q1 + q2 - 2 * area**2)) / n**2)
    assert outcome["low"] == pytest.approx(area - 1.96 * error, abs=0.2 * error)
    assert outcome["high"] == pytest.approx(area + 1.96 * error, abs=0.2 * error)
    assert outcome["n"] == 1000


def test_perfect_embeddings_are_perfect():
    pairs = make_pairs(folds=3, half=4)
    rng = np.random.default_rng(0)
    first = rng.normal(size=(len(pairs), 8))
    second = np.where(pairs.same[:, None], first, -first)
    for metric in ("cosine", "euclidean"):
        summary = verify(first, second, pairs, metric=metric, resamples=20).summary()
        assert summary.pop("det") == {"fpr": [0.0], "fnr": [0.0]}
        for numbers in summary.values():
            assert [numbers[key] for key in ("mean", "low", "high")] == pytest.approx([1, 1, 1])
        assert set(summary) == {"auc", "accuracy", "tpr_at_fpr_0.01", "tpr_at_fpr_0.001"}


def test_a_summary_is_json_without_nan_and_the_same_twice():
    pairs = make_pairs()
    texts = {json.dumps(verify_scores(make_scores(pairs), pairs).summary(), allow_nan=False) for _ in range(2)}
    assert len(texts) == 1
    other = json.dumps(verify_scores(make_scores(pairs), pairs, seed=1).summary())
    assert other not in texts


def test_scores_grow_with_likeness():
    a, b = np.array([[1.0, 0], [3.0, 4.0]]), np.array([[2.0, 0], [0.0, 0.5]])
    np.testing.assert_allclose(similarity(a, b), [1, 0.8])
    np.testing.assert_allclose(similarity(a, b, "euclidean"), [-1, -np.hypot(3, 3.5)])


def _conditions(resamples=400, **seeds):
    pairs = make_pairs(half=100)
    noise = np.random.default_rng(5).normal(size=len(pairs))
    clean, occluded, restored = (noise + pairs.same * d for d in (4.0, 1.0, 2.5))
    return [
        verify_scores(scores, pairs, resamples=resamples, seed=seeds.get(name, 0))
        for name, scores in (("clean", clean), ("occluded", occluded), ("restored", restored))
    ]


def test_the_share_undone_is_that_of_the_three_numbers():
    clean, occluded, restored = _conditions()
    shares = undone(clean, occluded, restored)
    assert set(shares) == set(clean.estimates)
    for name, share in shares.items():
        c, o, r = (outcome.summary()[name]["mean"] for outcome in (clean, occluded, restored))
        assert share["mean"] == pytest.approx((r - o) / (c - o))
        assert share["low"] <= share["mean"] <= share["high"] and share["n"] == clean.summary()[name]["n"]


def test_nothing_undone_is_0_and_all_is_1_in_every_resample():
    clean, occluded, _ = _conditions()
    for restored, expected in ((occluded, 0), (clean, 1)):
        for share in undone(clean, occluded, restored).values():
            assert share["mean"] == share["low"] == share["high"] == expected


def test_pairing_makes_the_interval_narrower_than_independent_draws():
    clean, occluded, restored = _conditions()
    alone = Outcome(
        {name: Estimate(e.value, np.roll(e.draws, 7), e.n) for name, e in restored.estimates.items()},
        restored.resampled,
    )
    widths = [undone(clean, occluded, r)["auc"] for r in (restored, alone)]
    assert widths[0]["high"] - widths[0]["low"] < 0.8 * (widths[1]["high"] - widths[1]["low"])


def test_where_nothing_was_harmed_nothing_can_be_undone():
    clean, occluded, restored = _conditions()
    assert undone(clean, clean, restored) == {}
    assert undone(occluded, clean, restored) == {}


def test_conditions_of_other_resamples_are_refused():
    clean, occluded, restored = _conditions(resamples=20, restored=1)
    with pytest.raises(InputError, match="one seed.*seed 1"):
        undone(clean, occluded, restored)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e: e[:-1], "`embeddings_first`.*79 for 80"),
        (lambda e: e[:, 0], r"`embeddings_first`.*\(80,\)"),
        (lambda e: np.where(np.arange(80)[:, None] == 3, np.nan, e), "1 of 80 pictures, the first at 3"),
        (lambda e: np.ones_like(e), "same vector for all 80"),
        (lambda e: e[:, :3], "one network"),
        (lambda e: [["a"]] * 80, "of numbers"),
        (lambda e: e * (np.arange(80)[:, None] != 3), "length 0"),
    ],
)
def test_bad_embeddings_are_refused(change, message):
    pairs = make_pairs(folds=2)
    embeddings = np.random.default_rng(0).normal(size=(80, 4))
    with pytest.raises(InputError, match=message):
        verify(change(embeddings), embeddings, pairs)


def test_other_bad_input_is_refused():
    pairs = make_pairs(folds=2)
    scores = make_scores(pairs)
    with pytest.raises(InputError, match="two folds"):
        verify_scores(scores[:40], pairs.take(pairs.fold == 0))
    with pytest.raises(InputError, match="0 pairs"):
        verify_scores([], pairs.take([]))
    with pytest.raises(InputError, match="resamples"):
        verify_scores(scores, pairs, resamples=1)
    with pytest.raises(InputError, match="metric.*'l2'"):
        similarity(np.ones((1, 2)), np.ones((1, 2)), "l2")
