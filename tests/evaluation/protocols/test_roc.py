import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinpaint.errors import InputError
from tfinpaint.evaluation.protocols.roc import accuracy, roc, thin

metrics = pytest.importorskip("sklearn.metrics")

# Few distinct scores, so that most pairs are tied.
labelled = st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=2, max_size=60).filter(
    lambda rows: len({same for _, same in rows}) == 2
)


def _arrays(rows):
    scores, same = zip(*rows, strict=True)
    return np.array(scores, float), np.array(same)


def _normal(count=400, seed=0):
    rng = np.random.default_rng(seed)
    same = rng.random(count) < 0.5
    return np.round(rng.normal(same * 1.5, 1), 1), same


@given(labelled)
def test_the_curve_equals_scikit_learn_s_ties_included(rows):
    scores, same = _arrays(rows)
    ours, (fpr, tpr, thresholds) = roc(scores, same), metrics.roc_curve(same, scores, drop_intermediate=False)
    np.testing.assert_array_equal(ours.fpr, fpr)
    np.testing.assert_array_equal(ours.tpr, tpr)
    np.testing.assert_array_equal(ours.thresholds, thresholds)
    assert ours.auc == pytest.approx(metrics.roc_auc_score(same, scores), abs=1e-12)


@given(labelled)
def test_the_det_curve_equals_scikit_learn_s(rows):
    scores, same = _arrays(rows)
    fpr, fnr, _ = metrics.det_curve(same, scores)
    ours = roc(scores, same).det()
    np.testing.assert_allclose(ours[0], fpr[::-1], atol=1e-12)
    np.testing.assert_allclose(ours[1], fnr[::-1], atol=1e-12)


@given(labelled)
def test_the_area_is_how_often_a_pair_of_one_person_scores_higher(rows):
    scores, same = _arrays(rows)
    differences = scores[same][:, None] - scores[~same]
    assert roc(scores, same).auc == pytest.approx(((differences > 0) + 0.5 * (differences == 0)).mean(), abs=1e-12)


@given(labelled, st.sampled_from([0.0, 0.001, 0.01, 0.1, 0.25, 0.5, 1.0]))
def test_the_rate_at_a_limit_is_the_best_that_any_threshold_reaches(rows, limit):
    scores, same = _arrays(rows)
    reached = [
        (scores[same] >= threshold).mean()
        for threshold in [np.inf, *scores]
        if (scores[~same] >= threshold).mean() <= limit
    ]
    assert roc(scores, same).tpr_at(limit) == pytest.approx(max(reached), abs=1e-12)


def test_a_limit_that_is_just_reached_counts():
    scores = np.concatenate([np.arange(100.0), [50.5]])
    same = np.arange(101) == 100
    assert roc(scores, same).tpr_at(0.49) == 1  # 49 of 100 others score above 50.5
    assert roc(scores, same).tpr_at(0.48999) == 0


@given(labelled)
def test_no_threshold_is_better_than_the_best(rows):
    scores, same = _arrays(rows)
    best = accuracy(scores, same, roc(scores, same).best_threshold())
    assert best == max(accuracy(scores, same, t) for t in [np.inf, *scores])


def test_the_best_threshold_lies_halfway_between_scores():
    assert roc([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0]).best_threshold() == 0.5
    assert roc([0.9, 0.1], [0, 1]).best_threshold() == np.inf  # refusing all is as good as accepting all
    near = np.nextafter(1.0, 2)  # nothing lies halfway between neighbouring numbers
    assert roc([near, 1.0], [1, 0]).best_threshold() == near


def test_a_thinned_curve_keeps_its_ends_and_some_of_its_own_points():
    rng = np.random.default_rng(0)
    same = np.arange(5000) < 2500
    fpr, fnr = roc(rng.normal(same * 1.5, 1), same).det()
    few = thin(fpr, fnr)
    assert 100 < len(few[0]) <= 200 < len(fpr)
    assert set(zip(*few, strict=True)) <= set(zip(fpr, fnr, strict=True))
    assert (np.diff(few[0]) >= 0).all() and (np.diff(few[1]) <= 0).all()
    assert (few[0][0], few[1][-1]) == (0, 0) and (few[0][-1], few[1][0]) == (fpr[-1], fnr[0])
    whole = np.interp(fpr, *few)  # nothing of the shape is lost
    assert np.abs(whole - fnr).max() < 0.03


def test_a_short_curve_stays_whole():
    fpr, fnr = roc(*_normal(60)).det()
    np.testing.assert_array_equal(thin(fpr, fnr), (fpr, fnr))


@pytest.mark.parametrize(
    ("scores", "same", "message"),
    [
        ([0.1, 0.2], [1], r"one shape \(n,\)"),
        ([[0.1, 0.2]], [[1, 0]], r"one shape \(n,\)"),
        ([0.1, np.nan], [1, 0], "1 of 2"),
        ([0.1, 0.2], [1, 1], "2 pairs of one person"),
        ([0.1, 0.2], [0, 0], "2 pairs of two people"),
        ([], [], "0 pairs at all"),
    ],
)
def test_scores_that_have_no_curve_are_refused(scores, same, message):
    with pytest.raises(InputError, match=message):
        roc(scores, same)
