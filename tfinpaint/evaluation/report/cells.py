"""HTML tables of means with intervals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tfinpaint.evaluation.report.marks import Marks
from tfinpaint.evaluation.report.markup import Markup, breakable, tag
from tfinpaint.evaluation.report.words import Metric, method_label, metric, remark

Summary = Mapping[str, Any]


def best_of(summaries: Mapping[str, Summary | None], metric: Metric) -> str | None:
    """Whose mean is best, if the interval of no other reaches its interval; None otherwise, and for one alone."""
    known = {name: s for name, s in summaries.items() if isinstance(s, Mapping) and "mean" in s}
    if len(known) < 2 or metric.higher is None:
        return None
    sign = 1 if metric.higher else -1
    first = max(known, key=lambda name: sign * known[name]["mean"])
    own = known[first]["low"] if metric.higher else -known[first]["high"]
    others = [s["high"] if metric.higher else -s["low"] for name, s in known.items() if name != first]
    return first if own > max(others) else None


def methods_table(
    scores: Mapping[str, Mapping[str, Any]],
    keys: Sequence[str],
    marks: Marks,
    caption: str,
    *,
    faces: int | None = None,
    told: bool = False,
    outside: Iterable[str] = (),
    undone: Mapping[str, Mapping[str, Any]] | None = None,
) -> Markup:
    """A row for each method, a column for each score; the best of a column is marked.

    Args:
        scores: method -> key -> summary.
        keys: the columns; those that nobody has are left out.
        marks: the looks of the methods.
        caption: what the table shows.
        faces: how many a cell's mean is over, unless the cell says otherwise.
        told: say who was given the true mask and who is blind.
        outside: methods that stand in the table for comparison and cannot be best.
        undone: method -> key -> share of the damage undone, a row below that method's.
    """
    keys = [k for k in keys if any(k in scores[m] for m in scores)]
    compete = [m for m in scores if m not in set(outside)]
    best = {k: best_of({m: scores[m].get(k) for m in compete}, metric(k)) for k in keys}
    rows = []
    for method, values in scores.items():
        cells = [cell(values.get(k), metric(k), faces, best[k] == method) for k in keys]
        rows.append(tag("tr", method_head(method, marks, values if told else None), cells))
        if undone and undone.get(method):
            share = Metric("", digits=1, scale=100)
            cells = [cell(undone[method].get(k), share, None, unit=" %") for k in keys]
            rows.append(tag("tr", tag("th", "damage undone", scope="row"), cells, class_="undone"))
    return table(caption, [_heading(metric(k)) for k in keys], rows)


def table(caption: str, headings: Sequence[Any], rows: Iterable[Markup]) -> Markup:
    """A table that scrolls inside its own frame where the screen is narrow."""
    head = tag("tr", tag("td", class_="corner"), (tag("th", h, scope="col") for h in headings))
    whole = tag("table", tag("caption", tag("span", caption)), tag("thead", head), tag("tbody", rows))
    return tag("div", whole, class_="scroll", role="region", tabindex="0", aria_label=caption)


def words_table(caption: str, headings: Sequence[str], rows: Mapping[str, Sequence[str]]) -> Markup:
    """A table of finished texts; the key of a row is its first cell."""
    body = [tag("tr", tag("th", name, scope="row"), (tag("td", c) for c in row)) for name, row in rows.items()]
    return table(caption, headings, body)


def cell(summary: Any, metric: Metric, faces: int | None, best: bool = False, unit: str = "") -> Markup:
    """A mean, its interval below it, and what else must be known; plain numbers have no interval."""
    if isinstance(summary, int | float):
        return tag("td", metric.number(summary))
    if not summary or "mean" not in summary:
        return tag("td", tag("span", "–", class_="none"))
    mean = tag("span", metric.number(summary["mean"]) + unit, class_="mean")
    said = remark(summary, faces)
    return tag(
        "td",
        mean,
        tag("span", " (best)", class_="unseen") if best else None,
        " ",
        tag("span", metric.interval(summary), class_="interval"),
        (" ", tag("span", said, class_="remark")) if said else None,
        class_="best" if best else None,
    )


def method_head(method: str, marks: Marks, scores: Mapping[str, Any] | None = None) -> Markup:
    """The first cell of a method's row: mark, name, and with `scores` what it was told."""
    swatch = tag("svg", marks.mark(method, 7, 7), viewBox="0 0 14 14", width=14, height=14, aria_hidden="true")
    name = method_label(method)
    told = method_label(method, scores).removeprefix(name).strip(" ,()")
    body = (swatch, tag("span", breakable(name), tag("small", told) if told else None))
    return tag("th", tag("span", body, class_="method"), scope="row", class_=marks.colour(method))


def _heading(metric: Metric) -> tuple[Any, ...]:
    arrow = {True: "higher is better", False: "lower is better"}.get(metric.higher)
    sign = tag("span", "↑" if metric.higher else "↓", title=arrow, role="img", aria_label=arrow) if arrow else None
    return (metric.label, "\u00a0", sign, (" ", tag("span", metric.unit, class_="unit")) if metric.unit else None)
