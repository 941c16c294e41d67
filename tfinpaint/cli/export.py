"""`tfinpaint export`: a model as a file that runs elsewhere: SavedModel, TFLite, ONNX."""

import argparse
import warnings
from pathlib import Path
from typing import Any

HELP = "write a model as SavedModel, TFLite or ONNX"


def add_parser(subparsers: Any) -> None:
    """Adds the command to the program's parser."""
    parser = subparsers.add_parser("export", help=HELP, description=__doc__)
    parser.add_argument("model", metavar="MODEL", help="model or preset of the zoo")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="file, or folder of SavedModel")
    parser.add_argument("--format", default="tflite", metavar="NAME", help="saved_model, tflite or onnx (%(default)s)")
    parser.add_argument(
        "--quantize",
        default="none",
        metavar="KIND",
        help="how TFLite stores weights: none, float16, or with 8-bit convolutions int8, fast, static (%(default)s)",
    )
    parser.add_argument(
        "--data", metavar="PATH", help="faces that 8-bit files are calibrated and measured on (a portrait's)"
    )
    parser.add_argument("--side", type=int, metavar="N", help="of the pictures in pixels, in place of the model's own")
    parser.add_argument("--photos", action="store_true", help="a SavedModel that also restores whole photos")
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument("--weights", type=Path, metavar="FILE", help="a .weights.h5 file in place of the preset's")
    weights.add_argument("--untrained", action="store_true", help="export without weights, for a trial")
    parser.add_argument("--force", action="store_true", help="replace an earlier export; keep a bad 8-bit file")


def run(arguments: argparse.Namespace) -> int:
    """Writes the file; says where it is."""
    from tfinpaint import zoo
    from tfinpaint.cli.quiet import quiet_stderr
    from tfinpaint.errors import InputError
    from tfinpaint.export import export_model

    record = zoo.preset(arguments.model)
    if record.file is None and not (arguments.weights or arguments.untrained):
        raise InputError(
            f"A model must have weights to be exported. Received: {record.name}, whose weights are not published; give "
            "--weights FILE, or --untrained for a trial."
        )
    with quiet_stderr(), warnings.catch_warnings(record=True) as said:
        path = export_model(
            record.name,
            arguments.output,
            format=arguments.format,
            quantize=arguments.quantize,
            side=arguments.side,
            weights=arguments.weights or not arguments.untrained,
            data=arguments.data,
            photos=arguments.photos,
            force=arguments.force,
        )
    for warning in said:
        if warning.category is UserWarning:
            warnings.showwarning(warning.message, warning.category, "", 0)
    size = sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())
    print(f"{path}: {size / 1e6:.1f} MB")
    return 0
