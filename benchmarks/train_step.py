"""Images a second of training steps on TensorFlow (with and without XLA) and JAX, with PyTorch beside them.

    python -m benchmarks.train_step [--preset fmodr_128] [--batch 16] [--steps 12] [--rounds 2]

`generator` is one forward and backward pass of the coarse generator alone, which PyTorch (`pip install torch`; left out
where it is absent) does, too; the other rows are whole steps of the stages. Each engine runs in a process of its own;
the engines take turns, and each row is its best round's median. Batches are the recipe's unless told otherwise. Writes
`benchmarks/results/train_step_PRESET.json`.
"""

import argparse
import importlib.util
import inspect
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

BATCH = 16
STAGES = ("detector", "coarse", "coarse_joint", "refine_joint")
# engine -> (framework, policy, whether XLA compiles, stages beside the generator)
ENGINES = {
    "TensorFlow float32": ("tensorflow", "float32", False, STAGES),
    "TensorFlow bfloat16": ("tensorflow", "mixed_bfloat16", False, STAGES),
    "TensorFlow XLA float32": ("tensorflow", "float32", True, ("coarse",)),
    "TensorFlow XLA bfloat16": ("tensorflow", "mixed_bfloat16", True, ("coarse",)),
    "JAX float32": ("jax", "float32", True, ("coarse",)),
    "JAX bfloat16": ("jax", "mixed_bfloat16", True, ("coarse",)),
    "PyTorch float32": ("torch", "float32", False, ()),
    "PyTorch bfloat16": ("torch", "mixed_bfloat16", False, ()),
}


def batch(side: int, count: int = BATCH) -> dict[str, np.ndarray]:
    """Noise behind a mask in the lower half."""
    image = np.random.default_rng(0).uniform(-1, 1, (count, side, side, 3)).astype("float32")
    mask = np.zeros((count, side, side, 1), "float32")
    mask[:, side // 2 : -side // 8, side // 4 : -side // 4] = 1
    return {"image": image, "occluded": image * (1 - mask), "mask": mask, "valid": np.ones_like(mask)}


def seconds(step: Callable[[], Any], steps: int) -> float:
    """The median time of a step; two steps warm up."""
    times = []
    for _ in range(steps + 2):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])


def keras_rates(engine: str, preset: str, count: int, steps: int) -> dict[str, float]:
    """Row -> images a second of TensorFlow or JAX."""
    import keras

    framework, policy, compiled, stages = ENGINES[engine]
    keras.config.set_dtype_policy(policy)
    from tfinpaint import zoo

    model = zoo.load(preset, weights=False)
    data = batch(model.image_size, count)
    rates = {"generator": count / seconds(_generator_step(model.coarse_generator, framework, compiled, data), steps)}
    for stage in stages:
        features = {"perceptual": "random", "identity": "random"}
        model.compile(stage=stage, features=features, jit_compile=compiled)
        rates[stage] = count / seconds(lambda: model.train_on_batch(data), steps)
    return rates | {"gflop": 3e-9 * _flop(model.coarse_generator)}


def _generator_step(generator: Any, framework: str, compiled: bool, data: dict) -> Callable[[], Any]:
    visible, mask, image = (data[k] for k in ("occluded", "mask", "image"))
    if framework == "jax":
        import jax

        def loss(weights: list, others: list) -> Any:
            painted, _ = generator.stateless_call(weights, others, [visible, mask], training=True)
            return jax.numpy.mean(jax.numpy.abs(painted - image))

        gradient = jax.jit(jax.grad(loss))
        weights, others = ([v.value for v in vs] for vs in (generator.trainable_variables, []))
        return lambda: jax.block_until_ready(gradient(weights, others))
    import tensorflow as tf

    tensors = [tf.constant(x) for x in (visible, mask, image)]

    @tf.function(jit_compile=compiled, autograph=False)
    def step(visible: tf.Tensor, mask: tf.Tensor, image: tf.Tensor) -> list:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(generator([visible, mask], training=True) - image))
        return tape.gradient(loss, [v.value for v in generator.trainable_variables])

    return lambda: step(*tensors)[0].numpy()


def torch_rates(engine: str, preset: str, count: int, steps: int) -> dict[str, float]:
    """The same of PyTorch: channels last, automatic mixed precision for bfloat16."""
    import torch

    from benchmarks.torch_unet import CoarseGenerator
    from tfinpaint import zoo

    arguments = _arguments(zoo.preset(preset))
    generator = CoarseGenerator(arguments["coarse_widths"], arguments["stem"]).to(memory_format=torch.channels_last)
    data = {k: torch.from_numpy(v).permute(0, 3, 1, 2) for k, v in batch(arguments["image_size"], count).items()}
    inputs = torch.cat([data["occluded"], data["mask"]], 1).contiguous(memory_format=torch.channels_last)

    def step() -> None:
        generator.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=ENGINES[engine][1] == "mixed_bfloat16"):
            painted = generator(inputs)
        (painted.float() - data["image"]).abs().mean().backward()

    return {"generator": count / seconds(step, steps), "parameters": sum(p.numel() for p in generator.parameters())}


def _arguments(preset: Any) -> dict[str, Any]:
    """The preset's arguments of the model, with the defaults of those that it leaves out."""
    from tfinpaint import zoo

    parameters = inspect.signature(zoo.class_of(zoo.MODELS[preset.model].cls)).parameters.values()
    return {p.name: p.default for p in parameters} | dict(preset.arguments)


def _flop(network: Any) -> float:
    """Floating-point operations of a forward pass of one picture through the convolutions."""
    convolutions = [layer for layer in network.layers if hasattr(layer, "kernel_size")]
    return sum(2.0 * layer.count_params() * np.prod(layer.output.shape[1:3]) for layer in convolutions)


def run_apart(engine: str, arguments: argparse.Namespace) -> dict[str, float]:
    """The rates of one engine, measured in a process of its own."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if ENGINES[engine][0] != "torch":
        environment["KERAS_BACKEND"] = ENGINES[engine][0]
    command = [sys.executable, "-m", "benchmarks.train_step", "--preset", arguments.preset, "--engine", engine]
    command += ["--batch", str(arguments.batch), "--steps", str(arguments.steps)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measures all engines in turns, prints a table and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="fmodr_128")
    parser.add_argument("--batch", type=int, help="images a step (the first stage's of the preset's recipe)")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.engine:
        measure = torch_rates if ENGINES[arguments.engine][0] == "torch" else keras_rates
        print(json.dumps(measure(arguments.engine, arguments.preset, arguments.batch, arguments.steps)))
        return
    arguments.batch = arguments.batch or _recipe_batch(arguments.preset)
    engines = [e for e in ENGINES if importlib.util.find_spec(ENGINES[e][0])]
    results: dict[str, dict[str, float]] = {engine: {} for engine in engines}
    for _ in range(arguments.rounds):
        for engine in engines:
            for row, value in run_apart(engine, arguments).items():
                results[engine][row] = round(max(value, results[engine].get(row, 0.0)), 3)
    _report(arguments, results)


def _recipe_batch(preset: str) -> int:
    from tfinpaint import zoo

    model = zoo.load(preset, weights=False)
    return model.recipes[model.default_recipe].stages[0].batch


def _report(arguments: argparse.Namespace, results: dict[str, dict[str, float]]) -> None:
    from benchmarks.machine import describe, matmul_peak, write

    peak = {dtype: matmul_peak(dtype)["gflops"] for dtype in ("float32", "bfloat16")}
    gflop = next(rows["gflop"] for rows in results.values() if "gflop" in rows)
    rows = ("generator", *STAGES)
    print(
        f"{f'images/s, batch {arguments.batch}':24}" + "".join(f"{row:>14}" for row in rows) + f"{'share of peak':>15}"
    )
    for engine, rates in results.items():
        share = rates["generator"] * gflop / peak["bfloat16" if "bfloat16" in engine else "float32"]
        rates["generator_share_of_matmul_peak"] = round(share, 3)
        cells = "".join(f"{rates[row]:14.1f}" if row in rates else f"{'':14}" for row in rows)
        print(f"{engine:24}{cells}{share:15.1%}")
    record = {"preset": arguments.preset, "batch": arguments.batch, "rounds": arguments.rounds, "machine": describe()}
    record |= {"matmul_gflops": peak, "generator_gflop_per_image": gflop, "results": results}
    for dtype in ("float32", "bfloat16"):
        if f"PyTorch {dtype}" in results:
            ratio = results[f"TensorFlow {dtype}"]["generator"] / results[f"PyTorch {dtype}"]["generator"]
            record[f"tensorflow_over_pytorch_{dtype}"] = round(ratio, 3)
            print(f"TensorFlow is {ratio:.2f} times as fast as PyTorch in {dtype}")
    print(write(f"train_step_{arguments.preset}", record))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
