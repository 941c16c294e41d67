"""`tfinpaint train-identity`: teaches a network who a face shows, from people's folders or from a teacher."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from tfinpaint import records
from tfinpaint.cli.outputs import check_fresh
from tfinpaint.errors import InputError
from tfinpaint.files import whole

HELP = "train a network that knows faces apart, on a folder for each person or after a teacher"
_TEACHER_SIZE = 128
_TEACHER_FILE = "teacher.npz"  # in the folder of a run: what the teacher says of its faces


def add_parser(subparsers: Any) -> None:
    """Adds the command to the program's parser."""
    parser = subparsers.add_parser("train-identity", help=HELP, description=__doc__)
    add = parser.add_argument
    add("--data", nargs="+", required=True, metavar="PATH", help="folders or zips of faces; landmarks lie beside each")
    add("--teacher", metavar="FILE", help="weights of a network whose embeddings are to be matched; no names needed")
    add("--teacher-network", default="mobile_face_net", metavar="NAME", help="its name (mobile_face_net)")
    add("--validation", nargs="+", default=[], metavar="PATH", help="faces that no step sees, for the log")
    add("--out", required=True, metavar="DIR", help="folder of the checkpoints, weights and log")
    add("--network", choices=("light_cnn", "resnet50_v2"), default="light_cnn", help="what is trained (light_cnn)")
    add("--width", type=float, default=0.5, help="of light_cnn: multiplies the channels, 1 is the paper's (0.5)")
    add("--size", type=int, default=64, help="of light_cnn: side of its input in pixels, the paper's is 128 (64)")
    add("--dimension", type=int, default=256, help="of light_cnn: of the embedding (256)")
    add("--weights", metavar="FILE", help="begin from these weights of the network")
    add("--head", choices=("arcface", "softmax"), default="arcface", help="without a teacher (arcface)")
    add("--relation", type=float, default=10.0, help="weight of the cosines between faces, with a teacher (10)")
    add("--blends", type=int, default=1, help="faces with a stranger blended in, for each face, with a teacher (1)")
    add("--epochs", type=int, default=20, help="how often as many faces are shown as there are (20)")
    add("--batch-size", type=int, default=64, help="faces a step (64)")
    add("--rate", type=float, default=1e-3, help="greatest learning rate; it rises, then falls along a cosine (1e-3)")
    add("--jitter", type=float, default=0.05, help="variation of the framing, share of the side (0.05)")
    add("--colour-jitter", type=float, default=1.0, help="variation of light and colours (1.0)")
    add("--blur", type=float, default=0.3, help="share of faces that are blurred (0.3)")
    add("--hidden", type=float, default=0.0, help="share of faces that masks or rectangles hide (0)")
    add("--policy", choices=("float32", "mixed_bfloat16", "mixed_float16"), default="float32", help="numbers (float32)")
    add("--resume", action="store_true", help="go on from the checkpoint in --out")
    add("--dry-run", action="store_true", help="only say what would be done, and how long it would take")
    add("--seed", type=int, default=0)


def run(arguments: argparse.Namespace) -> int:
    """Trains; writes checkpoints, `log.csv`, `training.json` and `<network>.npz` into the folder `--out`."""
    from tfinpaint import zoo

    zoo.check_backend()
    import keras

    from tfinpaint.features.weights import save_arrays
    from tfinpaint.training import CheckpointFolder

    _check(arguments)
    out = Path(arguments.out)
    if not (arguments.resume or arguments.dry_run):
        check_fresh(out, ("checkpoint-*.npz", "log.csv", "training.json", f"{arguments.network}.npz"))
    _check_teacher_file(out / _TEACHER_FILE)
    keras.config.set_dtype_policy(arguments.policy)
    keras.utils.set_random_seed(arguments.seed)
    network = _network(arguments)
    crop = network.get_layer("crop")
    size = round(crop.size / crop.side)
    faces = _load_people(arguments.data, size, identities=arguments.teacher is None)
    if not arguments.dry_run:
        _make_folder(out)
    model, stream, validation, compiled = _task(arguments, network, faces, size, out)
    steps = max(1, len(faces) // arguments.batch_size)
    model.compile(optimizer=_optimizer(arguments, steps), **compiled)
    if arguments.dry_run:
        return _show_plan(arguments, network, model, faces, stream, steps)
    folder = CheckpointFolder(out)
    run = {"faces": faces.fingerprint, "steps": steps * arguments.epochs, "seed": arguments.seed}
    done = _resumed(folder, model, run) if arguments.resume else 0
    keep = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, _: folder.save(model, {"run": run, "step": (epoch + 1) * steps})
    )
    log = keras.callbacks.CSVLogger(str(out / "log.csv"), append=done > 0)
    started = time.time()
    history = model.fit(
        stream(done),
        epochs=arguments.epochs,
        initial_epoch=done // steps,
        steps_per_epoch=steps,
        validation_data=validation,
        callbacks=[log, keep],
        shuffle=False,
        verbose=1 if sys.stderr.isatty() else 2,
    )
    path = save_arrays(network, out / f"{arguments.network}.npz")
    records.write_json(
        _record(arguments, network, faces, time.time() - started, history.history), out / "training.json"
    )
    print(path)
    return 0


def _load_people(paths: list[str], size: int, identities: bool) -> Any:
    """The faces of folders and zips as one set; with `identities` each lies in a folder of its person's name."""
    from tfinpaint.data import concatenate, load_faces

    bar = sys.stderr.isatty()
    try:
        sets = [load_faces(path, size=size, identities=identities, progress=bar) for path in paths]
    except InputError as error:
        if identities and "identities" in str(error):
            raise InputError(
                f"`--data` must hold a folder for each person, or `--teacher FILE` must tell who is alike. {error}"
            ) from None
        raise
    return concatenate(*sets)


def _check_teacher_file(path: Path) -> None:
    """Refuses a folder with a file of that name that no run has written, such as the teacher itself."""
    import zipfile

    import numpy as np

    if not path.exists():
        return
    try:
        with np.load(path) as stored:
            ours = set(stored.files) == {"embeddings", "key"}
    except (OSError, EOFError, ValueError, AttributeError, zipfile.BadZipFile):  # .npy, text, cut off
        ours = False
    if not ours:
        raise InputError(f"--out must not hold a {path.name} that this command has not written. Received: {path}.")


def _build_teacher(arguments: argparse.Namespace) -> Any:
    """The network of `--teacher`, faces -> embeddings."""
    from tfinpaint.features import feature_network

    return feature_network(arguments.teacher_network, arguments.teacher, dtype="float32")


def _teacher_embeddings(arguments: argparse.Namespace, faces: Any, views: Any, out: Path) -> Any:
    """What the teacher says of each view, from `teacher.npz` where an earlier run has asked it the same."""
    import numpy as np

    path, key = out / _TEACHER_FILE, f"{faces.fingerprint} {records.hashes([arguments.teacher])} {len(views.first)}"
    key += f" {arguments.seed}"
    if path.exists():
        with np.load(path) as stored:
            if str(stored["key"]) == key:
                return stored["embeddings"].astype(np.float32)
    large = _load_people(arguments.data, _TEACHER_SIZE, identities=False)
    found = _ask(_build_teacher(arguments), large.images, views)
    with whole(path) as part, open(part, "wb") as file:
        np.savez(file, embeddings=found.astype(np.float16), key=key)
    return found


def _teacher_validation(arguments: argparse.Namespace, size: int) -> tuple[Any, dict]:
    """The faces of `--validation` for the student, and what the teacher says of them."""
    import numpy as np

    from tfinpaint.data.identity_views import identity_views

    large, small = (_load_people(arguments.validation, side, identities=False) for side in (_TEACHER_SIZE, size))
    target = _ask(_build_teacher(arguments), large.images, identity_views(len(large)))
    return small.images.astype(np.float32) / 127.5 - 1, {"teacher": target, "relation": target}


def _check(arguments: argparse.Namespace) -> None:
    for name in ("epochs", "batch_size", "rate"):
        if getattr(arguments, name) <= 0:
            option = f"--{name.replace('_', '-')}"
            raise InputError(f"`{option}` must be above 0. Received: {getattr(arguments, name)}.")
    for name in ("blur", "hidden"):
        if not 0 <= getattr(arguments, name) <= 1:
            raise InputError(f"`--{name}` must be a share from 0 to 1. Received: {getattr(arguments, name)}.")
    if arguments.blends < 0:
        raise InputError(f"`--blends` must be 0 or more. Received: {arguments.blends}.")


def _network(arguments: argparse.Namespace) -> Any:
    from tfinpaint.features import feature_network

    shape = {k: getattr(arguments, k) for k in ("width", "size", "dimension")}
    shape = shape if arguments.network == "light_cnn" and not arguments.weights else {}
    return feature_network(arguments.network, arguments.weights, taps=("embedding",), seed=arguments.seed, **shape)


def _task(arguments: argparse.Namespace, network: Any, faces: Any, size: int, out: Path) -> tuple[Any, Any, Any, dict]:
    """The model to fit, a function from the steps done to its batches, validation data, arguments of `compile`."""
    import numpy as np

    from tfinpaint.data import default_occlusion
    from tfinpaint.data.identity_views import identity_batches, identity_views
    from tfinpaint.training.identity import identity_classifier, identity_student

    views = identity_views(len(faces), arguments.blends if arguments.teacher else 0, arguments.seed)
    changes = {"jitter": arguments.jitter, "colours": arguments.colour_jitter}
    changes |= {"blur": arguments.blur, "hidden": arguments.hidden}
    changes |= {"occlusion": default_occlusion()} if arguments.hidden else {}
    validation, both = None, None
    if arguments.teacher:
        if arguments.dry_run:
            teacher = _build_teacher(arguments)
            targets = np.zeros((len(views.first), teacher.output_shape[-1]), np.float32)
        else:
            targets = _teacher_embeddings(arguments, faces, views, out)
        model, losses, options = identity_student(network, targets.shape[-1], arguments.relation)
        if arguments.validation and not arguments.dry_run:
            validation = _teacher_validation(arguments, size)

        def both(x: Any, target: Any) -> tuple[Any, dict]:
            return x, {"teacher": target, "relation": target}
    else:
        people = sorted(set(faces.identities))
        if len(people) < 2:
            raise InputError(f"`--data` must show at least two people. Received: {len(people)}.")
        number = {name: index for index, name in enumerate(people)}
        targets = np.array([number[faces.identities[face]] for face in views.first], np.int32)
        model, losses, options = identity_classifier(network, len(people), arguments.head)

    def stream(done: int) -> Any:
        common = {"batch_size": arguments.batch_size, "seed": arguments.seed, "start": done}
        batches = identity_batches(faces.images, views, targets, **common, **changes)
        return batches if both is None else batches.map(both)

    return model, stream, validation, {"loss": losses} | options


def _optimizer(arguments: argparse.Namespace, steps: int) -> Any:
    import keras

    total = steps * arguments.epochs
    rise = min(300, total // 10)
    rate = keras.optimizers.schedules.CosineDecay(0.0, total - rise, warmup_target=arguments.rate, warmup_steps=rise)
    return keras.optimizers.AdamW(rate if rise else arguments.rate, weight_decay=1e-3)


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"`--out` must be a folder that can be made. Received: {out} ({error}).") from None


def _resumed(folder: Any, model: Any, run: dict) -> int:
    """Puts the model where an earlier run has left it; the steps made by then."""

    def check(position: dict) -> None:
        if position.get("run") != run:
            before = position.get("run")
            raise InputError(f"`--resume` needs the faces, length and seed of the run: {before}. Received: {run}.")

    model.optimizer.build(model.trainable_variables)
    position = folder.load(model, check=check)
    return position["step"] if position else 0


def _show_plan(arguments: argparse.Namespace, network: Any, model: Any, faces: Any, stream: Any, steps: int) -> int:
    """Prints what a run would do, at the speed of a few steps, and what it would write."""
    batches, seconds = stream(0).as_numpy_iterator(), []
    for _ in range(4):
        started = time.time()
        model.train_on_batch(*next(batches))
        seconds.append(time.time() - started)
    whole = arguments.epochs * steps
    print(f"{arguments.network}: {network.count_params():,} parameters, {len(faces)} faces, {whole} steps")
    print(f"about {min(seconds):.2f} s a step, {min(seconds) * whole / 60:.0f} min without the teacher's part")
    print(f"would write {arguments.network}.npz, training.json, log.csv and checkpoints into {arguments.out}")
    return 0


def _record(arguments: argparse.Namespace, network: Any, faces: Any, seconds: float, history: dict) -> dict[str, Any]:
    return {
        "command": records.command(sys.argv[1:]),
        "revision": records.git_revision(),
        "arguments": {k: v for k, v in vars(arguments).items() if isinstance(v, (str, int, float, list, type(None)))},
        "parameters": network.count_params(),
        "faces": {"count": len(faces), "fingerprint": faces.fingerprint},
        "losses": {name: values[-1] for name, values in history.items()},
        "seconds": round(seconds),
        "versions": records.environment(),
    }


def _ask(teacher: Any, images: Any, views: Any) -> Any:
    import numpy as np
    from tqdm import tqdm

    from tfinpaint.data.identity_views import view_batches

    batches = tqdm(view_batches(images, views, 100), "teacher", -(-len(views.first) // 100), mininterval=5)
    return np.concatenate([teacher.predict_on_batch(batch) for batch in batches])
