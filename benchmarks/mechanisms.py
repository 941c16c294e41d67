"""What is each mechanism of a model worth? The same faces restored with it and without it.

    python -m benchmarks.mechanisms fmodr --data DIR

`DIR` holds the files that the frozen benchmark lists. Each row switches one mechanism off in the published weights,
without training anew, and gives the change of each score: the mean over the faces of (off - on) with its 95 %
interval. Writes `zoo/<model>/mechanisms.json` and the table of the card.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops
from tqdm import tqdm

from tfinpaint import records, zoo
from tfinpaint.data import load_faces, occlusions
from tfinpaint.evaluation import build_landmark_judge, summarise
from tfinpaint.evaluation.benchmark import HELD_OUT_SEED, Judges, build_feature_judge, load_protocol
from tfinpaint.evaluation.benchmark.collect import rounded
from tfinpaint.evaluation.benchmark.drawing import DrawnFaces, drawn_faces
from tfinpaint.evaluation.benchmark.files import check_file, check_pictures
from tfinpaint.evaluation.benchmark.measure import Answer, measure, see
from tfinpaint.evaluation.protocols import load_embedder
from tfinpaint.evaluation.report import update_tables
from tfinpaint.evaluation.report.results import kind_label, metric
from tfinpaint.files import sha256
from tfinpaint.layers import DualAttentionFusion, HybridDilatedConv
from tfinpaint.models.u_net import u_net

SET = "ffhq_val"
BATCH = 50
SCORES = (
    "hole_psnr", "hole_ssim", "hole_sharpness", "likeness_distance", "landmark_error", "feature_distance",
)  # fmt: skip


def skip(network: str, layer: str) -> Callable[[Any], None]:
    """A layer gives back the first of its inputs; zeros where it would have given another number of channels.

    What it gives besides, such as an attention's map, is 0.
    """

    def switch(model: Any) -> None:
        found = getattr(model, network).get_layer(layer)
        given = found.output if isinstance(found.output, list | tuple) else [found.output]
        channels = given[0].shape[-1]

        def call(inputs: Any, *args: Any, **kwargs: Any) -> Any:
            x = inputs[0] if isinstance(inputs, list | tuple) else inputs
            x = x if x.shape[-1] == channels else ops.repeat(ops.zeros_like(x[..., :1]), channels, axis=-1)
            besides = [ops.zeros((ops.shape(x)[0], *other.shape[1:])) for other in given[1:]]
            return [x, *besides] if besides else x

        found.call = call

    return switch


def without_structure(model: Any) -> None:
    """FSG-GAN's generator is led by a grey picture."""
    size = model.decoder.output.shape[1]
    model.decoder.call = lambda drawn, **options: ops.zeros((ops.shape(drawn)[0], size, size, 3))


def without_hybrid_dilation(model: Any) -> None:
    """What FSG-GAN's hybrid dilated convolutions would add is 0."""
    for layer in model.generator.layers:
        if isinstance(layer, HybridDilatedConv):
            layer.call = lambda x, **options: ops.zeros_like(x)


def without_channel_attention(model: Any) -> None:
    """All channels that one of CAN-DFE's fusions sees are rescaled alike, as much as in the mean."""
    for attention in (layer.attention for layer in model.decoder.layers if isinstance(layer, DualAttentionFusion)):
        attention.call = lambda x, gates=attention.gates, **options: x * ops.mean(gates(x), axis=-1, keepdims=True)


def without_told(model: Any) -> None:
    """CAN-DFE's encoder is told that nothing is hidden, and sees the picture as it is; alpha begins as ever."""
    encoder = model.encoder
    call = encoder.call

    def seen(inputs: list, *args: Any, **options: Any) -> Any:
        _, hidden, picture = inputs
        return call([picture, ops.zeros_like(hidden), picture], *args, **options)

    encoder.call = seen


def without_alpha(model: Any) -> None:
    """What CAN-DFE restores is taken whole where it is pasted; where that is, alpha says as ever."""
    fusion = model.decoder.get_layer("fusion_1")
    whole = fusion.call

    def call(inputs: list, **options: Any) -> Any:
        _, restored, alpha = whole(inputs)
        return restored, restored, alpha

    fusion.call = call


def without_limit(model: Any) -> None:
    """FMODR's coarse network, its activations as large as they become."""
    config = model.get_config()
    side = config["image_size"] // config["coarse_scale"]
    network = u_net(side, config["coarse_widths"], config["stem"])
    network.set_weights(model.coarse_generator.get_weights())
    model.coarse_generator = network


# model -> kinds of occlusion, and name of what is switched off -> (what is done to the model, the picture that counts)
MECHANISMS: dict[str, tuple[tuple[str, ...], dict[str, tuple[Callable[[Any], None], str]]]] = {
    "fmodr": (
        ("face_mask",),
        {
            "limit of the coarse network's activations": (without_limit, "image"),
        },
    ),
    "ca_gan": (
        ("free_form", "center_square"),
        {
            "refine network": (lambda model: None, "coarse"),
            "contextual attention": (skip("refine_generator", "attention"), "image"),
        },
    ),
    "fsg_gan": (
        ("objects", "face_mask"),
        {
            "structure": (without_structure, "image"),
            "hybrid dilated convolutions": (without_hybrid_dilation, "image"),
        },
    ),
    "can_dfe": (
        ("face_mask", "worn_masks"),
        {
            "channel attention": (without_channel_attention, "image"),
            "alpha, within what is pasted": (without_alpha, "image"),
            "what the finder tells the encoder": (without_told, "image"),
        },
    ),
    "c2fdan": (
        ("text", "rectangle"),
        {
            "fine network": (lambda model: None, "coarse"),
            "patch cross-attention": (skip("fine_network", "cross_attention"), "image"),
            "pixel self-attention": (skip("fine_network", "self_attention"), "image"),
        },
    ),
}


def restored(name: str, switch: Callable[[Any], None], picture: str, drawn: DrawnFaces) -> np.ndarray:
    """What the published weights make of hidden faces with something switched off."""
    model = zoo.load(name)
    switch(model)
    masks = drawn.masks if model.contract.needs_mask else None
    found = model.restore(drawn.occluded, masks, batch_size=BATCH)
    if picture == "image":
        return found.images
    painted = np.rint((np.asarray(found.extras[picture], np.float32) + 1) * 127.5)
    return np.where(found.masks > 0, painted, drawn.occluded).astype(np.uint8)


def compare(name: str, kind: str, faces: Any, judges: Judges, seed: int) -> dict[str, dict[str, Any]]:
    """What is off -> score -> change, and the scores of the whole model under `"nothing"`."""
    batches = -(-len(faces) // BATCH)
    drawn = drawn_faces(faces, occlusions.get(kind), seed=seed, batch_size=BATCH, batches=batches)
    clean = see(judges, drawn.clean, drawn.landmarks, BATCH)

    def score(switch: Callable[[Any], None], picture: str) -> dict[str, np.ndarray]:
        return measure(Answer(restored(name, switch, picture, drawn)), drawn, judges, clean, BATCH)

    whole = score(lambda model: None, "image")
    rows = {"nothing": {key: summarise(whole[key], seed=seed) for key in SCORES}}
    for off, (switch, picture) in tqdm(MECHANISMS[name][1].items(), kind):
        without = score(switch, picture)
        rows[off] = {key: summarise(without[key] - whole[key], seed=seed) for key in SCORES}
    return rows


def table(results: dict[str, Any]) -> str:
    """The card's table, Markdown."""
    blocks = []
    for kind, rows in results["kinds"].items():
        lines = [
            f"{results['faces']} faces of `{SET}` hidden by {kind_label(kind)}: the whole model, and the change where "
            "something is switched off:",
            "",
            "| off | " + " | ".join(metric(key).heading for key in SCORES) + " |",
            "|---" * (len(SCORES) + 1) + "|",
        ]
        for off, scores in rows.items():
            sign = "" if off == "nothing" else "+"
            cells = [
                f"{s['mean'] * metric(k).scale:{sign}.3f} "
                f"[{s['low'] * metric(k).scale:{sign}.3f}, {s['high'] * metric(k).scale:{sign}.3f}]"
                for k, s in scores.items()
            ]
            lines.append(f"| {off} | " + " | ".join(cells) + " |")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=MECHANISMS)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--faces", type=int, default=250)
    parser.add_argument("--seed", type=int, default=HELD_OUT_SEED)
    options = parser.parse_args()
    protocol = load_protocol("faces-1")
    check_pictures(protocol, options.data, SET)
    faces = load_faces(options.data / protocol.sets[SET].path, size=protocol.side).take(slice(options.faces))
    nets = {role: check_file(options.data, file) for role, file in protocol.judges.items()}
    landmarks, features = build_landmark_judge(nets["landmarks"]), build_feature_judge(nets["features"])
    judges = Judges(load_embedder("dlib", nets["likeness"]), landmarks, features)
    kinds = MECHANISMS[options.model][0]
    results = rounded(
        {
            "command": records.command(sys.argv[1:], program="python -m benchmarks.mechanisms"),
            "environment": records.environment() | records.hardware(),
            "weights": sha256(zoo.weights_path(zoo.preset(options.model))),
            "benchmark": protocol.sha256,
            "seed": options.seed,
            "faces": len(faces),
            "kinds": {kind: compare(options.model, kind, faces, judges, options.seed) for kind in kinds},
        }
    )
    print(table(results))
    folder = zoo.folder(options.model)
    records.write_json(results, folder / "mechanisms.json")
    update_tables(folder / "README.md", table(results), mark="mechanisms")


if __name__ == "__main__":
    main()
