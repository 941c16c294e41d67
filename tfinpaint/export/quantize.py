"""Weights, and perhaps activations, of a TFLite network's convolutions as 8-bit integers.

| kind | weights | arithmetic |
|---|---|---|
| `int8` | int8 | float32 |
| `fast` | int8 | int8, each picture scaled as it comes |
| `static` | int8 | int8, scaled as the faces of a trial were |

In each kind a model's `sensitive` convolutions have float16 weights and float32 arithmetic. All else stays in float32:
doors of bytes, masks, attention and activations of integers lose whole decibels.
"""

import warnings
from typing import Any

import numpy as np

from tfinpaint.errors import InputError

KINDS = ("int8", "fast", "static")
# How many dB of PSNR in the hole a kind may lose, in the mean of the faces and on the worst one.
BOUNDS = {"float16": (0.02, 0.1), "int8": (0.1, 0.5), "fast": (0.1, 0.5), "static": (0.3, 2.0)}
_OUTLIER = 5  # a face with so many times the median's largest activation would set the scale of all others


def quantized(network: bytes, kind: str, sensitive: str = "", requests: dict[str, list[dict]] | None = None) -> bytes:
    """The network with 8-bit convolutions.

    Args:
        network: float32, TFLite.
        kind: one of `KINDS`.
        sensitive: a regular expression of names of convolutions that keep float16 weights and float32 arithmetic; ""
            for none.
        requests: for `static`: name of a function -> what it is called with, see `requests_of`.

    Raises:
        InputError: ai-edge-quantizer is not installed.
    """
    try:
        from ai_edge_quantizer import algorithm_manager, quantizer
        from ai_edge_quantizer.calibrator import CalibrationMode
        from ai_edge_quantizer.qtyping import TFLOperationName
    except ImportError:
        raise InputError("8-bit files are made by ai-edge-quantizer: pip install 'tfinpaint[export]'.") from None
    maker, convolution = quantizer.Quantizer(network), TFLOperationName.CONV_2D
    add = {"int8": maker.add_weight_only_config, "fast": maker.add_dynamic_config, "static": maker.add_static_config}
    bits = {"activation_num_bits": 8, "weight_num_bits": 8} if kind == "static" else {"num_bits": 8}
    add[kind](".*", convolution, **bits)
    if sensitive:
        cast = algorithm_manager.AlgorithmName.FLOAT_CASTING
        maker.add_weight_only_config(sensitive, convolution, num_bits=16, algorithm_key=cast)
    # The usual way stumbles over outputs that nothing reads.
    mode = CalibrationMode.CALIBRATION_PROFILER_BASED
    seen = maker.calibrate(requests, num_threads=1, mode=mode) if kind == "static" else None
    return bytes(maker.quantize(seen, enable_progress_bar=False, enable_progress_report=False).quantized_model)


def requests_of(model: Any, trial: Any) -> dict[str, list[dict[str, np.ndarray]]]:
    """What each function of a model's file is called with on the faces of a trial, one at a time."""
    from tfinpaint.export.graph import signatures

    rng, calls = np.random.default_rng(0), {}
    for name, specs in signatures(model, batch=1).items():
        calls[name] = []
        for hidden, mask in zip(trial.hidden, trial.masks, strict=True):
            known = {"image": hidden[None], "mask": mask[None]}
            drawn = {k: rng.standard_normal(s.shape, np.float32) for k, s in specs.items() if k not in known}
            calls[name].append({k: (known | drawn)[k] for k in specs})
    return calls


def largest_activations(network: bytes, calls: dict[str, list[dict[str, np.ndarray]]]) -> np.ndarray:
    """The largest absolute value that any convolution gives for each request, `(n,)`.

    A few faces may drive a network without normalisation to hundreds of times what it is used to.

    Args:
        network: float32, TFLite.
        calls: name of a function -> what it is called with, see `requests_of`; the file's first one is called.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    with warnings.catch_warnings(action="ignore"):  # that this is for looking into a network, which is the aim
        interpreter = Interpreter(
            model_content=network, experimental_op_resolver_type=plain, experimental_preserve_all_tensors=True
        )
    runners = {name: interpreter.get_signature_runner(name) for name in calls}
    name, run = next(pair for pair in runners.items() if pair[1]._subgraph_index == 0)  # whose operators are listed
    found = []
    convolutions = [o["outputs"][0] for o in interpreter._get_ops_details() if o["op_name"] == "CONV_2D"]
    for request in calls[name]:
        run(**request)
        found.append(max(float(np.abs(interpreter.get_tensor(tensor)).max()) for tensor in convolutions))
    return np.array(found)


def usual(activations: np.ndarray) -> np.ndarray:
    """Which faces have no outlier in their activations."""
    return activations <= _OUTLIER * np.median(activations)
