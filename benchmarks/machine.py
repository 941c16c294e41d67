"""What this machine can do at best: GFLOP/s of a 2048 x 2048 matrix product in TensorFlow, float32 and bfloat16.

`python -m benchmarks.machine` writes `benchmarks/results/machine.json`. Other benchmarks state shares of this peak.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

RESULTS = Path(__file__).parent / "results"
SIDE = 2048


WARM_UP = 2  # runs that do not count: tracing, first allocation


def milliseconds(run: Callable[[Any], Any], inputs: Sequence[Any]) -> dict[str, float]:
    """Least and median time of `run`, and its least processor time, which other load on the machine disturbs least.

    Each of the inputs is used once: a compiler that takes an input for a constant and stores the result (XLA does,
    where compiled functions are nested) would otherwise seem to need no time. The first `WARM_UP` inputs do not count.
    Processor time is summed over the threads.
    """
    times, processor_times = [], []
    for x in inputs:
        start, processor_start = time.perf_counter(), time.process_time()
        run(x)
        times.append(1e3 * (time.perf_counter() - start))
        processor_times.append(1e3 * (time.process_time() - processor_start))
    times, processor_times = times[WARM_UP:], processor_times[WARM_UP:]
    numbers = {"min_ms": min(times), "median_ms": statistics.median(times), "processor_ms": min(processor_times)}
    return {name: round(number, 2) for name, number in numbers.items()}


def matmul_peak(dtype: str, repeats: int = 10, seed: int = 0) -> dict[str, float]:
    """`milliseconds` of a square matrix product, and GFLOP per second and per second of processor time."""
    draw = np.random.default_rng(seed)
    inputs = [tf.constant(draw.normal(size=(SIDE, SIDE)), dtype) for _ in range(repeats + WARM_UP)]
    product = tf.function(lambda x: tf.reduce_sum(tf.matmul(x, x)), autograph=False)
    times = milliseconds(lambda x: product(x).numpy(), inputs)
    gflop = 2e-9 * SIDE**3
    return {
        **times,
        "gflops": round(1e3 * gflop / times["min_ms"], 1),
        "gflop_per_processor_s": round(1e3 * gflop / times["processor_ms"], 1),
    }


def describe() -> dict[str, Any]:
    """Processor, cores, versions and load: what a time means only together with."""
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
    }


def write(name: str, results: dict[str, Any]) -> Path:
    """Store results as `results/<name>.json`, whole or not at all."""
    RESULTS.mkdir(exist_ok=True)
    path, part = RESULTS / f"{name}.json", RESULTS / f"{name}.json.part"
    part.write_text(json.dumps(results, indent=1) + "\n")
    part.replace(path)
    return path


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    peaks = {dtype: matmul_peak(dtype, options.repeats, options.seed) for dtype in ("float32", "bfloat16")}
    for dtype, peak in peaks.items():
        print(f"matmul {SIDE} {dtype:9s} {peak['gflops']:8.1f} GFLOP/s, "
              f"{peak['gflop_per_processor_s']:8.1f} GFLOP per second of processor time")  # fmt: skip
    results = {"machine": describe(), "seed": options.seed, "repeats": options.repeats, "matmul": peaks}
    print(write("machine", results))


if __name__ == "__main__":
    main()
