"""What is marked best, where dots and curves lie, and whether the colours can be told from their ground."""

import re
from importlib.resources import files
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinpaint.evaluation.report.drawing import Drawings, Markup, Scale, deviate, nice_ticks, tag
from tfinpaint.evaluation.report.results import METRICS
from tfinpaint.evaluation.report.tables import best_of

PSNR, DISTANCE = METRICS["hole_psnr"], METRICS["likeness_distance"]


def summary(mean, half=0.1, n=10):
    return {"mean": mean, "low": mean - half, "high": mean + half, "n": n}


def test_the_best_is_marked_only_if_no_interval_reaches_it():
    assert best_of({"a": summary(1), "b": summary(2)}, PSNR) == "b"
    assert best_of({"a": summary(1), "b": summary(2)}, DISTANCE) == "a"
    assert best_of({"a": summary(1.9), "b": summary(2)}, PSNR) is None
    assert best_of({"a": summary(1.0, 2.0), "b": summary(1.5), "c": summary(2)}, PSNR) is None  # not the next, a third
    assert best_of({"a": summary(1)}, PSNR) is None
    assert best_of({"a": summary(1), "b": {"n": 0}, "c": None, "d": 7.0}, PSNR) is None


def test_markup_escapes_what_is_not_markup():
    assert tag("p", "a < b & c", title='"x"', class_="y", hidden=True, id=None) == (
        '<p title="&quot;x&quot;" class="y" hidden>a &lt; b &amp; c</p>'
    )
    assert tag("p", [Markup("<b>x</b>"), (tag("br"), 3)], None) == "<p><b>x</b><br>3</p>"


def test_a_scale_is_linear_or_bent_and_holds_at_its_ends():
    assert Scale(0, 10, 100, 200)(2.5) == 125
    assert Scale(0, 10, 200, 100)(2.5) == 175
    assert Scale(0, 10, 0, 1)(11) == 1
    bent = Scale(0.01, 0.99, 0, 100, deviate)
    assert bent(0.5) == pytest.approx(50)
    assert bent(0.9) - bent(0.5) == pytest.approx(bent(0.5) - bent(0.1))


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.integers(2, 8))
def test_ticks_are_round_even_and_hold_the_range(low, span, count):
    ticks = nice_ticks(low, low + span, count)
    steps = [b - a for a, b in zip(ticks, ticks[1:], strict=False)]
    assert len(ticks) >= 2 and max(steps) == pytest.approx(min(steps))
    assert ticks[0] <= low + 1e-6 * span and ticks[-1] >= low + span * (1 - 1e-6)
    assert len(ticks) <= count + 3


def test_equal_values_have_an_axis_too():
    assert Drawings(()).dots({"all": (None, {"telea": summary(3, 0)})}, PSNR, "x").startswith("<svg")


def test_dots_lie_on_their_scale_and_say_their_numbers():
    drawing = Drawings(["net"]).dots({"small": (3, {"telea": summary(12, 2), "net": summary(18, 2)})}, PSNR, "x")
    assert "net, small: 18.00 [16.00, 20.00]" in drawing and "n 3" in drawing
    ends = re.findall(r'x1="([\d.]+)" x2="([\d.]+)" y1="[\d.]+" y2="[\d.]+" class="whisker"', drawing)
    (a, b), (c, d) = [(float(x), float(y)) for x, y in ends]
    assert b - a == pytest.approx(d - c, abs=0.2) and (c - a) / (b - a) == pytest.approx(6 / 4, abs=0.01)


def test_the_det_curve_of_two_gaussians_is_straight():
    normal = NormalDist()
    fpr = [0.002, 0.01, 0.1, 0.3]
    fnr = [normal.cdf(-normal.inv_cdf(f) - 2.2) for f in fpr]
    drawing = Drawings(()).det({"clean": {"fpr": [0.0, *fpr, 1.0], "fnr": [1.0, *fnr, 0.0]}}, "x")
    (text,) = re.findall(r'<polyline points="([^"]+)"', drawing)
    points = [tuple(map(float, p.split(","))) for p in text.split()]
    slopes = [(d - b) / (c - a) for (a, b), (c, d) in zip(points, points[1:], strict=False)]
    assert len(points) == 4 and max(slopes) == pytest.approx(min(slopes), abs=0.02)


def test_ranks_are_in_the_order_of_numbers():
    scores = {10: summary(0.9), 1: summary(0.5), 5: summary(0.8)}
    drawing = Drawings(()).ranks({"clean": scores}, "x")
    assert drawing.index("rank 1<") < drawing.index("rank 5<") < drawing.index("rank 10<")
    (text,) = re.findall(r'<polyline points="([^"]+)"', drawing)
    x, y = zip(*(tuple(map(float, p.split(","))) for p in text.split()), strict=True)
    assert list(x) == sorted(x) and list(y) == sorted(y, reverse=True)


def test_models_differ_in_form_as_well_as_in_colour():
    draw = Drawings([f"m{i}" for i in range(6)])
    assert len({draw.mark(f"m{i}", 0, 0) for i in range(6)}) == 6
    assert len({draw.line(f"m{i}", [(0, 0), (1, 1)]) for i in range(6)}) == 6
    assert len({draw.colour(f"m{i}") for i in range(6)}) == 6


GROUNDS = ("page", "surface", "line", "grid", "tint")


def palettes():
    style = files("tfinpaint.evaluation.report").joinpath("report.css").read_text(encoding="utf-8")
    blocks = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", block)) for block in re.findall(r":root {(.*?)}", style, re.S)
    ]
    assert len(blocks) == 3  # light, dark, print
    return [(i, name, colours) for i, colours in enumerate(blocks) for name in colours if name not in GROUNDS]


@pytest.mark.parametrize(("which", "name", "colours"), palettes())
def test_colours_have_the_contrast_that_wcag_asks_for(which, name, colours):
    text = name in ("ink", "soft", "accent")
    for ground in ("page", "surface", *(["tint"] if text else [])):
        assert contrast(colours[name], colours[ground]) >= (4.5 if text else 3), ground


def contrast(first, second):
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
