"""C2FDAN by what hides the face: the paper's grid of form, size and place, on faces that no step saw.

    python -m benchmarks.c2fdan --data DIR

`DIR` holds the files that the frozen benchmark lists. Writes `zoo/c2fdan/grid.json` and the table of the card. Each
cell of the grid hides the same faces in another way; the share of the damage undone is (restored - occluded) / (clean -
occluded) of the means.
"""

import argparse
import itertools
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from tfinpaint import records, zoo
from tfinpaint.data import concatenate, load_faces
from tfinpaint.data.occlusions import Rectangle, Text
from tfinpaint.evaluation import build_landmark_judge, summarise, telea
from tfinpaint.evaluation.benchmark import HELD_OUT_SEED, Judges, load_protocol
from tfinpaint.evaluation.benchmark.collect import rounded
from tfinpaint.evaluation.benchmark.drawing import DrawnFaces, drawn_faces
from tfinpaint.evaluation.benchmark.files import check_file, check_pictures
from tfinpaint.evaluation.benchmark.measure import Answer, measure, see
from tfinpaint.evaluation.bootstrap import draw_counts
from tfinpaint.evaluation.protocols import Estimate, Outcome, load_embedder, undone
from tfinpaint.evaluation.report import update_tables
from tfinpaint.files import sha256
from tfinpaint.images import write_sheet
from tfinpaint.models import C2FDAN
from tfinpaint.training.backend import compile_inference

PRESET = "c2fdan_128_small"
PLACES = ("mouth", "nose", "eyes", "outside")
SIZES = {"rectangle": (0.05, 0.10, 0.15), "word": (0.1, 0.3, 0.5)}  # share of the area; of the height
EARLIER = ("near", "mirrored")  # arguments that earlier attempts did not have
METHODS = ("occluded", "telea", "coarse", "full")
SCORES = ("psnr", "ssim", "hole_psnr", "hole_ssim", "likeness_distance", "landmark_error", "mask_iou")
BATCH = 50
Values = dict[tuple, dict[str, dict[str, np.ndarray]]]  # cell -> method -> score -> (faces,)


def load(path: Any, without: Iterable[str] = ()) -> C2FDAN:
    """The preset with weights from a file; without some of what later attempts added, for weights of earlier ones."""
    model = C2FDAN(**{**zoo.preset(PRESET).arguments, **dict.fromkeys(without, False)})
    zoo.load_weights(model, path)
    return model


def occlusion(form: str, size: float, place: str) -> Any:
    """What hides the faces of one cell, in a colour drawn anew for each."""
    return Rectangle(area=size, at=place) if form == "rectangle" else Text(height=size, at=place)


def painters(model: Any) -> dict[str, Any]:
    """Method -> function of drawn faces."""
    run = compile_inference(model, model.answer)

    def paint(drawn: DrawnFaces, output: str) -> Answer:
        images, masks = [], []
        for start in range(0, len(drawn.occluded), BATCH):
            hidden = drawn.occluded[start : start + BATCH]
            outputs = run({"image": hidden.astype(np.float32) / 127.5 - 1})
            masks.append(np.asarray(outputs["mask"]))
            painted = np.rint((np.asarray(outputs[output]) + 1) * 127.5).astype(np.uint8)
            images.append(np.where(masks[-1] > 0, painted, hidden))
        return Answer(np.concatenate(images), np.concatenate(masks))

    return {
        "occluded": lambda drawn: Answer(drawn.occluded),
        "telea": lambda drawn: Answer(telea(drawn.occluded, drawn.masks)),
        "coarse": lambda drawn: paint(drawn, "coarse"),
        "full": lambda drawn: paint(drawn, "image"),
    }


def score(faces: Any, methods: Mapping[str, Any], judges: Judges, seed: int) -> tuple[Values, dict[str, np.ndarray]]:
    """The scores of every face in every cell, and a contact sheet's columns: one face of each cell."""
    clean = see(judges, faces.images, faces.landmarks, BATCH)
    cells = [(form, size, place) for form in SIZES for size, place in itertools.product(SIZES[form], PLACES)]
    values: Values = {}
    rows: dict[str, list] = {name: [] for name in ("clean", *METHODS)}
    for number, cell in enumerate(tqdm(cells, "grid")):
        batches = -(-len(faces) // BATCH)
        drawn = drawn_faces(faces, occlusion(*cell), seed=seed + number, batch_size=BATCH, batches=batches)
        face = 5 * number % len(faces)
        rows["clean"].append(drawn.clean[face])
        values[cell] = {}
        for name, answer in methods.items():
            answered = answer(drawn)
            rows[name].append(answered.images[face])
            scores = measure(answered, drawn, judges, clean, BATCH)
            values[cell][name] = {key: scores[key] for key in SCORES if key in scores}
    return values, {name: np.stack(pictures) for name, pictures in rows.items()}


def bare(faces: Any, methods: Mapping[str, Any]) -> dict[str, Any]:
    """What the model finds on faces that nothing hides, and whether it changes anything that it did not find."""
    none = np.zeros((*faces.images.shape[:3], 1), np.float32)
    found = methods["full"](DrawnFaces(faces.images, faces.images, none, faces.valid, faces.landmarks))
    kept = np.broadcast_to(found.masks == 0, faces.images.shape)
    share = found.masks.mean((1, 2, 3))
    return {
        "found_percent": summarise(100 * share),
        "largest_percent": float(100 * share.max()),
        "faces_with_something_found": int((share > 0).sum()),
        "values_changed_outside": int((found.images != faces.images)[kept].sum()),
    }


def means(values: Values, which: Iterable[tuple], seed: int) -> dict[str, Any]:
    """Method -> score -> mean over some cells with its interval; faces are resampled, with all their cells."""
    of = [values[cell] for cell in which]
    result: dict[str, Any] = {}
    for name in METHODS:
        scores = {key: np.mean([cell[name][key] for cell in of], axis=0) for key in of[0][name]}
        result[name] = {key: summarise(scores[key], seed=seed) for key in scores}
    return result


def damage_undone(values: Values, which: Iterable[tuple], seed: int) -> dict[str, Any]:
    """Method -> score -> share of the damage undone, with a paired bootstrap interval over faces."""
    of = [values[cell] for cell in which]
    count = len(of[0]["full"]["ssim"])
    weights = draw_counts(np.zeros(count, int), 2000, seed) / count
    best = {"ssim": 1.0, "likeness_distance": 0.0, "landmark_error": 0.0}

    def outcome(method: str | None) -> Outcome:
        estimates = {}
        for key, ideal in best.items():
            sign = 1 if ideal else -1  # distances fall
            scores = np.full(count, ideal) if method is None else np.mean([cell[method][key] for cell in of], axis=0)
            estimates[key] = Estimate(sign * float(scores.mean()), sign * (weights @ scores), count)
        return Outcome(estimates, f"{count} faces, seed {seed}")

    return {m: undone(outcome(None), outcome("occluded"), outcome(m)) for m in METHODS if m != "occluded"}


def groups(values: Values) -> dict[str, list[tuple]]:
    """What the tables' rows average over."""
    rows = {f"{form}, {size:g}": [c for c in values if c[:2] == (form, size)] for form in SIZES for size in SIZES[form]}
    rows |= {f"at: {place}": [c for c in values if c[2] == place] for place in PLACES}
    rows |= {f"all {form}s": [c for c in values if c[0] == form] for form in SIZES}
    return rows | {"all": list(values)}


def tables(results: Mapping[str, Any]) -> str:
    """The card's tables, Markdown."""
    columns = {"psnr": ("PSNR, dB", 1, 2), "ssim": ("SSIM", 1, 4)}
    columns |= {"likeness_distance": ("likeness distance", 1, 3), "landmark_error": ("landmark error, %", 100, 2)}
    shown = ("occluded", "coarse", "full")
    heading = ["hidden by", *(name for name, _, _ in columns.values()), "mask IoU", "damage undone (SSIM), %"]
    lines = ["| " + " | ".join(heading) + " |", "|" + " --- |" * len(heading)]
    for label, row in results["rows"].items():
        cells = [
            " / ".join(f"{scale * row['means'][m][key]['mean']:.{digits}f}" for m in shown)
            for key, (_, scale, digits) in columns.items()
        ]
        share = row["undone"]["full"].get("ssim")
        cells.append(f"{row['means']['full']['mask_iou']['mean']:.3f}")
        cells.append(_percent(share))
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    total, bare_faces = results["rows"]["all"], results["bare"]
    full, coarse, given = (_percent(total["undone"][m].get("ssim")) for m in ("full", "coarse", "telea"))
    found = bare_faces["found_percent"]
    return "\n".join(
        [
            f"{results['faces']} faces of both sets, each hidden in {results['cells']} ways; "
            "in each cell: occluded / coarse network only / full model.",
            "",
            *lines,
            "",
            f"Of the SSIM that is lost, the full model gives back {full} %, the coarse network alone {coarse} %, "
            f"Telea, which is given the true mask, {given} %. The paper's figures amount to 75 % on its own faces.",
            "",
            f"Of bare faces, {found['mean']:.3f} % [{found['low']:.3f}, {found['high']:.3f}] is taken for hidden, "
            f"at most {bare_faces['largest_percent']:.2f} % of one; elsewhere "
            f"{bare_faces['values_changed_outside']} values change.",
        ]
    )


def _percent(share: Mapping[str, float] | None) -> str:
    if share is None:
        return "-"
    mean, low, high = (100 * share[key] for key in ("mean", "low", "high"))
    return f"{mean:.1f} [{low:.1f}, {high:.1f}]"


def arguments(about: str, *, faces: int, out: str, sheet: str) -> argparse.Namespace:
    """What was typed, for a benchmark of this preset."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument(
        "--data", required=True, type=Path, metavar="DIR", help="folder of the frozen benchmark's files"
    )
    parser.add_argument("--faces", type=int, default=faces, metavar="N", help=f"of each set ({faces})")
    parser.add_argument("--seed", type=int, default=HELD_OUT_SEED)
    parser.add_argument("--weights", metavar="FILE", help="other weights; the card stays as it is")
    parser.add_argument("--without", nargs="+", default=[], choices=EARLIER, help="they are of networks without this")
    parser.add_argument("--out", default=str(zoo.folder("c2fdan") / out), metavar="JSON", help=f"({out})")
    parser.add_argument("--sheet", metavar="PNG", help=f"also a contact sheet: {sheet}")
    return parser.parse_args()


def held_out(protocol: Any, options: argparse.Namespace) -> Any:
    """The first faces of each set of the frozen benchmark, checked."""
    for name in protocol.sets:
        check_pictures(protocol, options.data, name)
    paths = [options.data / pictures.path for pictures in protocol.sets.values()]
    return concatenate(*[load_faces(path, size=protocol.side).take(slice(0, options.faces)) for path in paths])


def main() -> None:
    options = arguments(__doc__, faces=100, out="grid.json", sheet="a face of each cell")
    protocol, data = load_protocol("faces-1"), options.data
    faces = held_out(protocol, options)
    likeness, landmarks = (check_file(data, protocol.judges[k]) for k in ("likeness", "landmarks"))
    judges = Judges(likeness=load_embedder("dlib", likeness), landmarks=build_landmark_judge(landmarks))
    path = options.weights or zoo.weights_path(zoo.preset(PRESET))
    methods = painters(load(path, options.without))
    values, sheet = score(faces, methods, judges, options.seed)
    rows = {
        label: {"means": means(values, which, options.seed), "undone": damage_undone(values, which, options.seed)}
        for label, which in groups(values).items()
    }
    results = {
        "command": records.command(sys.argv[1:], program="python -m benchmarks.c2fdan"),
        "environment": records.environment() | records.hardware(),
        "weights": sha256(path),
        "judges": records.hashes([likeness, landmarks]),
        "benchmark": protocol.sha256,
        "seed": options.seed,
        "faces": len(faces),
        "cells": len(values),
        "bare": bare(faces, methods),
        "rows": rows,
        "grid": [
            {"form": form, "size": size, "place": place, "means": means(values, [(form, size, place)], options.seed)}
            for form, size, place in values
        ],
    }
    results = rounded(results)
    print(tables(results))
    if options.sheet:
        write_sheet(sheet, options.sheet, side=128, fold=2)
    records.write_json(results, options.out)
    if not options.weights:
        update_tables(zoo.folder("c2fdan") / "README.md", tables(results), mark="grid")


if __name__ == "__main__":
    main()
