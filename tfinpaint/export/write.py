"""Writes a model into a file or folder that runs without this library."""

import contextlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfinpaint import zoo
from tfinpaint.errors import ExportError, InputError, TfinpaintError
from tfinpaint.export import quantize as eight_bit
from tfinpaint.export.about import FILE, describe, with_about
from tfinpaint.export.onnx import write_onnx
from tfinpaint.export.runner import Runner
from tfinpaint.files import whole
from tfinpaint.records import write_json

FORMATS = ("saved_model", "tflite", "onnx")
QUANTIZE = ("none", "float16", *eight_bit.KINDS)


def export_model(
    model: Any,
    path: str | os.PathLike,
    *,
    format: str = "tflite",  # noqa: A002
    quantize: str = "none",
    side: int | None = None,
    weights: str | os.PathLike | bool = True,
    data: str | os.PathLike | None = None,
    photos: bool = False,
    force: bool = False,
) -> Path:
    """Writes a model with uint8 pictures at its door; returns the path.

    The file's functions are `restore(image)` and `restore_with_mask(image, mask)`; both give `image`, `mask` and the
    extras that the model's contract names. A SavedModel takes any number of pictures at once, TFLite one; ONNX takes
    any number, and has the first function only (see `tfinpaint.export.onnx`). What a file says of itself, `read_about`
    reads, and `onnxruntime` as metadata.

    Args:
        model: the name of a model or preset of the zoo, or a model.
        path: of the file, or of the folder of a SavedModel, which is made whole or not at all.
        format: `"saved_model"`, `"tflite"` or `"onnx"`.
        quantize: how TFLite stores the weights and computes: `"none"`, float32; `"float16"`, which is how the zoo's are
            published; with 8-bit convolutions `"int8"`, `"fast"` and `"static"`, see `tfinpaint.export.quantize`. What
            such a file loses is measured, and must be below `quantize.BOUNDS`.
        side: in pixels, in place of the model's own.
        weights: for a name: True for the preset's own, a path for others, False for an untrained model.
        data: a folder or zip of faces that 8-bit files are calibrated and measured on; by default a portrait's.
        photos: give a SavedModel functions for whole photos, too, see `tfinpaint.export.photo`.
        force: replace what an earlier export wrote there, and write files that lose more than they may.

    Raises:
        InputError: an unknown word, a side that the model cannot have, no faces, something else at `path`.
        ExportError: the model does not fit the format, or the file loses more than it may.
        WeightsError: see `zoo.load`.
    """
    for name, value, known in (("format", format, FORMATS), ("quantize", quantize, QUANTIZE)):
        if value not in known:
            raise InputError(f"`{name}` must be one of {', '.join(known)}. Received: {name}={value!r}.")
    if quantize != "none" and format != "tflite":
        raise InputError(f"`quantize` is for TFLite. Received: quantize={quantize!r} with format={format!r}.")
    if photos and format != "saved_model":
        raise InputError(f"`photos` is for a SavedModel. Received: photos=True with format={format!r}.")
    path = Path(path)
    _check_free(path, format, force)
    record = None
    if isinstance(model, str):
        record = zoo.preset(model) if weights is True else None
        model = zoo.load(model, weights=weights)
    _check_backend()
    if side is not None and side != model.image_size:
        model = model.resized(side)
    about = describe(model, record, quantize)
    with _sentences(path), _folder_beside(path) as folder:
        made = Path(folder) / "made"
        if format == "saved_model":
            _saved_model(model, about, photos, made)
        elif format == "onnx":
            write_onnx(model, about, made)
        else:
            network = _tflite(model, quantize == "float16", Path(folder))
            if quantize != "none":
                network, about["loss"] = _smaller(model, network, about, data, force, Path(folder))
            made.write_bytes(with_about(network, about))
        with whole(path) as part:
            shutil.move(made, part)
            if path.is_dir():
                shutil.rmtree(path)
    return path


@contextlib.contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """Turns failures to write into one sentence."""
    import tensorflow as tf

    try:
        yield
    except TfinpaintError:
        raise
    except (OSError, tf.errors.OpError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.message.rpartition("; ")[2]
        raise ExportError(
            f"`path` must be a place that can be written, with room enough. Received: {path} ({reason or error})."
        ) from None


@contextlib.contextmanager
def _folder_beside(path: Path) -> Iterator[str]:
    """A temporary folder beside `path`, or, because TensorFlow takes UTF-8 only, that of the system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        room: Path | None = path.parent
        os.fspath(path.parent).encode()
    except UnicodeEncodeError:
        room = None
    with tempfile.TemporaryDirectory(prefix=".tfinpaint-", dir=room) as folder:
        yield folder


def _check_backend() -> None:
    import keras

    if keras.backend.backend() != "tensorflow":
        raise InputError(
            "Models are exported on TensorFlow. "
            f"Received: Keras on {keras.backend.backend()!r}; set the environment variable KERAS_BACKEND to tensorflow."
        )


def _saved_model(model: Any, about: dict[str, Any], photos: bool, folder: Path) -> None:
    from tfinpaint.export.graph import functions, save
    from tfinpaint.export.photo import photo_functions

    save(functions(model, batch=None) | (photo_functions(model) if photos else {}), folder)
    write_json(about, folder / FILE)


def _tflite(model: Any, half: bool, folder: Path) -> bytes:
    from tfinpaint.export.graph import functions, save
    from tfinpaint.export.tflite import convert

    traced = functions(model, batch=1)
    save(traced, folder / "saved")
    return convert(folder / "saved", list(traced), half=half)


def _smaller(
    model: Any, network: bytes, about: dict[str, Any], data: Any, force: bool, folder: Path
) -> tuple[bytes, dict[str, Any]]:
    """The network, of kinds with 8 bits with these, and what it loses.

    Half of the faces are looked at for `static`; all files are measured on the other half.
    """
    from tfinpaint.export.trial import draw_trial

    kind, trial, calls = about["quantize"], draw_trial(model, data), None
    if kind == "static":
        calls = eight_bit.requests_of(model, trial.take(slice(None, None, 2)))
        usual = eight_bit.usual(eight_bit.largest_activations(network, calls))
        calls = {name: [c for c, u in zip(each, usual, strict=True) if u] for name, each in calls.items()}
    if kind in eight_bit.KINDS:
        network = eight_bit.quantized(network, kind, model.sensitive, calls)
    (folder / "tried").write_bytes(with_about(network, about))
    faces = Path(data).name if data else "portrait"
    return network, _loss(Runner(folder / "tried"), model, trial.take(slice(1, None, 2)), kind, faces, force)


def _loss(file: Runner, model: Any, trial: Any, kind: str, faces: str, force: bool) -> dict[str, Any]:
    """What a file loses on the faces of a trial, within its bounds unless forced."""
    from tfinpaint.export.trial import losses

    lost = losses(file, model, trial)
    loss = {"faces": faces, "count": len(lost)}
    loss |= {"mean_db": round(float(lost.mean()), 3), "worst_db": round(float(lost.max()), 3)}
    mean, worst = eight_bit.BOUNDS[kind]
    if loss["mean_db"] > mean or loss["worst_db"] > worst:
        said = (
            f"A file of kind {kind!r} may lose {mean} dB in the mean and {worst} dB on the worst face. Received: "
            f"{loss['mean_db']} and {loss['worst_db']} on {len(lost)} faces of {faces}"
        )
        if not force:
            raise ExportError(f"{said}; take another kind, or --force.")
        warnings.warn(f"{said}.", stacklevel=4)
    return loss


def _check_free(path: Path, format: str, force: bool) -> None:  # noqa: A002
    """Whether this may be written; a folder is replaced only if it is a SavedModel."""
    if not path.exists():
        return
    if not force:
        raise InputError(f"Nothing may be at `path` yet. Received: {path}, which exists; --force replaces it.")
    if path.is_dir() and not (format == "saved_model" and (path / "saved_model.pb").is_file()):
        raise InputError(f"`path` must be free, or an earlier export. Received: {path}, a folder of something else.")
