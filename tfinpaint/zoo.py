"""The zoo: trained models by name, with their cards; files are checked by SHA-256 before they are opened.

model = tfinpaint.zoo.load("fmodr")
restored = model.restore(faces)  # .images, .masks, .extras
"""

import importlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfinpaint.errors import InputError, WeightsError
from tfinpaint.files import checked_weights, whole, zoo_folder

if TYPE_CHECKING:
    from tfinpaint.engine import Auto


@dataclass(frozen=True)
class Entry:
    """A row of the table of models.

    Attributes:
        cls: `"package.module:Class"`, loaded when a model is made.
        default: the preset that the model's name means.
        folder: of its records (`config.json`), card (`README.md`) and weights; None for the zoo's own.
    """

    cls: str
    default: str
    folder: Path | None = None


# The one table of models: name -> entry. Presets are records in zoo/<name>/config.json.
MODELS = {
    "c2fdan": Entry("tfinpaint.models.c2fdan:C2FDAN", "c2fdan_128_small"),
    "ca_gan": Entry("tfinpaint.models.ca_gan:CAGAN", "ca_gan_128"),
    "can_dfe": Entry("tfinpaint.models.can_dfe:CANDFE", "can_dfe_128"),
    "fmodr": Entry("tfinpaint.models.fmodr:FMODR", "fmodr_128"),
    "fsg_gan": Entry("tfinpaint.models.fsg_gan:FSGGAN", "fsg_gan_128"),
    "what_hides": Entry("tfinpaint.models.what_hides:WhatHides", "what_hides_128"),
}


@dataclass(frozen=True)
class Preset:
    """One trained (or trainable) configuration of a model.

    Attributes:
        name: such as `fmodr_128`.
        model: the model's name in the zoo.
        arguments: of the model's constructor.
        parameters: exact number of weights of the networks that paint (and of those that only train it).
        file: name of the weights in the model's folder; None where none are published.
        sha256: of that file.
        bytes: its size.
        lite: the same weights as a `.tflite` file: `file`, `sha256`, `bytes`, how it stores them (`quantize`), the hash
            of the `weights` that it was made of, and the `command` that made it.
        licence: of the code, the weights, each training set and each teacher or loss network.
        training: command, seed, versions, hardware.
        results: name of the results file in the model's folder.
        paper: its reference.
        removes: what it takes off, in words for people.
    """

    name: str
    model: str
    arguments: Mapping[str, Any]
    parameters: Mapping[str, int]
    file: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    lite: Mapping[str, Any] | None = None
    licence: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    results: str | None = None
    paper: str = ""
    removes: str = ""


def list_models() -> list[str]:
    """The names of the zoo's models and of their presets."""
    return sorted([*MODELS, *(p for model in MODELS for p in presets(model))])


def presets(model: str) -> dict[str, Preset]:
    """The presets of a model by name."""
    records = json.loads((folder(model) / "config.json").read_text(encoding="utf-8"))["presets"]
    return {name: Preset(name=name, model=model, **record) for name, record in records.items()}


def preset(name: str) -> Preset:
    """The preset of that name; a model's name means its default preset.

    Raises:
        InputError: no model or preset has the name; the message lists those that exist.
    """
    for model, entry in MODELS.items():
        known = presets(model)
        if name == model or name in known:
            return known[entry.default if name == model else name]
    raise InputError(f"`name` must be one of {', '.join(list_models())}. Received: name={name!r}.")


def load(name: str, *, weights: str | os.PathLike | bool = True) -> Any:
    """A model of the zoo, ready for `restore`, `compile` and `fit`.

    Args:
        name: of a model (`"fmodr"`) or of a preset (`"fmodr_128"`); see `list_models`.
        weights: True takes the preset's own file (its SHA-256 is checked first), False leaves the model untrained, a
            path takes that `.weights.h5` file.

    Raises:
        InputError: unknown name.
        WeightsError: the file is missing, has another hash, or fits another model.
    """
    record = preset(name)
    path = weights_path(record) if weights is True else weights
    model = class_of(MODELS[record.model].cls)(**record.arguments)
    if path is not False:
        load_weights(model, path)
    return model


def register(name: str, cls: str, *, default: str, folder: str | os.PathLike) -> None:
    """Adds a model that lives elsewhere; from then on the zoo and the commands know it like their own.

    Args:
        name: of the model.
        cls: `"package.module:Class"` of an `InpaintingModel`; imported when a model is made.
        default: the preset that the name means.
        folder: holds `config.json` (presets as in the zoo's own folders), `README.md` (the card) and weights.

    Raises:
        InputError: the name stands for another model or preset, or the records do not have the default preset.
    """
    if name in list_models():
        raise InputError(f"`name` must not be taken. Received: name={name!r}, which the zoo has; register another.")
    entry = Entry(cls, default, Path(folder))
    module, _, attribute = cls.partition(":")
    if not module or not attribute.isidentifier():
        raise InputError(f"`cls` must be 'package.module:Class'. Received: cls={cls!r}.")
    try:
        known = json.loads((entry.folder / "config.json").read_text(encoding="utf-8"))["presets"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"`folder` must hold config.json with the model's presets. Received: folder={entry.folder} ({error})."
        ) from None
    taken = sorted({*known} & {*list_models(), name})
    if taken or default not in known:
        raise InputError(
            f"The presets of {name!r} must have names of their own, {default!r} among them. "
            f"Received: {', '.join(known) or 'none'}{f', of which {taken[0]!r} is taken' if taken else ''}."
        )
    MODELS[name] = entry


def load_weights(model: Any, path: str | os.PathLike) -> None:
    """Puts the weights of a `.weights.h5` file into the networks of a model that paint.

    Raises:
        WeightsError: the file is missing, damaged, or of another model.
    """
    try:
        model.painters.load_weights(path)
    except FileNotFoundError:
        raise WeightsError(f"There are no weights at {path}.") from None
    except (OSError, ValueError, KeyError) as error:
        raise WeightsError(
            f"The weights in {path} must fit {model.name!r}. Received: {str(error).splitlines()[0]}"
        ) from None


def weights_path(record: Preset) -> Path:
    """Where the preset's weights are; checked by SHA-256.

    Raises:
        WeightsError: there is no such file, or its hash is wrong.
    """
    if record.file is None:
        ready = [p.name for model in MODELS for p in presets(model).values() if p.file]
        raise WeightsError(
            f"No weights are published for {record.name!r}. Load it with `weights=False` and train it (tfinpaint train "
            f"{record.name} --data ...), or take one that has: {', '.join(ready)}."
        )
    return checked_weights(folder(record.model) / record.file, record.sha256, record.name)


def lite_path(record: Preset) -> Path:
    """Where the preset's `.tflite` file is, which `tfinpaint.export.Runner` runs; checked by SHA-256.

    Raises:
        WeightsError: there is none, its hash is wrong, or it was made of other weights than are published now.
    """
    lite = record.lite
    if lite is None:
        raise WeightsError(f"No .tflite file is published for {record.name!r}. Take Keras: --engine keras, zoo.load.")
    if lite["weights"] != record.sha256:
        raise WeightsError(
            f"The .tflite file of {record.name!r} must be made of its weights, {record.sha256}. Received: one of "
            f"{lite['weights']}; make it anew: {lite['command']}."
        )
    return checked_weights(folder(record.model) / lite["file"], lite["sha256"], record.name)


def card(name: str) -> str:
    """The card of a model, Markdown: what it does, how well, how it was trained, its licences."""
    return (folder(preset(name).model) / "README.md").read_text(encoding="utf-8")


def verify() -> dict[str, str]:
    """Checks the weights of every preset, its `.tflite` file, too; returns name, or name of that file -> SHA-256.

    Raises:
        WeightsError: a file is missing or has another hash.
    """
    records = [p for model in MODELS for p in presets(model).values() if p.file]
    weights = {p.name: p.sha256 for p in records if weights_path(p)}
    return weights | {p.lite["file"]: p.lite["sha256"] for p in records if p.lite and lite_path(p)}


def folder(model: str) -> Path:
    """The folder with a model's card, records, results and weights: inside the package, or beside it in a checkout."""
    if model not in MODELS:
        raise InputError(f"`model` must be one of {', '.join(MODELS)}. Received: model={model!r}.")
    return MODELS[model].folder or zoo_folder(model)


def class_of(name: str) -> type:
    """The class behind `"package.module:Class"`.

    Raises:
        InputError: it cannot be imported; or see `check_backend`.
    """
    check_backend()
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"A model's class must be installed. Received: {name!r} ({str(error).splitlines()[0]})."
        ) from error


def auto(load: Callable[[str], Any] = load) -> "Auto":
    """An engine that sees what hides each face and lets the model of the zoo paint that was measured best for it.

    Which that is stands in `zoo/what_hides/auto.json`, written by `python -m benchmarks.auto`.

    Args:
        load: name -> engine, such as `tfinpaint.export.Runner.published` for a program without Keras.
    """
    from tfinpaint.engine import Auto

    record = json.loads((folder("what_hides") / "auto.json").read_text(encoding="utf-8"))
    return Auto(load("what_hides"), record["chosen"], load, record["told"])


def check_backend() -> None:
    """Sees that Keras can be imported, on a backend that this library runs on.

    Raises:
        InputError: it cannot.
    """
    try:
        found = importlib.import_module("keras").backend.backend()
        if found in ("tensorflow", "jax"):
            return
        reason = "the library does not run on it"
    except (ImportError, ValueError) as error:
        found = os.environ.get("KERAS_BACKEND") or "the one in keras.json"
        reason = str(error).splitlines()[0]
    raise InputError(
        "Keras must run on TensorFlow or JAX, and that must be installed: set the environment variable KERAS_BACKEND "
        f"to 'tensorflow' or 'jax'. Received: {found} ({reason})."
    )


def save_weights(model: Any, path: str | os.PathLike) -> Path:
    """Writes the networks of a model that paint to a `.weights.h5` file, as float16; returns the path.

    `load_weights` reads it as it is: values are cast when they are assigned. Networks that only judge, and optimizers,
    belong into a checkpoint.
    """
    import h5py

    path = Path(path)
    with whole(path) as half, tempfile.TemporaryDirectory(prefix=".tfinpaint-", dir=path.parent) as folder:
        full = Path(folder) / "full.weights.h5"
        model.painters.save_weights(full)
        with h5py.File(full) as source, h5py.File(half, "w") as target:
            _copy_half(source, target)
    return path


def blend_weights(model: Any, first: str | os.PathLike, second: str | os.PathLike, share: float) -> None:
    """Gives the networks that paint `(1 - share)` of the weights in one file and `share` of those in another.

    Between a network that was trained for small errors and the same network trained on for sharp pictures, this walks
    from one aim to the other without training. The two must share their history: weights of two trainings that began
    apart do not mix.

    Args:
        model: receives the weights.
        first: `.weights.h5` file, see `save_weights`.
        second: another.
        share: of the second, in [0, 1].

    Reference: Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", 2018, section 3.4.
    """
    if not 0 <= share <= 1:
        raise InputError(f"`share` must lie in [0, 1]. Received: share={share}.")
    load_weights(model, first)
    begun = [variable.numpy() for variable in model.painters.weights]
    load_weights(model, second)
    for variable, value in zip(model.painters.weights, begun, strict=True):
        variable.assign((1 - share) * value + share * variable.numpy())


def _copy_half(source: Any, target: Any) -> None:
    import h5py

    target.attrs.update(source.attrs)
    for name, item in source.items():
        if isinstance(item, h5py.Group):
            _copy_half(item, target.create_group(name))
        else:
            value = item[()]
            copy = value.astype("f2") if value.dtype == "f4" else value
            target.create_dataset(name, data=copy).attrs.update(item.attrs)
