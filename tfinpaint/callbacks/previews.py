"""Pictures of what a model makes of a few fixed faces, after every epoch."""

import os
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfinpaint.callbacks.samples import Samples
from tfinpaint.errors import InputError
from tfinpaint.images import write_sheet


class Previews(keras.callbacks.Callback):
    """Writes `preview-<stage>-<step>.png` after every epoch: clean, occluded, mask found, restored; a row a face.

    "restored" is the picture that the present stage improves, painted with the averages of the weights where the model
    keeps them.

    Args:
        samples: the faces.
        folder: for the pictures; made if it is missing.
        tensorboard: folder of event files; the pictures go there too (needs TensorFlow, on every backend).

    Raises:
        InputError: `tensorboard` is given, but TensorFlow is not installed.
        ImageFileError: a picture cannot be written.
    """

    def __init__(
        self, samples: Samples, folder: str | os.PathLike, tensorboard: str | os.PathLike | None = None
    ) -> None:
        super().__init__()
        self.samples, self.folder = samples, Path(folder)
        self._events = None if tensorboard is None else _event_writer(tensorboard)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        stage, step = self.model.stage.name, int(self.model.stage_step)
        with self.model.averaged():
            picture, mask = self.samples.look(self.model)
        columns = {"clean": _bytes(self.samples.clean), "occluded": _bytes(self.samples.occluded)}
        if mask is not None:
            columns["mask found"] = _bytes(np.repeat(mask, 3, axis=-1) * 2 - 1)
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"preview-{stage}-{step:06}.png"
        write_sheet(columns | {"restored": _bytes(picture)}, path)
        if self._events is not None:
            _write_event(self._events, f"preview/{stage}", path.read_bytes(), step)


def _bytes(pictures: np.ndarray) -> np.ndarray:
    return np.rint((np.clip(pictures, -1, 1) + 1) * 127.5).astype(np.uint8)


def _event_writer(folder: str | os.PathLike) -> Any:
    try:
        import tensorflow as tf
    except ImportError:
        raise InputError(
            f"`tensorboard` must be None where TensorFlow is not installed. Received: tensorboard={folder}."
        ) from None
    return tf.summary.create_file_writer(os.fspath(folder))


def _write_event(writer: Any, tag: str, png: bytes, step: int) -> None:
    """Writes a PNG as it is: `tf.summary.image` would encode it anew, and needs TensorBoard installed."""
    from tensorflow import summary
    from tensorflow.compat.v1 import Summary

    value = Summary.Value(tag=tag, image=Summary.Image(encoded_image_string=png, colorspace=3))
    with writer.as_default():
        summary.experimental.write_raw_pb(Summary(value=[value]).SerializeToString(), step=step)
    writer.flush()
