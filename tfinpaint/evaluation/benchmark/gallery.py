"""The pictures of a report: fixed places first, then the best and the worst of each model; nothing picked by hand."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tfinpaint.evaluation.baselines import mean_of_others
from tfinpaint.evaluation.benchmark.drawing import DrawnFaces, drawn_batches
from tfinpaint.evaluation.benchmark.measure import Method
from tfinpaint.evaluation.benchmark.protocol import Protocol
from tfinpaint.images import write_picture

FIXED, ENDS = 4, 2
FOLDER = "gallery"
_BY = "hole_ssim"
_SHOWN = ("hole_psnr", "hole_ssim", "likeness_distance", "mask_iou")


def choose(values: Mapping[str, Mapping[str, np.ndarray]], models: Sequence[str]) -> list[dict[str, Any]]:
    """Which faces to show: `why` (`fixed`, `best`, `worst`), `of` (the model) and `index`.

    Fixed are places at even distances; best and worst are by structural similarity in the hole.
    """
    if not models:
        return []
    scores = {model: values[model][_BY] for model in models}
    count = len(next(iter(scores.values())))
    places = sorted(set(np.linspace(0, count - 1, min(FIXED, count)).astype(int).tolist()))
    chosen = [{"why": "fixed", "of": model, "index": index} for model in models[:1] for index in places]
    for model, score in scores.items():
        order = np.argsort(np.nan_to_num(score, nan=np.inf), kind="stable")
        order = order[np.isfinite(score[order])]
        some = min(ENDS, len(order) // 2)
        chosen += [{"why": "best", "of": model, "index": int(i)} for i in order[::-1][:some]]
        chosen += [{"why": "worst", "of": model, "index": int(i)} for i in order[:some]]
    return chosen


def write_gallery(
    chosen: Sequence[dict[str, Any]],
    values: Mapping[str, Mapping[str, np.ndarray]],
    protocol: Protocol,
    name: str,
    kind: str,
    faces: Any,
    methods: Sequence[Method],
    folder: Path,
) -> list[dict[str, Any]]:
    """Draws and restores the chosen faces once more and writes their pictures; returns the gallery's records.

    Args:
        chosen: see `choose`.
        values: method -> score -> `(n,)`.
        protocol: gives seed and batch.
        name: of the set.
        kind: of occlusion.
        faces: all faces of the set.
        methods: whose pictures are shown.
        folder: beside the results file; pictures go into its folder `gallery`.
    """
    from tfinpaint.data import occlusions

    wanted = sorted({item["index"] for item in chosen})
    shown: dict[int, dict[str, str]] = {}
    stream = drawn_batches(faces, occlusions.get(kind), seed=protocol.seed, batch_size=protocol.batch)
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    for number, batch in enumerate(stream):
        begin = number * protocol.batch
        here = [index for index in wanted if begin <= index < begin + len(batch.clean)]
        if not here:
            continue
        rows = np.array(here) - begin
        some = DrawnFaces(*(array[rows] for array in batch))
        mean = partial(mean_of_others, faces.images, faces.valid, here)
        pictures = {"clean": some.clean} | {m.name: m.answer(some, mean).images for m in methods}
        for row, index in enumerate(here):
            for label, images in pictures.items():
                path = f"{FOLDER}/{name}-{kind}-{index}-{label}.png"
                write_picture(images[row], folder / path)
                shown.setdefault(index, {})[label] = path
    return [
        {
            "set": name,
            "kind": kind,
            **item,
            "by": _BY,
            "name": faces.names[item["index"]],
            "pictures": shown[item["index"]],
        }
        | {"scores": _scores(values, item["index"])}
        for item in chosen
    ]


def _scores(values: Mapping[str, Mapping[str, np.ndarray]], index: int) -> dict[str, dict[str, float]]:
    scores = {m: {k: float(v[k][index]) for k in _SHOWN if k in v} for m, v in values.items() if m != "clean"}
    return {m: {k: x for k, x in of.items() if np.isfinite(x)} for m, of in scores.items()}
