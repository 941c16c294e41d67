"""How large do activations of FMODR's coarse network become, on the faces where they become largest?

    python -m benchmarks.activations --data DIR

`DIR` holds the files that the frozen benchmark lists. What each convolution is given, and what the last one gives: the
largest absolute value on each face of `val` behind a drawn worn mask, in the published weights and in these without
`coarse_limit`. A file of whole numbers is scaled by the largest values it meets, so a face that drives a network to
many times the usual spoils all others. Writes `results/activations.json` and the table of the card.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from tqdm import tqdm

from benchmarks.mechanisms import without_limit
from tfinpaint import records, zoo
from tfinpaint.data import load_faces, occlusions
from tfinpaint.evaluation.benchmark import HELD_OUT_SEED, load_protocol
from tfinpaint.evaluation.benchmark.collect import rounded
from tfinpaint.evaluation.benchmark.drawing import drawn_batches
from tfinpaint.evaluation.benchmark.files import check_pictures
from tfinpaint.evaluation.report import update_tables
from tfinpaint.files import sha256

RESULTS = Path(__file__).parent / "results" / "activations.json"
PRESET, SET, KIND, BATCH = "fmodr_128", "val", "face_mask", 50
MOST = 10  # times the median of all faces
QUANTILES = (0.5, 0.9, 0.99, 0.999, 1.0)
LAST = "picture before its clip"


class Activations:
    """The largest absolute activations of a model's coarse network.

    Args:
        model: an `FMODR` whose networks look at the whole picture (`coarse_scale` 1).
    """

    def __init__(self, model: Any) -> None:
        self.model, network = model, model.coarse_generator
        convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
        seen = {layer.name: layer.input for layer in convolutions} | {LAST: convolutions[-1].output}
        largest = [ops.max(ops.abs(x), axis=(1, 2, 3)) for x in seen.values()]
        self.names, self._network = list(seen), keras.Model(network.inputs, ops.stack(largest, axis=-1))

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """Of each face and each name, `(n, names)`.

        Args:
            pictures: `(n, side, side, 3)` uint8, hidden faces; the mask is the one that the model finds.
        """
        pictures = pictures.astype(np.float32) / 127.5 - 1
        mask = self.model.detector(pictures) > self.model.threshold
        mask = np.asarray(ops.cast(mask, "float32"))
        return np.asarray(self._network([pictures * (1 - mask), mask]))


def summary(largest: np.ndarray, names: list[str], faces: tuple[str, ...]) -> dict[str, Any]:
    """What is recorded of one network.

    Args:
        largest: see `Activations`.
        names: of its columns.
        faces: names of its rows.
    """

    def spread(values: np.ndarray) -> dict[str, Any]:
        quantiles = {str(q): float(np.quantile(values, q)) for q in QUANTILES}
        times = float(values.max() / np.median(values))
        return {
            "median": quantiles["0.5"],
            "largest": quantiles["1.0"],
            "times": times,
            "quantiles": quantiles,
            "worst": faces[int(values.argmax())],
        }

    whole = largest.max(axis=1)
    layers = {name: spread(column) for name, column in zip(names, largest.T, strict=True)}
    worst = max(layers, key=lambda name: layers[name]["times"])
    return {
        "network": spread(whole) | {"layer": names[int(largest[whole.argmax()].argmax())]},
        "worst layer": worst,
        "layers": layers,
    }


def table(results: Mapping[str, Any]) -> str:
    """The card's table, Markdown."""
    lines = [
        f"Largest activation of the coarse network on each of {results['faces']} faces of `{SET}` behind a worn mask:",
        "",
        "| | median face | worst face | times the median | layer with the widest range | times its own median |",
        "|---|---|---|---|---|---|",
    ]
    for label, of in results["networks"].items():
        whole, layer = of["network"], of["worst layer"]
        cells = [f"{whole['median']:.0f}", f"{whole['largest']:.0f}", f"{whole['times']:.1f}"]
        lines.append(f"| {label} | {' | '.join(cells)} | {layer} | {of['layers'][layer]['times']:.1f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--faces", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=HELD_OUT_SEED)
    options = parser.parse_args()
    protocol = load_protocol("faces-1")
    check_pictures(protocol, options.data, SET)
    faces = load_faces(options.data / protocol.sets[SET].path, size=protocol.side).take(slice(options.faces))
    limited, unlimited = zoo.load(PRESET), zoo.load(PRESET)
    without_limit(unlimited)
    networks = {"published": Activations(limited), "without the limit": Activations(unlimited)}
    found: dict[str, list] = {label: [] for label in networks}
    batches = drawn_batches(faces, occlusions.get(KIND), seed=options.seed, batch_size=BATCH)
    for batch in tqdm(batches, total=-(-len(faces) // BATCH)):
        for label, network in networks.items():
            found[label].append(network(batch.occluded))
    results = {
        "command": records.command(sys.argv[1:], program="python -m benchmarks.activations"),
        "environment": records.environment() | records.hardware(),
        "weights": sha256(zoo.weights_path(zoo.preset(PRESET))),
        "benchmark": protocol.sha256,
        "seed": options.seed,
        "set": SET,
        "hidden by": KIND,
        "faces": len(faces),
        "networks": {
            label: summary(np.concatenate(rows), networks[label].names, faces.names) for label, rows in found.items()
        },
    }
    results = rounded(results)
    print(table(results))
    records.write_json(results, RESULTS)
    update_tables(zoo.folder("fmodr") / "README.md", table(results), mark="activations")


if __name__ == "__main__":
    main()
