"""`tfinpaint evaluate`: scores a model on drawn occlusions, beside baselines, and on really worn masks."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HELP = "score a model on faces with landmarks, beside Telea and the occluded faces"


def add_parser(subparsers: Any) -> None:
    """Adds the command to the program's parser."""
    parser = subparsers.add_parser("evaluate", help=HELP, description=__doc__)
    parser.add_argument("model", metavar="MODEL", help="name of a model or preset, such as fmodr")
    parser.add_argument(
        "--faces", nargs="+", default=[], metavar="PATH", help="folders or zips of faces; landmarks lie beside each"
    )
    parser.add_argument("--weights", metavar="FILE", help="take this .weights.h5 instead of the published one")
    parser.add_argument("--occlusion", default="face_mask", help="what is drawn on the faces (face_mask)")
    parser.add_argument("--judge", metavar="NPZ", help="weights of the face recogniser that judges likeness")
    parser.add_argument("--landmarks", metavar="NPZ", help="weights of the landmark network")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N faces of each source")
    parser.add_argument("--seed", type=int, help="of the occlusions (a fixed one that no training draws with)")
    parser.add_argument("--worn", metavar="ZIP", help="photos of people who really wear a mask")
    parser.add_argument("--labelled", metavar="ZIP", help="photos with masks that are labelled pixel by pixel")
    parser.add_argument("--out", metavar="JSON", help="write the numbers here")
    parser.add_argument(
        "--tables", nargs="+", default=[], metavar="MD", help="renew the tables of these Markdown files"
    )
    parser.add_argument("--sheet", metavar="PNG", help="contact sheets; the name of each source is added to this one")


def run(arguments: argparse.Namespace) -> int:
    """Prints a table for each source; writes the results and the sheets."""
    from tfinpaint import evaluation, records, zoo
    from tfinpaint.errors import InputError

    if not (arguments.faces or arguments.worn or arguments.labelled):
        raise InputError("There is nothing to score: give --faces, --worn or --labelled.")
    if arguments.tables and not arguments.out:
        raise InputError("Tables are made from a results file: give --out, too.")
    for path in filter(None, (arguments.out, arguments.sheet)):
        if not Path(path).resolve().parent.is_dir():
            raise InputError(f"Results go into a folder that exists. Received: {path!r}; make its folder first.")
    model = zoo.load(arguments.model, weights=arguments.weights or True)
    results: dict[str, Any] = {}
    for path in arguments.faces:
        results[Path(path).stem] = _drawn(arguments, model, path)
    for path, score in ((arguments.worn, evaluation.score_worn), (arguments.labelled, evaluation.score_labelled)):
        if path:
            results[Path(path).stem] = _photos(arguments, model, path, score)
    if arguments.out:
        files = [*arguments.faces, arguments.worn, arguments.labelled, arguments.judge, arguments.landmarks]
        weights = arguments.weights or zoo.weights_path(zoo.preset(arguments.model))
        record = {
            "command": records.command(sys.argv[1:]),
            "model": arguments.model,
            "occlusion": arguments.occlusion,
            "files": records.hashes([weights, *(f for f in files if f)]),
            "versions": records.environment(),
            "results": results,
        }
        records.write_json(record, arguments.out)
        for path in arguments.tables:
            evaluation.update_tables(path, record)
    return 0


def _drawn(arguments: argparse.Namespace, model: Any, path: str) -> dict[str, Any]:
    from tqdm import tqdm

    from tfinpaint import evaluation
    from tfinpaint.data import load_faces, occlusions

    faces = load_faces(path, size=model.image_size, limit=arguments.limit)
    occlusion = occlusions.get(arguments.occlusion)
    seed = evaluation.HELD_OUT_SEED if arguments.seed is None else arguments.seed
    judges = {
        "judge": arguments.judge and evaluation.build_face_judge(arguments.judge),
        "landmarks": arguments.landmarks and evaluation.build_landmark_judge(arguments.landmarks),
    }
    for name, judge in judges.items():
        if not judge:
            print(f"--{name} was not given, so that column is left out.", file=sys.stderr)
    scores = evaluation.evaluate(
        model, faces, occlusion, seed=seed, **judges, progress=lambda batches: tqdm(batches, desc=Path(path).name)
    )
    columns = [m for m in scores["methods"]["model"] if m != "landmarks_near"]
    print(f"\n{Path(path).name}: {len(faces)} faces, {arguments.occlusion}, mean [95 % interval]")
    for metric in columns:
        cells = [_cell(scores["methods"][m].get(metric, {})) for m in ("occluded", "telea", "model")]
        print(f"{metric:18} " + " ".join(f"{cell:26}" for cell in cells))
    _sheet(arguments, path, evaluation.examples(model, faces, occlusion, seed=seed))
    return scores


def _photos(arguments: argparse.Namespace, model: Any, path: str, score: Callable) -> dict[str, Any]:
    from tfinpaint import evaluation, faces

    found = evaluation.find_faces(path, model.image_size, faces.default_detector(), arguments.limit)
    restored = model.restore(found.images)
    scores = score(restored.masks, found)
    print(f"\n{Path(path).name}: {json.dumps(scores)}")
    tinted = evaluation.tint(found.images, restored.masks)
    columns = {"photo": found.images, "found mask": tinted, "restored": restored.images}
    some = slice(None, None, max(1, len(found.images) // 40))
    _sheet(arguments, path, {label: pictures[some][:40] for label, pictures in columns.items()}, fold=4)
    return scores


def _sheet(arguments: argparse.Namespace, source: str, columns: dict[str, Any], fold: int = 1) -> None:
    from tfinpaint import evaluation

    if arguments.sheet:
        path = Path(arguments.sheet)
        path = path.with_name(f"{path.stem}_{Path(source).stem}{path.suffix}")
        evaluation.write_sheet(columns, path, fold=fold)
        print(path)


def _cell(summary: dict[str, Any]) -> str:
    return "{mean:.4g} [{low:.4g}, {high:.4g}]".format(**summary) if "mean" in summary else "-"
