"""How right is the dense field that CAN-DFE sees on hidden faces, and how much of it is place alone?

    python -m benchmarks.field --data DIR

`DIR` holds the files that the frozen benchmark lists. Each face is hidden by a worn mask; right is the field of the
generic head posed by the clean face's landmarks, as in training. Beside the model at each of its scales stands the mean
field of other faces at each pixel, which knows that faces are aligned and nothing else. Writes
`zoo/can_dfe/field.json` and the table of the card.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from tfinpaint import losses, records, zoo
from tfinpaint.data import load_faces, occlusions, uv_fields
from tfinpaint.evaluation import summarise
from tfinpaint.evaluation.benchmark import HELD_OUT_SEED, load_protocol
from tfinpaint.evaluation.benchmark.collect import rounded
from tfinpaint.evaluation.benchmark.drawing import drawn_faces
from tfinpaint.evaluation.benchmark.files import check_pictures
from tfinpaint.evaluation.report import update_tables
from tfinpaint.faces.uv import GenericHead
from tfinpaint.files import sha256

SET, OTHERS, BATCH = "ffhq_val", "val", 50
MEAN = "mean field of other faces"


def mean_field(uv: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """The mean of fields at each pixel where they are defined, `(side, side, 2)`; 0.5 where none is."""
    count = valid.astype(np.float64).sum(0)
    return np.where(count > 0, (uv.astype(np.float64) * valid).sum(0) / np.maximum(count, 1), 0.5)


def errors(model: Any, occluded: np.ndarray, uv: np.ndarray, valid: np.ndarray) -> dict[str, np.ndarray]:
    """Side of the scale -> mean absolute error of u and v where the field is defined, one value for each face."""
    found: dict[str, list[np.ndarray]] = {}
    for start in range(0, len(occluded), BATCH):
        part = slice(start, start + BATCH)
        picture = occluded[part].astype(np.float32) / 127.5 - 1
        levels = model.forward({"occluded": ops.convert_to_tensor(picture)}, ["restored"], training=False)["restored"]
        for level in range(1, 1 + model.scales):
            field = levels[f"field_{level}"]
            wrong = losses.correspondence_l1(field, uv[part].astype(np.float32), valid[part].astype(np.float32))
            found.setdefault(f"model, {field.shape[1]} px", []).append(np.asarray(wrong))
    return {name: np.concatenate(values) for name, values in found.items()}


def table(record: dict[str, Any]) -> str:
    """For the card: errors in thousandths of the chart's width and height."""
    lines = ["| field of | mean error, thousandths of the chart |", "|---|---|"]
    for name, value in record["errors"].items():
        mean, low, high = (f"{1000 * value[key]:.1f}" for key in ("mean", "low", "high"))
        lines.append(f"| {name} | {mean} [{low}, {high}] |")
    return f"{record['faces']} faces of `{SET}` behind worn masks:\n\n" + "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--faces", type=int, default=200)
    parser.add_argument("--seed", type=int, default=HELD_OUT_SEED)
    parser.add_argument("--weights", help="of this .weights.h5, and only print")
    options = parser.parse_args()
    protocol = load_protocol("faces-1")
    sets = {}
    for name in (SET, OTHERS):
        check_pictures(protocol, options.data, name)
        sets[name] = load_faces(options.data / protocol.sets[name].path, size=protocol.side).take(slice(options.faces))
    faces = sets[SET]
    uv, valid = uv_fields(faces, GenericHead())
    valid = valid * faces.valid
    batches = -(-len(faces) // BATCH)
    mask = occlusions.get("face_mask")
    drawn = drawn_faces(faces, mask, seed=options.seed, batch_size=BATCH, batches=batches)
    model = zoo.load("can_dfe", weights=options.weights or True)
    place = np.broadcast_to(mean_field(*uv_fields(sets[OTHERS], GenericHead())), uv.shape).astype(np.float32)
    alone = losses.correspondence_l1(place, uv.astype(np.float32), valid.astype(np.float32))
    found = {MEAN: np.asarray(alone)} | errors(model, drawn.occluded, uv, valid)
    record = rounded(
        {
            "command": records.command(sys.argv[1:], program="python -m benchmarks.field"),
            "environment": records.environment() | records.hardware(),
            "weights": sha256(options.weights or zoo.weights_path(zoo.preset("can_dfe"))),
            "seed": options.seed,
            "faces": len(faces),
            "errors": {name: summarise(values) for name, values in found.items()},
        }
    )
    print(table(record))
    if not options.weights:
        folder = zoo.folder("can_dfe")
        records.write_json(record, folder / "field.json")
        update_tables(folder / "README.md", table(record), mark="field")


if __name__ == "__main__":
    main()
