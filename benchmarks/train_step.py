"""Images a second of training steps of a preset, float32 beside bfloat16, with the share of the matmul peak.

    python -m benchmarks.train_step [--preset fmodr_128] [--steps 12]

Each policy runs in a process of its own, because the policy is global. Writes `benchmarks/results/train_step.json`.
"""

import argparse
import json
import os
import subprocess
import sys
import time

from benchmarks.machine import describe, matmul_peak, write

STAGES = ("detector", "coarse", "coarse_joint", "refine", "refine_joint")
BATCH = 16


def measure(preset: str, policy: str, steps: int) -> dict[str, dict[str, float]]:
    """Stage -> median and best images a second."""
    import keras
    import numpy as np

    keras.config.set_dtype_policy(policy)
    from tfinpaint import zoo

    model = zoo.load(preset, weights=False)
    rng = np.random.default_rng(0)
    side = model.image_size
    image = rng.uniform(-1, 1, (BATCH, side, side, 3)).astype("float32")
    mask = np.zeros((BATCH, side, side, 1), "float32")
    mask[:, side // 2 : -side // 8, side // 4 : -side // 4] = 1
    batch = {"image": image, "occluded": image * (1 - mask), "mask": mask, "valid": np.ones_like(mask)}
    results = {}
    for stage in STAGES:
        model.compile(stage=stage, features={"perceptual": "random", "identity": "random"})
        times = []
        for _ in range(steps + 2):
            start = time.perf_counter()
            model.train_on_batch(batch)
            times.append(time.perf_counter() - start)
        times = sorted(times[2:])
        results[stage] = {
            "images_per_second": BATCH / times[len(times) // 2],
            "best_images_per_second": BATCH / times[0],
        }
    return results


def main() -> None:
    """Measures both policies, prints a table and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="fmodr_128")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--policy", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.policy:
        print(json.dumps(measure(arguments.preset, arguments.policy, arguments.steps)))
        return
    results = {}
    for policy in ("float32", "mixed_bfloat16"):
        command = [sys.executable, "-m", "benchmarks.train_step", "--preset", arguments.preset, "--policy", policy]
        done = subprocess.run([*command, "--steps", str(arguments.steps)], check=True, capture_output=True, text=True)
        results[policy] = json.loads(done.stdout.splitlines()[-1])
    print(f"{'stage':16} {'float32':>10} {'bfloat16':>10}   images/s, batch {BATCH}")
    for stage in STAGES:
        rates = [results[p][stage]["images_per_second"] for p in results]
        print(f"{stage:16} {rates[0]:10.1f} {rates[1]:10.1f}")
    peak = {dtype: matmul_peak(dtype)["gflops"] for dtype in ("float32", "bfloat16")}
    record = {"preset": arguments.preset, "batch": BATCH, "machine": describe(), "matmul_gflops": peak}
    print(write("train_step", record | {"results": results}))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
