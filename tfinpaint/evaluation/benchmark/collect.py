"""Scores of single faces -> what the results say: means with intervals, gains, groups, distances of distributions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfinpaint.evaluation import metrics
from tfinpaint.evaluation.benchmark.groups import members
from tfinpaint.evaluation.bootstrap import summarise

_COMPARED = (
    "hole_psnr", "hole_ssim", "band_ssim", "psnr", "ssim", "likeness_distance", "landmark_error", "feature_distance",
)  # fmt: skip
_SMALLER_IS_BETTER = ("likeness_distance", "landmark_error", "feature_distance")
_GROUPED = ("hole_psnr", "hole_ssim", "likeness_distance", "landmark_error", "mask_iou")
_NEAREST = 3  # neighbours of precision and recall
_DIGITS = 6

Values = Mapping[str, Mapping[str, np.ndarray]]


def collect(values: Values, labels: Mapping[str, np.ndarray], models: Sequence[str]) -> dict[str, Any]:
    """The record of one set under one kind of occlusion.

    Args:
        values: method -> score -> `(n,)`; `features` `(n, d)`, of `clean`, too, where a feature network looked.
        labels: kind of group -> the word of each face.
        models: which methods are models.

    Returns:
        `methods`, `gains`, `groups` and, with features, `distributions`.
    """
    methods = {m: scores for m, scores in values.items() if m != "clean"}
    record: dict[str, Any] = {"methods": {m: _summaries(scores) for m, scores in methods.items()}}
    features = {m: scores["features"] for m, scores in values.items() if "features" in scores}
    if len(features.get("clean", ())) > _NEAREST:
        clean = features.pop("clean")
        record["distributions"] = {m: _distribution(seen, clean) for m, seen in features.items()}
    record["gains"] = {
        model: {m: _gains(methods[model], scores) for m, scores in methods.items() if m != model} for model in models
    }
    some = {m: methods[m] for m in ("occluded", "telea", *models) if m in methods}
    record["groups"] = {
        kind: {word: _group(some, chosen) for word, chosen in found.items()}
        for kind, found in members(labels).items()
        if len(found) > 1
    }
    return rounded(record)


def rounded(record: Any) -> Any:
    """The record with every number cut to six significant digits, more than any interval leaves."""
    if isinstance(record, Mapping):
        return {key: rounded(value) for key, value in record.items()}
    if isinstance(record, list | tuple):
        return [rounded(value) for value in record]
    return float(f"{record:.{_DIGITS}g}") if isinstance(record, float | np.floating) else record


def _summaries(scores: Mapping[str, np.ndarray], only: Sequence[str] | None = None) -> dict[str, Any]:
    names = [n for n in scores if n != "features" and (only is None or n in only)]
    return {name: summarise(scores[name]) for name in names}


def _group(methods: Values, chosen: np.ndarray) -> dict[str, Any]:
    parts = {m: {k: v[chosen] for k, v in scores.items()} for m, scores in methods.items()}
    return {"n": int(chosen.sum()), "methods": {m: _summaries(scores, _GROUPED) for m, scores in parts.items()}}


def _gains(ours: Mapping[str, np.ndarray], theirs: Mapping[str, np.ndarray]) -> dict[str, Any]:
    gains = {}
    for name in _COMPARED:
        if name in ours:
            sign = -1 if name in _SMALLER_IS_BETTER else 1
            both = np.isfinite(ours[name]) & np.isfinite(theirs[name])
            gain = sign * (ours[name][both] - theirs[name][both])
            gains[name] = summarise(gain) | ({"better": float((gain > 0).mean())} if len(gain) else {})
    return gains


def _distribution(seen: np.ndarray, clean: np.ndarray) -> dict[str, float | int]:
    distances = {"frechet_distance": float(metrics.frechet_distance(seen, clean))}
    realism = summarise(metrics.realism(seen, clean, k=_NEAREST))
    return (
        distances | metrics.precision_recall(seen, clean, k=_NEAREST)._asdict() | {"realism": realism, "n": len(seen)}
    )
