"""Training: recipes as data, one step for two backends, one optimizer object, exact checkpoints."""

from tfinpaint.training.checkpoint import CheckpointFolder, load_checkpoint, read_about, save_checkpoint
from tfinpaint.training.loop import TimeOver
from tfinpaint.training.optimizers import PartOptimizers
from tfinpaint.training.recipe import Gate, Governor, Recipe, Stage, Update

__all__ = [
    "CheckpointFolder",
    "Gate",
    "Governor",
    "PartOptimizers",
    "Recipe",
    "Stage",
    "TimeOver",
    "Update",
    "load_checkpoint",
    "read_about",
    "save_checkpoint",
]
