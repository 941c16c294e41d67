"""Where is a face that was painted anew as a whole pasted? What a threshold is worth, hidden and bare.

    python -m benchmarks.paste fsg_gan --data DIR

`DIR` holds the files that the frozen benchmark lists. For thresholds around the model's own: how well what is pasted
fits what is hidden (intersection over union) for each kind of thing, and how much of bare faces is touched. Writes
`zoo/<model>/paste.json` and the table of the card.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from tfinpaint import records, zoo
from tfinpaint.data import load_faces, occlusions
from tfinpaint.evaluation import summarise
from tfinpaint.evaluation.benchmark import HELD_OUT_SEED, load_protocol
from tfinpaint.evaluation.benchmark.collect import rounded
from tfinpaint.evaluation.benchmark.drawing import drawn_faces
from tfinpaint.evaluation.benchmark.files import check_pictures
from tfinpaint.evaluation.report import update_tables
from tfinpaint.evaluation.report.results import kind_label
from tfinpaint.files import sha256

SET = "ffhq_val"
BATCH = 50
KINDS = ("seen_objects", "held_out_objects", "face_mask", "text", "rectangle")
TIMES = (0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 1.8)  # the model's own threshold; alpha's, 0.5, stays below 1
TOUCHED = 0.01  # share of a bare face's pixels from which on it counts as touched


def overlap(found: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Intersection over union of masks `(n, side, side, 1)`, one value for each face that is hidden at all."""
    found, hidden = found > 0, hidden > 0.5
    union = (found | hidden).sum((1, 2, 3))
    known = hidden.any((1, 2, 3))
    return (found & hidden).sum((1, 2, 3))[known] / union[known]


def pasted(model: Any, faces: np.ndarray, thresholds: Sequence[float]) -> list[np.ndarray]:
    """What is pasted into uint8 faces at each threshold; the network runs once."""
    masks: list[list[np.ndarray]] = [[] for _ in thresholds]
    own = model.threshold
    for start in range(0, len(faces), BATCH):
        seen = np.float32(faces[start : start + BATCH]) / 127.5 - 1
        outputs = model(seen)
        for found, threshold in zip(masks, thresholds, strict=True):
            model.threshold = threshold
            found.append(np.asarray(model.paste_mask(seen, outputs)))
    model.threshold = own
    return [np.concatenate(found) for found in masks]


def measure(model: Any, faces: Any, seed: int) -> list[dict[str, Any]]:
    """A record for each threshold."""
    thresholds = [round(model.threshold * times, 4) for times in TIMES]
    rows: list[dict[str, Any]] = [{"threshold": threshold, "kinds": {}} for threshold in thresholds]
    batches = -(-len(faces) // BATCH)
    for kind in tqdm(KINDS, "hidden by"):
        drawn = drawn_faces(faces, occlusions.get(kind), seed=seed, batch_size=BATCH, batches=batches)
        for row, found in zip(rows, pasted(model, drawn.occluded, thresholds), strict=True):
            row["kinds"][kind] = summarise(overlap(found, drawn.masks), seed=seed)
    for row, found in zip(rows, pasted(model, faces.images, thresholds), strict=True):
        share = found.mean((1, 2, 3))
        row["bare"] = {
            "share of pixels": summarise(share, seed=seed),
            "touched": summarise(np.float64(share > TOUCHED), seed=seed),
        }
    return rows


def table(results: dict[str, Any]) -> str:
    """The card's table, Markdown; the model's own threshold in bold."""
    lines = [
        f"{results['faces']} faces of `{SET}`: intersection over union of what is pasted and what is hidden, and what "
        f"of bare faces is pasted (touched: above {TOUCHED:.0%} of the pixels). The model's own threshold in bold:",
        "",
        "| threshold | " + " | ".join(map(kind_label, KINDS)) + " | bare, % of pixels | bare, % touched |",
        "|---" * (len(KINDS) + 3) + "|",
    ]
    for row in results["thresholds"]:
        own = row["threshold"] == results["own"]
        cells = [f"**{row['threshold']:g}**" if own else f"{row['threshold']:g}"]
        cells += [_cell(row["kinds"][kind]) for kind in KINDS]
        cells += [_cell(row["bare"][key], 100, 2) for key in ("share of pixels", "touched")]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(summary: dict[str, float], scale: float = 1, digits: int = 3) -> str:
    mean, low, high = (f"{summary[key] * scale:.{digits}f}" for key in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=("fsg_gan", "can_dfe"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--faces", type=int, default=200)
    parser.add_argument("--seed", type=int, default=HELD_OUT_SEED)
    parser.add_argument("--weights", help="of this .weights.h5, and only print")
    options = parser.parse_args()
    protocol = load_protocol("faces-1")
    check_pictures(protocol, options.data, SET)
    faces = load_faces(options.data / protocol.sets[SET].path, size=protocol.side).take(slice(options.faces))
    model = zoo.load(options.model, weights=options.weights or True)
    results = rounded(
        {
            "command": records.command(sys.argv[1:], program="python -m benchmarks.paste"),
            "environment": records.environment() | records.hardware(),
            "weights": sha256(options.weights or zoo.weights_path(zoo.preset(options.model))),
            "seed": options.seed,
            "faces": len(faces),
            "own": model.threshold,
            "thresholds": measure(model, faces, options.seed),
        }
    )
    print(table(results))
    if not options.weights:
        folder = zoo.folder(options.model)
        records.write_json(results, folder / "paste.json")
        update_tables(folder / "README.md", table(results), mark="paste")


if __name__ == "__main__":
    main()
