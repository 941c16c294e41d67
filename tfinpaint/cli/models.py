"""`tfinpaint models`: lists the zoo, shows a card, checks the weights."""

import argparse
from typing import Any

HELP = "list the models, show a model's card, check the weights"


def add_parser(subparsers: Any) -> None:
    """Adds the command to the program's parser."""
    parser = subparsers.add_parser("models", help=HELP, description=__doc__)
    parser.add_argument("name", nargs="?", metavar="MODEL", help="show this model's card")
    parser.add_argument("--verify", action="store_true", help="check every file of weights by its SHA-256")


def run(arguments: argparse.Namespace) -> int:
    """Prints what was asked for."""
    from tfinpaint import zoo

    if arguments.verify:
        for name, digest in zoo.verify().items():
            print(f"{name}  {digest}  ok")
    elif arguments.name:
        print(zoo.card(arguments.name))
    else:
        for model in zoo.MODELS:
            for record in zoo.presets(model).values():
                size = f"{record.bytes / 1e6:.1f} MB" if record.bytes else "no weights"
                parameters = sum(record.parameters.values()) / 1e6
                print(f"{record.name:16} {parameters:6.2f} M  {size:10}  {record.paper or record.removes}")
    return 0
