"""`tfinpaint pack`: writes all that a training needs on a machine with JAX, without TensorFlow or internet."""

import argparse
import shutil
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HELP = "pack faces, occluders and a model's program, to train where there is no TensorFlow and no internet"
PROGRAM = "tfinpaint.zip"


def add_parser(subparsers: Any) -> None:
    """Adds the command to the program's parser."""
    parser = subparsers.add_parser("pack", help=HELP, description=__doc__)
    parser.add_argument("model", metavar="MODEL", help="name of a model or preset, such as fmodr")
    parser.add_argument(
        "--data",
        nargs="+",
        required=True,
        metavar="PATH",
        help="folders or zips of faces; landmarks lie beside each; name one several times and it counts more",
    )
    parser.add_argument("--validation", nargs="+", default=[], metavar="PATH", help="faces that no step sees")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the pack")
    parser.add_argument("--recipe", help="name of the model's recipe (its own default otherwise)")
    parser.add_argument(
        "--feature",
        nargs="*",
        default=[],
        metavar="NAME=WEIGHTS",
        help="weights of a network that the losses look through",
    )
    parser.add_argument("--occluders", type=int, default=8000, metavar="N", help="how many to draw (8000)")
    parser.add_argument("--limit-mb", type=float, default=60.0, help="largest file of the pack, in 10^6 bytes (60)")
    parser.add_argument("--seed", type=int, default=0, help="of the occluders")


def run(arguments: argparse.Namespace) -> int:
    """Writes shards, feature networks, the package and the program that starts it; prints each file's size."""
    from tfinpaint import zoo
    from tfinpaint.cli import start_pack
    from tfinpaint.data.shards import write_manifest, write_shards
    from tfinpaint.errors import InputError

    out, limit = Path(arguments.out), int(arguments.limit_mb * 1e6)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"--out must be a new or empty folder. Received: {arguments.out!r}, which is neither.")
    record = zoo.preset(arguments.model)
    if zoo.MODELS[record.model].folder is not None:
        raise InputError(
            f"A pack holds the package alone, so the model must come with it. Received: {arguments.model!r}, which is "
            "registered from outside."
        )
    model = zoo.load(record.name, weights=False)
    recipe = arguments.recipe or model.default_recipe
    features = _needed_features(model, recipe, dict(pair.split("=", 1) for pair in arguments.feature))
    out.mkdir(parents=True, exist_ok=True)
    groups = {"train": arguments.data, "validation": arguments.validation}
    sources = list(dict.fromkeys(path for paths in groups.values() for path in paths))
    labels = {path: f"{index}-{Path(path).stem}" for index, path in enumerate(sources)}

    files = write_shards(_members(arguments, model, labels), out, limit)
    for slot, (_, weights) in features.items():
        files.append(Path(shutil.copyfile(weights, out / f"feature-{slot}.npz")))
    files.append(_write_program(out / PROGRAM, record))
    files.append(Path(shutil.copyfile(start_pack.__file__, out / "train.py")))
    large = [p for p in files if p.stat().st_size > limit]
    if large:
        raise InputError(f"Each file must fit --limit-mb. Received: {large[0].name}, {large[0].stat().st_size} bytes.")
    about = {
        "preset": record.name,
        "recipe": recipe,
        "features": {slot: [network, f"feature-{slot}.npz"] for slot, (network, _) in features.items()},
        **{group: [labels[path] for path in paths] for group, paths in groups.items()},
        "occluders": arguments.occluders,
        "seed": arguments.seed,
    }
    files.append(write_manifest(out, files, about))
    for path in files:
        print(f"{path.stat().st_size / 1e6:8.2f} MB  {path}")
    return 0


def _needed_features(model: Any, recipe: str, given: dict[str, str]) -> dict[str, tuple[str, Path]]:
    """Slot -> network and weights file, of the networks that the recipe's terms look through."""
    from tfinpaint.errors import InputError, RecipeError
    from tfinpaint.features import weights_file

    if recipe not in model.recipes:
        raise RecipeError(f"`--recipe` must be one of {', '.join(model.recipes)}. Received: {recipe!r}.")
    terms = {t for s in model.recipes[recipe].stages for u in s.updates for t, weight in u.terms.items() if weight}
    needed = {}
    for slot in dict.fromkeys(filter(None, (model.terms[t].features for t in sorted(terms)))):
        network, weights = model.feature_slots[slot].resolve(given.get(slot))
        path = weights_file(network, weights)
        if path is not None:
            needed[slot] = network, path
        elif slot in given:
            raise InputError(f"`--feature {slot}=` must name a file of weights. Received: {given[slot]!r}.")
        elif model.feature_slots[slot].optional:
            print(f"The network {slot!r} was not given, so the terms that need it are left out.", file=sys.stderr)
        else:
            raise InputError(f"The recipe's losses look through {slot!r}: give --feature {slot}=FILE.npz.")
    return needed


def _members(arguments: argparse.Namespace, model: Any, labels: dict[str, str]) -> Iterable[tuple[str, bytes]]:
    import numpy as np

    from tfinpaint.data import concatenate, default_occlusion, load_faces
    from tfinpaint.data.occluder_bank import render_occluders
    from tfinpaint.data.packed import face_members, occluder_members

    for path, label in labels.items():
        yield from face_members(path, label)
    paths = dict.fromkeys(arguments.data)
    crop = {"size": model.image_size, "framing": model.contract.framing}
    faces = concatenate(*(load_faces(path, on_bad="skip", **crop) for path in paths))
    some = np.random.default_rng(arguments.seed).permutation(len(faces))[: arguments.occluders]
    occlusion = default_occlusion(model.contract.occlusion)
    bank = render_occluders(faces.take(some), occlusion, arguments.occluders, seed=arguments.seed)
    yield from occluder_members(bank)


def _write_program(path: Path, record: Any) -> Path:
    """The package with the zoo's records and this preset's weights, to be unpacked onto Python's path."""
    import tfinpaint
    from tfinpaint import zoo

    package = Path(tfinpaint.__file__).parent
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(package.rglob("*")):
            inside = file.relative_to(package)
            if file.is_file() and not {"_zoo", "__pycache__"} & set(inside.parts):
                archive.write(file, Path("tfinpaint") / inside)
        for model in (name for name, entry in zoo.MODELS.items() if entry.folder is None):
            names = ["config.json"] + ([record.file] if model == record.model and record.file else [])
            for name in names:
                archive.write(zoo.folder(model) / name, f"tfinpaint/_zoo/{model}/{name}")
    return path
