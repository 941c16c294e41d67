"""Contextual attention in three forms, and the generator around it at 256 px: one run, side by side.

    python -m benchmarks.attention_forms

`ours` is the layer of this library, matrix products over the whole batch; `convolution` is the form of the public
ports, in TensorFlow and in PyTorch (`pip install torch`; left out where it is missing): sample by sample, the patches
as the kernels of a convolution, pasted by a transposed one. All give the same numbers, which is checked before anything
is timed. The generator is that of `ca_gan_256`, the paper's size. Each engine runs in a process of its own; writes
`benchmarks/results/attention_forms.json` and the table of CA-GAN's card.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

SIDE, CHANNELS, RATE, SCALE = 64, 128, 2, 10.0  # what the layer sees in a picture of 256 px
PICTURE, BATCH = 256, 4
WARM_UP = 2
TOLERANCE = 2e-3
# engine -> framework, form, precision, compiled by XLA
ENGINES = {
    "TensorFlow, ours": ("tensorflow", "ours", "float32", False),
    "TensorFlow, ours, XLA": ("tensorflow", "ours", "float32", True),
    "TensorFlow, ours, bfloat16": ("tensorflow", "ours", "mixed_bfloat16", False),
    "JAX, ours": ("jax", "ours", "float32", True),
    "JAX, ours, bfloat16": ("jax", "ours", "mixed_bfloat16", True),
    "TensorFlow, convolution": ("tensorflow", "convolution", "float32", False),
    "PyTorch, convolution": ("torch", "convolution", "float32", False),
    "PyTorch, convolution, bfloat16": ("torch", "convolution", "mixed_bfloat16", False),
}


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Features with their mask, and pictures with theirs: a square hole in the middle."""
    rng = np.random.default_rng(seed)
    made = []
    for side, channels in ((SIDE, CHANNELS), (PICTURE, 3)):
        mask = np.zeros((BATCH, side, side, 1), "float32")
        mask[:, side // 4 : side * 3 // 4, side // 4 : side * 3 // 4] = 1
        made += [rng.normal(size=(BATCH, side, side, channels)).astype("float32").clip(-1, 1), mask]
    return tuple(made)


def tensorflow_convolution(features: Any, mask: Any) -> Any:
    """The attention as ports in TensorFlow have it."""
    import tensorflow as tf

    from tfinpaint.layers.patches import overlap_count

    n, small = (SIDE // RATE) ** 2, features[:, ::RATE, ::RATE]
    hidden = tf.nn.max_pool2d(mask[:, ::RATE, ::RATE], 3, 1, "SAME")
    raw = tf.image.extract_patches(features, [1, 4, 4, 1], [1, RATE, RATE, 1], [1, 1, 1, 1], "SAME")
    raw = tf.transpose(tf.reshape(raw, (-1, n, 4, 4, CHANNELS)), (0, 2, 3, 4, 1))
    patches = tf.image.extract_patches(small, [1, 3, 3, 1], [1, 1, 1, 1], [1, 1, 1, 1], "SAME")
    patches = tf.transpose(tf.reshape(patches, (-1, n, 3, 3, CHANNELS)), (0, 2, 3, 4, 1))
    fuse, grid, found = tf.reshape(tf.eye(3), (3, 3, 1, 1)), (SIDE // RATE, SIDE // RATE), []
    for i in range(BATCH):
        kernels = patches[i] / tf.maximum(tf.sqrt(tf.reduce_sum(patches[i] ** 2, (0, 1, 2))), 1e-4)
        pairs = tf.nn.conv2d(small[i : i + 1], kernels, 1, "SAME")
        for _ in range(2):
            pairs = tf.nn.conv2d(tf.reshape(pairs, (1, n, n, 1)), fuse, 1, "SAME")
            pairs = tf.transpose(tf.reshape(pairs, (1, *grid, *grid)), (0, 2, 1, 4, 3))
        pairs = tf.reshape(pairs, (1, *grid, n)) - 1e9 * tf.reshape(hidden[i], (1, 1, 1, n))
        weights = tf.nn.softmax(SCALE * pairs)
        found.append(tf.nn.conv2d_transpose(weights, raw[i], (1, SIDE, SIDE, CHANNELS), RATE, "SAME"))
    return tf.concat(found, 0) / overlap_count(SIDE, SIDE, 2 * RATE, RATE)


def torch_convolution(features: Any, mask: Any) -> Any:
    """The attention as ports in PyTorch have it; NCHW."""
    import torch
    from torch.nn import functional

    from tfinpaint.layers.patches import overlap_count

    n, rows = (SIDE // RATE) ** 2, SIDE // RATE
    small = features[..., ::RATE, ::RATE]
    hidden = functional.max_pool2d(mask[..., ::RATE, ::RATE], 3, 1, 1)
    raw = (
        functional.unfold(features, 4, padding=1, stride=RATE).reshape(BATCH, CHANNELS, 4, 4, n).permute(0, 4, 1, 2, 3)
    )
    patches = functional.unfold(small, 3, padding=1).reshape(BATCH, CHANNELS, 3, 3, n).permute(0, 4, 1, 2, 3)
    fuse, found = torch.eye(3, dtype=features.dtype)[None, None], []
    for i in range(BATCH):
        kernels = patches[i] / patches[i].pow(2).sum((1, 2, 3), keepdim=True).sqrt().clamp(min=1e-4)
        pairs = functional.conv2d(small[i : i + 1], kernels, padding=1)[0].reshape(n, n).T
        for _ in range(2):
            pairs = functional.conv2d(pairs.reshape(1, 1, n, n), fuse.to(pairs.dtype), padding=1)
            pairs = pairs.reshape(rows, rows, rows, rows).permute(1, 0, 3, 2).reshape(n, n)
        weights = torch.softmax(SCALE * pairs.float() - 1e9 * hidden[i].reshape(1, n), -1)
        weights = weights.T.reshape(1, n, rows, rows).to(raw.dtype)
        found.append(functional.conv_transpose2d(weights, raw[i], stride=RATE, padding=1))
    count = torch.from_numpy(overlap_count(SIDE, SIDE, 2 * RATE, RATE)).permute(0, 3, 1, 2)
    return torch.cat(found) / count


def run_torch(precision: str, repeats: int, seed: int) -> dict[str, Any]:
    """Times, and what the attention gave."""
    import torch

    from benchmarks.torch_deepfill import Generator

    features, mask, pictures, holes = (torch.from_numpy(x).permute(0, 3, 1, 2) for x in drawn(seed))
    half = precision == "mixed_bfloat16"
    generator = Generator(torch_convolution).to(memory_format=torch.channels_last).eval()

    def forward(x: Any) -> Any:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            return torch_convolution(x.to(torch.bfloat16) if half else x, mask)

    def backward(x: Any) -> Any:
        x = x.detach().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            value = torch_convolution(x.to(torch.bfloat16) if half else x, mask).float().pow(2).sum()
        return torch.autograd.grad(value, x)[0]

    def whole(x: Any) -> Any:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            return generator(x.contiguous(memory_format=torch.channels_last), holes)

    answer = forward(features).float().permute(0, 2, 3, 1).numpy()
    runs = {"forward": (forward, features), "forward_backward": (backward, features), "generator": (whole, pictures)}
    return {"times": timed(runs, repeats), "answer": answer}


def run_keras(framework: str, form: str, precision: str, compiled: bool, repeats: int, seed: int) -> dict[str, Any]:
    """The same, in TensorFlow or JAX."""
    import keras

    from tfinpaint import zoo
    from tfinpaint.layers import ContextualAttention

    features, mask, pictures, holes = drawn(seed)
    keras.config.set_dtype_policy(precision)
    layer = ContextualAttention(RATE, scale=SCALE, name="attention")
    layer.build([features.shape, mask.shape])
    dtype = keras.config.floatx() if precision == "float32" else precision.removeprefix("mixed_")
    attend = tensorflow_convolution if form == "convolution" else lambda x, m: layer([keras.ops.cast(x, dtype), m])
    runs: dict[str, tuple[Callable, Any]] = {}
    if framework == "jax":
        import jax
        import jax.numpy as jnp

        mask, features, holes, pictures = map(jnp.asarray, (mask, features, holes, pictures))

        def loss(x: Any) -> Any:
            return jnp.sum(attend(x, mask).astype("float32") ** 2)

        forward, backward = jax.jit(lambda x: attend(x, mask)), jax.jit(jax.grad(loss))
        finish = jax.block_until_ready
        compile_whole: Callable = jax.jit
    else:
        import tensorflow as tf

        mask, features, holes, pictures = map(tf.constant, (mask, features, holes, pictures))

        def gradient(x: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = tf.reduce_sum(tf.cast(attend(x, mask), "float32") ** 2)
            return tape.gradient(value, x)

        def compile_whole(function: Callable) -> Callable:
            return tf.function(function, autograph=False, jit_compile=compiled)

        forward, backward = compile_whole(lambda x: attend(x, mask)), compile_whole(gradient)

        def finish(x: Any) -> Any:
            return x.numpy()

    answer = np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(forward(features), "float32")))
    runs = {
        "forward": (lambda x: finish(forward(x)), features),
        "forward_backward": (lambda x: finish(backward(x)), features),
    }
    if form == "ours":
        model = zoo.load("ca_gan_256", weights=False)
        whole = compile_whole(lambda x: model({"image": x, "mask": holes}, training=False)["image"])
        runs["generator"] = (lambda x: finish(whole(x)), pictures)
    return {"times": timed(runs, repeats), "answer": answer}


def timed(runs: dict[str, tuple[Callable, Any]], repeats: int) -> dict[str, dict[str, float]]:
    """Least, median and processor time of each run; the input moves a little from run to run."""
    from benchmarks.machine import milliseconds

    return {
        name: milliseconds(run, [x * (1 + 1e-3 * i) for i in range(repeats + WARM_UP)])
        for name, (run, x) in runs.items()
    }


def table(record: dict[str, Any]) -> str:
    """The card's table, Markdown; each time also as its ratio to the first row's."""
    runs = {"forward": "layer, ms", "forward_backward": "layer with gradients, ms", "generator": "whole generator, ms"}
    machine = record["machine"]
    lines = [
        f"{record['batch']} pictures of {record['picture']} px, medians of {record['repeats']} runs on "
        f"{machine['cores']} cores ({machine['cpu']}), in brackets the ratio to the first row:",
        "",
        "| | " + " | ".join(runs.values()) + " |",
        "|---" * (len(runs) + 1) + "|",
    ]
    first = next(iter(record["engines"].values()))
    for engine, times in record["engines"].items():
        cells = [
            f"{times[run]['median_ms']:.0f} ({times[run]['median_ms'] / first[run]['median_ms']:.2f})"
            if run in times
            else "-"
            for run in runs
        ]
        lines.append(f"| {engine} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def child(engine: str, repeats: int, seed: int, out: str) -> None:
    framework, form, precision, compiled = ENGINES[engine]
    if framework == "torch":
        found = run_torch(precision, repeats, seed)
    else:
        found = run_keras(framework, form, precision, compiled, repeats, seed)
    np.save(out, found["answer"])
    print(json.dumps(found["times"]))


def main() -> None:
    import tempfile

    from benchmarks.machine import describe, write
    from tfinpaint import zoo
    from tfinpaint.evaluation.report import update_tables

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        child(options.engine, options.repeats, options.seed, options.out)
        return
    record: dict[str, Any] = {"machine": describe(), "batch": BATCH, "repeats": options.repeats, "seed": options.seed}
    record |= {"side": SIDE, "channels": CHANNELS, "picture": PICTURE, "engines": {}}
    first = None
    with tempfile.TemporaryDirectory() as folder:
        for engine, (framework, _, precision, _) in ENGINES.items():
            if framework == "torch" and importlib.util.find_spec("torch") is None:
                print(f"{engine}: PyTorch is missing, left out")
                continue
            out = os.path.join(folder, "answer.npy")
            command = [sys.executable, "-m", "benchmarks.attention_forms", "--engine", engine, "--out", out]
            command += ["--repeats", str(options.repeats), "--seed", str(options.seed)]
            backend = {"KERAS_BACKEND": "jax" if framework == "jax" else "tensorflow"}
            ran = subprocess.run(command, env=os.environ | backend, check=True, stdout=subprocess.PIPE, text=True)
            times, answer = json.loads(ran.stdout.splitlines()[-1]), np.load(out)
            first = answer if first is None else first
            off = float(np.abs(answer - first).max())
            if precision == "float32" and off > TOLERANCE:
                raise SystemExit(f"{engine} gives other numbers, by {off:.3f}; nothing that differs is compared.")
            record["engines"][engine] = {**times, "largest difference": round(off, 5)}
            cells = (f"{name} {time['median_ms']:.0f} ms" for name, time in times.items())
            print(f"{engine:32s}", ", ".join(cells), f"(off by {off:.4f})", flush=True)
    record["load_after"] = [round(load, 2) for load in os.getloadavg()]
    print(write("attention_forms", record))
    update_tables(zoo.folder("ca_gan") / "README.md", table(record), mark="forms")


if __name__ == "__main__":
    main()
