"""What a backend makes of the tiny models: a step of every stage, restored pictures, a checkpoint read and written.

Used as a program by the tests that compare TensorFlow with JAX: `python -m tests.models.run_stages FOLDER` does all of
it for every model that has a checkpoint there, on the backend of the environment.
"""

import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tests import fast
from tests.models.tiny import batch_of, described, make, moved_by_hooks, stages, step_batch
from tfinpaint.training import load_checkpoint, save_checkpoint

fast.install()


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

    def style(x):
        return {"pool1": ops.max_pool(perceptual(x)["relu3_3"], 2, 2)}

    def recogniser(x):
        return {"low": perceptual(x)["relu3_3"], "embedding": identity(x)}

    networks = {
        "perceptual": perceptual,
        "identity": identity,
        "identity_maps": identity_maps,
        "style": style,
        "recogniser": recogniser,
    }
    return {slot: networks[slot] for slot in slots}


def at_stage(name: str, stage: str | None = None, seed: int = 0, changes: dict = {}, **options: Any) -> Any:  # noqa: B006
    """The model at a stage of its small recipe; not compiled unless told so: most tests take a few steps only.

    Args:
        name: of the model.
        stage: the last one by default.
        seed: of its weights.
        changes: of its arguments.
        options: of `compile`.
    """
    model = make(name, seed, **changes)
    slots = features(described(name).features)
    model.compile(**{"recipe": "small", "stage": stage, "features": slots, "run_eagerly": True, **options})
    return model


def run(name: str) -> dict[str, np.ndarray]:
    """Losses and changed weights after one step of each stage, each from the same weights; restored pictures."""
    results = {}
    for stage in stages(name):  # one step: on TensorFlow tracing it takes longer, on JAX it does not
        model = at_stage(name, stage, run_eagerly=keras.backend.backend() == "tensorflow")
        # Of batch 0 one pixel lies so near a kink that the backends stand on different sides of it.
        logs = model.train_on_batch(step_batch(model, 1), return_dict=True)
        results |= {f"{stage}/log/{k}": np.asarray(v) for k, v in logs.items()}
        for part, variables in model.part_variables.items():
            for i, variable in enumerate(variables):
                results[f"{stage}/{part}/{i}/{variable.name}"] = np.asarray(variable.numpy())
        for i, variable in enumerate(moved_by_hooks(model)):
            results[f"{stage}/hooks/{i}/{variable.name}"] = np.asarray(variable.numpy())
    return results | restored(make(name))


def restored(model: Any) -> dict[str, np.ndarray]:
    """Pictures without and, of a model that draws, with a seed, painted where the caller says."""
    data = batch_of(model, 2, count=2)
    pictures = np.rint((data["occluded"] + 1) * 127.5).astype(np.uint8)
    seeds = [None, 1] if model.contract.draws else [None]
    return {f"restored/{seed}/image": model.restore(pictures, data["mask"], seed=seed).images for seed in seeds}


def compiled(name: str, seed: int) -> Any:
    """A tiny model whose every part has an optimizer with slots."""
    model = make(name, seed)
    model.compile(recipe="small", features=described(name).features, average=0.9)
    return model


def main(folder: str) -> None:
    """Reads `NAME.npz`, a checkpoint, and writes `NAME.carried.npz`, the same, and `NAME.stages.npz`."""
    for path in sorted(Path(folder).glob("*.npz")):
        model = compiled(path.stem, seed=5)
        save_checkpoint(model, path.with_suffix(".carried.npz"), load_checkpoint(model, path))
        np.savez(path.with_suffix(".stages.npz"), **run(path.stem))


if __name__ == "__main__":
    main(sys.argv[1])
