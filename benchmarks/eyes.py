"""Does a painted eye match the one beside it? One eye of each face behind a box, on faces that no step saw.

    python -m benchmarks.eyes --data DIR

`DIR` holds the files that the frozen benchmark lists. Writes `zoo/c2fdan/eyes.json` and the table of the card. Colours
are compared in CIELAB (1976; a difference of about 2 can be seen), as means over the iris, `IRIS` around the landmark;
the contrast is the deviation of the lightness over the eye, `EYE`, over that of the photo.
"""

import sys
from typing import Any

import cv2
import numpy as np

from benchmarks.c2fdan import METHODS, PRESET, arguments, held_out, load, painters
from tfinpaint import records, zoo
from tfinpaint.evaluation import summarise
from tfinpaint.evaluation.benchmark import load_protocol
from tfinpaint.evaluation.benchmark.collect import rounded
from tfinpaint.evaluation.benchmark.drawing import DrawnFaces
from tfinpaint.evaluation.report import update_tables
from tfinpaint.files import sha256
from tfinpaint.images import write_sheet

# Width and height as shares of the eyes' distance; iris and lids of an adult are about 0.19 and 0.47 of it wide.
BOX, EYE, IRIS = (0.75, 0.55), (0.5, 0.25), (0.2, 0.15)
ROWS = {
    "true": "colour, from the true eye",
    "other": "colour, from the other eye",
    "contrast": "contrast, 1 = the photo's",
}


def hide_one_eye(faces: Any, seed: int) -> tuple[DrawnFaces, np.ndarray]:
    """Each face with a box of a random colour on one eye, by turns the left and the right; and which eye (0 or 1)."""
    rng = np.random.default_rng(seed)
    which = np.arange(len(faces)) % 2
    masks = np.zeros((*faces.images.shape[:3], 1), np.float32)
    for mask, points, eye in zip(masks, faces.landmarks, which, strict=True):
        mask[_window(points, eye, BOX, mask.shape[0])] = 1
    colours = rng.integers(0, 256, (len(faces), 1, 1, 3))
    occluded = np.where(masks > 0, colours, faces.images).astype(np.uint8)
    return DrawnFaces(faces.images, occluded, masks, faces.valid, faces.landmarks), which


def compare(pictures: np.ndarray, drawn: DrawnFaces, which: np.ndarray) -> dict[str, np.ndarray]:
    """The values behind `ROWS`, one for each face."""
    painted, clean = (np.stack([_lab(p) for p in pixels]) for pixels in (pictures, drawn.clean))
    here, beside = (drawn.landmarks, which), (drawn.landmarks, 1 - which)
    looks = ((painted, *here), (clean, *here), (clean, *beside))
    ours, true, other = (np.stack([eye.mean((0, 1)) for eye in _eyes(*look, IRIS)]) for look in looks)
    spread = [np.array([eye[..., 0].std() for eye in _eyes(lab, *here, EYE)]) for lab in (painted, clean)]
    distances = {"true": np.linalg.norm(ours - true, axis=1), "other": np.linalg.norm(ours - other, axis=1)}
    return distances | {"contrast": spread[0] / spread[1]}


def _lab(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def _window(points: np.ndarray, eye: int, extent: tuple[float, float], size: int) -> tuple[slice, slice]:
    """Rows and columns of a box around one eye, `extent` times as wide and high as the eyes are apart."""
    half = np.linalg.norm(points[1] - points[0]) * np.array(extent) / 2
    low = np.clip(np.rint(points[eye] - half), 0, size - 1).astype(int)
    high = np.clip(np.rint(points[eye] + half), low, size - 1).astype(int) + 1
    return slice(low[1], high[1]), slice(low[0], high[0])


def _eyes(lab: np.ndarray, landmarks: np.ndarray, which: np.ndarray, extent: tuple[float, float]) -> list[np.ndarray]:
    """The part of each picture around one eye, `(height, width, 3)`."""
    eyes = zip(lab, landmarks, which, strict=True)
    return [picture[_window(points, eye, extent, len(picture))] for picture, points, eye in eyes]


def table(results: dict[str, Any]) -> str:
    """The card's table, Markdown."""
    columns = {"photo": results["photo"], **results["methods"]}
    lines = [
        f"{results['faces']} faces of both sets, a box on one eye: how far the iris is in colour (CIELAB) from the",
        "true one and from that of the other eye, and the contrast of the eye:",
        "",
        "| | " + " | ".join(columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for key, label in ROWS.items():
        cells = [_cell(column.get(key)) for column in columns.values()]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(estimate: dict[str, float] | None) -> str:
    return "-" if estimate is None else f"{estimate['mean']:.2f} [{estimate['low']:.2f}, {estimate['high']:.2f}]"


def main() -> None:
    options = arguments(__doc__, faces=250, out="eyes.json", sheet="the first 20 faces of each set")
    protocol = load_protocol("faces-1")
    faces = held_out(protocol, options)
    drawn, which = hide_one_eye(faces, options.seed)
    path = options.weights or zoo.weights_path(zoo.preset(PRESET))
    methods = painters(load(path, options.without))
    pictures = {name: methods[name](drawn).images for name in METHODS}
    values = {name: compare(pictures[name], drawn, which) for name in METHODS}
    results = {
        "command": records.command(sys.argv[1:], program="python -m benchmarks.eyes"),
        "environment": records.environment() | records.hardware(),
        "weights": sha256(path),
        "benchmark": protocol.sha256,
        "seed": options.seed,
        "faces": len(faces),
        "shares of the eyes' distance": {"box": BOX, "eye": EYE, "iris": IRIS},
        "photo": {"other": summarise(compare(drawn.clean, drawn, which)["other"], seed=options.seed)},
        "methods": {m: {key: summarise(values[m][key], seed=options.seed) for key in ROWS} for m in METHODS},
    }
    results = rounded(results)
    print(table(results))
    if options.sheet:
        first = np.r_[:20, options.faces : options.faces + 20]
        shown = {"clean": drawn.clean, **pictures}
        write_sheet({name: pixels[first] for name, pixels in shown.items()}, options.sheet, side=128, fold=2)
    records.write_json(results, options.out)
    if not options.weights:
        update_tables(zoo.folder("c2fdan") / "README.md", table(results), mark="eyes")


if __name__ == "__main__":
    main()
