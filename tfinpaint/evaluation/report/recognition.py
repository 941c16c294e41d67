"""The report's chapters on recognition: verification, identification, and photos of really worn masks."""

from collections.abc import Mapping
from typing import Any

from tfinpaint.evaluation.report.cells import cell, method_head, methods_table, table
from tfinpaint.evaluation.report.curves import det_plot, rank_plot
from tfinpaint.evaluation.report.marks import Marks
from tfinpaint.evaluation.report.markup import Markup, join, tag
from tfinpaint.evaluation.report.words import SHARE, hidden_pictures, kind_label, metric

_WORN = {
    "faces": "photos",
    "without_face": "photos without a face that was found",
    "nose_and_mouth_found": "found mask covers nose and mouth",
    "eye_lost": "found mask takes an eye",
    "nothing_found": "nothing was found",
    "area": "found mask's share of the crop",
}
_UNDONE = (
    "Damage undone: (restored − occluded) / (clean − occluded). 100 % would be as good as clean faces, 0 % as bad as "
    "hidden ones, and below 0 % the restored faces are recognised worse than the hidden ones."
)


def verification_chapter(results: Mapping[str, Any], marks: Marks) -> Markup:
    """Are two pictures the same person? One set of pairs after the other."""
    parts = []
    for name, measured in results["verification"].items():
        lead = (
            f"{measured['pairs']} pairs in {measured['folds']} folds; {kind_label(measured['kind'])} on "
            f"{hidden_pictures(measured)} of each pair; judge: {_judge(results, measured)}. "
            "Accuracy is a mean over the folds; all else is of all pairs together."
        )
        beside = [_conditions(measured, f"Verification on {name}", marks)]
        curves = {c: s["det"] for c, s in measured["conditions"].items() if s.get("det", {}).get("fpr")}
        if curves:
            drawing = det_plot(curves, marks, f"Detection error trade-off on {name}")
            words = "Detection error trade-off, both axes in normal deviates: lower and further left is better."
            beside.append(_figure(drawing, words, marks.legend(curves, curves=True)))
        parts += [tag("h3", name), tag("p", lead), *_pair(beside, measured)]
    return join(parts)


def identification_chapter(results: Mapping[str, Any], marks: Marks) -> Markup:
    """Who is it? One set of faces after the other."""
    parts = []
    for name, measured in results["identification"].items():
        lead = (
            f"{measured['queries']:g} queries hidden by {kind_label(measured['kind'])}; a gallery of "
            f"{measured['gallery']} people and {measured['distractors']} distractors; "
            f"drawn {measured['repeats']} times; judge: {_judge(results, measured)}."
        )
        beside = [_conditions(measured, f"Identification on {name}", marks)]
        known = {c: s for c, s in measured["conditions"].items() if any("mean" in v for v in s.values())}
        if known:
            drawing = rank_plot(known, marks, f"Share of queries found by rank on {name}")
            words = "Share of queries whose person is among the first k of the gallery."
            beside.append(_figure(drawing, words, marks.legend(known)))
        parts += [tag("h3", name), tag("p", lead), *_pair(beside, measured)]
    return join(parts)


def photos_chapter(results: Mapping[str, Any], marks: Marks) -> Markup:
    """Photos of masks that people wear: there is no face behind them to compare with."""
    parts = []
    for name, models in results.get("worn", {}).items():
        rows = [tag("tr", method_head(m, marks), _worn(counts)) for m, counts in models.items() if counts]
        if rows:
            parts.append(table(f"{name}: masks that were really worn", list(_WORN.values()), rows))
    for name, models in results.get("labelled", {}).items():
        columns = dict.fromkeys((kind, k) for kinds in models.values() for kind, s in kinds.items() for k in s)
        rows = [
            tag("tr", method_head(m, marks), (_labelled(kinds.get(kind, {}).get(k), k) for kind, k in columns))
            for m, kinds in models.items()
        ]
        if columns:
            heads = [f"{kind}: {metric(k).heading}" for kind, k in columns]
            parts.append(table(f"{name}: masks labelled pixel by pixel", heads, rows))
    return join(parts)


def _conditions(measured: Mapping[str, Any], caption: str, marks: Marks) -> Markup:
    conditions = measured["conditions"]
    keys = [k for k in dict.fromkeys(k for s in conditions.values() for k in s) if k != "det"]
    return methods_table(conditions, keys, marks, caption, outside=("clean",), undone=measured.get("undone"))


def _judge(results: Mapping[str, Any], measured: Mapping[str, Any]) -> str:
    return measured.get("judge") or results.get("judges", {}).get("likeness", {}).get("file") or "not named"


def _pair(beside: list[Markup], measured: Mapping[str, Any]) -> list[Markup]:
    note = [tag("p", _UNDONE, class_="note")] if measured.get("undone") else []
    return [tag("div", beside, class_="pair"), *note]


def _figure(drawing: Markup, words: str, legend: Markup) -> Markup:
    return tag("figure", legend, drawing, tag("figcaption", words))


def _worn(counts: Mapping[str, Any]) -> list[Markup]:
    texts = []
    for key in _WORN:
        value = counts.get(key)
        if key == "area":
            texts.append(cell(value, SHARE, None, unit=" %"))
        else:
            share = f"{SHARE.number(value)} %" if isinstance(value, float) else value
            texts.append(tag("td", "–" if value is None else share))
    return texts


def _labelled(summary: Mapping[str, Any] | None, key: str) -> Markup:
    return cell(summary, metric(key), faces=-1)
