"""The report's chapters, each from its part of the record."""

from collections.abc import Iterator, Mapping
from typing import Any

from tfinpaint.evaluation.report.drawing import Drawings, Markup, breakable, join, tag
from tfinpaint.evaluation.report.pictures import Pictures
from tfinpaint.evaluation.report.results import (
    MAIN,
    SHARE,
    hidden_pictures,
    kind_label,
    main_kind,
    method_label,
    metric,
    trained_on,
)
from tfinpaint.evaluation.report.tables import html_cell, html_table, method_head, methods_table, words_table

_AGAINST = "telea"
_GAINS = {"hole_psnr": "hole PSNR", "hole_ssim": "hole SSIM", "likeness_distance": "likeness"}
_HEADLINE = (
    "Share of faces on which the model comes nearer to the true picture in the hole (PSNR) than Telea's method, "
    "which is given the true mask; then the mean gain over it, face by face, with its 95 % interval. "
    "A positive gain is in favour of the model."
)
_PEOPLE = ("age", "gender", "race")
_GROUPS = {"hidden area": "how much is hidden", "hides": "what is hidden", "head": "how the head is turned"}
_SHOWN, _MORE = "hole_psnr", ("likeness_distance", "landmark_error", "hole_ssim", "mask_iou")
_DISTRIBUTION = ("frechet_distance", "precision", "recall", "f1", "realism")
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
_SCORES = {"hole_psnr": "PSNR", "hole_ssim": "SSIM", "likeness_distance": "likeness", "mask_iou": "IoU"}
_GALLERY = (
    "Nothing here was picked by hand: the places of the fixed faces in the set were written down before anything "
    "was measured, and the best and the worst faces of a model are those of its scores. "
    "Below each picture: PSNR and SSIM in the hole, the likeness distance to the clean face (0: the same), and the IoU "
    "of the found mask, as far as they were measured."
)


class Chapters:
    """Writes the chapters of a record; one about nothing is empty.

    Args:
        results: the benchmark's record.
        pictures: those of its gallery.
    """

    def __init__(self, results: Mapping[str, Any], pictures: Pictures) -> None:
        self._results, self._pictures = results, pictures
        self._draw = Drawings(results.get("models", {}))

    def written(self) -> list[tuple[str, Markup]]:
        """Title and content of each chapter that has any, in order."""
        sets = self._results.get("sets", {})
        chapters = [
            ("At a glance", self._headline()),
            ("What was measured", self._measured()),
            *((f"{name}, {faces['faces']} faces", self._set(name, faces)) for name, faces in sets.items()),
            ("Verification", join(self._verification())),
            ("Identification", join(self._identification())),
            ("Photos of worn masks", join(self._photos())),
            ("Gallery", join(self._gallery())),
            ("Time", self._time()),
        ]
        return [(title, content) for title, content in chapters if content]

    def _headline(self) -> Markup:
        """A card for each model: on how many faces it beats Telea, and by how much."""
        cards = []
        for model in self._results.get("models", {}):
            sets = self._results.get("sets", {}).items()
            rows = [row for name, faces in sets for row in self._gains(name, faces, model)]
            if rows:
                name = (self._draw.swatch(model, 16), tag("span", breakable(model)))
                title = tag("h3", name, class_=self._draw.colour(model))
                cards.append(tag("article", title, tag("div", rows, class_="results"), class_="card"))
        return join([tag("p", _HEADLINE), tag("div", cards, class_="cards")] if cards else ())

    def _gains(self, name: str, faces: Mapping[str, Any], model: str) -> Iterator[Markup]:
        """The main kind of a set large, the others below it in a line each."""
        trained = trained_on(self._results, model)
        gains = {k: of.get("gains", {}).get(model, {}).get(_AGAINST, {}) for k, of in faces.get("kinds", {}).items()}
        gains = {kind: of for kind, of in gains.items() if {"better", "mean"} <= set(of.get("hole_psnr", {}))}
        if not gains:
            return
        main = main_kind(gains, trained)
        others = []
        for kind, of in gains.items():
            if kind != main:
                strange = " (not trained on)" if trained and kind not in trained else ""
                share = tag("b", f"{SHARE.number(of['hole_psnr']['better'])} %")
                gain = tag("span", f"{_gain('hole_psnr', of)} {_interval('hole_psnr', of)}", class_="interval")
                others.append(tag("li", tag("span", kind_label(kind) + strange), share, gain))
        first = gains[main]
        better, shown = first["hole_psnr"]["better"], [key for key in _GAINS if "mean" in first.get(key, {})]
        yield tag(
            "div",
            tag("p", tag("b", name), f" · {kind_label(main)} · n {first['hole_psnr']['n']}", class_="where"),
            tag(
                "p",
                tag("span", SHARE.number(better), tag("small", " %"), class_="big"),
                " of faces better than Telea",
                class_="share",
            ),
            tag("span", tag("span", style=f"width:{100 * better:.1f}%"), class_="bar", aria_hidden="true"),
            tag("ul", (tag("li", tag("span", _GAINS[k]), tag("b", _gain(k, first)),
                           tag("span", _interval(k, first), class_="interval")) for k in shown)),
            tag("ul", others) if others else None,
            class_="result",
        )  # fmt: skip

    def _measured(self) -> Markup:
        """Everything that the numbers depend on."""
        results, benchmark = self._results, self._results.get("benchmark", {})
        facts = [
            ("benchmark", benchmark.get("name")),
            ("protocol, SHA-256", _code(benchmark.get("sha256"))),
            ("side of the faces", f"{benchmark['side']} pixels" if "side" in benchmark else None),
            ("seed", benchmark.get("seed")),
            ("limit", f"only the first {benchmark['limit']} faces of each set" if "limit" in benchmark else None),
            ("command", _code(results.get("command"))),
            ("versions and machine", ", ".join(f"{k} {v}" for k, v in results.get("environment", {}).items())),
            ("pictures", _verified(results)),
        ]
        for what, judge in results.get("judges", {}).items():
            digest = (" ", _code(judge["sha256"][:16])) if judge.get("sha256") else None
            facts.append((f"judge of {what}", join([judge.get("name") or judge.get("file") or "not named", digest])))
        entries = [(tag("dt", name), tag("dd", value)) for name, value in facts if value not in (None, "")]
        rows = {name: _model(record) for name, record in results.get("models", {}).items()}
        models = words_table("Models", ("model", "parameters", "side", "weights, SHA-256"), rows) if rows else None
        return join([tag("dl", entries, class_="facts"), models])

    def _set(self, name: str, faces: Mapping[str, Any]) -> Markup:
        """One set of faces, one kind of occlusion after the other."""
        verified, kinds = self._results.get("verified", {}).get(name, {}), faces.get("kinds", {})
        main = main_kind(kinds, trained_on(self._results)) if kinds else ""
        return join(self._kind(k, of, faces["faces"], verified.get(k), k == main) for k, of in kinds.items())

    def _kind(self, kind: str, measured: Mapping[str, Any], faces: int, verified: str | None, main: bool) -> Markup:
        """One kind of occlusion; what stands behind the table is folded for all but the main kind."""
        methods, label = measured.get("methods", {}), kind_label(kind)
        parts = [tag("h3", f"Hidden by: {label}")]
        if verified:
            parts.append(
                tag("p", f"Occluded pictures beside those of the frozen benchmark: {verified}.", class_="note")
            )
        rest = [k for k in dict.fromkeys(k for m in methods.values() for k in m) if k not in MAIN]
        for keys, what in ((MAIN, "means"), (rest, "further scores")):
            if methods and keys:
                caption = f"{label}: {what} over {faces} faces"
                whole = methods_table(methods, keys, self._draw, caption, faces=faces, told=True)
                parts.append(whole if keys is MAIN else _folded("Further scores", whole))
        for key, title, write in (
            ("distributions", "All answers as a whole", self._distributions),
            ("groups", "By groups of faces", self._groups),
        ):
            if measured.get(key):
                content = write(measured[key], label)
                parts.append((tag("h4", title), content) if main else _folded(title, content))
        return tag("section", parts, class_="kind")

    def _distributions(self, distributions: Mapping[str, Mapping[str, Any]], label: str) -> Markup:
        n = max(d.get("n", 0) for d in distributions.values())
        words = f"{label}: all answers together against all clean faces (n {n}; without brackets: one number for all)"
        parts = [methods_table(distributions, _DISTRIBUTION, self._draw, words)]
        seen = {m: d for m, d in distributions.items() if "precision" in d and "recall" in d}
        if seen:
            said = "Precision: the answers look like real faces. Recall: they reach all kinds of faces."
            drawing = self._draw.recall(seen, f"Precision against recall, {label}")
            parts.append(_figure(self._draw.legend(seen), drawing, said))
        return tag("div", parts, class_="pair")

    def _groups(self, groups: Mapping[str, Mapping[str, Any]], label: str) -> Markup:
        groups = {kind: found for kind, found in groups.items() if found}
        measured = [(kind, name, part) for kind, found in groups.items() for name, part in found.items()]
        legend = self._draw.legend(dict.fromkeys(m for _, _, part in measured for m in part.get("methods", {})))
        parts = [legend, self._plots(groups, _SHOWN, label)]
        if any(kind in _PEOPLE for kind in groups):
            parts.append(tag("p", "Age, gender and race are the data set's labels, not our judgement.", class_="note"))
        for key in _MORE:
            if plots := self._plots(groups, key, label):
                parts.append(_folded(f"The same by {metric(key).label}", legend, plots))
        tables = [
            methods_table(
                part["methods"], (_SHOWN, *_MORE), self._draw,
                f"{_group_label(kind)}: {name}, {part['n']} faces", faces=part["n"],
            )
            for kind, name, part in measured
            if part.get("methods")
        ]  # fmt: skip
        return join([*parts, _folded("The numbers of all groups", *tables)])

    def _plots(self, groups: Mapping[str, Mapping[str, Any]], key: str, label: str) -> Markup | None:
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
                figures.append(tag("figure", caption, self._draw.dots(rows, metric(key), title)))
        return tag("div", figures, class_="plots") if figures else None

    def _verification(self) -> Iterator[Markup]:
        """Are two pictures the same person? One set of pairs after the other."""
        for name, measured in self._results.get("verification", {}).items():
            lead = (
                f"{measured['pairs']} pairs in {measured['folds']} folds; {kind_label(measured['kind'])} on "
                f"{hidden_pictures(measured)} of each pair; judge: {self._judge(measured)}. "
                "Accuracy is a mean over the folds; all else is of all pairs together."
            )
            figure, curves = (
                None,
                {c: s["det"] for c, s in measured["conditions"].items() if s.get("det", {}).get("fpr")},
            )
            if curves:
                words = "Detection error trade-off, both axes in normal deviates: lower and further left is better."
                drawing = self._draw.det(curves, f"Detection error trade-off on {name}")
                figure = _figure(self._draw.legend(curves, curves=True), drawing, words)
            yield self._recognition(f"Verification on {name}", name, lead, measured, figure)

    def _identification(self) -> Iterator[Markup]:
        """Who is it? One set of faces after the other."""
        for name, measured in self._results.get("identification", {}).items():
            lead = (
                f"{measured['queries']:g} queries hidden by {kind_label(measured['kind'])}; a gallery of "
                f"{measured['gallery']} people and {measured['distractors']} distractors; "
                f"drawn {measured['repeats']} times; judge: {self._judge(measured)}."
            )
            figure, ranks = None, {c: _ranks(scores) for c, scores in measured["conditions"].items()}
            ranks = {c: found for c, found in ranks.items() if found}
            if ranks:
                words = "Share of queries whose person is among the first k of the gallery."
                drawing = self._draw.ranks(ranks, f"Share of queries found by rank on {name}")
                figure = _figure(self._draw.legend(ranks), drawing, words)
            yield self._recognition(f"Identification on {name}", name, lead, measured, figure)

    def _recognition(self, caption: str, name: str, lead: str, measured: Mapping, figure: Markup | None) -> Markup:
        conditions = measured["conditions"]
        keys = [k for k in dict.fromkeys(k for s in conditions.values() for k in s) if k != "det"]
        whole = methods_table(
            conditions, keys, self._draw, caption, outside=("clean",), undone=measured.get("undone")
        )  # fmt: skip
        note = tag("p", _UNDONE, class_="note") if measured.get("undone") else None
        return join([tag("h3", name), tag("p", lead), tag("div", whole, figure, class_="pair"), note])

    def _judge(self, measured: Mapping[str, Any]) -> str:
        likeness = self._results.get("judges", {}).get("likeness", {})
        return measured.get("judge") or likeness.get("file") or "not named"

    def _photos(self) -> Iterator[Markup]:
        """Photos of masks that people wear: there is no face behind them to compare with."""
        for name, models in self._results.get("worn", {}).items():
            rows = [tag("tr", method_head(m, self._draw), _worn(counts)) for m, counts in models.items() if counts]
            if rows:
                yield html_table(f"{name}: masks that were really worn", list(_WORN.values()), rows)
        for name, models in self._results.get("labelled", {}).items():
            columns = dict.fromkeys((kind, k) for kinds in models.values() for kind, s in kinds.items() for k in s)
            rows = [
                tag(
                    "tr",
                    method_head(m, self._draw),
                    (html_cell(kinds.get(kind, {}).get(k), metric(k), faces=-1) for kind, k in columns),
                )
                for m, kinds in models.items()
            ]
            if columns:
                heads = [f"{kind}: {metric(k).heading}" for kind, k in columns]
                yield html_table(f"{name}: masks labelled pixel by pixel", heads, rows)

    def _gallery(self) -> Iterator[Markup]:
        """The fixed faces first, then model by model the best and the worst."""
        items = self._results.get("gallery") or ()
        if items:
            yield tag("p", _GALLERY)
            yield tag("p", self._pictures.note, class_="note") if self._pictures.note else join(())
        groups: dict[tuple, list] = {}
        for item in items:
            fixed = item.get("why") == "fixed"
            groups.setdefault(("", "") if fixed else (item.get("of", ""), str(item.get("why"))), []).append(item)
        models = ["", *(model for model, _ in groups)]
        for model, why in sorted(groups, key=lambda group: (models.index(group[0]), group[1])):
            yield tag("h3", f"{model}: {why} faces" if why else "Fixed faces")
            yield from (self._face(item) for item in groups[model, why])

    def _face(self, item: Mapping[str, Any]) -> Markup:
        where, face = f"{item['set']}, {kind_label(item['kind'])}", f"face {item['index']}"
        title = tag("h4", f"{face} ", tag("span", f"{item.get('name', '')} · {where}", class_="where"))
        figures = []
        for method, path in item.get("pictures", {}).items():
            label, data = method_label(method), self._pictures.data(path)
            if data is None:
                image = tag("p", f"The picture {path} is missing or cannot be read.", class_="missing")
            else:
                image = tag("img", src=data[0], alt=f"{face} of {where}: {label}", width=data[1], height=data[2])
            scores = item.get("scores", {}).get(method, {})
            lines = [
                tag("span", name, tag("b", metric(k).number(v)), class_="score")
                for k, name in _SCORES.items()
                if isinstance(v := scores.get(k), int | float)
            ]
            figures.append(tag("figure", image, tag("figcaption", tag("strong", breakable(label)), lines)))
        return tag("article", title, tag("div", figures, class_="pictures"), class_="face")

    def _time(self) -> Markup:
        """Seconds, as they were on this machine: the one part that differs from run to run."""
        rows = {name: [f"{seconds:,.1f}"] for name, seconds in _flat(self._results.get("seconds", {}))}
        words = "The only part of the results that may differ between two runs on one machine."
        return join([tag("p", words, class_="note"), words_table("Wall time", ("seconds",), rows)] if rows else ())


def _gain(key: str, gains: Mapping[str, Any]) -> str:
    number = metric(key).number(gains[key]["mean"])
    return f"{'+' if float(number) > 0 else ''}{number} {metric(key).unit}".strip()


def _interval(key: str, gains: Mapping[str, Any]) -> str:
    return metric(key).interval(gains[key])


def _verified(results: Mapping[str, Any]) -> str | None:
    said = []
    for name, kinds in results.get("verified", {}).items():
        found: dict[str, list[str]] = {}
        for kind, how in kinds.items():
            found.setdefault(how, []).append(kind_label(kind))
        said.append(f"{name}: " + ", ".join(f"{how} ({', '.join(where)})" for how, where in found.items()))
    if said:
        return "compared with the frozen benchmark before anything was measured: " + "; ".join(said)
    return "not compared with the frozen benchmark" if results.get("sets") else None


def _model(record: Mapping[str, Any]) -> list[Any]:
    parameters, weights = record.get("parameters"), record.get("weights")
    return [
        record.get("model", "–"),
        f"{parameters:,}" if isinstance(parameters, int) else "–",
        record.get("side", "–"),
        _code(str(weights)[:16]) if weights else "–",
    ]


def _code(text: Any) -> Markup | None:
    return tag("code", text) if text else None


def _figure(legend: Markup, drawing: Markup, words: str) -> Markup:
    return tag("figure", legend, drawing, tag("figcaption", words))


def _folded(summary: str, *content: Markup) -> Markup:
    return tag("details", tag("summary", summary), content)


def _group_label(kind: str) -> str:
    return _GROUPS.get(kind, kind_label(kind))


def _ranks(scores: Mapping[str, Any]) -> dict[int, Any]:
    return {int(k.removeprefix("rank_")): s for k, s in scores.items() if k.startswith("rank_") and "mean" in s}


def _worn(counts: Mapping[str, Any]) -> Iterator[Markup]:
    for key in _WORN:
        value = counts.get(key)
        if key == "area":
            yield html_cell(value, SHARE, unit=" %")
        else:
            yield tag("td", f"{SHARE.number(value)} %" if isinstance(value, float) else "–" if value is None else value)


def _flat(seconds: Any, name: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(seconds, Mapping):
        for key, value in seconds.items():
            yield from _flat(value, f"{name} · {kind_label(key)}" if name else kind_label(key))
    elif isinstance(seconds, int | float):
        yield name, seconds
