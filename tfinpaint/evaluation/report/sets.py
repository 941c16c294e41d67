"""The report's chapter of one set of faces: tables, distances of distributions, groups."""

from collections.abc import Iterable, Mapping
from typing import Any

from tfinpaint.evaluation.report.cells import methods_table
from tfinpaint.evaluation.report.curves import dot_plot, precision_recall_plot
from tfinpaint.evaluation.report.marks import Marks
from tfinpaint.evaluation.report.markup import Markup, join, tag
from tfinpaint.evaluation.report.results import main_kind, trained_on
from tfinpaint.evaluation.report.words import MAIN, kind_label, metric

_PEOPLE = ("age", "gender", "race")
_GROUPS = {"hidden area": "how much is hidden", "hides": "what is hidden", "head": "how the head is turned"}
_SHOWN, _MORE = "hole_psnr", ("likeness_distance", "landmark_error", "hole_ssim", "mask_iou")
_DISTRIBUTION = ("frechet_distance", "precision", "recall", "f1", "realism")


def set_chapter(results: Mapping[str, Any], name: str, marks: Marks) -> Markup:
    """Everything that was measured on one set of faces."""
    faces = results["sets"][name]
    verified = results.get("verified", {}).get(name, {})
    main = main_kind(faces["kinds"], trained_on(results)) if faces.get("kinds") else ""
    return join(
        _kind(kind, measured, faces["faces"], verified.get(kind), marks, kind == main)
        for kind, measured in faces.get("kinds", {}).items()
    )


def _kind(kind: str, measured: Mapping[str, Any], faces: int, verified: str | None, marks: Marks, main: bool) -> Markup:
    """One kind of occlusion; what stands behind the table is folded for all but the main kind."""
    methods = measured.get("methods", {})
    label = kind_label(kind)
    parts = [tag("h3", f"Hidden by: {label}")]
    if verified:
        parts.append(tag("p", f"Occluded pictures beside those of the frozen benchmark: {verified}.", class_="note"))
    if methods:
        parts.append(methods_table(methods, MAIN, marks, f"{label}: means over {faces} faces", faces=faces, told=True))
        rest = [k for k in dict.fromkeys(k for m in methods.values() for k in m) if k not in MAIN]
        if rest:
            more = methods_table(
                methods, rest, marks, f"{label}: further scores over {faces} faces", faces=faces, told=True
            )
            parts.append(_folded("Further scores", more))
    if measured.get("distributions"):
        parts.append(_titled("All answers as a whole", _distributions(measured["distributions"], label, marks), main))
    if measured.get("groups"):
        parts.append(_titled("By groups of faces", _groups(measured["groups"], label, marks), main))
    return tag("section", parts, class_="kind")


def _distributions(distributions: Mapping[str, Mapping[str, Any]], label: str, marks: Marks) -> Markup:
    n = max(d.get("n", 0) for d in distributions.values())
    words = f"{label}: all answers together against all clean faces (n {n}; without brackets: one number for all)"
    parts = [methods_table(distributions, _DISTRIBUTION, marks, words)]
    seen = {m: d for m, d in distributions.items() if "precision" in d and "recall" in d}
    if seen:
        drawing = precision_recall_plot(seen, marks, f"Precision against recall, {label}")
        said = "Precision: the answers look like real faces. Recall: they reach all kinds of faces."
        parts.append(tag("figure", marks.legend(seen), drawing, tag("figcaption", said)))
    return tag("div", parts, class_="pair")


def _groups(groups: Mapping[str, Mapping[str, Any]], label: str, marks: Marks) -> Markup:
    groups = {kind: found for kind, found in groups.items() if found}
    methods = list(dict.fromkeys(m for g in groups.values() for part in g.values() for m in part.get("methods", {})))
    parts = [marks.legend(methods), _plots(groups, _SHOWN, label, marks)]
    if any(kind in _PEOPLE for kind in groups):
        parts.append(tag("p", "Age, gender and race are the data set's labels, not our judgement.", class_="note"))
    for key in _MORE:
        plots = _plots(groups, key, label, marks)
        if plots:
            again = marks.legend(methods)
            parts.append(_folded(f"The same by {metric(key).label}", again, plots))
    tables = [
        methods_table(
            part["methods"],
            (_SHOWN, *_MORE),
            marks,
            f"{_group_label(kind)}: {name}, {part['n']} faces",
            faces=part["n"],
        )
        for kind, found in groups.items()
        for name, part in found.items()
        if part.get("methods")
    ]
    return join([*parts, _folded("The numbers of all groups", *tables)])


def _plots(groups: Mapping[str, Mapping[str, Any]], key: str, label: str, marks: Marks) -> Markup | None:
    figures = []
    for kind, found in groups.items():
        rows = {
            name: (part["n"], {m: s[key] for m, s in part.get("methods", {}).items() if "mean" in s.get(key, {})})
            for name, part in found.items()
        }
        rows = {name: row for name, row in rows.items() if row[1]}
        if rows:
            title = f"{metric(key).label} by {_group_label(kind)}, {label}"
            caption = tag("figcaption", f"By {_group_label(kind)}")
            figures.append(tag("figure", caption, dot_plot(rows, metric(key), marks, title)))
    return tag("div", figures, class_="plots") if figures else None


def _group_label(kind: str) -> str:
    return _GROUPS.get(kind, kind_label(kind))


def _titled(title: str, content: Markup, main: bool) -> Markup:
    return join([tag("h4", title), content]) if main else _folded(title, content)


def _folded(summary: str, *content: Markup | Iterable[Markup]) -> Markup:
    return tag("details", tag("summary", summary), content)
