"""Time of the contextual attentions, forward and with gradients, and their share of the machine's matmul peak.

`python -m benchmarks.attention` prints a table and writes `benchmarks/results/attention.json`. The share is the
processor time that the two matrix products alone would take at the measured peak, by that of the layer; gradients count
twice the forward products. (Processor time, because other work on the machine disturbs it least.) Under
`mixed_bfloat16` the scores stay float32 and the pasting is bfloat16.
"""

import argparse
import itertools
import os
from collections.abc import Callable
from typing import Any

from benchmarks.machine import WARM_UP, describe, matmul_peak, milliseconds, write

import numpy as np  # isort: skip
import tensorflow as tf  # isort: skip

from tfinpaint.layers import ContextualAttention, SelfAdaptiveContextualAttention  # isort: skip

BATCH = 4
MODES = {"float32": ("float32", False), "float32_xla": ("float32", True), "mixed_bfloat16": ("mixed_bfloat16", False)}


def passes(attend: Callable, weights: list, xla: bool) -> dict[str, Callable[[Any], Any]]:
    """What is timed: `attend(x)` alone, and with the gradients for features and weights."""

    def loss(x: Any) -> Any:
        return tf.reduce_sum(tf.cast(attend(x), "float32") ** 2)

    def gradients(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = loss(x)
        return tape.gradient(value, [x, *weights])

    forward, backward = (tf.function(run, autograph=False, jit_compile=xla) for run in (loss, gradients))
    return {"forward": lambda x: forward(x).numpy(), "forward_backward": lambda x: backward(x)[0].numpy()}


def products(side: int, channels: int) -> tuple[float, float]:
    """GFLOP of the scores (3x3 patches) and of the pasting (4x4 patches) at rate 2, for the batch."""
    pairs = BATCH * (side // 2) ** 4
    return 2e-9 * pairs * 9 * channels, 2e-9 * pairs * 16 * channels


def measure(layer: type, side: int, channels: int, mode: str, repeats: int, seed: int, peaks: dict) -> list[dict]:
    policy, xla = MODES[mode]
    draw = np.random.default_rng(seed)
    dtype, shape = policy.removeprefix("mixed_"), (BATCH, side, side, channels)
    inputs = [tf.constant(draw.normal(size=shape), dtype) for _ in range(repeats + WARM_UP)]
    mask = np.zeros((BATCH, side, side, 1), "float32")
    mask[:, side // 4 : side // 2, side // 4 : side // 2] = 1
    attention = layer(dtype=policy, name="attention")
    attention.build([shape, mask.shape])
    gflop = products(side, channels)
    speeds = [peaks["float32"]["gflop_per_processor_s"], peaks[dtype]["gflop_per_processor_s"]]
    least = 1e3 * sum(work / speed for work, speed in zip(gflop, speeds, strict=True))
    rows = []
    for name, run in passes(lambda x: attention([x, mask]), attention.trainable_variables, xla).items():
        times = milliseconds(run, inputs)
        passes_done = 3 if name == "forward_backward" else 1
        share = passes_done * least / times["processor_ms"]
        if share > 1.1:
            raise SystemExit(f"{layer.__name__} {mode} {name}: {share:.1f} times the peak, so nothing was computed.")
        rows.append({"layer": layer.__name__, "side": side, "channels": channels, "mode": mode, "pass": name,
                     **times, "share_of_matmul_peak": round(share, 3)})  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--xla", action="store_true", help="also measure jit_compile=True (compiling takes minutes)")
    options = parser.parse_args()
    modes = [mode for mode, (_, xla) in MODES.items() if options.xla or not xla]
    peaks = {dtype: matmul_peak(dtype, seed=options.seed) for dtype in ("float32", "bfloat16")}
    print(f"matmul peaks, load {os.getloadavg()[0]:.1f}: {peaks}")
    print(f"{'layer':32s}{'side':>5s}{'channels':>9s}  {'mode':15s}{'pass':17s}{'min':>8s}{'median':>9s}"
          f"{'processor':>10s} ms{'share':>7s}")  # fmt: skip
    rows, machine = [], describe()
    layers = (ContextualAttention, SelfAdaptiveContextualAttention)
    for layer, side, channels, mode in itertools.product(layers, (32, 64), (64, 128), modes):
        for row in measure(layer, side, channels, mode, options.repeats, options.seed, peaks):
            rows.append(row)
            print(f"{row['layer']:32s}{side:5d}{channels:9d}  {mode:15s}{row['pass']:17s}"
                  f"{row['min_ms']:8.1f}{row['median_ms']:9.1f}{row['processor_ms']:10.1f}   "
                  f"{row['share_of_matmul_peak']:7.2f}", flush=True)  # fmt: skip
    results = {"machine": machine, "load_after": [round(load, 2) for load in os.getloadavg()], "seed": options.seed,
               "repeats": options.repeats, "batch": BATCH, "matmul": peaks, "rows": rows}  # fmt: skip
    print(write("attention", results))


if __name__ == "__main__":
    main()
