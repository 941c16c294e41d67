"""Which model is best at what hides a face, and does `what_hides` see it? Writes `zoo/what_hides/auto.json`.

    python -m benchmarks.auto --data KIT

`KIT` is the folder of the frozen benchmark's files (`tfinpaint benchmark` names them). Faces that no step saw get
something of each family, and every published model paints them: what it finds by itself, and ("told") the mask that
`what_hides` lends it. A family is painted by the model with the best mean rank in hole PSNR, likeness distance and
feature distance. The same command measures `what_hides`: how often the family that it sees most of is the one that was
drawn, and goes to the model that paints it best, how well the mask fits, and what it takes for an occlusion on bare
faces.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.machine import describe
from tfinpaint import zoo
from tfinpaint.data import load_faces, occlusions
from tfinpaint.data.occlusions import Choice, Objects, Rectangle
from tfinpaint.data.occlusions.objects import HELD_OUT
from tfinpaint.engine import Auto, Engine, seen
from tfinpaint.engine.families import FAMILIES
from tfinpaint.evaluation import build_landmark_judge, summarise
from tfinpaint.evaluation.benchmark import HELD_OUT_SEED, Judges, build_feature_judge, load_protocol
from tfinpaint.evaluation.benchmark.drawing import DrawnFaces, drawn_faces
from tfinpaint.evaluation.benchmark.files import check_file
from tfinpaint.evaluation.benchmark.measure import Answer, measure, see
from tfinpaint.evaluation.protocols import load_embedder
from tfinpaint.evaluation.report import update_tables
from tfinpaint.records import command, write_json

SET, BATCH = "ffhq_val", 50
# What is drawn of each family; things of kinds that were never trained on count beside those that were.
DRAWN = {
    "worn_mask": lambda: occlusions.get("face_mask"),
    "word_or_box": lambda: Choice(["text", Rectangle(at=("eyes", "nose", "mouth"), turn=(-15, 15), edge=(0, 2.5))]),
    "thing": lambda: Objects(held_out=HELD_OUT),
    "thing, never trained on": lambda: Objects(kinds=HELD_OUT),
    "strokes": lambda: occlusions.get("free_form"),
}
RANKED = {"hole_psnr": -1, "likeness_distance": 1, "feature_distance": 1}  # 1: small is good
_SHOWN = {"hole_psnr": 2, "likeness_distance": 3, "feature_distance": 3, "hole_sharpness": 2}  # key -> digits
SCORES = (*RANKED, "hole_sharpness", "landmark_error")


def scores(engine: Engine, drawn: DrawnFaces, judges: Judges, clean: Any) -> dict[str, np.ndarray]:
    """Name -> one value for each face; likeness distance of nothing painted is that of the hidden face."""
    answer = engine.restore(drawn.occluded, batch_size=BATCH)
    found = measure(Answer(answer.images), drawn, judges, clean, BATCH)
    return {name: np.asarray(found[name], np.float64) for name in SCORES}


def best(table: dict[str, dict[str, np.ndarray]]) -> str:
    """The model with the best mean rank."""
    means = {name: {k: sign * np.nanmean(values[k]) for k, sign in RANKED.items()} for name, values in table.items()}
    ranks = {name: sum(sum(o[k] < mine[k] for o in means.values()) for k in RANKED) for name, mine in means.items()}
    return min(ranks, key=lambda name: (ranks[name], means[name]["hole_psnr"]))


def right(tops: list[tuple[str, ...]], family: str, of: dict[str, str]) -> np.ndarray:
    """Of each hidden face: whether what is seen most is, in the words of `of`, what this family is."""
    return np.array([bool(top) and of[top[0]] == of[family] for top in tops], np.float64)


def fit(families: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Of each hidden face: how well all that is seen fits the true mask."""
    found, true = families.argmax(-1) > 0, masks[..., 0] > 0
    both, either = (np.sum(x, axis=(1, 2)) for x in (found & true, found | true))
    return both / np.maximum(either, 1)


def tables(record: dict[str, Any]) -> str:
    """The card's tables, Markdown: what is seen, and what the models make of it."""
    seen_lines = ["| hidden by | family right, % | model right, % | mask IoU |", "| --- | --- | --- | --- |"]
    for label, values in record["what_hides"].items():
        if label != "bare":
            right = " | ".join(_with_ends(values[key], 100, 1) for key in ("family right", "model right"))
            seen_lines.append(f"| {label} | {right} | {_with_ends(values['mask IoU'], 1, 3)} |")
    bare = record["what_hides"]["bare"]
    names = ("hidden by", "model", "hole PSNR, dB", "likeness distance", "feature distance", "sharpness")
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    for label, models in record["models"].items():
        for name, values in models.items():
            family = label.split(",")[0]
            wins = (record["chosen"][family], family in record["told"]) == (name.split(",")[0], "told" in name)
            cells = [label, f"**{name}**" if wins else name]
            cells += [_with_ends(values[key], 1, digits) for key, digits in _SHOWN.items()]
            lines.append("| " + " | ".join(cells) + " |")
    said = (
        f"{record['faces']} faces of `{record['set']}`, each hidden once by each family. Of as many bare faces "
        f"{_with_ends(bare['taken for hidden'], 100, 1)} % are taken for hidden, "
        f"{_with_ends(bare['share of pixels'], 100, 3)} % of their pixels."
    )
    return "\n".join([said, "", *seen_lines, "", "Bold: the model that `auto` takes.", "", *lines])


def _with_ends(value: dict[str, float], scale: float, digits: int) -> str:
    mean, low, high = (f"{scale * value[key]:.{digits}f}" for key in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=Path, help="folder of the frozen benchmark's files")
    parser.add_argument("--count", type=int, default=200, help="faces of each family")
    options = parser.parse_args()
    protocol = load_protocol("faces-1")
    faces = load_faces(options.data / protocol.sets[SET].path, size=protocol.side).take(slice(options.count))
    nets = {role: check_file(options.data, file) for role, file in protocol.judges.items()}
    judges = Judges(
        load_embedder("dlib", nets["likeness"]),
        build_landmark_judge(nets["landmarks"]),
        build_feature_judge(nets["features"]),
    )
    finder = zoo.load("what_hides")
    published = [entry.default for name, entry in zoo.MODELS.items() if name != "what_hides"]
    engines = {name: zoo.load(name) for name in published if zoo.preset(name).file}
    fixed = {"seed": HELD_OUT_SEED, "batch_size": BATCH, "batches": -(-len(faces) // BATCH)}
    measured, sights, tops, chosen = {}, {}, {}, {}
    for label, build in tqdm(DRAWN.items(), unit="family"):
        drawn, family = drawn_faces(faces, build(), **fixed), label.split(",")[0]
        clean = see(judges, drawn.clean, drawn.landmarks, BATCH)
        table = {}
        for name, engine in engines.items():
            for told in (False, True) if engine.contract.finds_mask else (True,):
                alone = Auto(finder, dict.fromkeys(FAMILIES[1:], name), engines.__getitem__, FAMILIES if told else ())
                table[f"{name}, told" if told else name] = scores(alone, drawn, judges, clean)
        chosen.setdefault(family, best(table))
        measured[label] = {name: {k: summarise(v) for k, v in values.items()} for name, values in table.items()}
        families = finder.restore(drawn.occluded, batch_size=BATCH).extras["families"]
        tops[label] = [seen(each)[:1] for each in families]
        sights[label] = {"mask IoU": summarise(fit(families, drawn.masks))}
    ways = {family: (way.split(",")[0], way.endswith(", told")) for family, way in chosen.items()}
    models = {family: name for family, (name, _) in ways.items()}
    for label, values in tops.items():
        for name, of in (("family right", {each: each for each in models}), ("model right", models)):
            sights[label][name] = summarise(right(values, label.split(",")[0], of))
    bare = finder.restore(faces.images, batch_size=BATCH)
    touched = np.array([bool(seen(each)) for each in bare.extras["families"]], np.float64)
    sights["bare"] = {"taken for hidden": summarise(touched), "share of pixels": summarise(bare.masks.mean((1, 2, 3)))}
    record = {
        "command": command(sys.argv[1:], program="python -m benchmarks.auto"),
        "chosen": models,
        "told": [family for family, (_, told) in ways.items() if told],
        "set": SET,
        "faces": len(faces),
        "weights": {name: zoo.preset(name).sha256 for name in (zoo.preset("what_hides").name, *engines)},
        "models": measured,
        "what_hides": sights,
        **describe(),
    }
    write_json(record, zoo.folder("what_hides") / "auto.json")
    update_tables(zoo.folder("what_hides") / "README.md", tables(record), "auto")
    print({label: {k: round(v["mean"], 3) for k, v in values.items()} for label, values in sights.items()}, chosen)


if __name__ == "__main__":
    main()
