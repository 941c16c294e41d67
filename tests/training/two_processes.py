"""Trains on one device and on two that share each batch, and writes what came out of both.

Run as a program, because devices can be set up only before anything uses them. `python -m tests.training.two_processes
OUT.npz` has two devices in this process; with the port of the first process and the number of this one (0 or 1) behind
it, it is one of two processes with a device each, which is for JAX only.
"""

import sys
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import keras
import numpy as np
from keras import ops

from tests.models import tiny
from tests.models.run_stages import at_stage
from tests.toys.can_dfe import CANDFE
from tfinpaint import losses
from tfinpaint.models.base import InpaintingModel
from tfinpaint.training.declared import term
from tfinpaint.training.recipe import Gate, Recipe, Stage, Update

TENSORFLOW = keras.backend.backend() == "tensorflow"


def _fragile(model: Any, batch: dict, out: dict) -> Any:
    """Its gradient is not a number for samples with `fragile` 1."""
    size = ops.sqrt((1.0 - batch["fragile"]) * ops.mean(ops.square(out["restored"]["picture_1"]), axis=(1, 2, 3)))
    return losses.mean_l1(out["restored"]["picture_1"], batch["image"]) + 0.1 * size


@keras.saving.register_keras_serializable("tfinpaint_tests")
class Fragile(CANDFE):
    """CAN-DFE with samples that a gate keeps out, and others that overflow."""

    terms = {**CANDFE.terms, "fragile": term("restored", reads=("fragile",))(_fragile)}
    gates = {"given": term(reads=("gate",))(lambda model, batch, out: batch["gate"])}


# All that a step can do: hooks, a schedule, fresh batches, two updates and optimizers, routes, a gate.
RECIPE = Recipe(
    gates={"open": Gate("given", 0.0)},
    stages=(
        Stage(
            "everything",
            {"steps": 4},
            4,
            (
                Update({"head": 1e-2}, {"info_nce": 1.0}, optimizer={"name": "sgd", "momentum": 0.9}, fresh=True),
                Update(
                    {"decoder": 1e-3, "encoder": 1e-3},
                    {"fragile": 1.0, "uv": 1.0, "info_nce": 0.1},
                    route={"fragile": ("decoder",), "uv": ("encoder",), "info_nce": ("encoder",)},
                    gate="open",
                    fresh=True,
                ),
            ),
            hooks={"before": ({"hook": "momentum_update", "m": 0.9},), "after": ({"hook": "enqueue"},)},
            schedule={"name": "step", "every_steps": 2, "factor": 0.5},
        ),
    ),
)
# The samples of each step and the values that its gate sees. On TensorFlow two devices split four samples evenly, three
# unevenly, and leave one of them without any; JAX splits evenly or not at all. In the last step one sample overflows.
STEPS = [[-1, 1, 1, -1], [1, 1, -1] if TENSORFLOW else [1, -1], [-1] if TENSORFLOW else [-1, -1], [1, 1, 1, 1]]


def fragile(loss_scaling: bool = True, **options: Any) -> Fragile:
    """That model in its one stage."""
    model = tiny.with_weights(Fragile())
    model.compile(RECIPE, loss_scaling=loss_scaling, **options)
    return model


def fragile_batch(index: int, gate: Sequence[float] = (1, 1, 1, 1), overflows: bool = False) -> dict[str, np.ndarray]:
    """A batch of the samples whose gate values these are; perhaps the last one overflows."""
    some = np.zeros(len(gate), "float32")
    some[-1] = overflows
    return {**tiny.batch_of("toy_can_dfe", index, len(gate)), "gate": np.array(gate, "float32"), "fragile": some}


def fragile_batches() -> list[dict]:
    """Two for each step."""
    return [fragile_batch(i, STEPS[i // 2], overflows=i == 7) for i in range(8)]


def model_of(name: str) -> InpaintingModel:
    """A tiny model in its last stage; not compiled, which is faster for a few steps."""
    # In the stage `finish` each device chooses among its own samples which it shakes and shows to the recogniser.
    stage = next(s for s in reversed(tiny.stages(name)) if s != "finish")
    return at_stage(name, stage, changes=tiny.described(name).apart)


def batches_of(name: str) -> list[dict]:
    """Those of two steps; of sizes that do not divide, where a step takes one batch."""
    model = model_of(name)
    several = model.stage.batches_per_step
    sizes = [len(gate) for gate in STEPS[1:3]] if several == 1 else [3] * 2 * several
    return [tiny.batch_of(model, i, count) for i, count in enumerate(sizes)]


def run(make: Callable, batches: list[dict], share: Callable = lambda v: v) -> dict[str, np.ndarray]:
    """Every variable after an epoch of `fit`, and what it logged."""
    import tensorflow as tf

    sets = [tf.data.Dataset.from_tensors({k: share(v) for k, v in b.items()}) for b in batches]
    still = tf.data.Options()
    still.autotune.enabled = False  # letting go of an iterator can wait for the thread that tunes, for minutes
    data = reduce(lambda before, after: before.concatenate(after), sets).with_options(still)
    model = make()
    logs = model.fit(data, verbose=0).history
    variables = [*model.variables, *model.optimizer.variables]
    results = {f"{i} {v.name}": v.numpy() for i, v in enumerate(variables)}
    for key, optimizer in model.optimizer.by_part.items():
        results[f"iterations {key}"] = getattr(optimizer, "inner_optimizer", optimizer).iterations.numpy()
        results[f"scale {key}"] = getattr(optimizer, "dynamic_scale", optimizer.iterations).numpy()
    copies = [[c.numpy() for c in v.value.values] for v in variables if hasattr(v.value, "values")]
    results["copies apart"] = np.array(sum((a != b).any() for a, b in copies))
    return results | {f"log {k}": np.asarray(v[-1]) for k, v in logs.items()}


def two_devices(port: str | None = None, process: str = "0") -> tuple[Any, Callable]:
    """The scope in which a model has two devices, and what takes this process's share of a tensor."""
    if TENSORFLOW:
        import tensorflow as tf

        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]), lambda v: v
    import jax

    if port:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        keras.distribution.initialize(f"localhost:{port}", 2, int(process))
    devices = keras.distribution.list_devices()
    distribution = keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False)
    return distribution, (lambda v: np.split(v, 2)[int(process)]) if port else lambda v: v


def main(out: str, *process: str) -> None:
    distribution, share = two_devices(*process)
    cases = {"fragile": (fragile, fragile_batches())}
    for name in tiny.MODELS if TENSORFLOW else ():
        cases[name] = (lambda name=name: model_of(name)), batches_of(name)
    results = {}
    for case, (make, batches) in cases.items():
        if not process:
            results |= {f"one/{case}/{k}": v for k, v in run(make, batches).items()}
        with distribution.scope():
            results |= {f"two/{case}/{k}": v for k, v in run(make, batches, share).items()}
    np.savez(out, **results)


if __name__ == "__main__":
    main(*sys.argv[1:])
