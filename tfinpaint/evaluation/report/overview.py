"""The report's first and last chapters: what the numbers say at a glance, what was measured, how long it took."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tfinpaint.evaluation.report.cells import words_table
from tfinpaint.evaluation.report.marks import Marks
from tfinpaint.evaluation.report.markup import Markup, breakable, join, tag
from tfinpaint.evaluation.report.results import main_kind, trained_on
from tfinpaint.evaluation.report.words import SHARE, kind_label, metric

_AGAINST = "telea"
_GAINS = {"hole_psnr": "hole PSNR", "hole_ssim": "hole SSIM", "likeness_distance": "likeness"}


def headline_chapter(results: Mapping[str, Any], marks: Marks) -> Markup:
    """A card for each model: on how many faces it beats Telea, and by how much."""
    cards = []
    for model in results.get("models", {}):
        known = trained_on(results, model)
        rows = [row for name, faces in results.get("sets", {}).items() for row in _rows(name, faces, model, known)]
        if rows:
            swatch = tag("svg", marks.mark(model, 7, 7), viewBox="0 0 14 14", width=16, height=16, aria_hidden="true")
            title = tag("h3", swatch, tag("span", breakable(model)), class_=marks.colour(model))
            cards.append(tag("article", title, tag("div", rows, class_="results"), class_="card"))
    if not cards:
        return join(())
    words = (
        "Share of faces on which the model comes nearer to the true picture in the hole (PSNR) than Telea's method, "
        "which is given the true mask; then the mean gain over it, face by face, with its 95 % interval. "
        "A positive gain is in favour of the model."
    )
    return join([tag("p", words), tag("div", cards, class_="cards")])


def measured_chapter(results: Mapping[str, Any]) -> Markup:
    """Everything that the numbers depend on."""
    benchmark = results.get("benchmark", {})
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
    facts += [(f"judge of {what}", _judge(judge)) for what, judge in results.get("judges", {}).items()]
    entries = [(tag("dt", name), tag("dd", value)) for name, value in facts if value not in (None, "")]
    parts = [tag("dl", entries, class_="facts")]
    if results.get("models"):
        rows = {name: _model(record) for name, record in results["models"].items()}
        parts.append(words_table("Models", ("model", "parameters", "side", "weights, SHA-256"), rows))
    return join(parts)


def timing_chapter(results: Mapping[str, Any]) -> Markup:
    """Seconds, as they were on this machine: the one part that differs from run to run."""
    rows = {name: [f"{seconds:,.1f}"] for name, seconds in _flat(results.get("seconds", {}))}
    if not rows:
        return join(())
    note = tag("p", "The only part of the results that may differ between two runs on one machine.", class_="note")
    return join([note, words_table("Wall time", ("seconds",), rows)])


def _rows(name: str, faces: Mapping[str, Any], model: str, trained: Sequence[str]) -> list[Markup]:
    """The main kind of a set large, the others below it in a line each."""
    gains = {k: of.get("gains", {}).get(model, {}).get(_AGAINST, {}) for k, of in faces.get("kinds", {}).items()}
    gains = {kind: of for kind, of in gains.items() if {"better", "mean"} <= set(of.get("hole_psnr", {}))}
    if not gains:
        return []
    main = main_kind(gains, trained)
    others = [
        _line(kind, of["hole_psnr"], bool(trained) and kind not in trained)
        for kind, of in gains.items()
        if kind != main
    ]
    return [_row(name, main, gains[main], tag("ul", others) if others else None)]


def _line(kind: str, gain: Mapping[str, Any], strange: bool) -> Markup:
    psnr = metric("hole_psnr")
    share = tag("b", f"{SHARE.number(gain['better'])} %")
    said = tag("span", f"{_signed(psnr.number(gain['mean']))} dB {psnr.interval(gain)}", class_="interval")
    label = kind_label(kind) + (" (not trained on)" if strange else "")
    return tag("li", tag("span", label), share, said)


def _signed(number: str) -> str:
    return f"+{number}" if float(number) > 0 else number


def _row(name: str, kind: str, gains: Mapping[str, Any], others: Markup | None) -> Markup:
    better = gains["hole_psnr"]["better"]
    parts = []
    for key, title in _GAINS.items():
        summary = gains.get(key, {})
        if "mean" in summary:
            said = f"{_signed(metric(key).number(summary['mean']))} {metric(key).unit}".strip()
            interval = tag("span", metric(key).interval(summary), class_="interval")
            parts.append(tag("li", tag("span", title), tag("b", said), interval))
    share = tag("span", SHARE.number(better), tag("small", " %"), class_="big")
    bar = tag("span", tag("span", style=f"width:{100 * better:.1f}%"), class_="bar", aria_hidden="true")
    where = tag("p", tag("b", name), f" · {kind_label(kind)} · n {gains['hole_psnr']['n']}", class_="where")
    return tag(
        "div",
        where,
        tag("p", share, " of faces better than Telea", class_="share"),
        bar,
        tag("ul", parts),
        others,
        class_="result",
    )


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


def _judge(judge: Mapping[str, Any]) -> Markup:
    name = judge.get("name") or judge.get("file") or "not named"
    return join([name, (" ", _code(judge["sha256"][:16])) if judge.get("sha256") else None])


def _model(record: Mapping[str, Any]) -> list[Any]:
    parameters = record.get("parameters")
    weights = record.get("weights")
    return [
        record.get("model", "–"),
        f"{parameters:,}" if isinstance(parameters, int) else "–",
        record.get("side", "–"),
        _code(str(weights)[:16]) if weights else "–",
    ]


def _code(text: Any) -> Markup | None:
    return tag("code", text) if text else None


def _flat(seconds: Any, name: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(seconds, Mapping):
        for key, value in seconds.items():
            yield from _flat(value, f"{name} · {kind_label(key)}" if name else kind_label(key))
    elif isinstance(seconds, int | float):
        yield name, seconds
