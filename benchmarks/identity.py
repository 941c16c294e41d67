"""The zoo's identity network on Labeled Faces in the Wild, beside the teacher that it was distilled from.

    python -m benchmarks.identity --faces lfw.zip --teacher mobilefacenet_fp16.npz

writes `zoo/light_cnn/results.json` and the table of its card. `pairs.txt` and the landmarks lie beside the zip.
"""

import argparse
import json
from pathlib import Path

from benchmarks.machine import describe, milliseconds
from tfinpaint.records import hashes, write_json

FOLDER = Path(__file__).parents[1] / "zoo" / "light_cnn"
BATCH = 64


def measure(faces, embedder, seed: int) -> dict:
    """Verification of one network, with 95 % intervals."""
    from tfinpaint.evaluation.protocols import verify

    found = faces.embed(embedder, progress=True)
    first, second = found[faces.pairs.first], found[faces.pairs.second]
    summary = verify(first, second, faces.pairs, metric=embedder.metric, seed=seed).summary()
    return {name: summary[name] for name in ("accuracy", "auc", "tpr_at_fpr_0.01")}


def speed(network) -> dict:
    """Milliseconds of a batch forward, and forward and back to the pictures, in bfloat16 and float32."""
    import numpy as np
    import tensorflow as tf

    inputs = [tf.constant(np.random.default_rng(i).uniform(-1, 1, (BATCH, 128, 128, 3)), "float32") for i in range(6)]

    @tf.function
    def forward(x):
        return tf.reduce_sum(network(x))

    @tf.function
    def both(x):
        return tf.reduce_sum(tf.abs(tf.gradients(tf.reduce_sum(network(x) ** 3), x)[0]))

    return {"forward": milliseconds(lambda x: forward(x).numpy(), inputs)} | {
        "forward and backward": milliseconds(lambda x: both(x).numpy(), inputs)
    }


def results_table(results: dict) -> str:
    """The card's table, Markdown."""

    def cell(estimate: dict) -> str:
        return " ".join(
            [f"{100 * estimate['mean']:.2f}", f"[{100 * estimate['low']:.2f}, {100 * estimate['high']:.2f}]"]
        )

    columns = ("accuracy", "tpr_at_fpr_0.01", "auc")
    lines = [
        "| network | weights | accuracy, % | TPR at FPR 1 %, % | AUC, % |",
        "|---|---|---|---|---|",
    ]
    for name, row in results["networks"].items():
        lines.append(f"| {name} | {row['parameters']:,} | {' | '.join(cell(row['lfw'][c]) for c in columns)} |")
    return "\n".join(lines)


def main() -> None:
    from tfinpaint.evaluation.protocols import load_embedder, load_pair_pictures
    from tfinpaint.evaluation.protocols.embedders import as_embedder
    from tfinpaint.evaluation.report import update_tables
    from tfinpaint.features import build_light_cnn, build_mobile_face_net
    from tfinpaint.features.weights import published

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", required=True, metavar="PATH", help="zip or folder of pictures")
    parser.add_argument("--teacher", required=True, metavar="FILE", help="weights of the teacher")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    faces, path = load_pair_pictures(options.faces), published("light_cnn", "light_cnn_compact")
    network, teacher = build_light_cnn(path, dtype="float32"), build_mobile_face_net(options.teacher, dtype="float32")
    results = {
        "machine": describe(),
        "seed": options.seed,
        "files": hashes([options.faces, options.teacher, path]),
        "pictures": len(faces),
        "pairs": len(faces.pairs),
        "folds": faces.pairs.folds,
        "milliseconds, batch of 64 faces of 128 px": speed(network),
        "networks": {
            "light_cnn_compact": {
                "parameters": network.count_params(),
                "lfw": measure(faces, as_embedder(network, size=128), options.seed),
            },
            "mobile_face_net (its teacher)": {
                "parameters": teacher.count_params(),
                "lfw": measure(faces, load_embedder("mobile_face_net", options.teacher), options.seed),
            },
        },
    }
    write_json(results, FOLDER / "results.json")
    update_tables(FOLDER / "README.md", results_table(results))
    print(json.dumps(results["networks"], indent=1))


if __name__ == "__main__":
    main()
