"""How methods look in drawings: colour, form and dash, so that nothing hangs on colour alone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tfinpaint.evaluation.report.markup import Markup, tag
from tfinpaint.evaluation.report.words import BASELINES, method_label

_FORMS = ("circle", "square", "diamond", "up", "down", "cross")
_BASELINE_FORMS = {
    "clean": "square",
    "occluded": "ring",
    "telea": "square",
    "navier_stokes": "diamond",
    "mean_face": "up",
}
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 2", "12 4")


class Marks:
    """The looks of every method of a report: baselines have their own, models take theirs in order.

    Args:
        models: their names, in the order of the record.
    """

    def __init__(self, models: Iterable[str]) -> None:
        self._order = {name: index for index, name in enumerate(models)}

    def colour(self, method: str) -> str:
        """The CSS class that sets the colour."""
        return f"c-{method.replace('_', '-')}" if method in BASELINES else f"m{self._order.get(method, 0) % 6}"

    def mark(self, method: str, x: float, y: float) -> Markup:
        """The method's mark around a point."""
        form = _BASELINE_FORMS.get(method) or _FORMS[self._order.get(method, 0) % len(_FORMS)]
        if form in ("circle", "ring"):
            return tag("circle", cx=x, cy=y, r=4.0, class_=f"mark {form}")
        corners = {
            "square": ((-3.6, -3.6), (3.6, -3.6), (3.6, 3.6), (-3.6, 3.6)),
            "diamond": ((0, -5), (5, 0), (0, 5), (-5, 0)),
            "up": ((0, -4.8), (4.6, 3.6), (-4.6, 3.6)),
            "down": ((0, 4.8), (4.6, -3.6), (-4.6, -3.6)),
            "cross": ((-1.5, -5), (1.5, -5), (1.5, 5), (-1.5, 5)),
        }[form]
        return tag("polygon", points=" ".join(f"{x + a:.1f},{y + b:.1f}" for a, b in corners), class_="mark")

    def line(self, method: str, points: Sequence[tuple[float, float]]) -> Markup:
        """A curve through points."""
        dash = "" if method in BASELINES else _DASHES[self._order.get(method, 0) % len(_DASHES)]
        if method in ("clean", "occluded", "telea"):
            dash = {"clean": "1 4", "occluded": "3 3", "telea": "8 4"}[method]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        return tag("polyline", points=path, class_="curve", stroke_dasharray=dash or None)

    def legend(self, methods: Iterable[str], scores: Mapping[str, Any] | None = None, curves: bool = False) -> Markup:
        """A list of the methods with their marks (or their lines)."""
        entries = []
        for method in methods:
            look = self.line(method, [(0, 7), (28, 7)]) if curves else self.mark(method, 14, 7)
            swatch = tag("svg", look, viewBox="0 0 28 14", width=28, height=14, aria_hidden="true")
            label = method_label(method, None if scores is None else scores.get(method, {}))
            entries.append(tag("li", swatch, label, class_=self.colour(method)))
        return tag("ul", entries, class_="legend")
