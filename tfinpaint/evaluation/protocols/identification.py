"""Face identification: whose picture of a gallery shows the person of a query? Closed set, with distractors."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.evaluation.bootstrap import Estimate, Outcome, draw_counts
from tfinpaint.evaluation.protocols.embedders import check_embeddings, similarities

RANKS = (1, 5, 10)


@dataclass(frozen=True, eq=False)
class Trials:
    """Random draws of who stands in the gallery, the same for every condition that is to be compared.

    Attributes:
        people: `(n,)` who each picture shows, as whole numbers.
        gallery: for each repeat, the pictures of the gallery, one a person, `(g,)`.
        queries: for each repeat, the other pictures of the same people, `(q,)`.
        distractors: for each repeat, which pictures of strangers stand in the gallery, too, `(m,)`.
        seed: of the draws.
    """

    people: np.ndarray
    gallery: tuple[np.ndarray, ...]
    queries: tuple[np.ndarray, ...]
    distractors: tuple[np.ndarray, ...]
    seed: int

    def describe(self) -> dict[str, int | float]:
        """How many `repeats`, people in the `gallery`, `queries` (a repeat, on average) and `distractors`."""
        return {
            "repeats": len(self.gallery),
            "gallery": len(self.gallery[0]),
            "queries": sum(map(len, self.queries)) / len(self.queries),
            "distractors": len(self.distractors[0]),
        }


def draw_trials(
    people: Sequence[str],
    *,
    gallery: int | None = None,
    repeats: int = 10,
    distractors: int = 0,
    strangers: int | None = None,
    seed: int = 0,
) -> Trials:
    """Draws one picture a person for the gallery; all other pictures of these people are queries.

    Args:
        people: who each of n pictures shows. People with a single picture take no part.
        gallery: how many people a repeat draws; None for all who have two pictures.
        repeats: how many draws.
        distractors: pictures of strangers that enter the gallery, as in MegaFace.
        strangers: how many such pictures there are to draw from; as many as `distractors` by default.
        seed: of the draws.

    Raises:
        InputError: fewer than two people with two pictures, a larger gallery than there are such people, or more
            distractors than there are.

    Reference: Kemelmacher-Shlizerman et al., "The MegaFace Benchmark", 2016, for the distractors.
    """
    people = np.unique(np.asarray(people, str), return_inverse=True)[1]
    able = np.flatnonzero(np.bincount(people) >= 2) if len(people) else people
    if len(able) < 2:
        raise InputError(f"`people` must hold two people or more with two pictures each. Received: {len(able)}.")
    size = len(able) if gallery is None else gallery
    if not 2 <= size <= len(able):
        raise InputError(
            f"`gallery` must be from 2 to the {len(able)} people with two pictures. Received: gallery={gallery}."
        )
    strangers = distractors if strangers is None else strangers
    if not 0 <= distractors <= strangers:
        raise InputError(f"`distractors` must be from 0 to the {strangers} that there are. Received: {distractors}.")
    if repeats < 1:
        raise InputError(f"`repeats` must be 1 or more. Received: {repeats}.")
    rng = np.random.default_rng(seed)
    drawn: tuple[list, list, list] = ([], [], [])
    for _ in range(repeats):
        chosen = rng.choice(able, size, replace=False)
        shuffled = rng.permutation(len(people))
        first = np.unique(people[shuffled], return_index=True)[1]  # the first picture of each person, once shuffled
        members = shuffled[first][np.sort(chosen)]
        drawn[0].append(members)
        drawn[1].append(np.setdiff1d(np.flatnonzero(np.isin(people, chosen)), members))
        drawn[2].append(rng.choice(strangers, distractors, replace=False) if distractors else np.zeros(0, int))
    return Trials(people, *map(tuple, drawn), seed)


def identify(
    queries: np.ndarray,
    gallery: np.ndarray,
    trials: Trials,
    *,
    strangers: np.ndarray | None = None,
    metric: str = "cosine",
    ranks: Sequence[int] = RANKS,
    resamples: int = 1000,
) -> Outcome:
    """Measures how often the right person is among the k most alike of the gallery.

    Ties count against the network: a query's rank is one more than the number of other pictures in the gallery that
    score at least as high as the right one. So a network that finds everybody alike is always wrong.

    Args:
        queries: `(n, d)` embeddings of all n pictures as queries: clean, occluded or restored.
        gallery: `(n, d)` embeddings of the same pictures as they stand in the gallery: clean.
        trials: who stands where.
        strangers: `(m, d)` embeddings of the distractors' pictures.
        metric: `"cosine"` or `"euclidean"`.
        ranks: the k.
        resamples: of the bootstrap, which draws people with all their queries of all repeats; its seed is that of
            `trials`.

    Returns:
        `rank_<k>`: the share of the queries of all repeats; n counts people.

    Raises:
        InputError: embeddings that are not finite, of another number or width, or all the same.
    """
    queries = check_embeddings(queries, len(trials.people), "`queries`")
    gallery = check_embeddings(gallery, len(trials.people), "`gallery`")
    strange = np.zeros((0, gallery.shape[1]), np.float32)
    if strangers is not None and len(strangers):
        strange = check_embeddings(strangers, len(strangers), "`strangers`")
    if not queries.shape[1] == gallery.shape[1] == strange.shape[1]:
        widths = (queries.shape[1], gallery.shape[1], strange.shape[1])
        raise InputError(f"All embeddings must have one width; embed all with one network. Received: {widths}.")
    needed = 1 + max(int(chosen.max(initial=-1)) for chosen in trials.distractors)
    if len(strange) < needed:
        raise InputError(f"`strangers` must hold the {needed} pictures drawn from. Received: {len(strange)}.")
    asked, found = np.zeros(trials.people.max() + 1), np.zeros((len(ranks), trials.people.max() + 1))
    for members, asking, chosen in zip(trials.gallery, trials.queries, trials.distractors, strict=True):
        right = np.searchsorted(trials.people[members], trials.people[asking])
        scores = similarities(queries[asking], np.concatenate([gallery[members], strange[chosen]]), metric)
        who, rank = trials.people[asking], pessimistic_ranks(scores, right)
        asked += np.bincount(who, minlength=len(asked))
        for row, k in enumerate(ranks):
            found[row] += np.bincount(who, rank <= k, minlength=len(asked))
    took_part = asked > 0
    counts = draw_counts(np.zeros(took_part.sum()), resamples, trials.seed).astype(np.float64)
    estimates = {}
    for k, hits in zip(ranks, found, strict=True):
        draws = (counts @ hits[took_part]) / (counts @ asked[took_part])
        estimates[f"rank_{k}"] = Estimate(hits.sum() / asked.sum(), draws, int(took_part.sum()))
    return Outcome(estimates, _fingerprint(trials, resamples))


def pessimistic_ranks(scores: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The rank, from 1, of each query's right picture, ties counted against it.

    Args:
        scores: `(q, g)` of each query against each picture of the gallery.
        right: `(q,)` the column of the right one.
    """
    true = np.take_along_axis(scores, right[:, None], axis=1)
    return (scores >= true).sum(1)


def _fingerprint(trials: Trials, resamples: int) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(trials.people, np.int64).tobytes())
    for arrays in (trials.gallery, trials.queries, trials.distractors):
        for array in arrays:
            digest.update(np.ascontiguousarray(array, np.int64).tobytes())
    return f"{len(trials.gallery)} draws {digest.hexdigest()[:12]}, {resamples} resamples, seed {trials.seed}"
