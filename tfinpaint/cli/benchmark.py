"""`tfinpaint benchmark`: scores models on a frozen benchmark, beside what needs no model; writes numbers and a report.

tfinpaint benchmark fmodr --protocol public-1 --out bench/  a small benchmark that brings its own faces
tfinpaint benchmark fmodr --data data/ --out bench/         the frozen benchmark, on files laid out as it lists
tfinpaint benchmark --data data/ --files                    which files these are, where from, and what is missing
tfinpaint benchmark fmodr --faces my_faces/ --out bench/    the same measures on your own faces
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from tfinpaint.files import sha256

HELP = "score models on a frozen benchmark: one JSON, tables, an HTML report"
RESULTS, REPORT = "results.json", "report.html"
_OWN_KINDS = ("face_mask", "lower_face_rectangle")  # of own faces, unless others are named
_JUDGES = ("likeness", "landmarks", "features")


def add_parser(subparsers: Any) -> None:
    """Adds the command to the program's parser."""
    parser = subparsers.add_parser(
        "benchmark", help=HELP, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="MODEL", help="models or presets; none measures baselines only")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--data", metavar="DIR", help="folder of the benchmark's files; public-1 brings its own")
    where.add_argument("--faces", nargs="+", metavar="PATH", help="own folders or zips of faces, landmarks beside each")
    parser.add_argument(
        "--protocol",
        default="faces-1",
        metavar="NAME",
        help="which benchmark, or its file: public-1, faces-1-more, faces-1 (by default)",
    )
    parser.add_argument("--files", action="store_true", help="name its files and sources, and what is missing; end")
    parser.add_argument("--out", default="benchmark", metavar="DIR", help="folder of results, report and parts")
    parser.add_argument(
        "--kinds", nargs="+", metavar="KIND", help="occlusions: some of the benchmark's, or any for --faces"
    )
    parser.add_argument("--sets", nargs="+", metavar="SET", help="only these sets of the benchmark")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N faces of each set, for a quick look")
    parser.add_argument("--weights", metavar="FILE", help="take this .weights.h5 for the one model that is named")
    parser.add_argument("--likeness", metavar="NPZ", help="face recogniser that judges likeness (dlib's)")
    parser.add_argument("--landmarks", metavar="NPZ", help="network of 68 landmarks")
    parser.add_argument("--features", metavar="NPZ", help="SqueezeNet, for distances of features and distributions")
    parser.add_argument("--unverified", action="store_true", help="measure pictures that are not the benchmark's, too")
    parser.add_argument("--card", metavar="MD", help="renew the table of this card of the one model that is named")
    parser.add_argument("--summary", metavar="MD", help="renew the table of this file: this run and the zoo's results")
    parser.add_argument("--freeze", metavar="FILE", help="with --faces: write the benchmark that these faces make, end")


def run(arguments: argparse.Namespace) -> int:
    """Prints a short table; writes results, report and tables."""
    from tqdm import tqdm

    from tfinpaint import faces, records
    from tfinpaint.evaluation import report
    from tfinpaint.evaluation.benchmark import run_benchmark, save_protocol

    _check(arguments)
    if arguments.files:
        return _list_files(arguments)
    out = Path(arguments.out)
    if not arguments.freeze:
        _check_out(out)
    protocol, data = _protocol(arguments)
    if arguments.freeze:
        save_protocol(protocol, arguments.freeze)
        print(arguments.freeze)
        return 0
    mark = report.card_mark(arguments.card, protocol.name) if arguments.card else ""
    out.mkdir(parents=True, exist_ok=True)
    models, about = _models(arguments)
    judges, files = _judges(arguments, protocol, data)
    detector = faces.default_detector() if models and (protocol.worn or protocol.labelled) else None
    results = run_benchmark(
        protocol,
        models,
        data=data,
        keys={name: model["weights"] for name, model in about.items()},
        judges=judges,
        teachers={name: model.pop("teachers") for name, model in about.items()},
        detector=detector,
        kinds=arguments.kinds,
        sets=arguments.sets,
        limit=arguments.limit,
        folder=out,
        unverified=arguments.unverified,
        progress=lambda **bar: tqdm(desc=protocol.name, smoothing=0.05, **bar),
    )
    record = {
        "command": records.command(sys.argv[1:]),
        "environment": records.environment() | records.hardware(),
        "models": about,
        "judges": files,
        **results,
    }
    if detector is not None:
        record["environment"]["face detector"] = type(detector).__name__
    records.write_json(record, out / RESULTS)
    report.write_report(out / RESULTS, out / REPORT)
    if arguments.card:
        report.update_tables(arguments.card, report.card_table(record, *models), mark)
    if arguments.summary:
        measured = sorted([*_published(models), record], key=lambda result: min(result["models"], default=""))
        report.update_tables(arguments.summary, report.summary_table(measured))
    print(report.plain_table(record))
    print(f"{out / RESULTS}\n{out / REPORT}")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    from tfinpaint.errors import InputError
    from tfinpaint.evaluation.report import check_marks

    for option in ("weights", "card"):
        if getattr(arguments, option) and len(arguments.models) != 1:
            raise InputError(f"--{option} goes with exactly one MODEL. Received: {len(arguments.models)} models.")
    if arguments.freeze and not arguments.faces:
        raise InputError("--freeze writes the benchmark of your own faces: give --faces, too.")
    if arguments.data and not Path(arguments.data).is_dir():
        raise InputError(f"--data must be a folder. Received: {arguments.data!r}.")
    for path in filter(None, (arguments.card, arguments.summary)):
        if not Path(path).is_file():
            raise InputError(f"--card and --summary renew files that exist. Received: {path!r}, which does not.")
    if arguments.summary:
        check_marks(arguments.summary)


def _check_out(out: Path) -> None:
    """Refuses to replace results and reports that are none of this command."""
    from tfinpaint.errors import InputError
    from tfinpaint.evaluation.report import read_results

    if not any((out / name).exists() for name in (RESULTS, REPORT)):
        return
    try:
        read_results(out / RESULTS)
    except InputError as error:
        raise InputError(
            f"--out must not hold a {RESULTS} or {REPORT} that this command has not written. Received: {out} ({error})."
        ) from None


def _protocol(arguments: argparse.Namespace) -> tuple[Any, Path]:
    """The benchmark and the folder below which its files lie."""
    from tfinpaint.errors import InputError
    from tfinpaint.evaluation.benchmark import freeze, load_protocol
    from tfinpaint.evaluation.benchmark.files import data_folder

    if not arguments.faces:
        protocol = load_protocol(arguments.protocol)
        return protocol, data_folder(protocol, arguments.data)
    paths = [Path(path).resolve() for path in arguments.faces]
    data = paths[0].parent
    strangers = [path for path in paths if path.parent != data]
    if strangers:
        raise InputError(f"--faces must lie in one folder. Received: {paths[0]} and {strangers[0]}.")
    name = Path(arguments.freeze).stem if arguments.freeze else "own faces"
    return freeze(name, data, {path.stem: path.name for path in paths}, arguments.kinds or _OWN_KINDS), data


def _list_files(arguments: argparse.Namespace) -> int:
    """Prints every file of the benchmark; 1 where one is missing or is another."""
    from tfinpaint.evaluation.benchmark import list_files, load_protocol
    from tfinpaint.evaluation.benchmark.files import THERE

    protocol = load_protocol(arguments.protocol)
    data = arguments.data or protocol.own_data or "."
    files = list_files(protocol, data)
    for file in files:
        print(f"{file.path}: {file.state}\n    {file.sha256 or 'each picture has its own SHA-256'}\n    {file.source}")
    there = sum(file.state == THERE for file in files)
    print(f"{there} of {len(files)} files of {protocol.name} lie below {data}.")
    return 0 if there == len(files) else 1


def _models(arguments: argparse.Namespace) -> tuple[dict[str, Any], dict[str, Any]]:
    """Preset -> model, and what the record says of each."""
    from tfinpaint import zoo
    from tfinpaint.data import occlusions

    models, about = {}, {}
    for name in arguments.models:
        preset = zoo.preset(name)
        path = arguments.weights or zoo.weights_path(preset)
        models[preset.name] = model = zoo.load(name, weights=path)
        about[preset.name] = {
            "model": preset.model,
            "weights": sha256(path),
            "parameters": sum(preset.parameters[part] for part in model.painter_names),
            "side": model.image_size,
            "trained on": occlusions.names(model.contract.occlusion),
            "teachers": list(preset.training.get("feature files", {}).values()),
        }
    return models, about


def _published(models: dict[str, Any]) -> list[dict[str, Any]]:
    """The results that the zoo holds of other presets."""
    from tfinpaint import zoo
    from tfinpaint.evaluation import report

    paths = [
        zoo.folder(preset.model) / preset.results
        for model in zoo.MODELS
        for preset in zoo.presets(model).values()
        if preset.results and preset.name not in models
    ]
    return [report.read_results(path) for path in paths]


def _judges(arguments: argparse.Namespace, protocol: Any, data: Path) -> tuple[Any, dict[str, dict[str, str]]]:
    """The networks that judge: those of the options, else those that the benchmark lists, if they are there."""
    from tfinpaint import evaluation
    from tfinpaint.evaluation.benchmark import Judges, build_feature_judge
    from tfinpaint.evaluation.benchmark.files import check_file
    from tfinpaint.evaluation.protocols import load_embedder

    build = {
        "likeness": lambda path: load_embedder("dlib", path),
        "landmarks": evaluation.build_landmark_judge,
        "features": build_feature_judge,
    }
    networks, files = {}, {}
    for name in _JUDGES:
        path = getattr(arguments, name)
        if not path and name in protocol.judges and (data / protocol.judges[name][0]).exists():
            path = check_file(data, protocol.judges[name])
        if path:
            networks[name] = build[name](path)
            files[name] = {"file": Path(path).name, "sha256": sha256(path)}
        else:
            print(f"--{name} was not given, so what it judges is left out.", file=sys.stderr)
    keys = tuple((name, file["sha256"]) for name, file in files.items())
    return Judges(**networks, keys=keys), files
