"""A folder of very many small photos, restored by runs that are killed at random moments and begun again.

    python -m benchmarks.folder [--photos 10000] [--kills 3] [--seed 0]

The photos are scikit-image's portrait, each in another turn, size and light, every second one with something blue over
mouth and nose. `tfinpaint restore` runs in a process of its own, gets SIGKILL after random numbers of results, and the
same command goes on. Then every photo must have its result, whole, or be named in what the command said; and no result
from before a kill may have been written again, but for the one that was not yet noted down. Writes
`results/folder.json`, with the memory of the last run as it went on.
"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from tfinpaint.cli.journal import NAMES
from tfinpaint.data.portrait import LANDMARKS, load_portrait

SIDE = 160
MARGIN = 40  # pixels that the middle of a face may lie away from the middle of the photo


def make_photos(folder: Path, count: int, seed: int) -> None:
    """Writes so many photos; no two are the same."""
    rng, portrait, points = np.random.default_rng(seed), load_portrait(), np.array(LANDMARKS, float)
    hidden = cv2.fillConvexPoly(portrait.copy(), mask_outline(points).astype(int), (120, 170, 200))
    folder.mkdir()
    for i in range(count):
        scale, angle = rng.uniform(0.5, 1), rng.uniform(-15, 15)
        matrix = cv2.getRotationMatrix2D(tuple(points[2]), angle, scale)
        matrix[:, 2] += SIDE / 2 - points[2] + rng.uniform(-0.5, 0.5, 2) * MARGIN * (1.2 - scale)
        light = rng.uniform(0.7, 1.2)
        photo = cv2.warpAffine(portrait if i % 2 else hidden, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT)
        photo = (light * photo + rng.normal(0, 3, photo.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(photo).save(folder / f"{i:05}.jpg", quality=90)


def mask_outline(points: np.ndarray) -> np.ndarray:
    """The outline of a worn mask."""
    left, right, nose, *_ = points
    across = right - left
    down = np.array([-across[1], across[0]])
    corners = ((-0.85, 0.35), (0, 0.2), (0.85, 0.35), (0.75, 1.3), (0.3, 1.75), (-0.3, 1.75), (-0.75, 1.3))
    return np.array([(left + right) / 2 + x * across + y * down for x, y in corners])


class Run:
    """`tfinpaint restore` over the folder, in a process of its own."""

    def __init__(self, photos: Path, out: Path, model: str) -> None:
        command = [sys.executable, "-m", "tfinpaint.cli", "restore", str(photos), "-o", str(out), "--model", model]
        self.out, self.start = out, time.perf_counter()
        self.said = tempfile.TemporaryFile()  # a pipe that nobody reads would fill up and halt it
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=self.said)

    def wait(self, until: Callable[[int], bool], seen: Callable[[int, int], Any] = lambda *_: None) -> bool:
        """Waits until so many results are there, or for its end; whether it still runs.

        Args:
            until: of the number of results.
            seen: is told that number and the resident memory in MB.
        """
        while self.process.poll() is None:
            done = len(results_in(self.out))
            seen(done, self.memory())
            if until(done):
                return True
            time.sleep(0.5)
        return False

    def memory(self) -> int:
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
            return int(status.split("VmRSS:")[1].split()[0]) // 1000
        except (OSError, IndexError):
            return 0

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self) -> int:
        """How many photos it named because they were not restored; raises where it ended otherwise than well or so."""
        self.process.wait()
        self.said.seek(0)
        said = self.said.read().decode()
        named = re.search(r"(\d+) of \d+ photos were not restored", said)
        if self.process.returncode and not named:
            raise RuntimeError(said[-2000:])
        return int(named[1]) if named else 0


def results_in(out: Path) -> dict[str, int]:
    """Name -> time of writing, of the results; what is hidden is none."""
    if not out.is_dir():
        return {}
    with os.scandir(out) as entries:
        return {entry.name: entry.stat().st_mtime_ns for entry in entries if not entry.name.startswith(".")}


def check(photos: Path, out: Path) -> dict[str, int]:
    """How many photos have no result, and of the results: cannot be read, were painted, should not be there."""
    names = {file.name for file in photos.iterdir()}
    found = {file.name for file in out.iterdir()} - {NAMES["restore"]}
    damaged = painted = 0
    for name in names & found:
        try:
            image = Image.open(out / name)
            image.load()
            damaged += image.size != (SIDE, SIDE)
        except OSError:
            damaged += 1
        painted += (out / name).read_bytes() != (photos / name).read_bytes()
    return {"without result": len(names - found), "damaged": damaged, "painted": painted, "strange": len(found - names)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="fmodr")
    parser.add_argument("--no-record", action="store_true", help="write no results")
    options = parser.parse_args()
    rng, step = random.Random(options.seed), max(1, options.photos // 20)
    with tempfile.TemporaryDirectory() as temporary:
        photos, out = Path(temporary) / "photos", Path(temporary) / "out"
        make_photos(photos, options.photos, options.seed)
        moments = sorted(rng.randint(1, options.photos // 2) for _ in range(options.kills))
        twice, begun = [], time.perf_counter()
        before: dict[str, int] = {}
        for moment in moments:
            run = Run(photos, out, options.model)
            if not run.wait(lambda done, moment=moment: done >= moment):
                run.end()
                break
            time.sleep(rng.uniform(0, 0.2))
            run.kill()
            now = results_in(out)
            twice.append(sum(now[name] != time for name, time in before.items()))
            before = now
            print(f"killed with {len(now)} results", flush=True)
        memory: dict[int, int] = {}
        run = Run(photos, out, options.model)
        run.wait(lambda done: False, lambda done, mb: memory.setdefault(done // step * step, mb))
        named = run.end()
        now = results_in(out)
        twice.append(sum(now[name] != time for name, time in before.items()))
        record = {
            "photos": options.photos,
            "side": SIDE,
            "model": options.model,
            "seed": options.seed,
            "killed at": moments,
            "seconds": round(time.perf_counter() - begun),
            "written twice": twice,
            "named as not restored": named,
            **check(photos, out),
            "memory of the last run, MB, by results": memory,
        }
    print(record)
    if not options.no_record:
        from benchmarks.machine import describe, write

        print(write("folder", {"machine": describe(), **record}))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
