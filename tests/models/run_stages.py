"""Runs one step of every stage of a tiny model on the backend of the environment, and writes what came out.

Used as a program by the test that compares TensorFlow with JAX: `python -m tests.models.run_stages NAME OUT.npz`.
"""

import sys

import keras
import numpy as np

from tests.models.tiny import MODELS, batch, make, stages


def features(slots=("perceptual", "identity")) -> dict:
    """Feature networks that are the same on every backend: fixed projections of the picture."""
    from keras import ops

    rng = np.random.default_rng(7)
    kernel = rng.normal(0, 0.3, (3, 3, 3, 4)).astype("float32")
    embed = rng.normal(0, 0.3, (4, 6)).astype("float32")

    def perceptual(x):
        return {"relu3_3": ops.relu(ops.conv(ops.cast(x, "float32"), kernel, padding="same"))}

    def identity(x):
        return ops.normalize(ops.matmul(ops.mean(perceptual(x)["relu3_3"], axis=(1, 2)), embed), axis=-1)

    def identity_maps(x):
        return {"block1": perceptual(x)["relu3_3"], "block3": ops.max_pool(perceptual(x)["relu3_3"], 4, 4)}

    networks = {"perceptual": perceptual, "identity": identity, "identity_maps": identity_maps}
    return {slot: networks[slot] for slot in slots}


def run(name: str) -> dict[str, np.ndarray]:
    """Losses and changed weights after one step of each stage, each from the same weights."""
    results = {}
    slots = features(MODELS[name].features)
    for stage in stages(name):
        model = make(name)
        eager = keras.backend.backend() == "tensorflow"  # one step: tracing it takes longer
        model.compile(recipe="small", stage=stage, features=slots, jit_compile=False, run_eagerly=eager)
        # Of batch 0 one pixel lies so near a kink that the backends stand on different sides of it.
        logs = model.train_on_batch(batch(1), return_dict=True)
        results |= {f"{stage}/log/{k}": np.asarray(v) for k, v in logs.items()}
        for part, variables in model.part_variables.items():
            for i, variable in enumerate(variables):
                results[f"{stage}/{part}/{i}/{variable.name}"] = np.asarray(variable.numpy())
    return results


if __name__ == "__main__":
    np.savez(sys.argv[2], **run(sys.argv[1]))
