"""`tfinpaint train`: walks a model's recipe on folders or zips of faces."""

import argparse
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

from tfinpaint import records
from tfinpaint.cli.outputs import check_fresh
from tfinpaint.errors import InputError

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
        metavar="SLOT=WEIGHTS",
        help="weights of a network that the losses look through; SLOT=NETWORK:WEIGHTS takes another network",
    )
    parser.add_argument(
        "--policy",
        choices=("float32", "mixed_bfloat16", "mixed_float16"),
        default="float32",
        help="in which numbers the networks compute (float32)",
    )
    parser.add_argument("--jitter", type=float, default=0.05, help="variation of the framing, share of the side (0.05)")
    parser.add_argument(
        "--colour-jitter", type=float, default=0.5, help="variation of light and colours, 0 none, 1 strong (0.5)"
    )
    parser.add_argument("--average", type=float, metavar="DECAY", help="publish moving averages of the weights (0.999)")
    parser.add_argument("--patience", type=int, metavar="EPOCHS", help="end a stage that no longer gets better")
    parser.add_argument("--tensorboard", metavar="DIR", help="also write the previews for TensorBoard")
    parser.add_argument(
        "--dry-run", action="store_true", help="only say what would be done, and how long it would take"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--interval", type=int, default=500, help="steps between log lines, validations and checkpoints (500)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Trains; writes checkpoints, `log.jsonl`, `training.json` and `<preset>.weights.h5` into the folder `--out`."""
    from tfinpaint import zoo

    zoo.check_backend()
    import keras

    keras.config.set_dtype_policy(arguments.policy)
    keras.utils.set_random_seed(arguments.seed)
    weights = {None: False, "zoo": True}.get(arguments.weights, arguments.weights)
    out = Path(arguments.out)
    path = out / f"{zoo.preset(arguments.model).name}.weights.h5"
    if not (arguments.resume or arguments.dry_run):
        check_fresh(out, ("checkpoint-*.npz", "training.json", path.name))
    if not arguments.validation and (arguments.patience or arguments.tensorboard):
        raise InputError("`--patience` and `--tensorboard` look at faces that no step sees: give --validation, too.")
    model = zoo.load(arguments.model, weights=weights)
    features = dict(pair.split("=", 1) for pair in arguments.feature)
    model.compile(recipe=arguments.recipe, features=features, average=arguments.average)
    faces, data, validation = _data(arguments, model)
    walk = {"scale": arguments.scale, "stages": arguments.stages, "faces_per_epoch": len(faces)}
    print(f"{arguments.model}: {len(faces)} faces, recipe of {len(model.recipe.stages)} stages", file=sys.stderr)
    if arguments.dry_run:
        return _show_plan(model, data, walk, out, path)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"`--out` must be a folder that can be made. Received: {out} ({error}).") from None
    started = time.time()
    histories = model.fit_recipe(
        data,
        **walk,
        interval=arguments.interval,
        checkpoint=out,
        resume=arguments.resume,
        data_id={"faces": faces.fingerprint, "seed": arguments.seed},
        validation_data=validation,
        callbacks=_callbacks(arguments, out, validation),
        verbose=1 if sys.stderr.isatty() else 2,
    )
    with model.averaged():
        zoo.save_weights(model, path)
    record = _record(arguments, model, faces, time.time() - started, histories)
    records.write_json(record, out / "training.json")
    print(path)
    return 0


def _data(arguments: argparse.Namespace, model: Any) -> tuple[Any, Any, Any]:
    """The faces, a function that makes batches of them, and those of validation, all with what the stages read."""
    from tfinpaint.data import concatenate, default_occlusion, load_faces, occlude

    occlusion, seed = default_occlusion(model.contract.occlusion), arguments.seed
    keys = model.batch_keys(*(arguments.stages or [stage.name for stage in model.recipe.stages]))
    crop = {"size": model.image_size, "framing": model.contract.framing}
    sets = [load_faces(p, jitter=arguments.jitter, seed=seed + i, **crop) for i, p in enumerate(arguments.data)]
    faces, validation = concatenate(*sets), None
    if arguments.validation:
        held_out = concatenate(*(load_faces(path, **crop) for path in arguments.validation))
        fixed = {"shuffle": False, "flip": False, "repeat": False, "keys": keys}
        validation = occlude(held_out, occlusion, batch_size=50, seed=seed + 10_000, **fixed)

    def batches(batch_size: int, start: int) -> Any:
        varied = {"colour_jitter": arguments.colour_jitter, "real_only": True, "keys": keys}
        return occlude(faces, occlusion, batch_size=batch_size, seed=seed, start=start, **varied)

    return faces, batches, validation


def _show_plan(model: Any, data: Any, walk: dict[str, Any], out: Path, weights: Path) -> int:
    """Prints what a run would do, at the speed of a few steps of each stage, and what it would write."""
    from tqdm import tqdm

    from tfinpaint.training.plan import plan_recipe, plan_table

    print(plan_table(plan_recipe(model, data, **walk, progress=lambda stages: tqdm(stages, "timing", leave=False))))
    print(f"would write {weights}, {out / 'training.json'}, {out / 'log.jsonl'} and checkpoints beside them")
    return 0


def _callbacks(arguments: argparse.Namespace, out: Path, validation: Any) -> list:
    """What watches the run; pictures and best weights need faces that no step sees."""
    from tfinpaint.callbacks import BestCheckpoint, EarlyStopping, Health, LossLog, Previews, Samples

    samples = None if validation is None else Samples(next(iter(validation)))
    watching: list = [Health(samples, checkpoint=out), LossLog(out / "log.jsonl")]
    if samples is not None:
        watching += [Previews(samples, out / "previews", tensorboard=arguments.tensorboard), BestCheckpoint(out)]
        if arguments.patience:
            watching.append(EarlyStopping(arguments.patience))
    return watching


def _record(arguments: argparse.Namespace, model: Any, faces: Any, seconds: float, histories: dict) -> dict[str, Any]:
    return {
        "command": records.command(sys.argv[1:]),
        "revision": records.git_revision(),
        "arguments": {k: v for k, v in vars(arguments).items() if isinstance(v, (str, int, float, list, type(None)))},
        "config": model.get_config(),
        "recipe": model.recipe.to_dict(),
        "faces": {"count": len(faces), "fingerprint": faces.fingerprint},
        "feature files": records.hashes(model.feature_networks.files()),
        "losses": {stage: {k: v[-1] for k, v in history.history.items()} for stage, history in histories.items()},
        "seconds": round(seconds),
        "versions": records.environment(),
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}",
    }
