"""What an exported file says of itself: whose it is, what it asks and gives; the standard library reads it.

A `.tflite` file carries it as a zip archive behind the network's bytes, which interpreters pass over:
`unzip -p model.tflite tfinpaint.json` prints it. A SavedModel has the file in its folder, an ONNX file among its
metadata.
"""

import dataclasses
import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

from tfinpaint._version import __version__
from tfinpaint.engine import Contract
from tfinpaint.errors import WeightsError
from tfinpaint.framing import template_points

FILE = "tfinpaint.json"
_FORMAT = 1
_NEWER = "It may be of a newer tfinpaint."


def describe(model: Any, record: Any = None, kind: str = "none") -> dict[str, Any]:
    """What there is to say of a model that is exported.

    Args:
        model: an `InpaintingModel`.
        record: the `zoo.Preset` whose weights it has; None for a model of the caller's own.
        kind: how its weights are stored, see `export_model`.
    """
    contract, side = model.contract, model.image_size
    return {
        "format": _FORMAT,
        "name": record.name if record else model.name,
        "tfinpaint": __version__,
        "quantize": kind,
        "image_size": side,
        "contract": dataclasses.asdict(contract),
        "pixels": "uint8, RGB, (1, image_size, image_size, 3); the network's [-1, 1] is inside; extras are float32",
        "mask": "uint8, (1, image_size, image_size, 1): 1 = hidden, else 0",
        "template": {
            "order": "left-most eye, other eye, nose tip, left-most mouth corner, other mouth corner",
            "points": template_points(side, contract.framing).astype(float).round(3).tolist(),
        },
        "weights": record.sha256 if record else None,
        "licence": dict(record.licence) if record else {},
    }


def with_about(network: bytes, about: dict[str, Any]) -> bytes:
    """The bytes of a `.tflite` file: the network, then the record, with the network's length and hash in it."""
    record = {**about, "network": {"bytes": len(network), "sha256": hashlib.sha256(network).hexdigest()}}
    buffer = io.BytesIO(network)
    with zipfile.ZipFile(buffer, "a") as archive:  # its time is fixed, so that the same network gives the same file
        archive.writestr(zipfile.ZipInfo(FILE), json.dumps(record, indent=1))
    return buffer.getvalue()


def read_about(path: str | os.PathLike) -> dict[str, Any]:
    """The record in a `.tflite` file or a SavedModel's folder that `export_model` has written.

    Raises:
        WeightsError: there is no such file, or none of that kind.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return json.loads((path / FILE).read_text(encoding="utf-8"))
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read(FILE))
    except FileNotFoundError:
        raise WeightsError(f"There is no exported model at {path}.") from None
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise WeightsError(
            f"{path} must be a file that `tfinpaint export` has written, whole. Received: {error}."
        ) from None


def read_network(path: str | os.PathLike) -> tuple[bytes, dict[str, Any]]:
    """The network and the record of a `.tflite` file, both checked.

    Raises:
        WeightsError: there is no such file, it is damaged, or of another kind.
    """
    about = read_about(path)
    try:
        content = Path(path).read_bytes()[: about["network"]["bytes"]]
        if hashlib.sha256(content).hexdigest() != about["network"]["sha256"]:
            raise ValueError("other bytes than were written")
        contract_in(about)
        if about["format"] != _FORMAT:
            raise ValueError(f"format {about['format']}")
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{path} must be a .tflite file that `tfinpaint export` has written, undamaged. Received: {error}. {_NEWER}"
        ) from None
    return content, about


def contract_in(about: dict[str, Any]) -> Contract:
    """The contract that a record holds."""
    fields = dict(about["contract"])
    fields["extras"] = tuple(fields["extras"])
    fields["noise"] = {name: tuple(shape) for name, shape in fields["noise"].items()}
    return Contract(**fields)
