import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinpaint.errors import InputError
from tfinpaint.evaluation.protocols import draw_trials, identify, similarities, similarity, undone
from tfinpaint.evaluation.protocols.identification import pessimistic_ranks


def _people(counts=(3, 1, 2, 4, 2, 1, 5)):
    return [f"person {i}" for i, count in enumerate(counts) for _ in range(count)]


def _embeddings(people, noise, seed=0, d=6):
    rng = np.random.default_rng(seed)
    centres = {name: rng.normal(size=d) for name in dict.fromkeys(people)}
    return np.stack([centres[name] for name in people]) + noise * rng.normal(size=(len(people), d))


@given(st.integers(0, 50), st.sampled_from([None, 2, 4]), st.integers(0, 3))
def test_a_draw_has_one_picture_a_person_and_asks_for_all_others(seed, gallery, distractors):
    people = np.array(_people())
    trials = draw_trials(people, gallery=gallery, repeats=3, distractors=distractors, strangers=5, seed=seed)
    for members, asking, strange in zip(trials.gallery, trials.queries, trials.distractors, strict=True):
        assert len(set(people[members])) == len(members) == (gallery or 5)
        everything = np.flatnonzero(np.isin(people, people[members]))
        assert sorted([*members, *asking]) == everything.tolist()
        assert "person 1" not in people[members]  # has one picture
        assert len(set(strange)) == distractors and all(0 <= s < 5 for s in strange)


def test_every_picture_gets_its_turn_in_the_gallery():
    trials = draw_trials(_people((4, 4)), repeats=400, seed=1)
    share = np.bincount(np.concatenate(trials.gallery)) / 400
    np.testing.assert_allclose(share, 0.25, atol=0.08)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_ranks_equal_a_brute_force_loop(metric):
    people = _people()
    clean, queries = _embeddings(people, 0.5), _embeddings(people, 1.5, seed=1)
    strangers = np.random.default_rng(2).normal(size=(9, 6))
    trials = draw_trials(people, gallery=4, repeats=6, distractors=5, strangers=9, seed=3)
    summary = identify(queries, clean, trials, strangers=strangers, metric=metric, ranks=(1, 2, 5)).summary()
    hits, asked = {1: 0, 2: 0, 5: 0}, 0
    for members, asking, chosen in zip(trials.gallery, trials.queries, trials.distractors, strict=True):
        for query in asking:
            scores = []
            for label, vector in [*((people[m], clean[m]) for m in members), *(("", strangers[c]) for c in chosen)]:
                vectors = (queries[query][None].astype("float32"), vector[None].astype("float32"))
                scores.append((similarity(*vectors, metric)[0], label == people[query]))
            ordered = sorted(scores, reverse=True)
            rank = 1 + [right for _, right in ordered].index(True)
            asked += 1
            for k in hits:
                hits[k] += rank <= k
    for k, count in hits.items():
        assert summary[f"rank_{k}"]["mean"] == pytest.approx(count / asked)
    assert 0 < hits[1] < hits[5] < asked
    assert trials.describe() == {"repeats": 6, "gallery": 4, "queries": asked / 6, "distractors": 5}


def test_ties_count_against_the_network():
    scores = np.array([[3.0, 3.0, 1.0], [2.0, 3.0, 1.0], [1.0, 1.0, 1.0]])
    np.testing.assert_array_equal(pessimistic_ranks(scores, np.array([0, 1, 2])), [2, 1, 3])


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 9))
def test_a_matrix_of_similarities_holds_those_of_pairs(n, m, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(n, 3)), rng.normal(size=(m, 3))
    for metric in ("cosine", "euclidean"):
        expected = similarity(np.repeat(a, m, axis=0), np.tile(b, (n, 1)), metric).reshape(n, m)
        np.testing.assert_allclose(similarities(a, b, metric), expected, atol=1e-7)


def test_distractors_make_it_harder_and_larger_ranks_easier():
    people = _people((3,) * 30)
    clean, queries = _embeddings(people, 0.3), _embeddings(people, 0.9, seed=0)
    strangers = np.random.default_rng(9).normal(size=(300, 6))
    found = {}
    for count in (0, 300):
        trials = draw_trials(people, distractors=count)
        summary = identify(queries, clean, trials, strangers=strangers).summary()
        found[count] = [summary[f"rank_{k}"]["mean"] for k in (1, 5, 10)]
        assert found[count] == sorted(found[count])
        json.dumps(summary, allow_nan=False)
    assert found[300][0] < found[0][0]


def test_the_interval_draws_people_not_queries():
    """One person with a hundred queries is one person: found or not, the interval is as wide as two people make it."""
    people = ["a"] * 101 + ["b"] * 101
    vectors = np.where(np.array(people)[:, None] == "a", [1.0, 0.0], [0.0, 1.0])
    queries = np.tile([1.0, 0.01], (202, 1)) + np.arange(202)[:, None] * 1e-5  # everybody looks like a
    summary = identify(queries, vectors, draw_trials(people, repeats=2)).summary()["rank_1"]
    assert summary == {"mean": 0.5, "low": 0.0, "high": 1.0, "n": 2}


def test_the_share_undone_is_paired_over_people():
    people = _people((3,) * 40)
    clean, occluded, restored = (_embeddings(people, noise, seed=0) for noise in (0.2, 2.0, 0.8))
    trials = draw_trials(people)
    outcomes = [identify(queries, clean, trials) for queries in (clean, occluded, restored)]
    share = undone(*outcomes)["rank_1"]
    values = [outcome.summary()["rank_1"]["mean"] for outcome in outcomes]
    assert share["mean"] == pytest.approx((values[2] - values[1]) / (values[0] - values[1]))
    assert 0 < share["low"] < share["mean"] < share["high"] < 1 and share["n"] == 40
    with pytest.raises(InputError, match="same data"):
        undone(*outcomes[:2], identify(restored, clean, draw_trials(people, seed=1)))


@pytest.mark.parametrize(
    ("people", "options", "message"),
    [
        (["a", "a", "b"], {}, "two people or more .* Received: 1"),
        (["a", "b"], {}, "Received: 0"),
        ([], {}, "Received: 0"),
        (["a", "a", "b", "b"], {"gallery": 3}, "2 to the 2 people"),
        (["a", "a", "b", "b"], {"gallery": 1}, "gallery=1"),
        (["a", "a", "b", "b"], {"distractors": 4, "strangers": 3}, "0 to the 3 that there are"),
        (["a", "a", "b", "b"], {"repeats": 0}, "repeats"),
    ],
)
def test_impossible_draws_are_refused(people, options, message):
    with pytest.raises(InputError, match=message):
        draw_trials(people, **options)


def test_bad_embeddings_are_refused():
    people = _people()
    good, trials = _embeddings(people, 1), draw_trials(people, distractors=2)
    with pytest.raises(InputError, match="`strangers` must hold the [12] pictures drawn from. Received: 0"):
        identify(good, good, trials)
    with pytest.raises(InputError, match="`queries`.*17 for 18"):
        identify(good[1:], good, trials)
    with pytest.raises(InputError, match="`gallery`.*NaN"):
        identify(good, np.where(good > 1, np.nan, good), trials)
    with pytest.raises(InputError, match="one width"):
        identify(good, good, trials, strangers=np.eye(3))
