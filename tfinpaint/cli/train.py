"""`tfinpaint train`: walks a model's recipe on folders or zips of faces."""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

HELP = "train a model of the zoo on folders or zips of faces with landmarks"


def add_parser(subparsers: Any) -> None:
    """Adds the command to the program's parser."""
    parser = subparsers.add_parser("train", help=HELP, description=__doc__)
    parser.add_argument("model", metavar="MODEL", help="name of a model or preset, such as fmodr")
    parser.add_argument(
        "--data", nargs="+", required=True, metavar="PATH", help="folders or zips of faces; landmarks lie beside each"
    )
    parser.add_argument("--validation", nargs="+", default=[], metavar="PATH", help="faces that no step sees")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the checkpoint, weights and log")
    parser.add_argument("--recipe", help="name of the model's recipe (its own default otherwise)")
    parser.add_argument("--stages", nargs="+", metavar="NAME", help="only these stages")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the length of every stage (1.0)")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument(
        "--weights", metavar="FILE", help="begin from this .weights.h5, or 'zoo' for the published ones"
    )
    parser.add_argument(
        "--feature",
        nargs="*",
        default=[],
        metavar="NAME=WEIGHTS",
        help="weights of a network that the losses look through",
    )
    parser.add_argument("--policy", default="float32", help="float32, mixed_bfloat16 or mixed_float16 (float32)")
    parser.add_argument("--jitter", type=float, default=0.05, help="variation of the framing, share of the side (0.05)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--steps-per-epoch", type=int, default=500, help="steps between log lines and checkpoints (500)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Trains; writes `checkpoint.npz`, `log.jsonl`, `training.json` and `<model>.weights.h5`."""
    import keras

    from tfinpaint import zoo
    from tfinpaint.data import concatenate, default_occlusion, load_faces, occlude

    keras.config.set_dtype_policy(arguments.policy)
    keras.utils.set_random_seed(arguments.seed)
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    weights = {None: False, "zoo": True}.get(arguments.weights, arguments.weights)
    model = zoo.load(arguments.model, weights=weights)
    recipe = model.recipes.get(arguments.recipe or model.default_recipe)
    first = arguments.stages[0] if arguments.stages else recipe and recipe.stages[0].name
    features = dict(pair.split("=", 1) for pair in arguments.feature)
    model.compile(recipe=arguments.recipe, stage=first, features=features)  # loads only what that stage looks through

    size, occlusion = model.image_size, default_occlusion()
    sets = [
        load_faces(path, size=size, jitter=arguments.jitter, seed=arguments.seed + i)
        for i, path in enumerate(arguments.data)
    ]
    faces = concatenate(*sets)
    validation = None
    if arguments.validation:
        held_out = concatenate(*(load_faces(path, size=size) for path in arguments.validation))
        validation = occlude(
            held_out, occlusion, batch_size=50, seed=arguments.seed + 10_000, shuffle=False, flip=False, repeat=False
        )
    print(f"{arguments.model}: {len(faces)} faces, recipe of {len(model.recipe.stages)} stages", file=sys.stderr)
    started = time.time()
    model.fit_recipe(
        lambda batch_size, start: occlude(faces, occlusion, batch_size=batch_size, seed=arguments.seed, start=start),
        scale=arguments.scale,
        stages=arguments.stages,
        steps_per_epoch=arguments.steps_per_epoch,
        checkpoint=out / "checkpoint.npz",
        resume=arguments.resume,
        validation_data=validation,
        callbacks=[StageLog(out / "log.jsonl")],
        verbose=1 if sys.stderr.isatty() else 2,
    )
    path = out / f"{zoo.preset(arguments.model).name}.weights.h5"
    zoo.save_weights(model, path)
    record = _record(arguments, model, len(faces), time.time() - started)
    (out / "training.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(path)
    return 0


def StageLog(path: Path) -> Any:  # noqa: N802 - a class that is made when Keras is there
    """A callback that appends one JSON line for each epoch: stage, step and every logged value."""
    import keras

    class _StageLog(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            values = {k: round(float(v), 6) for k, v in (logs or {}).items()}
            line = {
                "time": round(time.time()),
                "stage": self.model.stage.name,
                "step": int(self.model.stage_step),
                **values,
            }
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    return _StageLog()


def _record(arguments: argparse.Namespace, model: Any, faces: int, seconds: float) -> dict[str, Any]:
    import keras

    from tfinpaint import __version__
    from tfinpaint.evaluation import command

    return {
        "command": command(sys.argv[1:]),
        "arguments": {k: v for k, v in vars(arguments).items() if isinstance(v, (str, int, float, list, type(None)))},
        "recipe": model.recipe.to_dict(),
        "faces": faces,
        "seconds": round(seconds),
        "versions": {"tfinpaint": __version__, "keras": keras.__version__, "python": platform.python_version()},
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}",
    }
