"""The command line: one file a command, imported light; what a command needs is loaded when it runs."""

import argparse
import contextlib
import importlib
import logging
import os
import sys
import warnings
from collections.abc import Sequence

from tfinpaint._version import __version__
from tfinpaint.errors import TfinpaintError, is_out_of_memory

# Command -> module with `add_parser(subparsers)` and `run(arguments) -> exit code`.
COMMANDS = {
    "restore": "tfinpaint.cli.restore",
    "app": "tfinpaint.cli.app",
    "demo": "tfinpaint.cli.demo",
    "models": "tfinpaint.cli.models",
    "prepare": "tfinpaint.cli.prepare",
    "train": "tfinpaint.cli.train",
    "train-identity": "tfinpaint.cli.train_identity",
    "pack": "tfinpaint.cli.pack",
    "benchmark": "tfinpaint.cli.benchmark",
    "export": "tfinpaint.cli.export",
    "occlude": "tfinpaint.cli.occlude",
}

_LARGE = ("tensorflow", "keras", "h5py")  # what restoring through .tflite files does without


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns 0, 1 where something failed, 2 for wrong usage, 130 when interrupted."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this
            setattr(sys, name, open(os.devnull, "w"))
    with contextlib.suppress(AttributeError):  # a stream of another kind
        sys.stdout.reconfigure(errors="backslashreplace")  # names need not fit its encoding
    parsed = _parser().parse_args(arguments)
    logging.basicConfig(format="tfinpaint: %(message)s", level=logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)  # whatever PYTHONWARNINGS says of programs
        warnings.showwarning = _show_warning
        try:
            return importlib.import_module(COMMANDS[parsed.command]).run(parsed)
        except TfinpaintError as error:
            print(f"tfinpaint: {error}", file=sys.stderr)
            return 1
        except ModuleNotFoundError as error:
            if error.name not in _LARGE:
                raise
            missing = f"`{parsed.command}` needs {error.name}, which is not installed: pip install {' '.join(_LARGE)}."
            print(f"tfinpaint: {missing}", file=sys.stderr)
            return 1
        except BrokenPipeError:  # whoever read has read enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains when it ends
            return 1
        except OSError as error:  # a folder that cannot be written, a full disk
            print(f"tfinpaint: {_sentence(error)}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            print("tfinpaint: There is not memory enough; take smaller photos or less at once.", file=sys.stderr)
            return 1


def _sentence(error: OSError) -> str:
    try:
        os.getcwd()
    except FileNotFoundError:
        return "The folder in which this was started is gone; go to another one."
    where = "What is printed" if error.filename is None else error.filename
    return f"{where} cannot be read or written: {error.strerror or error}."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tfinpaint", description="Finds what hides a face and paints the face back.")
    parser.add_argument("--version", action="version", version=f"tfinpaint {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in COMMANDS.values():
        importlib.import_module(module).add_parser(subparsers)
    return parser


def _show_warning(message: Warning | str, category: type[Warning], *_: object) -> None:
    """One line for the library's own warnings; other packages' are for their developers."""
    if category is UserWarning:
        print(f"tfinpaint: {message}", file=sys.stderr)
