"""Time of the patch-wise cross-attention, beside the same attention written as convolutions, picture by picture.

`python -m benchmarks.cross_attention` prints a table and writes `benchmarks/results/cross_attention.json`. The other
form is the one known from DeepFill: the patches of K are the kernels of a convolution over Q, the chosen patches of V
those of a transposed one over the one-hot choice. Both give the same map, which is checked first; they are timed in
turn.
"""

import argparse
import itertools
import os
from functools import partial
from typing import Any

from benchmarks.attention import passes
from benchmarks.machine import WARM_UP, describe, milliseconds, write

import keras  # isort: skip
import numpy as np  # isort: skip
import tensorflow as tf  # isort: skip

from tfinpaint.layers import PatchCrossAttention  # isort: skip

BATCH = 4
SIZES = {"c2fdan_112": (56, 128, 64), "c2fdan_128_small": (32, 48, 32)}  # side, channels, filters
MODES = {"float32": ("float32", False), "mixed_bfloat16": ("mixed_bfloat16", False), "float32_xla": ("float32", True)}


def by_convolution(layer: PatchCrossAttention, x: Any, mask: Any) -> Any:
    """The layer's own weights and rules, its products as convolutions with kernels of one picture each."""
    mask = tf.cast(mask, x.dtype)
    query, key, value = (_project(layer, name, x) for name in ("query", "key", "value"))
    query, key = tf.cast(query, "float32"), tf.cast(key, "float32")
    query = query * tf.math.rsqrt(tf.reduce_sum(query**2, -1, keepdims=True) + 1e-8)
    key = key * (1.0 - tf.cast(mask, "float32"))
    filled = []
    for i in range(BATCH):
        kernels, patches = _kernels(key[i]), _kernels(value[i])
        kernels = kernels * tf.math.rsqrt(tf.reduce_sum(kernels**2, (0, 1, 2), keepdims=True) + 1e-8)
        covered = tf.reduce_max(_kernels(tf.cast(mask[i], "float32")), (0, 1, 2)) > 0.5
        scores = tf.nn.conv2d(query[i : i + 1], kernels, 2, "VALID") - 1e4 * tf.cast(covered, "float32")
        choice = tf.one_hot(tf.argmax(scores, -1), scores.shape[-1], dtype=value.dtype)
        filled.append(tf.nn.conv2d_transpose(choice, patches, (1, *value.shape[1:]), 2, "VALID"))
    return (1.0 - mask) * value + mask * tf.concat(filled, 0)


def _project(layer: PatchCrossAttention, name: str, x: Any) -> Any:
    kernel, bias = (tf.cast(getattr(layer, f"{name}_{kind}"), x.dtype) for kind in ("kernel", "bias"))
    return tf.nn.conv2d(x, kernel, 1, "SAME") + bias


def _kernels(x: Any) -> Any:
    """All 2x2 patches of one picture `(height, width, c)`, `(2, 2, c, patches)`."""
    rows, columns, channels = x.shape[0] - 1, x.shape[1] - 1, x.shape[2]
    shifted = tf.stack([tf.stack([x[i : i + rows, j : j + columns] for j in (0, 1)]) for i in (0, 1)])
    return tf.transpose(tf.reshape(shifted, (2, 2, rows * columns, channels)), (0, 1, 3, 2))


FORMS = {"layer": lambda layer, x, mask: layer([x, mask]), "convolutions": by_convolution}


def measure(size: str, mode: str, repeats: int, seed: int) -> list[dict]:
    policy, xla = MODES[mode]
    side, channels, filters = SIZES[size]
    draw, shape = np.random.default_rng(seed), (BATCH, side, side, channels)
    inputs = [tf.constant(draw.normal(size=shape), policy.removeprefix("mixed_")) for _ in range(repeats + WARM_UP)]
    mask = np.zeros((BATCH, side, side, 1), "float32")
    mask[:, side // 4 : side // 2, side // 4 : side // 2] = 1
    layer = PatchCrossAttention(filters, dtype=policy, name="attention")
    layer.build([shape, mask.shape])
    ours, theirs = (
        np.asarray(tf.cast(form(layer, inputs[0], tf.constant(mask)), "float32")) for form in FORMS.values()
    )
    same = float((np.abs(ours - theirs) < 1e-2).mean())
    if same < 0.99:  # near ties may fall to either side
        raise SystemExit(f"{size} {mode}: the two forms must give the same map, but only {same:.1%} of it agrees.")
    weights = layer.trainable_variables
    timed = {name: passes(partial(form, layer, mask=tf.constant(mask)), weights, xla) for name, form in FORMS.items()}
    rows = []
    for name in ("forward", "forward_backward"):
        times = {form: milliseconds(runs[name], inputs) for form, runs in timed.items()}
        ratio = times["convolutions"]["min_ms"] / times["layer"]["min_ms"]
        rows.append({"size": size, "side": side, "channels": channels, "filters": filters, "mode": mode, "pass": name,
                     **times, "convolutions_by_layer": round(ratio, 2), "agreement": round(same, 5)})  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rows, machine = [], describe()
    for size, mode in itertools.product(SIZES, MODES):
        for row in measure(size, mode, options.repeats, options.seed):
            rows.append(row)
            print(f"{size:18}{mode:16}{row['pass']:18}layer {row['layer']['min_ms']:8.1f} ms   "
                  f"convolutions {row['convolutions']['min_ms']:8.1f} ms   "
                  f"{row['convolutions_by_layer']:6.2f} times", flush=True)  # fmt: skip
    load = [round(load, 2) for load in os.getloadavg()]
    results = {"machine": machine, "load_after": load, "seed": options.seed, "repeats": options.repeats, "batch": BATCH}
    print(write("cross_attention", {**results, "rows": rows}))


if __name__ == "__main__":
    main()
