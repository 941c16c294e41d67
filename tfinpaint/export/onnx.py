"""A model as an ONNX file, through tf2onnx.

Such a file has one function, the model's first. Names of inputs and outputs must differ there: the outputs `image` and
`mask` are called `image_out` and `mask_out`.
"""

import json
import os
from typing import Any

from tfinpaint.errors import ExportError
from tfinpaint.export.about import FILE

_OPSET = 17


def write_onnx(model: Any, about: dict[str, Any], path: str | os.PathLike) -> None:
    """Writes it, for any number of pictures; its record is the entry `tfinpaint.json` of the metadata.

    Args:
        model: an `InpaintingModel`.
        about: see `describe`.
        path: of the file.

    Raises:
        ExportError: tf2onnx is not installed.
    """
    try:
        import onnx
        import tf2onnx
    except ImportError:
        raise ExportError("ONNX files are written by tf2onnx: pip install 'tfinpaint[export]'.") from None
    import tensorflow as tf

    from tfinpaint.export.graph import signatures

    specs = next(iter(signatures(model, batch=None).values()))

    def answer(*inputs: Any) -> dict[str, Any]:
        found = model.answer_pictures(dict(zip(specs, inputs, strict=True)))
        return {f"{name}_out" if name in ("image", "mask") else name: v for name, v in found.items()}

    function = tf.function(answer, input_signature=list(specs.values()), autograph=False)
    made, _ = tf2onnx.convert.from_function(function, list(specs.values()), opset=_OPSET)
    onnx.helper.set_model_props(made, {FILE: json.dumps(about)})
    onnx.save(made, path)
