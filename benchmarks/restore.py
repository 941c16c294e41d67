"""Restoring one photo: cold (a fresh process, as a person types it, with either engine) and warm (one after the other).

`python -m benchmarks.restore` takes scikit-image's portrait (512x512), prints the times and writes
`benchmarks/results/restore.json`; `--fake` puts a stand-in into the model's place and measures the road alone.
`--folder` instead restores a folder of 50 photos with either engine, in turns, and renews that entry alone: the
portrait in other turns and lights, every second one with something blue over mouth and nose. Its ratio is one of whole
processes, each beside the one before, so that a machine with other work is as slow for both.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from benchmarks.folder import mask_outline
from tfinpaint import images, zoo
from tfinpaint.cli.engines import ENGINES
from tfinpaint.data.portrait import LANDMARKS, load_portrait
from tfinpaint.engine import Contract, Restoration
from tfinpaint.faces import FaceFinder, alignment_matrix, default_detector, paste, resample
from tfinpaint.restoration import restore_photo

RECORD = Path(__file__).parent / "results" / "restore.json"
PHOTOS, BORDER = 50, cv2.BORDER_REFLECT


class FakeModel:
    """Paints the lower middle of each crop grey."""

    contract, image_size = Contract(), 128

    def restore(self, images: np.ndarray, masks: Any = None, *, seed: Any = None, batch_size: int = 16) -> Restoration:
        masks = np.zeros((*images.shape[:3], 1), np.float32)
        masks[:, 60:110, 35:95] = 1
        return Restoration(np.where(masks > 0, np.uint8(128), images), masks)


def cold(photo: Path, model: str, engine: str, repeats: int) -> dict[str, float]:
    """Seconds of whole processes."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        command = [sys.executable, "-m", "tfinpaint.cli", "restore", str(photo), "--model", model, "--engine", engine]
        subprocess.run([*command, "-o", str(photo.with_stem("restored"))], check=True)
        times.append(time.perf_counter() - start)
    return {"min_s": round(min(times), 3), "median_s": round(statistics.median(times), 3)}


def make_folder(folder: Path, count: int, seed: int = 0) -> None:
    """Writes so many photos, 512x512; no two are the same."""
    rng, portrait, points = np.random.default_rng(seed), load_portrait(), np.array(LANDMARKS, float)
    hidden = cv2.fillConvexPoly(portrait.copy(), mask_outline(points).astype(int), (120, 170, 200))
    folder.mkdir()
    for i in range(count):
        matrix = cv2.getRotationMatrix2D(tuple(points[2]), rng.uniform(-8, 8), 1)
        photo = cv2.warpAffine(portrait if i % 2 else hidden, matrix, portrait.shape[1::-1], borderMode=BORDER)
        photo = (rng.uniform(0.7, 1.2) * photo + rng.normal(0, 3, photo.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(photo).save(folder / f"{i:02}.jpg", quality=90)


def folders(photos: Path, model: str, repeats: int) -> dict[str, Any]:
    """Seconds of whole processes over a folder with each engine, and of the median of the ratios."""
    times: dict[str, list[float]] = {name: [] for name in ENGINES}
    for turn in range(repeats):
        for name in ENGINES:
            out = photos.with_name(f"{name}_{turn}")
            command = [sys.executable, "-m", "tfinpaint.cli", "restore", str(photos), "--model", model]
            start = time.perf_counter()
            subprocess.run([*command, "--engine", name, "-o", str(out)], check=True, capture_output=True)
            times[name].append(time.perf_counter() - start)
            if len(list(out.glob("*.jpg"))) != len(list(photos.iterdir())):
                raise RuntimeError(f"not all photos were restored into {out}")
            print(f"folder, {name}: {times[name][-1]:.2f} s", flush=True)
    ratios = [lite / keras for lite, keras in zip(times["lite"], times["keras"], strict=True)]
    numbers = {
        name: {"min_s": round(min(t), 2), "median_s": round(statistics.median(t), 2)} for name, t in times.items()
    }
    return {**numbers, "lite_over_keras": [round(r, 3) for r in ratios], "ratio": round(statistics.median(ratios), 3)}


def warm(photo: Path, model: Any, repeats: int) -> dict[str, dict[str, float]]:
    """Milliseconds of each step of the road and of the whole."""
    times: dict[str, list[float]] = {}

    def timed(name: str, function: Any, *arguments: Any, **options: Any) -> Any:
        start = time.perf_counter()
        result = function(*arguments, **options)
        times.setdefault(name, []).append(1e3 * (time.perf_counter() - start))
        return result

    detector, size = default_detector(), model.image_size
    finder = FaceFinder(detector)
    for _ in range(repeats + 2):
        read = timed("read", images.read, photo)
        (face,) = timed("detect", finder, read.pixels)
        matrix = alignment_matrix(face.landmarks, size, model.contract.framing)
        crop = timed("align", resample, read.pixels, matrix, (size, size))
        result = timed("model", model.restore, crop[None])
        pixels, hole = timed("paste", paste, read.pixels, result.images[0], result.masks[0], matrix)
        timed("write", images.write, read, pixels, hole, photo.with_stem("restored"))
        timed("whole", lambda: restore_photo(photo, model, detector=detector).save(photo.with_stem("restored")))
    return {
        name: {"min_ms": round(min(values[2:]), 2), "median_ms": round(statistics.median(values[2:]), 2)}
        for name, values in times.items()
    }


def measure_folder(model: str, repeats: int) -> None:
    """Renews the entry of the folder in the results."""
    from benchmarks.machine import describe, write

    with tempfile.TemporaryDirectory() as temporary:
        make_folder(photos := Path(temporary) / "photos", PHOTOS)
        numbers = folders(photos, model, repeats)
    print(f"a folder of {PHOTOS} photos: the file takes {numbers['ratio']:.2f} of Keras's time")
    results = json.loads(RECORD.read_text(encoding="utf-8"))
    print(write("restore", results | {"folder": {"machine": describe(), "model": model, "photos": PHOTOS, **numbers}}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="fmodr")
    parser.add_argument("--fake", action="store_true", help="a stand-in for the model; nothing is written")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument(
        "--folder", action="store_true", help="measure a folder of photos with either engine, only that"
    )
    options = parser.parse_args()
    if options.folder:
        measure_folder(options.model, min(3, options.repeats))
        return
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "portrait.jpg"
        Image.fromarray(load_portrait()).save(photo, quality=90)
        results: dict[str, Any] = {"model": "fake" if options.fake else options.model}
        if not options.fake:
            results["cold"] = {name: cold(photo, options.model, name, min(5, options.repeats)) for name in ENGINES}
            for name, numbers in results["cold"].items():
                print(f"cold, a whole process, {name}: median {numbers['median_s']:.2f} s")
        model = FakeModel() if options.fake else zoo.load(options.model)
        results["warm"] = warm(photo, model, options.repeats)
    for name, numbers in results["warm"].items():
        print(f"warm, {name:6} min {numbers['min_ms']:7.2f} ms, median {numbers['median_ms']:7.2f} ms")
    if not options.fake:
        from benchmarks.machine import describe, write

        if RECORD.exists() and "folder" in (before := json.loads(RECORD.read_text(encoding="utf-8"))):
            results["folder"] = before["folder"]
        print(write("restore", {"machine": describe(), "detector": type(default_detector()).__name__, **results}))


if __name__ == "__main__":
    main()
