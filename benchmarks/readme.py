"""The README's table of models, and the pair of pictures of each.

    python -m benchmarks.readme

Each model of the zoo that has weights takes something off the portrait of `tfinpaint demo`: `docs/pairs/<model>.png`.
The numbers are those of the records beside the weights, on faces that no step saw.
"""

import tempfile
from pathlib import Path

import cv2
import numpy as np

from tfinpaint import cli, faces, images, zoo
from tfinpaint.cli.demo import SEEDS, around
from tfinpaint.evaluation.report import read_results, update_tables

ROOT = Path(__file__).resolve().parents[1]
PAIRS = ROOT / "docs" / "pairs"
SET, SIDE = "ffhq_val", 150
# Model -> its record, the kind in it that the model is for, and what that is in words.
MEASURED = {
    "fmodr": ("results.json", "face_mask", "worn masks"),
    "c2fdan": ("results.json", "rectangle", "boxes"),
    "ca_gan": ("results.json", "free_form", "strokes"),
    "fsg_gan": ("results_faces-1-more.json", "seen_objects", "things"),
    "can_dfe": ("results.json", "face_mask", "worn masks"),
}
_HEADINGS = ("", "takes off", "hidden, restored", "on faces that no step saw")


def shown() -> list[str]:
    """The models of the table: those of `MEASURED` whose preset has weights."""
    return [name for name in MEASURED if zoo.preset(name).file]


def table() -> str:
    """The README's table of models, in Markdown."""
    lines = ["| " + " | ".join(_HEADINGS) + " |", "|" + "---|" * len(_HEADINGS)]
    for name in shown():
        preset = zoo.preset(name)
        takes_off = preset.removes + ("" if name == "ca_gan" else "; finds them itself")
        picture = f"![{takes_off}: before, after](docs/pairs/{name}.png)"
        cells = (f"[`{name}`](zoo/{name}/README.md)", takes_off, picture, measured(name))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def measured(name: str) -> str:
    """What its record says of a model, in a sentence."""
    file, kind, words = MEASURED[name]
    methods = read_results(zoo.folder(name) / file)["sets"][SET]["kinds"][kind]["methods"]
    ours, hidden, telea = (methods[who] for who in (zoo.preset(name).name, "occluded", "telea"))
    psnr = [f"{scores['hole_psnr']['mean']:.1f}" for scores in (ours, hidden, telea)]
    found = f"; what it finds fits to an IoU of {ours['mask_iou']['mean']:.2f}" if "mask_iou" in ours else ""
    return (
        f"{words}: {psnr[0]} dB where it was hidden ({psnr[1]} before, {psnr[2]} OpenCV's method, told the mask); "
        f"{100 * ours['hole_sharpness']['mean']:.0f} % of the photo's sharpness{found}"
    )


def draw(names: list[str]) -> None:
    """Writes the pair of each model: the portrait hidden, and restored."""
    PAIRS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        if cli.main(["demo", "--model", *names, "--out", folder]):
            raise SystemExit("tfinpaint demo has failed")
        portrait = images.read(Path(folder) / "portrait.png").pixels
        window = around(faces.largest(faces.default_detector()(portrait)), portrait.shape)
        for name in names:
            hidden = sorted(Path(folder).glob(f"{name}_*_occluded.png"))[-1 if len(SEEDS[name]) > 1 else 0]
            restored = hidden.with_name(hidden.name.replace("_occluded", "_restored"))
            faces_of = [images.read(file).pixels[window] for file in (hidden, restored)]
            pair = [cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for face in faces_of]
            images.write_picture(np.concatenate(pair, axis=1), PAIRS / f"{name}.png")


def main() -> None:
    draw(shown())
    update_tables(ROOT / "README.md", table(), mark="models")


if __name__ == "__main__":
    main()
