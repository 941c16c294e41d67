"""Writes the small benchmark that comes with the package: drawn faces and a portrait in the public domain.

    python -m benchmarks.public_faces

writes `tfinpaint/evaluation/benchmark/public-1.json` and the folder of the same name. Its numbers say nothing about
real faces; they say whether this machine measures what others measure.
"""

import dataclasses
import io
import zipfile
from pathlib import Path

import cv2
import numpy as np

import tfinpaint
from tests.faces_for_tests import synthetic_faces
from tfinpaint.data.portrait import LANDMARKS, load_portrait
from tfinpaint.evaluation.benchmark import freeze, save_protocol

NAME, COUNT, SIDE, SEED = "public-1", 15, 128, 2026
KINDS = ("face_mask", "lower_face_rectangle", "rectangle", "text")
PORTRAIT = np.s_[10:234, 112:336]  # rows and columns


def main() -> None:
    folder = Path(tfinpaint.__file__).parent / "evaluation" / "benchmark"
    (folder / NAME).mkdir(exist_ok=True)
    images, points = synthetic_faces(COUNT, SIDE, SEED)
    rows, columns = PORTRAIT
    pictures = {f"drawn_{k:02}.jpg": face for k, face in enumerate(zip(images, points, strict=True))}
    pictures["portrait.jpg"] = load_portrait()[PORTRAIT], np.array(LANDMARKS) - [columns.start, rows.start]
    whole, table = io.BytesIO(), [",".join(["name", *(f"{axis}{k}" for k in range(1, 6) for axis in "xy")])]
    with zipfile.ZipFile(whole, "w") as archive:
        for name, (pixels, five) in pictures.items():
            coded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
            archive.writestr(zipfile.ZipInfo(name), coded.tobytes())
            table.append(",".join([name, *(f"{value:.2f}" for value in np.ravel(five))]))
    (folder / NAME / "faces.zip").write_bytes(whole.getvalue())
    (folder / NAME / "faces.csv").write_text("\n".join([*table, ""]), encoding="utf-8")
    protocol = freeze(NAME, folder / NAME, {"drawn_and_portrait": "faces.zip"}, KINDS)
    sources = {
        "faces.zip": f"{COUNT} faces drawn by benchmarks.public_faces; skimage.data.astronaut (NASA, public domain)",
        "faces.csv": "written by benchmarks.public_faces: the points that were drawn, and those of the demo",
    }
    save_protocol(dataclasses.replace(protocol, sources=sources), folder / f"{NAME}.json")


if __name__ == "__main__":
    main()
