"""Writes a model into a file or folder that runs without this library."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from tfinpaint import zoo
from tfinpaint.errors import InputError
from tfinpaint.export.about import FILE, describe, with_about
from tfinpaint.records import write_json

FORMATS = ("saved_model", "tflite")
QUANTIZE = ("none", "float16")


def export_model(
    model: Any,
    path: str | os.PathLike,
    *,
    format: str = "tflite",  # noqa: A002
    quantize: str = "none",
    side: int | None = None,
    weights: str | os.PathLike | bool = True,
    force: bool = False,
) -> Path:
    """Writes a model with uint8 pictures at its door; returns the path.

    The file's functions are `restore(image)` and `restore_with_mask(image, mask)`; both give `image`, `mask` and the
    extras that the model's contract names. A SavedModel takes any number of pictures at once, TFLite one. What the
    file says of itself, `read_about` reads.

    Args:
        model: the name of a model or preset of the zoo, or a model.
        path: of the file (TFLite) or folder (SavedModel), which is made whole or not at all.
        format: `"saved_model"` or `"tflite"`.
        quantize: how TFLite stores the weights: `"none"`, float32; `"float16"`, which is how the zoo's are published.
        side: in pixels, in place of the model's own.
        weights: for a name: True for the preset's own, a path for others, False for an untrained model.
        force: replace what an earlier export wrote there.

    Raises:
        InputError: an unknown word, a side that the model cannot have, something else at `path`, or a model that the
            format cannot hold.
        WeightsError: see `zoo.load`.
    """
    for name, value, known in (("format", format, FORMATS), ("quantize", quantize, QUANTIZE)):
        if value not in known:
            raise InputError(f"`{name}` must be one of {', '.join(known)}. Received: {name}={value!r}.")
    if quantize != "none" and format != "tflite":
        raise InputError(f"`quantize` is for TFLite. Received: quantize={quantize!r} with format={format!r}.")
    path = Path(path)
    _check_free(path, format, force)
    record = None
    if isinstance(model, str):
        record = zoo.preset(model) if weights is True else None
        model = zoo.load(model, weights=weights)
    if side is not None and side != model.image_size:
        model = model.resized(side)
    about = describe(model, record, quantize)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        made = Path(folder) / "made"
        if format == "saved_model":
            _saved_model(model, about, made)
        else:
            made.write_bytes(with_about(_tflite(model, quantize, Path(folder)), about))
        if path.is_dir():
            shutil.rmtree(path)
        os.replace(made, path)
    return path


def _saved_model(model: Any, about: dict[str, Any], folder: Path) -> None:
    from tfinpaint.export.graph import functions, save

    save(functions(model, batch=None), folder)
    write_json(about, folder / FILE)


def _tflite(model: Any, quantize: str, folder: Path) -> bytes:
    from tfinpaint.export.graph import functions, save
    from tfinpaint.export.tflite import convert

    traced = functions(model, batch=1)
    save(traced, folder / "saved")
    return convert(folder / "saved", list(traced), half=quantize == "float16")


def _check_free(path: Path, format: str, force: bool) -> None:  # noqa: A002
    """Whether this may be written; a folder is replaced only if it is a SavedModel."""
    if not path.exists():
        return
    if not force:
        raise InputError(f"Nothing may be at `path` yet. Received: {path}, which exists; --force replaces it.")
    if path.is_dir() and not (format == "saved_model" and (path / "saved_model.pb").is_file()):
        raise InputError(f"`path` must be free, or an earlier export. Received: {path}, a folder of something else.")
