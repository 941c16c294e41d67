"""`tfinpaint train`: walks a model's recipe on folders or zips of faces, or on a pack, which needs no TensorFlow."""

import argparse
import math
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tfinpaint import records
from tfinpaint.cli.outputs import check_fresh
from tfinpaint.errors import InputError

HELP = "train a model of the zoo on folders or zips of faces with landmarks"
# What a run leaves in its folder, beside the weights.
_LEFT = ("checkpoint-*.npz", "training.json", "log.jsonl", "best.json", "best-*.weights.h5", "previews/preview-*.png")
# Instructions of processors (x86, ARM) that compute in half precision; others imitate it, several times slower.
_HALF = {"mixed_bfloat16": {"amx_bf16", "avx512_bf16", "bf16"}, "mixed_float16": {"avx512_fp16", "fphp"}}
_VALIDATION = {"batch_size": 50, "shuffle": False, "flip": False, "repeat": False}


def add_parser(subparsers: Any) -> None:
    """Adds the command to the program's parser."""
    parser = subparsers.add_parser("train", help=HELP, description=__doc__)
    parser.add_argument("model", nargs="?", metavar="MODEL", help="name of a model or preset, such as fmodr")
    faces = parser.add_mutually_exclusive_group(required=True)
    faces.add_argument("--data", nargs="+", metavar="PATH", help="folders or zips of faces; landmarks lie beside each")
    faces.add_argument("--pack", metavar="DIR", help="what `tfinpaint pack` wrote: faces, occluders, MODEL and recipe")
    parser.add_argument("--validation", nargs="+", default=[], metavar="PATH", help="faces that no step sees")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the checkpoint, weights and log")
    parser.add_argument("--recipe", help="name of the model's recipe (its own default otherwise)")
    parser.add_argument("--stages", nargs="+", metavar="NAME", help="only these stages")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the length of every stage (1.0)")
    parser.add_argument("--rates", type=float, default=1.0, help="multiplies every learning rate (1.0)")
    parser.add_argument("--batch", type=int, metavar="N", help="samples a batch (the recipe's otherwise)")
    parser.add_argument("--minutes", type=float, help="keep a checkpoint and end after so long (no limit)")
    parser.add_argument(
        "--checkpoint-minutes", type=float, default=10.0, metavar="M", help="at most between two checkpoints (10)"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument(
        "--weights", metavar="FILE", help="begin from this .weights.h5, or 'zoo' for the published ones"
    )
    parser.add_argument(
        "--painter",
        nargs="+",
        default=[],
        metavar="PRESET",
        help="its U-Net, or its finder, begins as that of this published preset, such as ca_gan or what_hides",
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
    parser.add_argument("--no-jit", action="store_true", help="do not compile the steps, to look for errors")
    parser.add_argument("--workers", type=int, help="threads that put a pack together (one a processor, at most 16)")


def run(arguments: argparse.Namespace) -> int:
    """Trains; writes checkpoints, `log.jsonl`, `training.json` and `<preset>.weights.h5` into the folder `--out`."""
    started = time.monotonic()
    from tfinpaint import zoo

    zoo.check_backend()
    import keras

    keras.config.set_dtype_policy(arguments.policy)
    if _is_imitated(arguments.policy):
        print(f"Note: this processor has no instructions for {arguments.policy}; float32 is faster.", file=sys.stderr)
    keras.utils.set_random_seed(arguments.seed)
    pack = _open_pack(arguments)
    about = pack.about if pack else {"preset": arguments.model, "recipe": None, "features": {}}
    out = Path(arguments.out)
    path = out / f"{zoo.preset(about['preset']).name}.weights.h5"
    if not (arguments.resume or arguments.dry_run):
        check_fresh(out, (*_LEFT, path.name))
    weights = {None: False, "zoo": True}.get(arguments.weights, arguments.weights)
    model = zoo.load(about["preset"], weights=weights)
    for painter in arguments.painter:
        model.begin_as(zoo.load(painter))
    features = {slot: f"{network}:{pack.folder / name}" for slot, (network, name) in about["features"].items()}
    features |= dict(pair.split("=", 1) for pair in arguments.feature)
    model.compile(
        recipe=_recipe(model, arguments.recipe or about["recipe"], arguments.rates, arguments.batch),
        features=features,
        average=arguments.average,
        jit_compile=False if arguments.no_jit else "auto",
    )
    keys = model.batch_keys(*(arguments.stages or [stage.name for stage in model.recipe.stages]))
    crop = {"size": model.image_size, "framing": model.contract.framing}
    data = _packed(pack, arguments, keys, crop) if pack else _loaded(arguments, model, keys, crop)
    if data.validation is None and (arguments.patience or arguments.tensorboard):
        raise InputError("`--patience` and `--tensorboard` look at faces that no step sees: give --validation, too.")
    walk = {"scale": arguments.scale, "stages": arguments.stages, "faces_per_epoch": len(data.faces)}
    stages = len(arguments.stages or model.recipe.stages)
    print(f"{about['preset']}: {len(data.faces)} faces, {stages} stages", file=sys.stderr)
    if arguments.dry_run:
        return _show_plan(model, data.batches, walk, out, path)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"`--out` must be a folder that can be made. Received: {out} ({error}).") from None
    histories, finished = _fit(model, data, walk, arguments, out, started)
    with model.averaged():
        zoo.save_weights(model, path)
    done = {
        "recipe": model.recipe.to_dict(),
        "faces": {"count": len(data.faces), "fingerprint": data.faces.fingerprint},
        "losses": {stage: {k: v[-1] for k, v in history.history.items()} for stage, history in histories.items()},
        "finished": finished,
        "seconds": round(time.monotonic() - started),
    }
    done |= {"pack": about} if pack else {}
    records.write_json(_record(arguments, model) | done, out / "training.json")
    print(path)
    return 0


def _fit(
    model: Any, data: "_Data", walk: dict[str, Any], arguments: argparse.Namespace, out: Path, started: float
) -> tuple[dict[str, Any], bool]:
    """The histories of the stages that ran, and whether the recipe is done."""
    from tfinpaint.training import TimeOver

    try:
        histories = model.fit_recipe(
            data.batches,
            **walk,
            interval=arguments.interval,
            checkpoint=out,
            checkpoint_seconds=60 * arguments.checkpoint_minutes,
            until=math.inf if arguments.minutes is None else started + 60 * arguments.minutes,
            resume=arguments.resume,
            data_id={"faces": data.faces.fingerprint, "seed": arguments.seed},
            validation_data=data.validation,
            callbacks=_callbacks(arguments, out, data.validation),
            verbose=1 if sys.stderr.isatty() else 2,
        )
    except TimeOver as over:
        print("The time is over; go on with --resume.", file=sys.stderr)
        return over.histories, False
    return histories, True


def _is_imitated(policy: str) -> bool:
    """Whether these numbers are slower than float32 here, as far as the system tells."""
    import keras

    if policy not in _HALF or not all("cpu" in device.lower() for device in keras.distribution.list_devices()):
        return False
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return False
    known = {flag for line in lines if line.startswith(("flags", "Features")) for flag in line.split(":", 1)[1].split()}
    return bool(known) and not known & _HALF[policy]


class _Data(NamedTuple):
    faces: Any
    batches: Callable[[int, int], Any]  # (batch size, index of the first) -> endless batches
    validation: Any


def _open_pack(arguments: argparse.Namespace) -> Any:
    """The pack of `--pack`, checked whole; None where the faces are those of `--data`."""
    from tfinpaint.data import Shards

    if arguments.data:
        if not arguments.model:
            raise InputError("`MODEL` must be named with --data, such as: tfinpaint train fmodr --data faces.zip ...")
        return None
    if arguments.model or arguments.validation:
        raise InputError("A pack has its own model and faces: leave out MODEL and --validation with --pack.")
    return Shards(arguments.pack)


def _recipe(model: Any, name: str | None, rates: float, batch: int | None) -> Any:
    """The recipe of that name (`compile` says what is wrong with it), changed where that is asked."""
    if rates <= 0 or (batch is not None and batch < 1):
        raise InputError(f"`--rates` must be above 0 and `--batch` at least 1. Received: {rates} and {batch}.")
    known = model.recipes.get(name or model.default_recipe)
    return known.scaled(rates=rates, batch=batch) if known and (rates != 1 or batch) else name


def _loaded(arguments: argparse.Namespace, model: Any, keys: set[str], crop: dict[str, Any]) -> _Data:
    """Faces of folders and zips, hidden in the graph of TensorFlow."""
    from tfinpaint.data import concatenate, default_occlusion, load_faces, occlude

    occlusion, seed = default_occlusion(model.contract.occlusion), arguments.seed
    sets = [load_faces(p, jitter=arguments.jitter, seed=seed + i, **crop) for i, p in enumerate(arguments.data)]
    faces, validation = concatenate(*sets), None
    if arguments.validation:
        held_out = concatenate(*(load_faces(path, **crop) for path in arguments.validation))
        validation = occlude(held_out, occlusion, seed=seed + 10_000, keys=keys, **_VALIDATION)

    def batches(batch_size: int, start: int) -> Any:
        varied = {"colour_jitter": arguments.colour_jitter, "real_only": True, "keys": keys}
        return occlude(faces, occlusion, batch_size=batch_size, seed=seed, start=start, **varied)

    return _Data(faces, batches, validation)


def _packed(pack: Any, arguments: argparse.Namespace, keys: set[str], crop: dict[str, Any]) -> _Data:
    """Faces and occluders of a pack, put together in NumPy; their colours stay as they are."""
    from tfinpaint.data import NumpyBatches
    from tfinpaint.data.packed import packed_faces, packed_occluders

    bank, seed = packed_occluders(pack), arguments.seed
    how = {"keys": keys, "workers": arguments.workers}
    faces, validation = packed_faces(pack, pack.about["train"], jitter=arguments.jitter, seed=seed, **crop), None
    if pack.about["validation"]:
        held_out = packed_faces(pack, pack.about["validation"], **crop)
        validation = NumpyBatches(held_out, bank, seed=seed + 10_000, **how, **_VALIDATION)

    def batches(batch_size: int, start: int) -> Any:
        return NumpyBatches(faces, bank, batch_size=batch_size, seed=seed, start=start, real_only=True, **how)

    return _Data(faces, batches, validation)


def _show_plan(model: Any, data: Any, walk: dict[str, Any], out: Path, weights: Path) -> int:
    """Prints what a run would do, at the speed of a few steps of each stage, and what it would write."""
    from tqdm import tqdm

    from tfinpaint.training.plan import plan_recipe, plan_table

    print(plan_table(plan_recipe(model, data, **walk, progress=lambda stages: tqdm(stages, "timing", leave=False))))
    print(f"would write {weights}, {out / 'training.json'}, {out / 'log.jsonl'} and checkpoints beside them")
    return 0


def _callbacks(arguments: argparse.Namespace, out: Path, validation: Any) -> list:
    """What watches the run; pictures and best weights need faces that no step sees."""
    from tfinpaint.callbacks import BestCheckpoint, EarlyStopping, Health, LossLog, Previews, Samples, Speed

    samples = None if validation is None else Samples(next(iter(validation)))
    watching: list = [Health(samples, checkpoint=out), Speed(), LossLog(out / "log.jsonl")]
    if samples is not None:
        watching += [Previews(samples, out / "previews", tensorboard=arguments.tensorboard), BestCheckpoint(out)]
        if arguments.patience:
            watching.append(EarlyStopping(arguments.patience))
    return watching


def _record(arguments: argparse.Namespace, model: Any) -> dict[str, Any]:
    import keras

    return {
        "command": records.command(sys.argv[1:]),
        "revision": records.git_revision(),
        "arguments": {k: v for k, v in vars(arguments).items() if isinstance(v, (str, int, float, list, type(None)))},
        "config": model.get_config(),
        "feature files": records.hashes(model.feature_networks.files()),
        "versions": records.environment(),
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}, {', '.join(keras.distribution.list_devices())}",
    }
