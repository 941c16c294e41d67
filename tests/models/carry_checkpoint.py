"""Loads a checkpoint that some backend wrote, and writes all of it again on the backend of the environment.

Used as a program by the test that carries checkpoints from one backend to the other:
`python -m tests.models.carry_checkpoint NAME OLD.npz NEW.npz`.
"""

import sys

from tests.models.tiny import MODELS, make
from tfinpaint.training import load_checkpoint, save_checkpoint


def compiled(name: str, seed: int) -> object:
    """A tiny model whose every part has an optimizer with slots."""
    model = make(name, seed)
    model.compile(recipe="small", features=MODELS[name].features, average=0.9)
    return model


def carry(name: str, old: str, new: str) -> None:
    """Reads one, writes the other."""
    model = compiled(name, seed=5)
    save_checkpoint(model, new, load_checkpoint(model, old))


if __name__ == "__main__":
    carry(*sys.argv[1:])
