"""Face verification: do two pictures show one person? LFW's protocol of ten folds."""

import hashlib
from collections.abc import Sequence

import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.evaluation.bootstrap import Estimate, Outcome, draw_counts
from tfinpaint.evaluation.protocols.embedders import check_embeddings, similarity
from tfinpaint.evaluation.protocols.pairs import Pairs
from tfinpaint.evaluation.protocols.roc import accuracy, check_scores, roc, thin

FPRS = (0.01, 0.001)
_BLOCK = 100  # resamples that are measured at once: bounds the memory


def verify(
    embeddings_first: np.ndarray,
    embeddings_second: np.ndarray,
    pairs: Pairs,
    *,
    metric: str = "cosine",
    fprs: Sequence[float] = FPRS,
    resamples: int = 1000,
    seed: int = 0,
) -> Outcome:
    """Measures how well embeddings tell whether two pictures show one person.

    Args:
        embeddings_first: `(n, d)`, of each pair's first picture.
        embeddings_second: `(n, d)`, of its second.
        pairs: the n pairs.
        metric: `"cosine"` or `"euclidean"`.
        fprs: false positive rates at which the true positive rate is read.
        resamples: of the bootstrap.
        seed: of the bootstrap; conditions that are to be compared must share it.

    Returns:
        `accuracy`, `auc`, `tpr_at_fpr_<rate>`, and `det`; see `verify_scores`.

    Raises:
        InputError: embeddings that are not finite, of another number or all the same, fewer than two folds, or pairs
            of one kind only.
    """
    both = (("`embeddings_first`", embeddings_first), ("`embeddings_second`", embeddings_second))
    first, second = (check_embeddings(values, len(pairs), name) for name, values in both)
    if first.shape != second.shape:
        raise InputError(
            "`embeddings_first` and `embeddings_second` must be of one shape. "
            f"Received: {first.shape} and {second.shape}; embed both with one network."
        )
    scores = similarity(first, second, metric)
    return verify_scores(scores, pairs, fprs=fprs, resamples=resamples, seed=seed)


def verify_scores(
    scores: np.ndarray, pairs: Pairs, *, fprs: Sequence[float] = FPRS, resamples: int = 1000, seed: int = 0
) -> Outcome:
    """As `verify`, from scores `(n,)` that are higher where two pictures are more alike.

    - `accuracy`: the mean over the folds; a fold's threshold is the one that is best on all other folds together. Its
      summary has `standard_error`, too (the deviation over the folds by the root of their number). The bootstrap draws
      folds.
    - `auc`, `tpr_at_fpr_<rate>` (the largest TPR whose FPR is at most the rate): of all pairs together. The bootstrap
      draws pairs, those of one person and those of two apart.
    - `det`: `fpr` and `fnr` of at most 200 points of the DET curve.

    Reference: Huang et al., "Labeled Faces in the Wild", 2007 (View 2); its interval is the standard error.
    """
    scores, same = check_scores(scores, pairs.same)
    by_fold = fold_accuracies(scores, pairs)
    folds = len(by_fold)
    drawn = draw_counts(np.zeros(folds), resamples, seed)
    curve = roc(scores, same)
    draws = _resampled(scores, same, draw_counts(same, resamples, seed), fprs)
    estimates = {
        "auc": Estimate(curve.auc, draws[0], len(scores)),
        "accuracy": Estimate(by_fold.mean(), drawn @ by_fold / folds, folds, by_fold.std(ddof=1) / np.sqrt(folds)),
    }
    for fpr, values in zip(fprs, draws[1:], strict=True):
        estimates[f"tpr_at_fpr_{fpr:g}"] = Estimate(curve.tpr_at(fpr), values, len(scores))
    det = dict(zip(("fpr", "fnr"), (axis.tolist() for axis in thin(*curve.det())), strict=True))
    return Outcome(estimates, _fingerprint(pairs, resamples, seed), {"det": det})


def fold_accuracies(scores: np.ndarray, pairs: Pairs) -> np.ndarray:
    """The accuracy of each fold at the threshold that is best on the other folds together, `(folds,)`."""
    if pairs.folds < 2:
        raise InputError(
            f"`pairs` must have two folds or more: the threshold comes from the others. Received: {pairs.folds}."
        )
    accuracies = []
    for fold in np.unique(pairs.fold):
        held_out = pairs.fold == fold
        threshold = roc(scores[~held_out], pairs.same[~held_out]).best_threshold()
        accuracies.append(accuracy(scores[held_out], pairs.same[held_out], threshold))
    return np.array(accuracies)


def _resampled(scores: np.ndarray, same: np.ndarray, counts: np.ndarray, fprs: Sequence[float]) -> np.ndarray:
    """AUC and the TPR at each FPR for every resample, `(1 + len(fprs), resamples)`.

    Sorted once: a resample only weighs the sorted pairs by how often each was drawn.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    people = same[order]
    results = np.empty((1 + len(fprs), len(counts)))
    for start in range(0, len(counts), _BLOCK):
        rows = slice(start, start + _BLOCK)
        weights = counts[rows, order]
        tp = np.cumsum(weights * people, axis=1, dtype=np.int64)[:, ends]
        fp = np.cumsum(weights * ~people, axis=1, dtype=np.int64)[:, ends]
        tpr, fpr = tp / tp[:, -1:], fp / fp[:, -1:]
        from_nobody = fpr[:, 0] * tpr[:, 0] / 2  # the first piece of the area begins at (0, 0)
        results[0, rows] = from_nobody + np.trapezoid(tpr, fpr, axis=1)
        for row, limit in enumerate(fprs, 1):
            within = (fpr <= limit).sum(1)
            last = np.take_along_axis(tpr, np.maximum(within - 1, 0)[:, None], axis=1)[:, 0]
            results[row, rows] = np.where(within > 0, last, 0.0)
    return results


def _fingerprint(pairs: Pairs, resamples: int, seed: int) -> str:
    digest = hashlib.sha256("\n".join(pairs.names).encode())
    for array in (pairs.first, pairs.second, pairs.same, pairs.fold):
        digest.update(np.ascontiguousarray(array, np.int64).tobytes())
    return f"{len(pairs)} pairs {digest.hexdigest()[:12]}, {resamples} resamples, seed {seed}"
