"""Small drawings: dots with intervals, DET curves, rank curves, precision against recall."""

import textwrap
from collections.abc import Mapping
from typing import Any

from tfinpaint.evaluation.report.axes import WIDTH, Scale, axes, deviate, drawing, nice_ticks, plain
from tfinpaint.evaluation.report.marks import Marks
from tfinpaint.evaluation.report.markup import Markup, join, tag
from tfinpaint.evaluation.report.words import Metric, method_label

_LINE, _GAP, _TOP, _LEFT, _LETTER = 13, 16, 8, 138, 15
_SHARES = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)

Summary = Mapping[str, Any]


def dot_plot(
    rows: Mapping[str, tuple[int | None, Mapping[str, Summary]]], metric: Metric, marks: Marks, title: str
) -> Markup:
    """A band for each row, in it a dot with its interval for each method.

    Args:
        rows: label -> how many faces it holds (None: not said), and method -> summary.
        metric: of all values; gives scale, digits and the axis title.
        marks: the looks of the methods.
        title: the words that stand for the drawing.
    """
    rows = {label: (n, _measured(methods)) for label, (n, methods) in rows.items()}
    known = [s for _, methods in rows.values() for s in methods.values()]
    ends = [s[k] * metric.scale for s in known for k in ("low", "high")]
    ticks = nice_ticks(min(ends), max(ends))
    heights = [
        max(len(methods) * _LINE, (len(textwrap.wrap(label, 16)) + 1) * _LETTER) + _GAP
        for label, (_, methods) in rows.items()
    ]
    bottom = _TOP + sum(heights)
    x = Scale(ticks[0], ticks[-1], _LEFT, WIDTH - 14)
    parts, top = [axes(x, Scale(0, 1, bottom, _TOP), [(t, plain(t)) for t in ticks], (), (metric.heading, ""))], _TOP
    for height, (label, (n, methods)) in zip(heights, rows.items(), strict=True):
        middle = top + height / 2
        parts.append(_row_label(label, n, middle))
        if top > _TOP:
            parts.append(tag("line", x1=0, x2=WIDTH, y1=top, y2=top, class_="rule"))
        first = middle - (len(methods) - 1) * _LINE / 2
        for index, (method, summary) in enumerate(methods.items()):
            parts.append(_dot(method, summary, metric, marks, x, first + index * _LINE, label))
        top += height
    return drawing(bottom + 46, title, *parts)


def det_plot(conditions: Mapping[str, Mapping[str, Any]], marks: Marks, title: str) -> Markup:
    """False non-matches against false matches on normal-deviate axes; nearer to the lower left corner is better."""
    x, y = Scale(0.001, 0.6, 62, WIDTH - 24, deviate), Scale(0.001, 0.8, 330, 40, deviate)
    ticks = [(s, f"{100 * s:g} %") for s in _SHARES]
    grid = axes(x, y, [t for t in ticks if t[0] < 0.6], ticks, ("false matches", "false non-matches"))
    lines = []
    for condition, det in conditions.items():
        both = zip(det["fpr"], det["fnr"], strict=True)
        points = [(x(a), y(b)) for a, b in both if x.low <= a <= x.high and y.low <= b <= y.high]
        lines.append(tag("g", _title(condition), marks.line(condition, points), class_=marks.colour(condition)))
    return drawing(376, title, grid, *lines)


def rank_plot(conditions: Mapping[str, Mapping[str, Summary]], marks: Marks, title: str) -> Markup:
    """The share of queries whose person is among the first k of the gallery, with intervals."""
    ranked = {c: _ranks(_measured(scores)) for c, scores in conditions.items()}
    ranks = sorted({rank for scores in ranked.values() for rank in scores})
    lowest = min(s["low"] for scores in ranked.values() for s in scores.values())
    ticks = [t for t in nice_ticks(100 * lowest, 100) if t <= 100]
    x, y = Scale(-0.3, len(ranks) - 0.7, 62, WIDTH - 14), Scale(ticks[0], 100, 330, 40)
    across = [(i, f"rank {rank}") for i, rank in enumerate(ranks)]
    parts = [axes(x, y, across, [(t, f"{t:g} %") for t in ticks], ("the right person is among the first k", "queries"))]
    for place, (condition, scores) in enumerate(ranked.items()):
        shift = 4.0 * (place - (len(ranked) - 1) / 2)  # so that intervals do not lie on each other
        at = {rank: x(ranks.index(rank)) + shift for rank in scores}
        line = marks.line(condition, [(at[r], y(100 * s["mean"])) for r, s in scores.items()])
        dots = [
            (
                tag("line", x1=at[r], x2=at[r], y1=y(100 * s["low"]), y2=y(100 * s["high"]), class_="whisker"),
                marks.mark(condition, at[r], y(100 * s["mean"])),
            )
            for r, s in scores.items()
        ]
        parts.append(tag("g", _title(condition), line, dots, class_=marks.colour(condition)))
    return drawing(376, title, *parts)


def precision_recall_plot(distributions: Mapping[str, Mapping[str, float]], marks: Marks, title: str) -> Markup:
    """Precision (the answers look like faces) against recall (all kinds of faces are reached)."""
    x, y = Scale(0, 1, 48, WIDTH - 14), Scale(0, 1, 330, 40)
    ticks = [(t / 5, f"{t / 5:g}") for t in range(6)]
    points = [
        tag("g", _title(m), marks.mark(m, x(d["recall"]), y(d["precision"])), class_=marks.colour(m))
        for m, d in distributions.items()
        if "recall" in d and "precision" in d
    ]
    return drawing(376, title, axes(x, y, ticks, ticks, ("recall", "precision")), *points)


def _dot(method: str, summary: Summary, metric: Metric, marks: Marks, x: Scale, y: float, row: str) -> Markup:
    low, mean, high = (x(summary[k] * metric.scale) for k in ("low", "mean", "high"))
    words = f"{method_label(method)}, {row}: {metric.number(summary['mean'])} {metric.interval(summary)}"
    line = tag("line", x1=low, x2=high, y1=y, y2=y, class_="whisker")
    return tag("g", tag("title", words), line, marks.mark(method, mean, y), class_=marks.colour(method))


def _row_label(label: str, n: int | None, middle: float) -> Markup:
    lines = [(text, "row") for text in textwrap.wrap(label, 16)] + ([] if n is None else [(f"n {n}", "ticks")])
    top = middle + 4.5 - (len(lines) - 1) * _LETTER / 2
    return join(tag("text", text, x=0, y=top + i * _LETTER, class_=look) for i, (text, look) in enumerate(lines))


def _measured(summaries: Mapping[str, Any]) -> dict[str, Summary]:
    return {key: s for key, s in summaries.items() if isinstance(s, Mapping) and "mean" in s}


def _ranks(scores: Mapping[str, Summary]) -> dict[int, Summary]:
    found = {int(k.removeprefix("rank_")): s for k, s in scores.items() if k.startswith("rank_")}
    return dict(sorted(found.items()))


def _title(method: str) -> Markup:
    return join([tag("title", method_label(method))])
