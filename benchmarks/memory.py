"""Peak memory of every command by the number of pictures: 1, 12 and 200 photos of 12 megapixels.

    python -m benchmarks.memory [--counts 1 12 200] [--commands NAME ...] [--told]

Each run is a process of its own. The photos are scikit-image's portrait, scaled up, under as many names; for `restore`
with a drawn mask. What a command holds for a photo is the rise from the last count but one to the last, divided. With
`--told` the detector is told where the face is: looking for it takes most of the time and holds nothing. Writes
`results/memory.json`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tfinpaint.data import occlusions
from tfinpaint.data.occlude_photo import occlude_photo
from tfinpaint.data.portrait import LANDMARKS, load_portrait

SIZE = 4000, 3000  # width, height
COUNTS = 1, 12, 200

# Name -> arguments of the program, for a folder of photos and one for the results.
COMMANDS: dict[str, Callable[[Path, Path], list[str]]] = {
    "restore": lambda photos, out: ["restore", photos, "-o", out],
    "restore, all faces, with masks and comparisons": lambda photos, out: [
        "restore", photos, "-o", out, "--faces", "all", "--save-mask", "--compare",
    ],
    "occlude": lambda photos, out: ["occlude", photos, "--out", out, "--sheet"],
    "prepare": lambda photos, out: ["prepare", photos, "--out", out],
    "benchmark": lambda photos, out: ["benchmark", "fmodr", "--faces", photos, "--kinds", "face_mask", "--out", out],
}  # fmt: skip


_TOLD = """
import sys
from tfinpaint.cli import main
from tfinpaint.faces import yunet
from tfinpaint.faces.find import face_from_landmarks
yunet.YuNet.__call__ = lambda detector, pixels: [face_from_landmarks({points})]
sys.exit(main(sys.argv[1:]))
"""


def make_photo(path: Path, hidden: bool) -> np.ndarray:
    """Writes a large photo with the portrait in it, perhaps with a mask; returns the five points of its face."""
    portrait, points = load_portrait(), np.array(LANDMARKS)
    if hidden:
        portrait = occlude_photo(portrait, [points], occlusions.get("face_mask"), seed=(3, 0)).pixels
    scale = SIZE[1] / portrait.shape[0]
    matrix = np.array([[scale, 0, (SIZE[0] - SIZE[1]) / 2], [0, scale, 0]])
    photo = cv2.warpAffine(portrait, matrix, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    noise = np.random.default_rng(0).normal(0, 4, photo.shape)  # photos have some
    Image.fromarray((photo + noise).clip(0, 255).astype(np.uint8)).save(path, quality=90)
    return points * scale + matrix[:, 2]


def folder_of(photo: Path, points: np.ndarray, count: int, folder: Path, landmarks: bool) -> Path:
    """A folder with so many names of the photo, and if wanted a table of its points."""
    folder.mkdir()
    names = [f"{i:04}.jpg" for i in range(count)]
    for name in names:
        os.link(photo, folder / name)
    if landmarks:
        row = ",".join(f"{v:.1f}" for v in points.ravel())
        header = ",".join(f"{axis}{point}" for point in range(1, 6) for axis in "xy")
        (folder / "landmarks.csv").write_text("\n".join([f"name,{header}", *(f"{n},{row}" for n in names)]) + "\n")
    return folder


def peak(arguments: list[str], told: np.ndarray | None) -> dict[str, float]:
    """Peak resident memory of a run of the program in MB, and its seconds.

    Args:
        arguments: of the program.
        told: the five points that the detector then finds in every photo.
    """
    start = time.perf_counter()
    program = ["-m", "tfinpaint.cli"] if told is None else ["-c", _TOLD.format(points=told.tolist())]
    command = [sys.executable, *program, *map(str, arguments)]
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        most = 0
        while process.poll() is None:
            most = max(most, _peak_of(process.pid))
            time.sleep(0.05)
        if process.returncode:
            said.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed: {said.read().decode()[-2000:]}")
    return {"peak_mb": most // 1000, "seconds": round(time.perf_counter() - start, 1)}


def _peak_of(process: int) -> int:
    """Peak resident memory of a process so far in kB; 0 when it has ended. (What `wait4` tells counts its parent's.)"""
    try:
        return int(Path(f"/proc/{process}/status").read_text().split("VmHWM:")[1].split()[0])
    except (OSError, IndexError):
        return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, metavar="N", help="photos (1 12 200)")
    parser.add_argument("--commands", nargs="+", choices=COMMANDS, default=list(COMMANDS), metavar="NAME")
    parser.add_argument("--told", action="store_true", help="the detector is told where the face is")
    parser.add_argument("--no-record", action="store_true", help="write no results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.commands:
            photo = Path(temporary) / "photo.jpg"
            points = make_photo(photo, hidden=name.startswith("restore"))
            runs: dict = {}
            for count in options.counts:
                with tempfile.TemporaryDirectory(dir=temporary) as place:
                    photos = folder_of(photo, points, count, Path(place) / "photos", name == "benchmark")
                    arguments = COMMANDS[name](photos, Path(place) / "out")
                    runs[count] = peak(arguments, points if options.told else None)
                print(f"{name}: {count} photos, {runs[count]['peak_mb']} MB, {runs[count]['seconds']} s", flush=True)
            if len(runs) > 1:
                *_, (fewer, before), (more, after) = sorted(runs.items())
                runs["mb_a_photo"] = round((after["peak_mb"] - before["peak_mb"]) / (more - fewer), 2)
            if not options.no_record:
                record(name, {"told": options.told, "load": os.getloadavg()[0], **runs})


def record(name: str, runs: dict) -> None:
    """Puts the figures of a command into the results; those of others stay."""
    from benchmarks.machine import RESULTS, describe, write

    file = RESULTS / "memory.json"
    commands = json.loads(file.read_text())["commands"] if file.exists() else {}
    print(write("memory", {"machine": describe(), "photo": list(SIZE), "commands": commands | {name: runs}}))


if __name__ == "__main__":
    main()
