"""Trains on one device and on two that share each batch, and writes what came out of both.

Run as a program, because devices can be set up only before anything uses them. `python -m tests.training.two_processes
OUT.npz` has two devices in this process; with the port of the first process and the number of this one (0 or 1) behind
it, it is one of two processes with a device each, which is for JAX only.
"""

import sys
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from tests.models import run_stages, tiny
from tests.training import toys
from tfinpaint.training.recipe import Recipe

TENSORFLOW = keras.backend.backend() == "tensorflow"


def _fragile_l1(model: Any, batch: dict, out: dict) -> Any:
    """The error of `first`, whose gradient is not a number for samples with `fragile` 1."""
    size = ops.sqrt((1.0 - batch["fragile"]) * ops.mean(ops.square(out["first"]), axis=(1, 2, 3)))
    return toys._l1("first")(model, batch, out) + 0.1 * size


class Still(toys.Toy):
    """The toy without noise, which no two devices would draw as one does, and with samples that overflow."""

    terms = {**toys.Toy.terms, "rec_coarse": _fragile_l1}

    def __init__(self, names: dict[str, str], **kwargs: Any) -> None:
        super().__init__(names, **kwargs)
        self.dropout.rate = 0.0
        self.judge.get_layer("judge_norm").call = lambda x, training=None, mask=None: x  # knows one device's samples


# All that a step can do: hooks, a schedule, fresh batches, two players and optimizers, routes, a gate.
RECIPE = {
    "model": "Still",
    "optimizer": {"name": "adam"},
    "gates": {"unsolved": {"value": "coarse_hole_l1", "at_least": 0.0}},
    "stages": [
        {
            "name": "everything",
            "length": {"steps": 4},
            "batch": 4,
            "schedule": {"name": "step", "every_steps": 2, "factor": 0.5},
            "hooks": {"before": [{"hook": "momentum_update", "m": 0.9}], "after": [{"hook": "enqueue"}]},
            "updates": [
                {
                    "player": "D",
                    "parts": {"judge": 1e-2},
                    "terms": {"wgan_d": 1},
                    "optimizer": {"name": "sgd", "momentum": 0.9},
                    "fresh": True,
                },
                {
                    "player": "G",
                    "parts": {"first": 1e-3, "second": 1e-3},
                    "terms": {"rec_coarse": 1, "rec_refine": 1, "wgan_g": 0.1},
                    "route": {"rec_coarse": ["first"], "wgan_g": ["second"]},
                    "gate": "unsolved",
                    "fresh": True,
                },
            ],
        }
    ],
}
# The samples of each step and the values that its gate sees. On TensorFlow two devices split four samples evenly, three
# unevenly, and leave one of them without any; JAX splits evenly or not at all. In the last step one sample overflows.
STEPS = [[-1, 1, 1, -1], [1, 1, -1] if TENSORFLOW else [1, -1], [-1] if TENSORFLOW else [-1, -1], [1, 1, 1, 1]]


def still() -> Still:
    """The toy in its one stage, with loss scaling."""
    keras.utils.set_random_seed(0)
    model = Still({"first": "first", "second": "second", "judge": "judge"})
    model.compile(Recipe.from_dict(RECIPE), loss_scaling=True)
    return model


def still_batches() -> list[dict]:
    """Two for each step."""
    batches = [toys.batch(i, len(gate), gate) for i, gate in enumerate(g for g in STEPS for _ in range(2))]
    for batch in batches:
        batch["fragile"] = np.zeros(len(batch["gate"]), "float32")
    batches[-1]["fragile"][-1] = 1
    return batches


def zoo_model(name: str) -> Any:
    """A tiny model of the zoo in its last stage; not compiled, which is faster for a few steps."""
    slots = run_stages.features(tiny.MODELS[name].features)
    model = tiny.make(name)
    model.compile(recipe="small", features=slots, run_eagerly=True)
    return model


def run(make: Callable, batches: list[dict], share: Callable = lambda v: v) -> dict[str, np.ndarray]:
    """Every variable after an epoch of `fit`, and what it logged."""
    import tensorflow as tf

    own = [{k: share(v) for k, v in b.items()} for b in batches]
    spec = {k: tf.TensorSpec((None, *v.shape[1:]), v.dtype) for k, v in own[0].items()}
    data = tf.data.Dataset.from_generator(lambda: iter(own), output_signature=spec)
    model = make()
    logs = model.fit(data, verbose=0).history
    variables = [*model.variables, *model.optimizer.variables]
    results = {f"{i} {v.name}": v.numpy() for i, v in enumerate(variables)}
    for key, optimizer in model.optimizer.by_part.items():
        results[f"iterations {key}"] = optimizer.iterations.numpy()
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
    else:
        jax.config.update("jax_num_cpu_devices", 2)
    devices = keras.distribution.list_devices()
    distribution = keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False)
    return distribution, (lambda v: np.split(v, 2)[int(process)]) if port else lambda v: v


def main(out: str, *process: str) -> None:
    distribution, share = two_devices(*process)
    cases = {"still": (still, still_batches())}
    for name in tiny.MODELS if TENSORFLOW else ():
        batches = [tiny.batch(i, len(gate)) for i, gate in enumerate(STEPS[1:3])]
        cases[name] = (lambda name=name: zoo_model(name)), batches
    results = {}
    for case, (make, batches) in cases.items():
        if not process:
            results |= {f"one/{case}/{k}": v for k, v in run(make, batches).items()}
        with distribution.scope():
            results |= {f"two/{case}/{k}": v for k, v in run(make, batches, share).items()}
    np.savez(out, **results)


if __name__ == "__main__":
    main(*sys.argv[1:])
