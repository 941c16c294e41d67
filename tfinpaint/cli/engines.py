"""Which engine answers for a model of the zoo: its published `.tflite` file on LiteRT, or its Keras model."""

import argparse
import importlib.util
from typing import Any

ENGINES = ("lite", "keras")


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Adds `--engine` to a command's parser."""
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        help="what runs the model: its .tflite file (lite), or Keras; by default the file, where there is one and "
        "LiteRT is installed: it starts ten times sooner and paints a face alike within a grey level (a second "
        "look at the photo, whose landmarks follow what was painted, can make more of that)",
    )


def load_engine(name: str, engine: str | None = None) -> Any:
    """The model of that name, ready to restore faces.

    Args:
        name: of a model or preset of the zoo, or `auto`: the one that suits what hides a face.
        engine: one of `ENGINES`; None takes the published `.tflite` file where that can be run.

    Raises:
        InputError: unknown name; what is to run the model is not installed.
        WeightsError: see `zoo.load` and `Runner.published`.
    """
    from tfinpaint import zoo

    if name == "auto":
        return zoo.auto(lambda name: load_engine(name, engine))
    if engine is None:
        runs = importlib.util.find_spec("ai_edge_litert") is not None
        engine = "lite" if runs and zoo.preset(name).lite else "keras"
    if engine == "keras":
        return zoo.load(name)
    from tfinpaint.export import Runner

    return Runner.published(name)
