"""A training that is killed at random moments, again and again, ends with the bits of one that was left alone.

    python -m benchmarks.kill_resume [--kills 20] [--seed 0]

A tiny FMODR walks its recipe in a process of its own, which gets SIGKILL after a random number of checkpoints and some
random time; half of the kills wait for a checkpoint that is being written. Writes `results/kill_resume.json`.
"""

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import describe, write

INTERVAL = 3  # steps between two checkpoints
SCALE = 0.02


def train(folder: str) -> str:
    """Walks the recipe, from the newest checkpoint on; returns a digest of every variable."""
    import numpy as np
    import tensorflow as tf

    from tests.models.tiny import MODELS, batch, make
    from tfinpaint.training.checkpoint import named_variables

    spec = {k: tf.TensorSpec(v.shape, v.dtype) for k, v in batch().items()}

    def data(size: int, start: int) -> tf.data.Dataset:
        return tf.data.Dataset.from_generator(lambda: map(batch, range(start, 10**6)), output_signature=spec)

    model = make("fmodr")
    model.compile(recipe="small", features=MODELS["fmodr"].features)
    model.fit_recipe(data, scale=SCALE, interval=INTERVAL, checkpoint=folder, resume=True, verbose=0)
    digest = hashlib.sha256()
    for name, variable in sorted(named_variables(model).items()):
        if not name.startswith("metric"):
            digest.update(np.ascontiguousarray(variable.numpy()).tobytes())
    return digest.hexdigest()


def start(folder: Path) -> subprocess.Popen:
    """The training as a process of its own."""
    command = [sys.executable, "-m", "benchmarks.kill_resume", "--folder", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def kill(process: subprocess.Popen, folder: Path, checkpoints: int, wait: float, writing: bool) -> str | None:
    """Kills it so many new checkpoints and seconds later, perhaps when next one is half written.

    Returns:
        Which moment that was; None if the training came to its end before.
    """
    begun, deadline = _newest(folder), None
    while deadline is None or time.monotonic() < deadline or (writing and not _half_written(folder)):
        if process.poll() is not None:
            return None
        if deadline is None and _newest(folder) >= begun + checkpoints:
            deadline = time.monotonic() + wait
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return "while a checkpoint was being written" if _half_written(folder) else "between checkpoints"


def _newest(folder: Path) -> int:
    return max((int(file.stem.split("-")[1]) for file in folder.glob("checkpoint-*.npz")), default=0)


def _half_written(folder: Path) -> bool:
    return any(folder.glob(".tfinpaint-*.part"))


def main() -> None:
    """Kills and resumes, then compares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        print(train(arguments.folder))
        return
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as temporary:
        wanted = start(Path(temporary) / "whole").communicate()[0].strip()
        folder, moments = Path(temporary) / "killed", []
        while len(moments) < arguments.kills:
            chosen = rng.randint(0, 3), rng.uniform(0, 2)
            moment = kill(start(folder), folder, *chosen, writing=len(moments) % 2 == 1)
            if moment is None:  # it reached the end: what follows would kill nothing
                break
            moments.append(moment)
            print(f"kill {len(moments)} of {arguments.kills}: {moment}", flush=True)
        digest = start(folder).communicate()[0].strip()
    record = {"machine": describe(), "seed": arguments.seed, "kills": len(moments), "identical": digest == wanted}
    record["moments"] = {moment: moments.count(moment) for moment in sorted(set(moments))}
    print("bit-identical" if digest == wanted else "DIFFERENT", f"after {len(moments)} kills")
    print(write("kill_resume", record))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
