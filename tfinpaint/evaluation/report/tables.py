"""Tables of means with intervals: Markdown for cards and README, plain text, HTML for the report."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tfinpaint.errors import InputError
from tfinpaint.evaluation.report.drawing import Drawings, Markup, breakable, tag
from tfinpaint.evaluation.report.results import (
    MAIN,
    SHARE,
    Metric,
    check_results,
    hidden_pictures,
    kind_label,
    main_kind,
    method_label,
    metric,
    remark,
    trained_on,
    write_text,
)

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
_BASELINES = ("occluded", "telea", "navier_stokes", "mean_face")
# The columns of the README's table: a score and whose it is; None stands for the model.
_SUMMARY = (
    *(("hole_psnr", who) for who in ("occluded", "telea", None)),
    *((key, None) for key in ("hole_ssim", "hole_sharpness", "likeness_distance", "mask_iou")),
)
_WHO = {"occluded": "occluded", "telea": "Telea", None: "**model**"}
_STRANGE = ("hole_psnr", "mask_iou")
_SHORT = ("hole_psnr", "hole_ssim", "likeness_distance", "mask_iou")


def card_table(results: Mapping[str, Any], model: str | None = None) -> str:
    """All of one model's numbers for its card, beside the baselines: means with 95 % intervals.

    Args:
        results: the benchmark's record.
        model: a key of its `models`; may be left out where there is one.

    Returns:
        Markdown: a block for each set of faces and kind of occlusion that the model was trained on (a short table for
        the others), then recognition, then photos of worn masks.

    Raises:
        InputError: `model` was not measured, or it must be said which.
    """
    results = check_results(results)
    models = list(results.get("models", {}))
    model = models[0] if model is None and len(models) == 1 else model
    if model not in models:
        known = ", ".join(models) or "none"
        raise InputError(f"`model` must be one that the benchmark measured ({known}). Received: model={model!r}.")
    blocks = []
    for name, faces in results.get("sets", {}).items():
        kinds = [k for k, measured in faces.get("kinds", {}).items() if model in measured.get("methods", {})]
        known = [k for k in kinds if k in trained_on(results, model)] or kinds
        blocks += [_pixels(results, model, name, kind) for kind in known]
        blocks += [
            _strange(results, model, name, others) for others in [[k for k in kinds if k not in known]] if others
        ]
    for part, lead in (("verification", _verification_lead), ("identification", _identification_lead)):
        for name, measured in results.get(part, {}).items():
            if model in measured.get("conditions", {}):
                blocks.append(lead(name, measured) + "\n\n" + _conditions(model, measured))
    worn = [(name, models[model]) for name, models in results.get("worn", {}).items() if model in models]
    blocks += [_worn_sentence(name, counts) for name, counts in worn]
    labelled = [(name, models[model]) for name, models in results.get("labelled", {}).items() if model in models]
    blocks += [_labelled(name, kinds) for name, kinds in labelled]
    return "\n\n".join(blocks)


def summary_table(records: Iterable[Mapping[str, Any]]) -> str:
    """A short table for the README: a row for each model, set of faces and kind of occlusion that it was trained on."""
    rows, lines = [], []
    for results in map(check_results, records):
        for name, faces in results.get("sets", {}).items():
            if not faces.get("kinds"):
                continue
            for model in results.get("models", {}):
                known = [k for k in trained_on(results, model) if k in faces["kinds"]]
                for kind in known or [main_kind(faces["kinds"])]:
                    methods = faces["kinds"][kind].get("methods", {})
                    rows += [(model, name, faces["faces"], kind, methods)] if model in methods else []
    columns = [(key, who) for key, who in _SUMMARY if any(key in r[4].get(who or r[0], {}) for r in rows)]
    for model, name, faces, kind, methods in rows:
        cells = [_cell(methods.get(who or model, {}).get(key), metric(key), faces) for key, who in columns]
        lines.append([f"`{model}`", f"`{name}`, {faces} faces", kind_label(kind), *cells])
    headings = [f"{metric(key).heading}: {_WHO[who]}" for key, who in columns]
    return _table(["model", "faces", "hidden by", *headings], lines) if rows else ""


def plain_table(results: Mapping[str, Any]) -> str:
    """A short table of every set and kind for the terminal, all methods below each other."""
    results = check_results(results)
    blocks = []
    for name, faces in results.get("sets", {}).items():
        for kind, measured in faces.get("kinds", {}).items():
            methods = measured.get("methods", {})
            keys = [k for k in _SHORT if any(k in scores for scores in methods.values())]
            rows = [[f"{name}, {faces['faces']} faces, {kind_label(kind)}", *(metric(k).heading for k in keys)]]
            rows += [
                [method_label(m, scores), *(_cell(scores.get(k), metric(k), faces["faces"]) for k in keys)]
                for m, scores in methods.items()
            ]
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)
            blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def update_tables(path: str | os.PathLike, markdown: str, mark: str = "results") -> None:
    """Puts `markdown` between the two marks of a Markdown file, `<!-- results: begin -->` and `<!-- results: end -->`.

    Args:
        path: of the file.
        markdown: what is to stand there.
        mark: the word in the marks, for a file with several.

    Raises:
        InputError: the file cannot be read, or it does not hold each mark once, in order.
    """
    (before, first), (last, after) = _around(path, mark)
    write_text(f"{before}{first}\n{markdown.strip()}\n{last}{after}", path)


def check_marks(path: str | os.PathLike, mark: str = "results") -> None:
    """Refuses what `update_tables` would refuse, before there is anything to put into the file."""
    _around(path, mark)


def card_mark(path: str | os.PathLike, benchmark: str) -> str:
    """Where a benchmark's table belongs in a card: `results NAME` where the card has that mark, else `results`.

    Raises:
        InputError: as `update_tables` would.
    """
    text = Path(path).read_text(encoding="utf-8", errors="replace") if Path(path).is_file() else ""
    mark = f"results {benchmark}"
    mark = mark if f"<!-- {mark}: begin -->" in text else "results"
    check_marks(path, mark)
    return mark


def _around(path: str | os.PathLike, mark: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """A Markdown file's text before the first mark and that mark, the last mark and the text after it."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"`path` must be a Markdown file. Received: {path} ({error}).") from error
    first, last = (f"<!-- {mark}: {word} -->" for word in ("begin", "end"))
    before, begin, rest = text.partition(first)
    _, end, after = rest.partition(last)
    if not (begin and end) or first in rest or last in after:
        raise InputError(
            f"`path` must hold the marks {first} and {last} once, in this order. Received: {path}; "
            "put them where the tables belong."
        )
    return (before, first), (last, after)


def best_of(summaries: Mapping[str, Any], metric: Metric) -> str | None:
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
    draw: Drawings,
    caption: str,
    *,
    faces: int | None = None,
    told: bool = False,
    outside: Sequence[str] = (),
    undone: Mapping[str, Mapping[str, Any]] | None = None,
) -> Markup:
    """HTML: a row for each method, a column for each score; the best of a column is marked.

    Args:
        scores: method -> key -> summary.
        keys: the columns; those that nobody has are left out.
        draw: the looks of the methods.
        caption: what the table shows.
        faces: how many a cell's mean is over, unless the cell says otherwise.
        told: say who was given the true mask and who is blind.
        outside: methods that stand in the table for comparison and cannot be best.
        undone: method -> key -> share of the damage undone, a row below that method's.
    """
    keys = [k for k in keys if any(k in found for found in scores.values())]
    best = {k: best_of({m: s.get(k) for m, s in scores.items() if m not in outside}, metric(k)) for k in keys}
    rows = []
    for method, values in scores.items():
        cells = [html_cell(values.get(k), metric(k), faces, best[k] == method) for k in keys]
        rows.append(tag("tr", method_head(method, draw, values if told else None), cells))
        if undone and undone.get(method):
            cells = [html_cell(undone[method].get(k), Metric("", digits=1, scale=100), unit=" %") for k in keys]
            rows.append(tag("tr", tag("th", "damage undone", scope="row"), cells, class_="undone"))
    return html_table(caption, [_heading(metric(k)) for k in keys], rows)


def html_table(caption: str, headings: Sequence[Any], rows: Iterable[Markup]) -> Markup:
    """A table that scrolls inside its own frame where the screen is narrow."""
    head = tag("tr", tag("td", class_="corner"), (tag("th", h, scope="col") for h in headings))
    whole = tag("table", tag("caption", tag("span", caption)), tag("thead", head), tag("tbody", rows))
    return tag("div", whole, class_="scroll", role="region", tabindex="0", aria_label=caption)


def words_table(caption: str, headings: Sequence[str], rows: Mapping[str, Sequence[Any]]) -> Markup:
    """A table of finished texts; the key of a row is its first cell."""
    body = [tag("tr", tag("th", name, scope="row"), (tag("td", c) for c in row)) for name, row in rows.items()]
    return html_table(caption, headings, body)


def html_cell(summary: Any, metric: Metric, faces: int | None = None, best: bool = False, unit: str = "") -> Markup:
    """A mean, its interval below it, and what else must be known; plain numbers have no interval."""
    if isinstance(summary, int | float):
        return tag("td", metric.number(summary))
    if not summary or "mean" not in summary:
        return tag("td", tag("span", "–", class_="none"))
    said = remark(summary, faces)
    return tag(
        "td",
        tag("span", metric.number(summary["mean"]) + unit, class_="mean"),
        tag("span", " (best)", class_="unseen") if best else None,
        " ",
        tag("span", metric.interval(summary), class_="interval"),
        (" ", tag("span", said, class_="remark")) if said else None,
        class_="best" if best else None,
    )


def method_head(method: str, draw: Drawings, scores: Mapping[str, Any] | None = None) -> Markup:
    """The first cell of a method's row: mark, name, and with `scores` what it was told."""
    name = method_label(method)
    told = method_label(method, scores).removeprefix(name).strip(" ,()")
    body = (draw.swatch(method), tag("span", breakable(name), tag("small", told) if told else None))
    return tag("th", tag("span", body, class_="method"), scope="row", class_=draw.colour(method))


def _heading(metric: Metric) -> tuple[Any, ...]:
    arrow = {True: "higher is better", False: "lower is better"}.get(metric.higher)
    sign = tag("span", "↑" if metric.higher else "↓", title=arrow, role="img", aria_label=arrow) if arrow else None
    return (metric.label, "\u00a0", sign, (" ", tag("span", metric.unit, class_="unit")) if metric.unit else None)


def _worn_sentence(name: str, counts: Mapping[str, Any]) -> str:
    """Photos of really worn masks, in words: there is no truth to compare with."""
    shares = {
        "nose_and_mouth_found": "the found mask covers nose and mouth in {} %",
        "eye_lost": "it takes an eye in {} %",
        "nothing_found": "nothing was found in {} %",
    }
    said = [text.format(SHARE.number(counts[key])) for key, text in shares.items() if key in counts]
    if "mean" in counts.get("area", {}):
        area = counts["area"]
        said.append(f"it takes {SHARE.number(area['mean'])} % {SHARE.interval(area)} of the crop on average")
    missed = (
        f" ({counts['without_face']} more photos show no face that was found)" if counts.get("without_face") else ""
    )
    return f"`{name}`, {counts['faces']} photos of masks that were really worn{missed}: {', '.join(said)}."


def _pixels(results: Mapping[str, Any], model: str, name: str, kind: str) -> str:
    faces, methods = results["sets"][name]["faces"], results["sets"][name]["kinds"][kind]["methods"]
    shown = [m for m in (*_BASELINES, model) if m in methods]
    labels = {m: method_label(m, methods[m]) for m in shown}
    rows = {f"**{labels[m]}**" if m == model else labels[m]: methods[m] for m in shown}
    return f"`{name}`, {faces} faces hidden by: {kind_label(kind)}:\n\n" + _scores(rows, MAIN, faces)


def _strange(results: Mapping[str, Any], model: str, name: str, kinds: Sequence[str]) -> str:
    """What the model was not trained on: a row a kind, the occluded face, Telea and the model beside each other."""
    faces = results["sets"][name]
    columns = [(key, who) for key in _STRANGE for who in ("occluded", "telea", model)]
    measured = {kind: faces["kinds"][kind]["methods"] for kind in kinds}
    columns = [(k, who) for k, who in columns if any(k in methods.get(who, {}) for methods in measured.values())]
    headings = [f"{metric(k).heading}: {'**model**' if who == model else method_label(who, {})}" for k, who in columns]
    lines = [
        [kind_label(kind), *(_cell(methods.get(who, {}).get(k), metric(k), faces["faces"]) for k, who in columns)]
        for kind, methods in measured.items()
    ]
    lead = f"`{name}`, {faces['faces']} faces hidden by what the model was not trained on"
    return f"{lead}:\n\n" + _table(["", *headings], lines)


def _verification_lead(name: str, measured: Mapping[str, Any]) -> str:
    return (
        f"Verification on `{name}`, {measured['pairs']} pairs in {measured['folds']} folds, "
        f"{kind_label(measured['kind'])} on {hidden_pictures(measured)} of each:"
    )


def _identification_lead(name: str, measured: Mapping[str, Any]) -> str:
    return (
        f"Identification on `{name}`, {measured['queries']:g} queries hidden by {kind_label(measured['kind'])}; "
        f"{measured['gallery']} people and {measured['distractors']} distractors in the gallery, "
        f"drawn {measured['repeats']} times:"
    )


def _conditions(model: str, measured: Mapping[str, Any]) -> str:
    conditions = measured["conditions"]
    keys = [k for k in conditions[model] if k != "det"]
    shown = [c for c in ("clean", *_BASELINES, model) if c in conditions]
    rows = {f"**restored by {c}**" if c == model else method_label(c, {}): conditions[c] for c in shown}
    whole, undone = _scores(rows, keys), measured.get("undone", {}).get(model, {})
    if undone:
        cells = ["share of the damage undone, %", *(_cell(undone.get(k), SHARE) for k in keys)]
        whole += "\n| " + " | ".join(cells) + " |"
    return whole


def _labelled(name: str, kinds: Mapping[str, Any]) -> str:
    keys = dict.fromkeys(key for scores in kinds.values() for key in scores)
    return f"`{name}`, masks labelled pixel by pixel:\n\n" + _scores(kinds, keys, faces=-1)


def _scores(rows: Mapping[str, Mapping[str, Any]], keys: Iterable[str], faces: int | None = None) -> str:
    """A row for each label, a column for each score that any of them has."""
    keys = [k for k in keys if any(k in scores for scores in rows.values())]
    lines = [[label, *(_cell(scores.get(k), metric(k), faces) for k in keys)] for label, scores in rows.items()]
    return _table(["", *(metric(k).heading for k in keys)], lines)


def _table(heading: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [heading, ["---"] * len(heading), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _cell(summary: Mapping[str, Any] | None, metric: Metric, faces: int | None = None) -> str:
    if not summary or "mean" not in summary:
        return "-"
    said = remark(summary, faces)
    return f"{metric.number(summary['mean'])} {metric.interval(summary)}" + (f" ({said})" if said else "")
