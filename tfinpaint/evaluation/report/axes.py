"""Scales and axes of small SVG drawings, in units that become about one pixel."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from tfinpaint.evaluation.report.markup import Markup, join, tag

WIDTH = 420


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


def plain(value: float) -> str:
    """A tick's number without zeros behind."""
    return f"{value:.10g}"


def axes(
    x: Scale,
    y: Scale,
    x_ticks: Sequence[tuple[float, str]],
    y_ticks: Sequence[tuple[float, str]],
    titles: Sequence[str],
) -> Markup:
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


def drawing(height: float, title: str, *parts: Markup) -> Markup:
    """The SVG element, with the words that stand for it."""
    return tag("svg", *parts, viewBox=f"0 0 {WIDTH} {math.ceil(height)}", role="img", aria_label=title)
