"""SavedModel -> TFLite, with builtin operators only."""

import os
import re
from collections.abc import Sequence

import tensorflow as tf

from tfinpaint.errors import ExportError


def convert(folder: str | os.PathLike, names: Sequence[str], half: bool = False) -> bytes:
    """The bytes of a TFLite network with several functions, which share their weights.

    Args:
        folder: a SavedModel whose functions take one picture.
        names: of its functions.
        half: store weights as float16; they are made float32 again when a file is loaded.

    Raises:
        ExportError: the model has operators that are no builtins of TFLite.
    """
    converter = tf.lite.TFLiteConverter.from_saved_model(os.fspath(folder), signature_keys=list(names))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if half:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    try:
        return converter.convert()
    except Exception as error:  # the converter's own class is private
        missing = sorted(set(re.findall(r"^\s+(tf\.\w+)\(", str(error), re.MULTILINE)))
        if not missing:
            raise
        raise ExportError(
            f"A model must be made of builtin operators of TFLite to become a .tflite file. Received: one with "
            f"{', '.join(missing)}; write these otherwise, or export a SavedModel."
        ) from None
