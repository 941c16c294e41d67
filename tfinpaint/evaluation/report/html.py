"""The benchmark's report: one HTML file that needs nothing else, on screen, on a phone, on paper."""

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from tfinpaint.evaluation.report.chapters import Chapters
from tfinpaint.evaluation.report.drawing import Markup, join, tag
from tfinpaint.evaluation.report.pictures import Pictures
from tfinpaint.evaluation.report.results import read_results, write_text

# Nothing may be fetched, whatever a results file says.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_READING = (
    "Numbers are means over faces with their 95 % intervals in brackets; n is given where it is not that of the table. "
    "Arrows in the heads of columns say which way is better. A cell is marked as the best of its column only if its "
    "interval overlaps that of no other row, so a column may have no mark. Baselines that fill are given the true "
    "mask; a blind model finds it itself."
)


def write_report(results_path: str | os.PathLike, out: str | os.PathLike = "report.html") -> Path:
    """Writes the report of a results file.

    Args:
        results_path: the JSON that `tfinpaint benchmark` wrote; the gallery's pictures lie beside it.
        out: the HTML file, under 8 MB, which appears whole or not at all. It loads nothing and runs no script.

    Returns:
        The path of the report.

    Raises:
        InputError: there are no such results, or the report cannot be written. A picture that is missing is no error:
            the report says so where it would stand.
    """
    results = read_results(results_path)
    shown = [path for item in results.get("gallery") or () for path in item.get("pictures", {}).values()]
    pictures = Pictures(Path(results_path).parent, shown)
    return write_text(_page(results, Chapters(results, pictures).written()), out)


def _page(results: Mapping[str, Any], chapters: list[tuple[str, Markup]]) -> Markup:
    name = results.get("benchmark", {}).get("name", "without a name")
    models = ", ".join(results.get("models", {})) or "no model, the baselines alone"
    style = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"Benchmark {name}: {models}"),
        tag("style", Markup(style)),
    )
    links = [tag("li", tag("a", title, href=f"#chapter-{i}")) for i, (title, _) in enumerate(chapters)]
    sections = [
        tag("section", tag("h2", title), content, id=f"chapter-{i}", class_="chapter")
        for i, (title, content) in enumerate(chapters)
    ]
    header = tag(
        "header",
        tag("p", "Restoring hidden faces", class_="kicker"),
        tag("h1", f"Benchmark {name}"),
        tag("p", f"Measured: {models}.", class_="lead"),
        tag("p", _READING, class_="reading"),
    )
    body = tag(
        "body",
        tag("nav", tag("ul", links), aria_label="Chapters"),
        tag("main", header, sections),
    )
    return join([Markup("<!doctype html>\n"), tag("html", head, body, lang="en"), "\n"])
