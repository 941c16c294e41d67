"""HTML and small SVG drawings as nested calls: tags close and text is escaped by construction."""

import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import NormalDist
from typing import Any

from tfinpaint.evaluation.report.results import BASELINES, Metric, method_label

WIDTH = 420  # of every drawing, in units that become about one pixel
_VOID = {"br", "col", "hr", "img", "link", "meta", "wbr"}
_LINE, _GAP, _TOP, _LEFT, _LETTER = 13, 16, 8, 138, 15
_SHARES = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
# Nothing hangs on colour alone: forms of marks, and dashes of lines.
_FORMS = ("circle", "square", "diamond", "up", "down", "cross")
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 2", "12 4")
_OF_BASELINES = {
    "clean": ("square", "1 4"),
    "occluded": ("ring", "3 3"),
    "telea": ("square", "8 4"),
    "navier_stokes": ("diamond", ""),
    "mean_face": ("up", ""),
}
_CORNERS = {
    "square": ((-3.6, -3.6), (3.6, -3.6), (3.6, 3.6), (-3.6, 3.6)),
    "diamond": ((0, -5), (5, 0), (0, 5), (-5, 0)),
    "up": ((0, -4.8), (4.6, 3.6), (-4.6, 3.6)),
    "down": ((0, 4.8), (4.6, -3.6), (-4.6, -3.6)),
    "cross": ((-1.5, -5), (1.5, -5), (1.5, 5), (-1.5, 5)),
}

Summary = Mapping[str, Any]
Tick = tuple[float, str]


class Markup(str):
    """Text that is HTML already; any other text is escaped when it becomes a child of a tag."""

    __slots__ = ()


def tag(name: str, /, *children: Any, **attributes: Any) -> Markup:
    """`tag("p", "a < b", class_="x")` is `<p class="x">a &lt; b</p>`.

    Args:
        name: of the element.
        children: text, markup, or iterables of both; None is left out.
        attributes: an underscore stands for a hyphen, one at the end for nothing; None and False are left out, True
            is an attribute without value, floats are cut to a tenth (pixels of a drawing).
    """
    head = name + "".join(_attribute(key, value) for key, value in attributes.items())
    return Markup(f"<{head}>" if name in _VOID else f"<{head}>{join(children)}</{name}>")


def join(children: Iterable[Any]) -> Markup:
    """Text and markup after each other."""
    return Markup("".join(_text(child) for child in children))


def breakable(name: str) -> Markup:
    """A name that may go on in the next line behind an underscore."""
    first, *others = name.split("_")
    return join([first, ((tag("wbr"), f"_{part}") for part in others)])


@dataclass(frozen=True)
class Scale:
    """A range of values on a line from `start` to `end` units; `bend` maps values to even steps."""

    low: float
    high: float
    start: float
    end: float
    bend: Callable[[float], float] = float

    def __call__(self, value: float) -> float:
        """Where a value lies; values outside lie on the border."""
        low, high = self.bend(self.low), self.bend(self.high)
        part = (self.bend(min(max(value, self.low), self.high)) - low) / (high - low)
        return self.start + part * (self.end - self.start)


def deviate(share: float) -> float:
    """The normal deviate of a share in (0, 1): on such axes the DET curve of two Gaussians is a straight line."""
    return NormalDist().inv_cdf(share)


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` round numbers from at most `low` to at least `high`."""
    span = high - low or abs(high) or 1.0
    step = 10 ** math.floor(math.log10(span / count))
    step *= next(m for m in (1, 2, 5, 10) if span / (m * step) <= count)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [i * step for i in range(first, max(last, first + 1) + 1)]


class Drawings:
    """Draws every method of a report in its own looks: baselines have theirs, models take theirs in order.

    Args:
        models: their names, in the order of the record.
    """

    def __init__(self, models: Iterable[str]) -> None:
        self._order = {name: index % 6 for index, name in enumerate(models)}

    def colour(self, method: str) -> str:
        """The CSS class that sets the colour."""
        return f"c-{method.replace('_', '-')}" if method in BASELINES else f"m{self._order.get(method, 0)}"

    def _looks(self, method: str) -> tuple[str, str]:
        index = self._order.get(method, 0)
        return _OF_BASELINES.get(method) or (_FORMS[index], _DASHES[index])

    def mark(self, method: str, x: float, y: float) -> Markup:
        """The method's mark around a point."""
        form, _ = self._looks(method)
        if form in ("circle", "ring"):
            return tag("circle", cx=x, cy=y, r=4.0, class_=f"mark {form}")
        return tag("polygon", points=" ".join(f"{x + a:.1f},{y + b:.1f}" for a, b in _CORNERS[form]), class_="mark")

    def line(self, method: str, points: Iterable[tuple[float, float]]) -> Markup:
        """A curve through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        return tag("polyline", points=path, class_="curve", stroke_dasharray=self._looks(method)[1] or None)

    def swatch(self, method: str, side: int = 14) -> Markup:
        """The method's mark alone, beside its name."""
        mark = self.mark(method, 7, 7)
        return tag("svg", mark, viewBox="0 0 14 14", width=side, height=side, aria_hidden="true")

    def legend(self, methods: Iterable[str], curves: bool = False) -> Markup:
        """A list of the methods with their marks (or their lines)."""
        entries = []
        for method in methods:
            look = self.line(method, [(0, 7), (28, 7)]) if curves else self.mark(method, 14, 7)
            swatch = tag("svg", look, viewBox="0 0 28 14", width=28, height=14, aria_hidden="true")
            entries.append(tag("li", swatch, method_label(method), class_=self.colour(method)))
        return tag("ul", entries, class_="legend")

    def dots(self, rows: Mapping[str, tuple[int | None, Mapping[str, Summary]]], metric: Metric, title: str) -> Markup:
        """A band for each row, in it a dot with its interval for each method.

        Args:
            rows: label -> how many faces it holds (None: not said), and method -> summary.
            metric: of all values; gives scale, digits and the axis title.
            title: the words that stand for the drawing.
        """
        ends = [s[k] * metric.scale for _, methods in rows.values() for s in methods.values() for k in ("low", "high")]
        ticks = nice_ticks(min(ends), max(ends))
        heights = [
            max(len(methods) * _LINE, (len(textwrap.wrap(label, 16)) + 1) * _LETTER) + _GAP
            for label, (_, methods) in rows.items()
        ]
        top, bottom = _TOP, _TOP + sum(heights)
        x, y = Scale(ticks[0], ticks[-1], _LEFT, WIDTH - 14), Scale(0, 1, bottom, _TOP)
        parts = [_axes(x, y, [(t, f"{t:.10g}") for t in ticks], (), (metric.heading, ""))]
        for height, (label, (n, methods)) in zip(heights, rows.items(), strict=True):
            middle = top + height / 2
            parts.append(_row_label(label, n, middle))
            if top > _TOP:
                parts.append(tag("line", x1=0, x2=WIDTH, y1=top, y2=top, class_="rule"))
            for index, (method, summary) in enumerate(methods.items()):
                place = middle + (index - (len(methods) - 1) / 2) * _LINE
                low, mean, high = (x(summary[k] * metric.scale) for k in ("low", "mean", "high"))
                words = f"{label}: {metric.number(summary['mean'])} {metric.interval(summary)}"
                whisker = tag("line", x1=low, x2=high, y1=place, y2=place, class_="whisker")
                parts.append(self._group(method, whisker, self.mark(method, mean, place), words=words))
            top += height
        return _drawing(bottom + 46, title, *parts)

    def det(self, conditions: Mapping[str, Mapping[str, Any]], title: str) -> Markup:
        """False non-matches against false matches on normal-deviate axes; nearer to the lower left corner is better."""
        x, y = Scale(0.001, 0.6, 62, WIDTH - 24, deviate), Scale(0.001, 0.8, 330, 40, deviate)
        ticks = [(s, f"{100 * s:g} %") for s in _SHARES]
        parts = [_axes(x, y, [t for t in ticks if t[0] < 0.6], ticks, ("false matches", "false non-matches"))]
        for condition, det in conditions.items():
            both = zip(det["fpr"], det["fnr"], strict=True)
            points = [(x(a), y(b)) for a, b in both if x.low <= a <= x.high and y.low <= b <= y.high]
            parts.append(self._group(condition, self.line(condition, points)))
        return _drawing(376, title, *parts)

    def ranks(self, conditions: Mapping[str, Mapping[int, Summary]], title: str) -> Markup:
        """The share of queries whose person is among the first k of the gallery, with intervals, by condition and k."""
        ranks = sorted({rank for scores in conditions.values() for rank in scores})
        ticks = nice_ticks(100 * min(s["low"] for scores in conditions.values() for s in scores.values()), 100)
        x, y = Scale(-0.3, len(ranks) - 0.7, 62, WIDTH - 14), Scale(ticks[0], 100, 330, 40)
        up, across = [(t, f"{t:g} %") for t in ticks if t <= 100], [(i, f"rank {k}") for i, k in enumerate(ranks)]
        parts = [_axes(x, y, across, up, ("the right person is among the first k", "queries"))]
        for place, (condition, scores) in enumerate(conditions.items()):
            shift = 4.0 * (place - (len(conditions) - 1) / 2)  # so that intervals do not lie on each other
            at = {k: x(ranks.index(k)) + shift for k in sorted(scores)}
            points = [(at[k], y(100 * scores[k]["mean"])) for k in at]
            dots = [
                (
                    tag("line", x1=at[k], x2=at[k], y1=y(100 * scores[k]["low"]), y2=y(100 * scores[k]["high"]),
                        class_="whisker"),
                    self.mark(condition, *point),
                )
                for k, point in zip(at, points, strict=True)
            ]  # fmt: skip
            parts.append(self._group(condition, self.line(condition, points), dots))
        return _drawing(376, title, *parts)

    def recall(self, distributions: Mapping[str, Mapping[str, float]], title: str) -> Markup:
        """Precision (the answers look like faces) against recall (all kinds of faces are reached)."""
        x, y = Scale(0, 1, 48, WIDTH - 14), Scale(0, 1, 330, 40)
        ticks = [(t / 5, f"{t / 5:g}") for t in range(6)]
        points = [self._group(m, self.mark(m, x(d["recall"]), y(d["precision"]))) for m, d in distributions.items()]
        return _drawing(376, title, _axes(x, y, ticks, ticks, ("recall", "precision")), *points)

    def _group(self, method: str, *parts: Any, words: str = "") -> Markup:
        title = ", ".join(filter(None, (method_label(method), words)))
        return tag("g", tag("title", title), parts, class_=self.colour(method))


def _drawing(height: float, title: str, *parts: Markup) -> Markup:
    """The SVG element, with the words that stand for it."""
    return tag("svg", *parts, viewBox=f"0 0 {WIDTH} {math.ceil(height)}", role="img", aria_label=title)


def _axes(x: Scale, y: Scale, x_ticks: Iterable[Tick], y_ticks: Iterable[Tick], titles: Sequence[str]) -> Markup:
    """Grid, numbers and the two titles (below the x axis, above the y axis)."""
    lines, numbers = [], []
    for value, text in x_ticks:
        lines.append(tag("line", x1=x(value), x2=x(value), y1=y.start, y2=y.end))
        numbers.append(tag("text", text, x=x(value), y=y.start + 20, text_anchor="middle"))
    for value, text in y_ticks:
        lines.append(tag("line", x1=x.start, x2=x.end, y1=y(value), y2=y(value)))
        numbers.append(tag("text", text, x=x.start - 8, y=y(value) + 4, text_anchor="end"))
    across = tag("text", titles[0], x=(x.start + x.end) / 2, y=y.start + 40, text_anchor="middle", class_="axis")
    up = tag("text", titles[1], x=2, y=y.end - 12, class_="axis")
    return join([tag("g", lines, class_="grid"), tag("g", numbers, class_="ticks"), across, up])


def _row_label(label: str, n: int | None, middle: float) -> Markup:
    lines = [(text, "row") for text in textwrap.wrap(label, 16)] + ([] if n is None else [(f"n {n}", "ticks")])
    top = middle + 4.5 - (len(lines) - 1) * _LETTER / 2
    return join(tag("text", text, x=0, y=top + i * _LETTER, class_=look) for i, (text, look) in enumerate(lines))


def _text(child: Any) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str | int | float):
        return escape(str(child), quote=False)
    return join(child)


def _attribute(key: str, value: Any) -> str:
    if value is None or value is False:
        return ""
    key = key.removesuffix("_").replace("_", "-")
    if value is True:
        return f" {key}"
    if isinstance(value, float):
        value = f"{value:.1f}".removesuffix(".0")
    return f' {key}="{escape(str(value))}"'
